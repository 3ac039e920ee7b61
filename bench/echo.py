#!/usr/bin/env python3
"""Room: bench. Echo servers under load: weft beside the bare epoll loop, Boost.Asio coroutines and Go.

    python3 bench/echo.py BUILD_DIR

64-byte messages, one under way on each connection, or at a rate; short interleaved rounds, medians. Go's side is
BUILD_DIR/bench/gobench, which table.py builds; without it Go is left out. Exit status 1 if a message was lost.
"""
import argparse
import contextlib
import json
import os
import statistics

from driving import (Failure, Server, allow_descriptors, find_program, machine, main_of, print_table, raise_on_sigterm,
                     run_load, save_json, say)

# name: (program in bench/, arguments after the port)
SERVERS = {
    "epoll": ("epoll_echo", []),
    "weft": ("weft_echo", []),
    "weft-1": ("weft_echo", ["1"]),
    "asio": ("asio_echo", ["1"]),
    "go": ("gobench", []),
}
FIGURES = ("requests_per_s", "p50_us", "p99_us", "p999_us", "cpu_us")


def arguments():
    parser = argparse.ArgumentParser(description="Compares echo servers. weft-1 has one worker, weft all of them.")
    parser.add_argument("build_dir")
    parser.add_argument("--seconds", type=int, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server at each size (default 5)")
    parser.add_argument("--connections", default="1,64,1000", help="sizes, with commas (default 1,64,1000)")
    parser.add_argument("--rate", type=int, help="requests a second, timed from when each is due (default: closed loop)")
    parser.add_argument("--servers", default=",".join(SERVERS), help=f"some of {','.join(SERVERS)} (default all)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    args.servers = args.servers.split(",")
    unknown = [name for name in args.servers if name not in SERVERS]
    if unknown:
        parser.error(f"no such server: {', '.join(unknown)} (there are {', '.join(SERVERS)})")
    try:
        args.connections = [int(size) for size in args.connections.split(",")]
    except ValueError:
        parser.error(f"not a list of numbers: {args.connections}")
    if min(args.seconds, args.rounds, args.rate or 1, *args.connections) < 1:
        parser.error("seconds, rounds, rate and connections are at least 1")
    return args


def cpu_seconds(server):
    """Of the server, user and system, since its start."""
    with open(f"/proc/{server.child.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(server, load, size, args):
    rate = ["--rate", str(args.rate)] if args.rate else []
    before = cpu_seconds(server)
    out = run_load(server, [load, *rate, str(server.port), str(size), str(args.seconds)], args.seconds)
    try:
        run = json.loads(out)
    except ValueError as error:
        raise Failure(f"load against {server.name} printed {out!r}") from error
    # The load is on for 0.2 s before it counts.
    answered = max(run["requests_per_s"] * (args.seconds + 0.2), 1)
    return {**run, "cpu_us": (cpu_seconds(server) - before) * 1e6 / answered}


def run_size(servers, load, size, args):
    runs = {name: [] for name in servers}
    for number in range(args.rounds):
        for name, server in servers.items():
            run = measure(server, load, size, args)
            runs[name].append(run)
            say(f"  round {number + 1}/{args.rounds}  {name:8} {run['requests_per_s']:9} requests/s"
                f"   p50 {run['p50_us']:8.0f} us   p99 {run['p99_us']:8.0f} us"
                f"{'   the load was at its limit' if run['limited'] else ''}")
    return [{"server": name, "connections": size, "errors": sum(run["errors"] for run in of_it),
             "limited": sum(run["limited"] for run in of_it),
             **{key: statistics.median(run[key] for run in of_it) for key in FIGURES}}
            for name, of_it in runs.items()]


def main():
    args = arguments()
    raise_on_sigterm()
    allow_descriptors(max(args.connections) + 200)
    load = find_program(args.build_dir, "bench", "load")
    rows = []
    with contextlib.ExitStack() as running:
        servers = {}
        for name in args.servers:
            program, more = SERVERS[name]
            if program == "gobench" and not os.access(os.path.join(args.build_dir, "bench", program), os.X_OK):
                say(f"Go is left out: {args.build_dir}/bench/gobench is not there (table.py builds it)")
                continue
            first = "serve_tcp" if program == "gobench" else "0"
            command = [find_program(args.build_dir, "bench", program), first, *more]
            servers[name] = running.enter_context(Server(name, command))
        for size in args.connections:
            say(f"\n{size} connections, {args.rounds} rounds of {args.seconds} s each")
            rows += run_size(servers, load, size, args)
    where = machine()
    say(f"\n{where['cpu']}, {where['cpus']} CPUs, Linux {where['kernel']}, {where['date']}\n")
    print_table(["server", "connections", "requests/s", "p50 us", "p99 us", "p99.9 us", "CPU us", "errors",
                 "load at its limit"],
                [[row["server"], row["connections"], *(f"{row[key]:.0f}" for key in FIGURES[:-1]),
                  f"{row['cpu_us']:.1f}", row["errors"], f"{row['limited']}/{args.rounds}"] for row in rows])
    if args.json:
        save_json(args.json, rows)
    return 1 if any(row["errors"] for row in rows) else 0


main_of("echo.py", main)
