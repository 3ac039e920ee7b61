#!/usr/bin/env python3
"""Room: tests. Talks to the echo server on 127.0.0.1:8080 (echo.cpp): two conversations at once, each byte comes back.

Exit status 0 if it did. The port is the one that the program in the documentation names.
"""
import os
import socket
import sys
import time

ADDRESS = ("127.0.0.1", 8080)
LIMIT = 10.0  # seconds, for everything together


def connect(until):
    """The server may still be starting: try until it listens."""
    while True:
        try:
            return socket.create_connection(ADDRESS, timeout=LIMIT)
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def read_exactly(conversation, size):
    got = bytearray()
    while len(got) < size:
        part = conversation.recv(size - len(got))
        if not part:
            sys.exit(f"the server closed after {len(got)} of {size} bytes")
        got += part
    return bytes(got)


def main():
    first = connect(time.monotonic() + LIMIT)
    with first, connect(time.monotonic() + LIMIT) as second:
        # The second is answered while the first, accepted before it, says nothing.
        for conversation in (second, first):
            sent = os.urandom(100_000)  # more than the server's buffer
            for start in range(0, len(sent), 10_000):
                part = sent[start : start + 10_000]
                conversation.sendall(part)
                if read_exactly(conversation, len(part)) != part:
                    sys.exit("what came back is not what was sent")
            conversation.shutdown(socket.SHUT_WR)
            if conversation.recv(1):
                sys.exit("bytes came back that were never sent")


main()
