#!/usr/bin/env python3
"""Room: bench. Echo servers under load: weft beside the bare epoll loop, Boost.Asio coroutines and Go.

    python3 bench/echo.py BUILD_DIR

64-byte messages. weft has all workers and weft-1 one; Asio has one thread, its best on few CPUs; Go has all CPUs. How, and
what is told: comparing.py. Exit status 1 if a server failed or a byte was wrong.
"""
from comparing import Comparison, Side, main

main(Comparison(
    script="echo.py",
    what="echo servers (weft: all workers, weft-1: one)",
    sides={
        "epoll": Side(("bench", "epoll_echo"), ["0"]),
        "weft": Side(("bench", "weft_echo"), ["0"], is_needed=True),
        "weft-1": Side(("bench", "weft_echo"), ["0", "1"], is_needed=True),
        "asio": Side(("bench", "asio_echo"), ["0", "1"]),
        "go": Side(("bench", "gobench"), ["serve_tcp"]),
    },
    load=[],
    sizes=(1, 64, 1000, 10_000),
))
