#!/usr/bin/env python3
"""Room: bench. Echo servers under load: weft beside the bare epoll loop and Boost.Asio coroutines.

    python3 bench/echo.py BUILD_DIR

64-byte messages, one under way on each connection; short interleaved rounds, medians. Exit status 1
if a message was lost.
"""
import argparse
import contextlib
import json
import statistics

from driving import (Failure, Server, allow_descriptors, find_program, machine, main_of, print_table, raise_on_sigterm,
                     run_load, save_json, say)

# name: (program in bench/, arguments after the port)
SERVERS = {
    "epoll": ("epoll_echo", []),
    "weft": ("weft_echo", []),
    "weft-1": ("weft_echo", ["1"]),
    "asio": ("asio_echo", ["1"]),
}


def arguments():
    parser = argparse.ArgumentParser(description="Compares echo servers. weft-1 has one worker, weft all of them.")
    parser.add_argument("build_dir")
    parser.add_argument("--seconds", type=int, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server at each size (default 5)")
    parser.add_argument("--connections", default="1,64,1000", help="sizes, with commas (default 1,64,1000)")
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
    if min(args.seconds, args.rounds, *args.connections) < 1:
        parser.error("seconds, rounds and connections are at least 1")
    return args


def measure(server, load, size, seconds):
    out = run_load(server, [load, str(server.port), str(size), str(seconds)], seconds)
    try:
        return json.loads(out)
    except ValueError as error:
        raise Failure(f"echo_load against {server.name} printed {out!r}") from error


def run_size(servers, load, size, args):
    runs = {name: [] for name in servers}
    for number in range(args.rounds):
        for name, server in servers.items():
            run = measure(server, load, size, args.seconds)
            runs[name].append(run)
            say(f"  round {number + 1}/{args.rounds}  {name:8} {run['requests_per_s']:9} requests/s"
                f"   p50 {run['p50_us']:6} us   p99 {run['p99_us']:6} us")
    return [{"server": name, "connections": size, "errors": sum(run["errors"] for run in of_it),
             **{key: statistics.median(run[key] for run in of_it) for key in ("requests_per_s", "p50_us", "p99_us")}}
            for name, of_it in runs.items()]


def main():
    args = arguments()
    raise_on_sigterm()
    allow_descriptors(max(args.connections) + 200)
    load = find_program(args.build_dir, "bench", "echo_load")
    rows = []
    with contextlib.ExitStack() as running:
        servers = {}
        for name in args.servers:
            program, more = SERVERS[name]
            command = [find_program(args.build_dir, "bench", program), "0", *more]
            servers[name] = running.enter_context(Server(name, command))
        for size in args.connections:
            say(f"\n{size} connections, {args.rounds} rounds of {args.seconds} s each")
            rows += run_size(servers, load, size, args)
    where = machine()
    say(f"\n{where['cpu']}, {where['cpus']} CPUs, Linux {where['kernel']}, {where['date']}\n")
    print_table(["server", "connections", "requests/s", "p50 us", "p99 us", "errors"],
                [[row["server"], row["connections"], f"{row['requests_per_s']:.0f}", f"{row['p50_us']:.0f}",
                  f"{row['p99_us']:.0f}", row["errors"]] for row in rows])
    if args.json:
        save_json(args.json, rows)
    return 1 if any(row["errors"] for row in rows) else 0


main_of("echo.py", main)
