#!/usr/bin/env python3
"""Room: tests. What the HTTP example owes its clients beside a GET: speaks_http.py SERVER.

Exit status 0 if HTTP/1.1 without one Host is refused, "Expect: 100-continue" is answered before the body is sent, and all
who ask for /hierarchy in the same second get the same text.
"""
import socket
import subprocess
import sys

LIMIT = 20.0  # seconds, for each answer
FAILED = []


class Client:
    def __init__(self, port):
        self.conn = socket.create_connection(("127.0.0.1", port), LIMIT)
        self.got = b""

    def until(self, mark):
        while mark not in self.got:
            part = self.conn.recv(65536)
            if not part:
                break
            self.got += part
        head, _, self.got = self.got.partition(mark)
        return head

    def status(self, request):
        """The status line; the body stays."""
        self.conn.sendall(request.replace("\n", "\r\n").encode())
        self.head = self.until(b"\r\n\r\n").decode()
        return self.head.split("\r\n")[0]

    def body(self):
        size = next(int(line.split(":")[1]) for line in self.head.split("\r\n") if line.lower().startswith("content-length"))
        while len(self.got) < size:
            self.got += self.conn.recv(65536)
        body, self.got = self.got[:size], self.got[size:]
        return body


def expect(what, seen, wanted):
    if wanted not in seen:
        FAILED.append(f"{what}: {seen!r}, not {wanted!r}")


def main():
    server = subprocess.Popen([sys.argv[1], "0"], stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline().decode().rsplit(":", 1)[1])
        expect("a GET", Client(port).status("GET / HTTP/1.1\nHost: here\n\n"), " 200 ")
        expect("HTTP/1.0 needs no Host", Client(port).status("GET / HTTP/1.0\n\n"), " 200 ")
        expect("no Host", Client(port).status("GET / HTTP/1.1\n\n"), " 400 ")
        expect("two Hosts", Client(port).status("GET / HTTP/1.1\nHost: a\nHost: b\n\n"), " 400 ")

        poster = Client(port)
        head = "POST / HTTP/1.1\nHost: here\nContent-Length: 5\nExpect: 100-continue\n\n"
        expect("Expect: 100-continue", poster.status(head), " 100 ")
        expect("the body after it", poster.status("hello"), " 405 ")
        too_much = head.replace("5", "70000", 1)
        expect("a body that is too large is not asked for", Client(port).status(too_much), " 413 ")

        first, texts = Client(port), set()
        for _ in range(5):
            expect("/hierarchy", first.status("GET /hierarchy HTTP/1.1\nHost: here\n\n"), " 200 ")
            texts.add(first.body())
            crowd = [Client(port) for _ in range(10)]  # a fresh text would count them
            del crowd
        expect("texts of five requests, at most two seconds' worth", str(len(texts) <= 3), "True")
    finally:
        server.kill()
    sys.exit("\n".join(FAILED) or 0)


main()
