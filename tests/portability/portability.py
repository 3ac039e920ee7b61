#!/usr/bin/env python3
"""Room: tests. weft for other systems and processors, and on kqueue, from a Linux machine. ./dev portability calls it:

  portability.py [PART...]   all of it, or these: aarch64-macos x86_64-freebsd.14.0 aarch64-linux-gnu kqueue

For each target every room that it has is compiled by zig, and the examples linked. What is built for aarch64-linux runs under
qemu-user: hello, and the tests of six rooms, but for those that need what the emulator cannot do (emulation.py).
`kqueue` runs the tests of netpoll on Linux over libkqueue. What is fetched for it (zig, Boost.Context's assembler) lies in
build/portability, and is no part of weft. What is not at hand is skipped, and said:

  BOOST_CONTEXT_SOURCE=DIR   Boost's sources, or those of its Context alone; if not given, Debian's by apt-get
  LIBKQUEUE_SOURCE=DIR       a copy of the sources of libkqueue (mheily/libkqueue)
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/lint"))
import contract_table  # noqa: E402: after the path that it is found by
import emulation  # noqa: E402: its own directory comes with the program that is run
BUILD = ROOT / "build" / "portability"
ZIG_VERSION = "0.17.1"
TARGETS = {  # zig's name: meson's system and processor, the ending of Boost's assembler files
    "aarch64-macos": ("darwin", "aarch64", "arm64_aapcs_macho_gas"),
    "x86_64-freebsd.14.0": ("freebsd", "x86_64", "x86_64_sysv_elf_gas"),
    "aarch64-linux-gnu": ("linux", "aarch64", "arm64_aapcs_elf_gas"),
}
# zig's <resolv.h> for glibc before 2.34 has lost one of its names for names with two underlines.
LOST = {"linux": ["-Dres_nmkquery=__res_nmkquery"], "darwin": [], "freebsd": []}
ROOMS = ["runtime", "netpoll", "sync", "std_shim", "async", "posix"]
EXAMPLES = ["hello", "echo", "http", "crawl"]
# For the compiler's findings, as quickly as it can be had.
QUICK = ["-Ddebug=false", "-Doptimization=1", "-Ddefault_library=static", "-Db_lundef=false", "-Dunity=on",
         "-Dunity_size=100", "-Dbench=false"]
# kqueue alone brings with it what else those systems do otherwise and Linux can do as well (netpoll/meson.build).
KQUEUE_BUILDS = {
    "kqueue-alone": (["-Dpoller=kqueue"], "with children, events, batches and copies as on macOS and FreeBSD"),
    "kqueue-asan": (["-Dpoller=both", "-Db_sanitize=address,undefined"], "beside epoll, under address,undefined"),
}


class Skipped(Exception):
    pass


class Failed(Exception):
    pass


def run(command, log, **environment):
    """Its output is in the log. It stands in BUILD, where compilers that are asked for their names may leave files. Raises
    Failed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / log
    with open(path, "a", encoding="utf-8") as output:
        print("$", *command, file=output, flush=True)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=BUILD,
                              env=os.environ | environment, check=False)
    if done.returncode != 0:
        text = path.read_text(encoding="utf-8", errors="replace")
        errors = re.findall(r"^.*(?:error:|ERROR|FAILED  ).*$", text, re.MULTILINE)[-10:]
        raise Failed("\n".join(errors or text.splitlines()[-10:]) + f"\n(all of it: {path})")
    return path


# --- What is fetched.


def zig():
    """The environment in which the cross compiler works."""
    place = BUILD / "zig"
    if not (place / "ziglang").exists():
        run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place), f"ziglang=={ZIG_VERSION}"], "zig.log")
    cache = str(BUILD / "zig-cache")
    return {"WEFT_ZIG": f"{sys.executable} -m ziglang", "PYTHONPATH": str(place), "ZIG_GLOBAL_CACHE_DIR": cache,
            "ZIG_LOCAL_CACHE_DIR": cache}


