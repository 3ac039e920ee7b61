#!/usr/bin/env python3
"""Room: bench. HTTP servers under load: examples/http beside Beast on Boost.Asio coroutines and Go's net/http.

    python3 bench/http_servers.py BUILD_DIR

Each gives the same body and headers to GET /, and keeps the connection. weft has all workers, Asio one thread, its best on
few CPUs, Go all CPUs. How, and what is told: comparing.py. demo.py has the same servers for a newcomer, with threads and
memory. Exit status 1 if a server failed or a byte was wrong. Not named http.py, which would hide a module of Python's.
"""
from comparing import Comparison, Side, main

main(Comparison(
    script="http_servers.py",
    what="HTTP servers",
    sides={
        "weft": Side(("examples", "http"), ["0"], is_needed=True),
        "asio": Side(("bench", "asio_http"), ["0", "1"]),
        "go": Side(("bench", "gobench"), ["serve_http"]),
    },
    load=["--http", "/"],
    sizes=(64, 1000, 10_000),
))
