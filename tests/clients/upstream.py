"""Room: tests of clients. The clients' own test programs, inside a fiber, from sources that whoever runs it has (nothing of them is
part of weft), of versions that need not be those of the system's packages:

  HIREDIS_SOURCE=DIR    redis/hiredis: test.c, against a redis-server
  HTTPLIB_SOURCE=DIR    yhirose/cpp-httplib: test/test.cc, but what asks servers in the internet

They are compiled as they stand, with their main function under another name, and linked as a user's program is. What is not given is
skipped, and said.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

from servers import Missing, Redis

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Build:
    """A program out of a client's sources, in build/clients. Compiled anew if it is older than they are."""

    def __init__(self, name, weft_build):
        self.place = ROOT / "build" / "clients" / name
        self.place.mkdir(parents=True, exist_ok=True)
        self.libraries = pathlib.Path(weft_build).resolve()
        self.objects = []

    def compile(self, source, *options):
        compiler = "gcc" if source.suffix == ".c" else "g++"
        target = self.place / (source.name + ".o")
        self.objects.append(str(target))
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            self.run(compiler, "-g1", "-O1", "-w", "-c", str(source), "-o", str(target), *options)

    def compile_ours(self, name):
        roots = [each for room in ("runtime", "netpoll", "sync", "std_shim") for each in ROOT.glob(f"{room}/**/include")]
        self.compile(HERE / name, "-std=c++20", *(f"-I{each}" for each in roots))

    def link(self, *libraries):
        program = self.place / "program"
        inside = self.libraries / "std_shim" / "interpose"
        self.run("g++", *self.objects, "-o", str(program), "-Wl,--no-as-needed", f"-L{inside}", "-lweft_interpose", f"-L{self.libraries}",
                 "-lweft", f"-Wl,-rpath,{inside}:{self.libraries}", *libraries, "-lpthread")
        return str(program)

    def run(self, *command):
        done = subprocess.run(command, cwd=self.place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-3000:]}")


def source_of(variable, file):
    given = os.environ.get(variable)
    if not given:
        raise Missing(f"{variable} was not given")
    place = pathlib.Path(given).resolve()
    if not (place / file).exists():
        raise RuntimeError(f"{variable}='{given}': there is no {file} in it")
    return place


def hiredis_program(weft_build):
    source = source_of("HIREDIS_SOURCE", "test.c")
    build = Build("hiredis", weft_build)
    for name in ("alloc", "async", "hiredis", "net", "read", "sds", "sockcompat"):
        build.compile(source / f"{name}.c")
    build.compile(source / "test.c", "-Dmain=upstream_main")
    build.compile_ours("upstream_main.cpp")
    return [build.link()]


def run_logged(command, log, workers, where):
    """The last lines of what it said, and whether it was well."""
    with open(log, "w", encoding="utf-8") as output:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=where, timeout=1200,
                                    env=os.environ | {"WEFT_WORKERS": workers}, check=False).returncode
        except subprocess.TimeoutExpired:
            status = 124
    text = pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
    return status, text.splitlines()


def hiredis(weft_build, workers):
    command = hiredis_program(weft_build)
    with tempfile.TemporaryDirectory(prefix="weft-client-") as scratch, Redis(scratch) as server:
        command += ["-h", "127.0.0.1", "-p", str(server.port), "-s", str(server.unix_socket())]
        status, lines = run_logged(command, ROOT / "build" / "clients" / "hiredis.log", workers, scratch)
    failed = [line for line in lines if "FAILED" in line]
    return status == 0 and not failed, failed or lines[-2:]


def httplib_program(weft_build, source):
    build = Build("httplib", weft_build)
    build.compile(source / "test" / "test.cc", "-std=c++20", f"-I{source}", "-DCPPHTTPLIB_OPENSSL_SUPPORT", "-DCPPHTTPLIB_ZLIB_SUPPORT",
                  "-O0")
    build.compile_ours("upstream_main.cpp")
    build.compile_ours("upstream_gtest_main.cpp")
    return build.link("-lgtest", "-lssl", "-lcrypto", "-lz", "-lcurl", "-lanl")


# What asks a server in the internet, by its own mark or by its name.
ONLINE = ["*Online*"]


def httplib(weft_build, workers):
    source = source_of("HTTPLIB_SOURCE", "test/test.cc")
    program = httplib_program(weft_build, source)
    where = pathlib.Path(program).parent / "test"  # it makes certificates there, and writes files
    shutil.copytree(source / "test", where, dirs_exist_ok=True)
    if not (where / "cert.pem").exists():
        subprocess.run(["sh", "./gen-certs.sh"], cwd=where, check=True, capture_output=True, timeout=300)
    status, lines = run_logged([program, "--gtest_filter=-" + ":".join(ONLINE)], ROOT / "build" / "clients" / "httplib.log", workers, where)
    return status == 0, [line for line in lines if line.startswith("[  FAILED") or line.startswith("[  PASSED")] or lines[-3:]


# Which, and on how many workers: cpp-httplib's takes three minutes.
UPSTREAM = {"hiredis": (hiredis, "124"), "httplib": (httplib, "2")}


def run_one(name, run, weft_build, workers):
    is_well, said = run(weft_build, workers)
    print(f"clients: {name}'s own tests on {workers} workers: {'passed' if is_well else 'failed'}")
    for line in said[-40:]:
        print(f"  {line}", flush=True)
    return is_well


def run_all(weft_build):
    """How many did not pass."""
    failed = 0
    for name, (run, numbers_of_workers) in UPSTREAM.items():
        try:
            failed += sum(not run_one(name, run, weft_build, workers) for workers in numbers_of_workers)
        except Missing as what:
            print(f"clients: {name}'s own tests are skipped: {what}")
    return failed
