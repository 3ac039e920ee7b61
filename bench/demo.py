#!/usr/bin/env python3
"""Room: bench. One HTTP server, written three times, under one client: what blocking style on fibers costs, and saves.

    python3 bench/demo.py BUILD_DIR

Starts examples/http and its two peers, drives each with wrk at 64 and at 1,000 connections in short interleaved rounds,
shows what the weft server says of itself while it works, and prints one table of medians. Exit status 0 if every server
held and weft answered every request; 1 if not; 2 if something is missing; 130 if interrupted.
"""
import argparse
import contextlib
import os
import re
import statistics
import sys

from driving import (ANSWER_LIMIT, Failure, Server, allow_descriptors, connect, find_program, find_tool, machine,
                     main_of, print_table, raise_on_sigterm, run_load, save_json, say)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIZES = (64, 1000)

# name: (what it is, program in the build directory, source)
SERVERS = {
    "weft": ("fibers, blocking style", ("examples", "http"), ("examples", "http.cpp")),
    "asio": ("Boost.Asio, co_await", ("bench", "asio_http"), ("bench", "peers", "asio_http.cpp")),
    "threads": ("a std::thread each", ("bench", "thread_http"), ("bench", "peers", "thread_http.cpp")),
}


def arguments():
    parser = argparse.ArgumentParser(description="Compares examples/http with its peers under wrk.")
    parser.add_argument("build_dir")
    parser.add_argument("--seconds", type=int, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server at each size (default 5)")
    parser.add_argument("--quick", action="store_true", help="one run of a second each: to see it work, not to compare")
    parser.add_argument("--servers", default=",".join(SERVERS), help=f"some of {','.join(SERVERS)} (default all)")
    parser.add_argument("--port", type=int, default=0, help="of the first server, others follow (default: free)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    args.servers = args.servers.split(",")
    if args.quick:
        args.seconds = args.rounds = 1
    unknown = [name for name in args.servers if name not in SERVERS]
    if unknown:
        parser.error(f"no such server: {', '.join(unknown)} (there are {', '.join(SERVERS)})")
    if args.seconds < 1 or args.rounds < 1:
        parser.error("--seconds and --rounds are at least 1")
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


# --- wrk


def in_ms(text):
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def parse_wrk(out):
    try:
        run = {
            "requests_per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "p50_ms": in_ms(re.search(r"^\s+50%\s+(\S+)", out, re.M).group(1)),
            "p99_ms": in_ms(re.search(r"^\s+99%\s+(\S+)", out, re.M).group(1)),
        }
    except AttributeError as error:
        raise Failure(f"wrk printed what cannot be read:\n{out}") from error
    socket_errors = re.search(r"Socket errors: (.*)", out)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    run["errors"] = sum(map(int, re.findall(r"\d+", socket_errors.group(1)))) if socket_errors else 0
    run["errors"] += int(refused.group(1)) if refused else 0
    return run


def measure(server, wrk, size, seconds, meanwhile=None):
    url = f"http://127.0.0.1:{server.port}/"
    command = [wrk, "-t1", f"-c{size}", f"-d{seconds}s", "--latency", "--timeout", f"{ANSWER_LIMIT:.0f}s", url]
    run = parse_wrk(run_load(server, command, seconds, meanwhile))
    if run["requests_per_s"] == 0:
        raise Failure(f"{server.name} does not answer wrk at {size} connections")
    return run


# --- all of it


def run_rounds(servers, wrk, size, args):
    """Interleaved, so that what else the machine does hits all alike. Returns the runs of each server."""
    runs = {name: [] for name in servers}
    for number in range(args.rounds):
        for name, server in servers.items():
            first = name == "weft" and number == 0
            run = measure(server, wrk, size, args.seconds, (lambda: show_hierarchy(server)) if first else None)
            runs[name].append(run)
            say(f"  round {number + 1}/{args.rounds}  {name:8} {run['requests_per_s']:9.0f} requests/s"
                f"   p50 {run['p50_ms']:7.2f} ms   p99 {run['p99_ms']:7.2f} ms   errors {run['errors']}")
    return runs


def summary(name, size, runs, memory):
    row = {"server": name, "connections": size}
    for figure in ("requests_per_s", "p50_ms", "p99_ms"):
        row[figure] = statistics.median(run[figure] for run in runs)
    row["errors"] = sum(run["errors"] for run in runs)
    row["bytes_per_connection"] = round(memory)
    row["handler_lines"] = handler_lines(name)
    return row


def end_all(servers):
    """The weft server has to end cleanly, with all its fibers."""
    for name, server in servers.items():
        status = server.end()
        if name == "weft" and status != 0:
            raise Failure(f"{server.name} did not end cleanly on SIGINT: status {status}")


def measure_all(args, wrk):
    rows = []
    with contextlib.ExitStack() as running:
        servers = {}
        for place, name in enumerate(args.servers):
            servers[name] = running.enter_context(start(name, args, args.port + place if args.port else 0))
            say(f"{servers[name].name}: http://127.0.0.1:{servers[name].port}/")
        for size in SIZES:
            say(f"\n{size} connections, {args.rounds} rounds of {args.seconds} s each")
            runs = run_rounds(servers, wrk, size, args)
            rows += [(name, size, runs[name]) for name in servers]
        end_all(servers)
    say("\nmemory of idle connections")
    return [summary(name, size, runs, memory_per_connection(name, args, size)) for name, size, runs in rows]


def print_rows(rows):
    where = machine()
    say(f"\n{where['cpu']}, {where['cpus']} CPUs, Linux {where['kernel']}, {where['date']}\n")
    head = ["server", "connections", "requests/s", "p50 ms", "p99 ms", "errors", "KiB/connection", "handler lines"]
    print_table(head, [[f"{row['server']} ({SERVERS[row['server']][0]})", row["connections"],
                        f"{row['requests_per_s']:.0f}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", row["errors"],
                        f"{row['bytes_per_connection'] / 1024:.1f}", row["handler_lines"]] for row in rows])
    say("\nMedians of interleaved rounds; errors of all rounds together: sockets, and answers that are no success.")
    say("KiB/connection: resident memory that an idle connection adds, without the kernel's part. Asio has one thread.")


def main():
    args = arguments()
    raise_on_sigterm()
    wrk = find_tool("wrk")
    allow_descriptors(max(SIZES) + 200)
    rows = measure_all(args, wrk)
    print_rows(rows)
    if args.json:
        save_json(args.json, rows)
    wrong = [row for row in rows if row["server"] == "weft" and row["errors"]]
    for row in wrong:
        print(f"demo.py: weft had {row['errors']} errors at {row['connections']} connections", file=sys.stderr)
    return 1 if wrong else 0


main_of("demo.py", main)
