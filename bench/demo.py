#!/usr/bin/env python3
"""Room: bench. One HTTP server, written three times, under one client: what blocking style on fibers costs, and saves.

    python3 bench/demo.py BUILD_DIR

Starts examples/http and its two peers, puts bench/load on each at 64 and at 1,000 connections in short interleaved rounds,
shows what the weft server says of itself while it works, and prints one table of medians. Exit status 0 if every server
held and weft answered every request; 1 if not; 2 if something is missing; 130 if interrupted.
"""
import argparse
import contextlib
import os
import re
import statistics
import sys

from driving import (Failure, Server, allow_descriptors, connect, end_on_signals, find_program, machine, main_of,
                     print_table, save_json, say, under_load)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIZES = (64, 1000)

# name: (what it is, program in the build directory, source)
SERVERS = {
    "weft": ("fibers, blocking style", ("examples", "http"), ("examples", "http.cpp")),
    "asio": ("Boost.Asio, co_await", ("bench", "asio_http"), ("bench", "peers", "asio_http.cpp")),
    "threads": ("a std::thread each", ("bench", "thread_http"), ("bench", "peers", "thread_http.cpp")),
}


def arguments():
    parser = argparse.ArgumentParser(description="Compares examples/http with its peers under load.")
    parser.add_argument("build_dir")
    parser.add_argument("--seconds", type=float, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server at each size (default 5)")
    parser.add_argument("--quick", action="store_true", help="one run of half a second each: to see it work, not to compare")
    parser.add_argument("--servers", default=",".join(SERVERS), help=f"some of {','.join(SERVERS)} (default all)")
    parser.add_argument("--port", type=int, default=0, help="of the first server, others follow (default: free)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    args.servers = args.servers.split(",")
    if args.quick:
        args.seconds, args.rounds = 0.5, 1
    unknown = [name for name in args.servers if name not in SERVERS]
    if unknown:
        parser.error(f"no such server: {', '.join(unknown)} (there are {', '.join(SERVERS)})")
    if args.seconds <= 0 or args.rounds < 1:
        parser.error("--rounds is at least 1, and --seconds more than 0")
    return args


def handler_lines(name):
    """Lines of code between the markers in a server's source, without blank ones and comments."""
    source = os.path.join(ROOT, *SERVERS[name][2])
    with open(source, encoding="utf-8") as text:
        between = re.search(r"// \[handler\]\n(.*?)// \[/handler\]", text.read(), re.S)
    if not between:
        raise Failure(f"{source} has no // [handler] ... // [/handler]")
    lines = (line.strip() for line in between.group(1).splitlines())
    return sum(1 for line in lines if line and not line.startswith("//"))


# --- one server


def start(name, args, port):
    return Server(f"{name} ({SERVERS[name][0]})", [find_program(args.build_dir, *SERVERS[name][1]), str(port)])


def ask(server, conn, target, close=False):
    """One GET; returns the body."""
    headers = "Host: localhost\r\n" + ("Connection: close\r\n" if close else "")
    got = b""
    try:
        conn.sendall(f"GET {target} HTTP/1.1\r\n{headers}\r\n".encode())
        while True:
            head, separator, body = got.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            if separator and length and len(body) >= int(length.group(1)):
                break
            part = conn.recv(65536)
            if not part:
                break
            got += part
    except OSError as error:
        server.must_be_alive()
        raise Failure(f"{server.name} does not answer GET {target}: {error}") from error
    if not got.startswith(b"HTTP/1.1 200 "):
        raise Failure(f"{server.name} answers GET {target} with {got[:80]!r}")
    return body.decode()


def show_hierarchy(server):
    with connect(server) as conn:
        text = ask(server, conn, "/hierarchy", close=True)
    say("\n  GET /hierarchy, under this load:")
    say("".join(f"    {line}\n" for line in text.splitlines()))


def memory_per_connection(name, args, size):
    """Of a fresh server: how much `size` connections add, once each has had an answer and is idle."""
    with start(name, args, 0) as server, contextlib.ExitStack() as conns:
        ask(server, conns.enter_context(connect(server)), "/")
        idle = server.resident()
        for _ in range(size):
            ask(server, conns.enter_context(connect(server)), "/")
        return max(0, server.resident() - idle) / size


# --- load


def measure(server, load, size, seconds, meanwhile=None):
    """Closed loop. Wrong and refused answers are errors, as lost connections are."""
    run = under_load(server, [load, "--http", "/", str(server.port), str(size), str(seconds)], seconds, meanwhile)
    return {"requests_per_s": run["requests_per_s"], "errors": run["errors"], "limited": run["limited"],
            **{f"{key}_ms": run[f"{key}_us"] / 1000 for key in ("p50", "p99", "p999")}}


# --- all of it


def run_rounds(servers, load, size, args):
    """Interleaved, so that what else the machine does hits all alike. Returns the runs of each server."""
    runs = {name: [] for name in servers}
    for number in range(args.rounds):
        for name, server in servers.items():
            first = name == "weft" and number == 0
            run = measure(server, load, size, args.seconds, (lambda: show_hierarchy(server)) if first else None)
            runs[name].append(run)
            say(f"  round {number + 1}/{args.rounds}  {name:8} {run['requests_per_s']:9.0f} requests/s"
                f"   p50 {run['p50_ms']:7.2f} ms   p99 {run['p99_ms']:7.2f} ms   errors {run['errors']}")
    return runs


def summary(name, size, runs, memory):
    row = {"server": name, "connections": size}
    for figure in ("requests_per_s", "p50_ms", "p99_ms", "p999_ms"):
        row[figure] = statistics.median(run[figure] for run in runs)
    row["errors"] = sum(run["errors"] for run in runs)
    row["limited"] = f"{sum(run['limited'] for run in runs)}/{len(runs)}"
    row["bytes_per_connection"] = round(memory)
    row["handler_lines"] = handler_lines(name)
    return row


def end_all(servers):
    """The weft server has to end cleanly, with all its fibers."""
    for name, server in servers.items():
        status = server.end()
        if name == "weft" and status != 0:
            raise Failure(f"{server.name} did not end cleanly on SIGINT: status {status}")


def measure_all(args, load):
    rows = []
    with contextlib.ExitStack() as running:
        servers = {}
        for place, name in enumerate(args.servers):
            servers[name] = running.enter_context(start(name, args, args.port + place if args.port else 0))
            say(f"{servers[name].name}: http://127.0.0.1:{servers[name].port}/")
        for size in SIZES:
            say(f"\n{size} connections, {args.rounds} rounds of {args.seconds:g} s each")
            runs = run_rounds(servers, load, size, args)
            rows += [(name, size, runs[name]) for name in servers]
        end_all(servers)
    say("\nmemory of idle connections")
    return [summary(name, size, runs, memory_per_connection(name, args, size)) for name, size, runs in rows]


def print_rows(rows):
    where = machine()
    say(f"\n{where['cpu']}, {where['cpus']} CPUs, Linux {where['kernel']}, {where['date']}\n")
    head = ["server", "connections", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "errors", "KiB/connection",
            "handler lines", "load at its limit"]
    print_table(head, [[f"{row['server']} ({SERVERS[row['server']][0]})", row["connections"],
                        f"{row['requests_per_s']:.0f}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}",
                        f"{row['p999_ms']:.2f}", row["errors"], f"{row['bytes_per_connection'] / 1024:.1f}",
                        row["handler_lines"], row["limited"]] for row in rows])
    say("\nMedians of interleaved rounds; errors of all rounds together: lost connections, and answers that differ. The load")
    say("takes a CPU of its own, and may have been the limit itself: in how many rounds, the last column says.")
    say("KiB/connection: resident memory that an idle connection adds, without the kernel's part. Asio has one thread.")


def main():
    args = arguments()
    end_on_signals()
    allow_descriptors(max(SIZES) + 200)
    load = find_program(args.build_dir, "bench", "load")
    rows = measure_all(args, load)
    print_rows(rows)
    if args.json:
        save_json(args.json, rows)
    wrong = [row for row in rows if row["server"] == "weft" and row["errors"]]
    for row in wrong:
        print(f"demo.py: weft had {row['errors']} errors at {row['connections']} connections", file=sys.stderr)
    return 1 if wrong else 0


main_of("demo.py", main)