def boost_by_apt():
    """From Debian's source package, asked for beside the system's own lists."""
    place = BUILD / "boost-source"
    if (place / "asm").exists():
        return place / "asm"
    parts = place / "sources.list.d"
    parts.mkdir(parents=True, exist_ok=True)
    (place / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    for known in [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")]:
        if known.exists():
            text = known.read_text(encoding="utf-8")
            text = re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.MULTILINE)
            (parts / known.name).write_text(re.sub(r"^deb ", "deb-src ", text, flags=re.MULTILINE), encoding="utf-8")
    options = ["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={parts}",
               "-o", f"Dir::State::Lists={place / 'lists'}", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="]
    version = re.search(r'BOOST_LIB_VERSION "(\d+)_(\d+)', pathlib.Path("/usr/include/boost/version.hpp").read_text())
    run(["apt-get", *options, "update"], "boost.log")
    run(["env", "-C", str(place), "apt-get", *options, "source", "--download-only",
         f"boost{version[1]}.{version[2]}"], "boost.log")
    (archive,) = place.glob("*.orig.tar.*")
    with tarfile.open(archive) as files:
        for member in files:
            if re.search(r"libs/context/src/asm/[^/]+\.S$", member.name):
                member.name = pathlib.Path(member.name).name
                files.extract(member, place / "asm")
    archive.unlink()
    return place / "asm"


def boost_assembler():
    """The directory of *.S, or None."""
    given = os.environ.get("BOOST_CONTEXT_SOURCE")
    if given:
        for inside in ("libs/context/src/asm", "src/asm", "."):
            if list((pathlib.Path(given) / inside).glob("jump_*.S")):
                return pathlib.Path(given) / inside
        raise Failed(f"BOOST_CONTEXT_SOURCE='{given}': there is no src/asm/jump_*.S in it")
    try:
        return boost_by_apt() if shutil.which("apt-get") else None
    except (Failed, ValueError, OSError, tarfile.TarError):
        return None


# --- The targets.


def prefix_of(target, environment, log):
    """A directory with Boost's headers and the target's libboost_context.a; and whether that has anything in it."""
    prefix = BUILD / f"prefix-{target}"
    (prefix / "include").mkdir(parents=True, exist_ok=True)
    (prefix / "lib").mkdir(exist_ok=True)
    for headers in ("boost", "gtest"):
        link = prefix / "include" / headers
        if not link.is_symlink():
            link.symlink_to(f"/usr/include/{headers}")
    system, processor, ending = TARGETS[target]
    assembler = boost_assembler()
    objects = []
    for part in ("make", "jump", "ontop") if assembler else ():
        objects.append(str(prefix / f"{part}.o"))
        run([str(HERE / "zig_compiler.sh"), "cc", target, "-c", str(assembler / f"{part}_{ending}.S"), "-o", objects[-1]],
            log, **environment)
    if not objects:
        (prefix / "empty.c").write_text("int weft_empty;\n", encoding="utf-8")
        objects.append(str(prefix / "empty.o"))
        run([str(HERE / "zig_compiler.sh"), "cc", target, "-c", str(prefix / "empty.c"), "-o", objects[-1]], log, **environment)
    run([*environment["WEFT_ZIG"].split(), "ar", "rcs", str(prefix / "lib" / "libboost_context.a"), *objects], log,
        **environment)
    return prefix, bool(assembler) or processor == "x86_64"  # where the jump is ours


def cross_file(target, prefix):
    system, processor, _ = TARGETS[target]
    path = BUILD / f"{target}.ini"
    wrapper = HERE / "zig_compiler.sh"
    path.write_text(f"""[binaries]
cpp = ['{wrapper}', 'c++', '{target}']
c = ['{wrapper}', 'cc', '{target}']
ar = ['{sys.executable}', '-m', 'ziglang', 'ar']
strip = 'true'
[properties]
boost_root = '{prefix}'
[built-in options]
cpp_args = {['-isystem', str(prefix / "include"), *LOST[system]]}
cpp_link_args = ['-L{prefix / "lib"}']
[host_machine]
system = '{system}'
cpu_family = '{processor}'
cpu = '{processor}'
endian = 'little'
""", encoding="utf-8")
    return path


def configured(target, environment, prefix, log, *options):
    place = BUILD / target
    if not (place / "build.ninja").exists():
        run(["meson", "setup", str(place), str(ROOT), "--cross-file", str(cross_file(target, prefix)), *QUICK, *options],
            log, **environment)
    return place


def target_builds(target):
    log = f"{target}.log"
    environment = zig()
    prefix, can_link = prefix_of(target, environment, log)
    tested = target == "aarch64-linux-gnu" and gtest_for(target, environment, prefix, log)
    place = configured(target, environment, prefix, log, f"-Dtests={str(bool(tested)).lower()}")
    run(["ninja", "-C", str(place), *libraries_of(target)], log, **environment)
    yield f"{target}: every room compiles"
    if not can_link:
        raise Skipped("not linked: Boost.Context's assembler is not at hand; BOOST_CONTEXT_SOURCE says where it is")
    # Without tests, all that is built by default, as who builds it there has it.
    run(["ninja", "-C", str(place), *(f"examples/{each}" for each in EXAMPLES if tested)], log, **environment)
    yield f"{target}: {', '.join(EXAMPLES)} link"
    if target == "aarch64-linux-gnu":
        yield from runs_under_qemu(place, environment, tested)


def libraries_of(target):
    return ["libweft.a", *(["std_shim/interpose/libweft_interpose.a"] if TARGETS[target][0] == "linux" else [])]


def gtest_for(target, environment, prefix, log):
    source = pathlib.Path("/usr/src/googletest/googletest")
    if not source.exists():
        return False
    made = str(prefix / "gtest-all.o")
    run([str(HERE / "zig_compiler.sh"), "c++", target, "-std=c++20", "-w", f"-I{source}", f"-I{source / 'include'}", "-c",
         str(source / "src" / "gtest-all.cc"), "-o", made], log, **environment)
    run([*environment["WEFT_ZIG"].split(), "ar", "rcs", str(prefix / "lib" / "libgtest.a"), made], log, **environment)
    return True


def runs_under_qemu(place, environment, tested):
    if not emulation.is_there():
        raise Skipped("not run: qemu-aarch64 (Debian: qemu-user) or its C library (libc6-arm64-cross) is not there")
    emulator, environment = emulation.beginning(BUILD / "binfmt_misc"), environment | emulation.environment()
    run([*emulator, str(place / "examples" / "hello")], "qemu.log", **environment)
    yield "aarch64-linux-gnu: hello runs under qemu-user"
    if not tested:
        raise Skipped("no tests run: the sources of GoogleTest (Debian: googletest) are not there")
    left_out = not_under(emulator, environment)
    yield f"aarch64-linux-gnu: qemu-user was asked what it can do; not {', '.join(proof.stem for proof in left_out) or 'less'}"
    patterns = ":".join(pattern for proof in left_out for pattern in emulation.tests_of(proof))
    for room in ROOMS:
        program = f"tests/{room}/{room}_tests"
        run(["ninja", "-C", str(place), program], "aarch64-linux-gnu.log", **environment)
        yield f"aarch64-linux-gnu: the tests of {room} compile"
        run(["timeout", "1500", *emulator, str(place / program), "--gtest_brief=1", f"--gtest_filter=-{patterns}"],
            "qemu.log", WEFT_TEST_LIMIT="300", **environment)
        yield f"aarch64-linux-gnu: the tests of {room} pass under qemu-user, but for those that need what it cannot do"


def not_under(emulator, environment):
    def compile_for(emulated, source, program):
        compiler = [str(HERE / "zig_compiler.sh"), "cc", "aarch64-linux-gnu"] if emulated else ["cc"]
        run([*compiler, "-pthread", source, "-o", program], "qemu.log", **environment)

    place = BUILD / "emulator"
    place.mkdir(exist_ok=True)
    try:
        return emulation.lacks(emulator, place, compile_for)
    except emulation.Unproved as why:
        raise Failed(str(why)) from why


# --- kqueue on Linux.


def kqueue_passes():
    given = os.environ.get("LIBKQUEUE_SOURCE")
    if not given:
        raise Skipped("not run: LIBKQUEUE_SOURCE=DIR says where a copy of libkqueue's sources is")
    if not (pathlib.Path(given) / "CMakeLists.txt").exists():
        raise Failed(f"LIBKQUEUE_SOURCE='{given}': there is no CMakeLists.txt in it")
    place, installed, log = BUILD / "libkqueue", BUILD / "libkqueue-installed", "kqueue.log"
    run(["cmake", "-S", given, "-B", str(place), "-DSTATIC_KQUEUE=ON", "-DENABLE_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Debug",
         "-DCMAKE_POSITION_INDEPENDENT_CODE=ON", f"-DCMAKE_INSTALL_PREFIX={installed}", "-DCMAKE_INSTALL_LIBDIR=lib",
         f"-DCMAKE_C_FLAGS=-include {HERE / 'libkqueue_repairs.h'}"], log)
    run(["cmake", "--build", str(place), "--target", "install"], log)
    for shared in (installed / "lib").glob("libkqueue.so*"):
        shared.unlink()  # the archive is to be linked
    yield "libkqueue builds"
    environment = {"PKG_CONFIG_PATH": str(installed / "lib" / "pkgconfig"), "WEFT_POLLER": "kqueue", "WEFT_TEST_LIMIT": "120"}
    for name, (options, what) in KQUEUE_BUILDS.items():
        build = BUILD / name
        if not (build / "build.ninja").exists():
            run(["meson", "setup", str(build), str(ROOT), *QUICK, "-Ddebug=true", "-Dcpp_args=-g1", "-Dexamples=false",
                 *options], log, **environment)
        run(["ninja", "-C", str(build), "tests/netpoll/netpoll_tests"], log, **environment)
        report = build / "netpoll_tests.json"
        run(["timeout", "900", str(build / "tests/netpoll/netpoll_tests"), "--gtest_brief=1", f"--gtest_output=json:{report}"],
            log, **environment)
        yield f"kqueue: the tests of netpoll pass on libkqueue, {what}"
        yield f"kqueue: each of the {contract_passed(report)} tests that the contract names was among them"


def contract_passed(report):
    """How many tests netpoll/README.md names in its table. Each has to stand in GoogleTest's report, and to have run there at
    every number of workers: one that was skipped holds nobody to a promise. Raises Failed."""
    ran, skipped = set(), set()
    for suite in json.loads(report.read_text(encoding="utf-8"))["testsuites"]:
        for case in suite["testsuite"]:
            name = (suite["name"], case["name"].split("/")[0])
            (ran if case["result"] == "COMPLETED" and "failures" not in case else skipped).add(name)
    named = {name for _, names in contract_table.promises() for name in names}
    missing = sorted(".".join(name) for name in named - (ran - skipped))
    if missing:
        raise Failed(f"of the contract in netpoll/README.md these did not run on kqueue: {', '.join(missing)}")
    return len(named)


def minutes(since):
    seconds = round(time.monotonic() - since)
    return f"{seconds // 60}:{seconds % 60:02}"


def main(*wanted):
    parts = {target: (lambda t=target: target_builds(t)) for target in TARGETS} | {"kqueue": kqueue_passes}
    for part in wanted:
        if part not in parts:
            raise SystemExit(f"portability: '{part}' is none of {', '.join(parts)}")
    passed = failed = 0
    began = time.monotonic()
    for part in wanted or parts:
        for old in (f"{part}.log", "qemu.log") if part in TARGETS else ("kqueue.log",):
            (BUILD / old).unlink(missing_ok=True)
        since = time.monotonic()
        try:
            for done in parts[part]():
                passed += 1
                print(f"==> {done} ({minutes(since)})", flush=True)
                since = time.monotonic()
        except Skipped as why:
            print(f"==> {part}: skipped, {why}", flush=True)
        except Failed as why:
            failed += 1
            print(f"==> {part}: FAILED ({minutes(since)})\n{why}", flush=True)
    print(f"{passed} passed, {failed} failed, in {minutes(began)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
