#!/usr/bin/env python3
"""Room: tests of tls. Our TLS beside that of others, in both roles: openssl's own programs, curl, Go. What is not installed is
skipped, and says so.

  tests/tls/interop.py PEER [HTTP PROXY]      the built interop_peer; the examples that curl asks
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading

PEER = os.path.abspath(sys.argv[1])
HTTP, PROXY = [os.path.abspath(each) for each in sys.argv[2:4]] or (None, None)
SAID = random.Random(1).randbytes(300_000)
LINES = b"".join(b"line %d\n" % i for i in range(2000))
LIMIT = 60
passed, failed = 0, 0


def check(title, is_so, else_say=""):
    global passed, failed
    passed, failed = passed + bool(is_so), failed + (not is_so)
    if not is_so:
        print(f"interop: {title}: failed {else_say}")


def run(*command, said=b""):
    return subprocess.run(command, input=said, capture_output=True, timeout=LIMIT, check=False)


def conversed(*command, said):
    """As run, of a client that leaves when its input ends: it gets all of the answer before."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        talking = threading.Thread(target=lambda: (process.stdin.write(said), process.stdin.flush()))
        talking.start()
        heard = process.stdout.read(len(said))
        talking.join()
        rest, complaint = process.communicate()
        limit.cancel()
        return subprocess.CompletedProcess(command, process.returncode, heard + rest, complaint)


class Server:
    """Runs while it is used; its port is what its first line with a digit ends with."""

    def __init__(self, *command):
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in self.process.stdout:
            if line.strip()[-1:].isdigit():
                return int(line.decode().strip().split(":")[-1])
        raise RuntimeError(f"{self.command[0]} ended before it listened")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def expect_back(title, done, said):
    check(title, done.returncode == 0 and done.stdout == said, f"(status {done.returncode}): {done.stderr.decode(errors='replace')[-300:]}")


def our_own(where):
    with Server(PEER, "serve", where) as port:
        expect_back("ours with ours", run(PEER, "dial", f"localhost:{port}", where, said=SAID), SAID)


def openssl(where):
    with Server(PEER, "serve", where) as port:
        for version in ("-tls1_2", "-tls1_3"):
            asked = conversed("openssl", "s_client", "-connect", f"localhost:{port}", "-CAfile", f"{where}/ca.pem",
                              "-verify_hostname", "localhost", "-verify_return_error", "-quiet", "-no_ign_eof", version,
                              said=LINES)
            expect_back(f"openssl s_client {version}", asked, LINES)
    for version in ("-tls1_2", "-tls1_3"):
        with Server("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", f"{where}/cert.pem", "-key",
                    f"{where}/key.pem", "-rev", version) as port:
            answered = run(PEER, "dial", f"127.0.0.1:{port}", where, said=b"dlrow olleh\n")
            expect_back(f"openssl s_server {version}", answered, b"hello world\n")


def go(where):
    program = f"{where}/go_peer"
    source = pathlib.Path(__file__).with_name("interop_peer.go")
    environment = dict(os.environ, GO111MODULE="off", GOFLAGS="-mod=mod", GOPROXY="off", GOTOOLCHAIN="local")
    built = subprocess.run(["go", "build", "-o", program, source], env=environment, capture_output=True, text=True, timeout=300)
    if built.returncode != 0:
        check("go build", False, built.stderr)
        return
    with Server(PEER, "serve", where) as port:
        expect_back("Go's client", run(program, "dial", f"localhost:{port}", where, said=SAID), SAID)
    with Server(program, "serve", where) as port:
        expect_back("Go's server", run(PEER, "dial", f"localhost:{port}", where, said=SAID), SAID)


def curl(where):
    if HTTP is None:
        print("interop: curl is skipped: the examples were not named")
        return
    with Server(HTTP, "0", "--tls", f"{where}/cert.pem", f"{where}/key.pem") as port:
        url = f"https://localhost:{port}/"
        asked = run("curl", "-sS", "--cacert", f"{where}/ca.pem", url, url)
        expect_back("curl, twice on one connection", asked, b"hello from a fiber\n" * 2)
        check("curl that does not trust", run("curl", "-sS", url).returncode == 60)
    with Server(HTTP, "0") as inside:
        with Server(PROXY, "127.0.0.1:0", f"{where}/cert.pem", f"{where}/key.pem", f"127.0.0.1:{inside}") as port:
            asked = run("curl", "-sS", "--cacert", f"{where}/ca.pem", f"https://localhost:{port}/", f"https://localhost:{port}/")
            expect_back("curl through the proxy", asked, b"hello from a fiber\n" * 2)


with tempfile.TemporaryDirectory() as scratch:
    subprocess.run([PEER, "make", scratch], check=True, timeout=LIMIT)
    our_own(scratch)
    for tool in (openssl, curl, go):
        if shutil.which(tool.__name__):
            tool(scratch)
        else:
            print(f"interop: {tool.__name__} is not installed: skipped")
print(f"interop: {passed} passed, {failed} failed")
sys.exit(failed != 0)
