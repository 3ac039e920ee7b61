#!/usr/bin/env python3
"""Room: bench. Echo over UDP and Unix sockets: weft beside the bare epoll loop and Go.

    python3 bench/sockets.py BUILD_DIR

64-byte messages, one under way on each socket of the load; short interleaved rounds, medians. Without Go its
column stays away. Exit status 1 if a byte was wrong.
"""
import argparse
import contextlib
import json
import statistics

from driving import (Failure, Server, allow_descriptors, end_on_signals, find_program, machine, main_of, print_table,
                     run_load, save_json, say)
from go_side import build_gobench

# kind: {name: (program in bench/, arguments)}
SERVERS = {
    "udp": {
        "epoll": ("epoll_socket_echo", ["udp"]),
        "weft": ("weft_socket_echo", ["udp"]),
        "weft-1": ("weft_socket_echo", ["udp", "1"]),
        "weft-batch": ("weft_socket_echo", ["batch"]),
        "go": ("gobench", ["serve_udp"]),
    },
    "unix": {
        "epoll": ("epoll_socket_echo", ["unix"]),
        "weft": ("weft_socket_echo", ["unix"]),
        "weft-1": ("weft_socket_echo", ["unix", "1"]),
        "go": ("gobench", ["serve_unix"]),
    },
}
FIGURES = ("requests_per_s", "p50_us", "p99_us", "p999_us")


def arguments():
    parser = argparse.ArgumentParser(description="Compares echo servers. weft-1 has one worker, weft all of them.")
    parser.add_argument("build_dir")
    parser.add_argument("--seconds", type=float, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server at each size (default 5)")
    parser.add_argument("--sockets", default="1,64", help="of the load, with commas (default 1,64)")
    parser.add_argument("--kinds", default=",".join(SERVERS), help=f"some of {','.join(SERVERS)} (default all)")
    parser.add_argument("--quick", action="store_true", help="one short run at 64 sockets: shows that it works, no more")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    args.kinds = args.kinds.split(",")
    if args.quick:
        args.seconds, args.rounds, args.sockets = 0.05, 1, "64"
    unknown = [kind for kind in args.kinds if kind not in SERVERS]
    if unknown:
        parser.error(f"no such kind: {', '.join(unknown)} (there are {', '.join(SERVERS)})")
    try:
        args.sockets = [int(size) for size in args.sockets.split(",")]
    except ValueError:
        parser.error(f"not a list of numbers: {args.sockets}")
    if min(args.rounds, *args.sockets) < 1 or args.seconds <= 0:
        parser.error("--rounds and --sockets are at least 1, --seconds more than 0")
    return args


def measure(server, load, kind, size, seconds):
    out = run_load(server, [load, kind, str(server.port), str(size), str(seconds)], seconds, well=(0, 1))
    try:
        return json.loads(out)
    except ValueError as error:
        raise Failure(f"socket_load against {server.name} printed {out!r}") from error


def run_size(servers, load, kind, size, args):
    runs = {name: [] for name in servers}
    for number in range(args.rounds):
        for name, server in servers.items():
            run = measure(server, load, kind, size, args.seconds)
            runs[name].append(run)
            say(f"  round {number + 1}/{args.rounds}  {kind:5} {name:10} {run['requests_per_s']:9} requests/s"
                f"   p50 {run['p50_us']:8.1f} us   p99 {run['p99_us']:8.1f} us   lost {run['lost']}")
    return [{"kind": kind, "server": name, "sockets": size, "lost": sum(run["lost"] for run in of_it),
             "errors": sum(run["errors"] for run in of_it),
             **{key: statistics.median(run[key] for run in of_it) for key in FIGURES}}
            for name, of_it in runs.items()]


def run_kind(kind, load, gobench, args):
    rows = []
    with contextlib.ExitStack() as running:
        servers = {}
        for name, (program, more) in SERVERS[kind].items():
            if program == "gobench" and gobench is None:
                continue
            path = gobench if program == "gobench" else find_program(args.build_dir, "bench", program)
            command = [path, *more]
            servers[name] = running.enter_context(Server(name, command))
        for size in args.sockets:
            say(f"\n{kind}, {size} sockets, {args.rounds} rounds of {args.seconds:g} s each")
            rows += run_size(servers, load, kind, size, args)
    return rows


def main():
    args = arguments()
    end_on_signals()
    allow_descriptors(max(args.sockets) + 200)
    load = find_program(args.build_dir, "bench", "socket_load")
    gobench = build_gobench(args.build_dir)
    rows = [row for kind in args.kinds for row in run_kind(kind, load, gobench, args)]
    where = machine()
    say(f"\n{where['cpu']}, {where['cpus']} CPUs, Linux {where['kernel']}, {where['date']}\n")
    print_table(["server", "kind", "sockets", "requests/s", "p50 us", "p99 us", "p99.9 us", "lost", "errors"],
                [[row["server"], row["kind"], row["sockets"], *(f"{row[key]:.0f}" for key in FIGURES), row["lost"],
                  row["errors"]] for row in rows])
    if args.json:
        save_json(args.json, rows)
    return 1 if any(row["errors"] for row in rows) else 0


main_of("sockets.py", main)
