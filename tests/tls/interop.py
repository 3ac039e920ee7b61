#!/usr/bin/env python3
"""Room: tests of tls. Our TLS beside that of others, in both roles: openssl's own programs, curl, Go. What is not installed is
skipped, and says so.

  tests/tls/interop.py PEER [HTTP]      the built interop_peer, and the example http if it is to be asked by curl
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

PEER = os.path.abspath(sys.argv[1])
HTTP = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
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


class Server:
    """Runs while it is used; `port` is what its first line ends with, unless it is known."""

    def __init__(self, *command, port=None):
        self.command, self.port = command, port

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        first = self.process.stdout.readline().decode()
        self.port = self.port or int(first.strip().split(":")[-1].split()[-1])
        return self.port

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def expect_back(title, done, said):
    check(title, done.returncode == 0 and done.stdout == said, f"(status {done.returncode}): {done.stderr.decode(errors='replace')[-300:]}")


def our_own(where):
    with Server(PEER, "serve", where) as port:
        expect_back("ours with ours", run(PEER, "dial", f"localhost:{port}", where, said=SAID), SAID)
        refused = run(PEER, "dial", f"127.0.0.2:{port}", where)
        check("a server elsewhere", refused.returncode == 1)


def openssl(where):
    with Server(PEER, "serve", where) as port:
        for version in ("-tls1_2", "-tls1_3"):
            asked = run("openssl", "s_client", "-connect", f"localhost:{port}", "-CAfile", f"{where}/ca.pem", "-verify_hostname",
                        "localhost", "-verify_return_error", "-quiet", "-no_ign_eof", version, said=LINES)
            expect_back(f"openssl s_client {version}", asked, LINES)
    for version in ("-tls1_2", "-tls1_3"):
        port = 20_000 + os.getpid() % 20_000
        server = Server("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{where}/cert.pem", "-key",
                        f"{where}/key.pem", "-rev", version, port=port)
        with server:
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
        print("interop: curl is skipped: no example http was named")
        return
    with Server(HTTP, "0", "--tls", f"{where}/cert.pem", f"{where}/key.pem") as port:
        url = f"https://localhost:{port}/"
        asked = run("curl", "-sS", "--cacert", f"{where}/ca.pem", url, url)
        expect_back("curl, twice on one connection", asked, b"hello from a fiber\n" * 2)
        check("curl that does not trust", run("curl", "-sS", url).returncode == 60)


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
