#!/usr/bin/env python3
"""Room: tests. A server that has no stack for another connection turns it away, and serves on: outlives_refusals.py SERVER.

SERVER prints "listening on ADDRESS:PORT", and gets so little address space that its stacks run out. Exit status 0 if it
outlived the storm, said why, and ended cleanly on SIGINT.
"""
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIMIT = 20.0  # seconds, for each wait
SPACE = 140 << 20  # some 110 before the first connection, whose stack is as small as 64 KiB
CONNECTIONS = 900


def until(what, is_so):
    end = time.monotonic() + LIMIT
    while not is_so():
        if time.monotonic() > end:
            sys.exit(f"waited in vain until {what}")
        time.sleep(0.01)


def text_of(said):
    said.seek(0)
    return said.read().decode(errors="replace")


def main():
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen([sys.argv[1], "0"], stdout=subprocess.PIPE, stderr=said,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE)))
        try:
            port = int(server.stdout.readline().decode().rsplit(":", 1)[1])
            held = []
            for _ in range(CONNECTIONS):
                if server.poll() is not None:
                    break
                held.append(socket.create_connection(("127.0.0.1", port), LIMIT))
            until("a connection was refused", lambda: server.poll() is not None or "refused" in text_of(said))
            for each in held:
                each.close()
            if server.poll() is not None:
                sys.exit(f"the server ended with {server.poll()}:\n{text_of(said)[-2000:]}")
            server.send_signal(signal.SIGINT)
            if server.wait(LIMIT) != 0:
                sys.exit(f"the server ended with {server.returncode} on SIGINT")
        finally:
            server.kill()


main()
