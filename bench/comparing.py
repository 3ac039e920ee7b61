"""Room: bench. Servers that do the same, under bench/load side by side: first a closed loop, then an open one at one rate
for all. Short interleaved rounds, medians; ratios are medians of the rounds' ratios, beside what weft wants of them.

Next: echo.py, http.py, which say what is compared; judging.py, which has the goals.
"""
import argparse
import contextlib
import dataclasses
import os
import statistics

from driving import (Failure, Server, allow_descriptors, end_on_signals, find_program, machine, main_of, save_json, say,
                     under_load)
from go_side import build_gobench
from judging import judge, print_figures, print_verdicts

FIGURES = ("requests_per_s", "p50_us", "p99_us", "p999_us", "cpu_us", "busy")
OF_THE_SLOWEST = 0.6  # --rate auto: so much of the slowest server's closed loop
QUICK_SECONDS = 0.05


@dataclasses.dataclass
class Side:
    program: tuple  # in the build directory
    arguments: list
    is_needed: bool = False  # what is not built is left out, but for weft itself


@dataclasses.dataclass
class Comparison:
    script: str
    what: str
    sides: dict  # name: Side; weft is one of them
    load: list  # what bench/load is told, before the port
    sizes: tuple  # connections


def arguments(of):
    parser = argparse.ArgumentParser(description=f"Compares {of.what}.")
    parser.add_argument("build_dir")
    parser.add_argument("--seconds", type=float, default=2, help="of each run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server at each size (default 5)")
    sizes = ",".join(map(str, of.sizes))
    parser.add_argument("--connections", default=sizes, help=f"sizes, with commas (default {sizes})")
    parser.add_argument("--rate", default="auto", help="of the open loop: requests a second, which leaves the closed loop out; "
                        f"none: no open loop; auto (default): {OF_THE_SLOWEST} of the slowest server's closed loop")
    parser.add_argument("--servers", default=",".join(of.sides), help=f"some of {','.join(of.sides)} (default all)")
    parser.add_argument("--quick", action="store_true", help="one short run at 64 connections: shows that it works, no more")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    return checked(parser, parser.parse_args(), of)


def checked(parser, args, of):
    args.servers = args.servers.split(",")
    unknown = [name for name in args.servers if name not in of.sides]
    if unknown:
        parser.error(f"no such server: {', '.join(unknown)} (there are {', '.join(of.sides)})")
    if args.quick:
        args.seconds, args.rounds, args.connections = QUICK_SECONDS, 1, "64"
    try:
        args.connections = [int(size) for size in args.connections.split(",")]
    except ValueError:
        parser.error(f"not a list of numbers: {args.connections}")
    if args.rate not in ("auto", "none"):
        try:
            args.rate = int(args.rate)
        except ValueError:
            parser.error(f"--rate is a number, auto or none, and not '{args.rate}'")
    if min(args.rounds, *args.connections) < 1 or args.seconds <= 0:
        parser.error("--rounds and --connections are at least 1, --seconds more than 0")
    if isinstance(args.rate, int) and args.rate < 1:
        parser.error("--rate is at least 1")
    return args


def command_of(side, build_dir, gobench):
    """What starts it; None where it is not built."""
    if side.program[-1] == "gobench":
        return gobench and [gobench, *side.arguments]
    if not side.is_needed and not os.path.exists(os.path.join(build_dir, *side.program)):
        return None
    return [find_program(build_dir, *side.program), *side.arguments]


def start_all(of, args, running):
    gobench = build_gobench(args.build_dir) if any(name == "go" for name in args.servers) else None
    servers = {}
    for name in args.servers:
        command = command_of(of.sides[name], args.build_dir, gobench)
        if command is None:
            say(f"{name} is left out: it was not built, since something that it needs is not here")
        else:
            servers[name] = running.enter_context(Server(name, command))
    return servers


# --- measuring


def run_once(server, load, size, seconds, rate):
    """Figures, or why there are none."""
    options = ["--rate", str(rate)] if rate else []
    try:
        return under_load(server, [*load, *options, str(server.port), str(size), str(seconds)], seconds)
    except Failure as failure:
        return str(failure)


def told(run):
    if isinstance(run, str):
        return f"FAILED: {run}"
    return (f"{run['requests_per_s']:9} requests/s   p50 {run['p50_us']:8.0f} us   p99 {run['p99_us']:8.0f} us"
            f"{'   the load was at its limit' if run['limited'] else ''}")


def run_rounds(servers, load, size, args, rate=None):
    """Interleaved, so that what else the machine does hits all alike. Each server's runs, or why it failed, after which it
    is not tried again at this size."""
    say(f"\n{size} connections, {f'open loop, {rate} requests/s' if rate else 'closed loop'}, "
        f"{args.rounds} rounds of {args.seconds:g} s each")
    runs = {name: [] for name in servers}
    for number in range(args.rounds):
        for name, server in servers.items():
            if isinstance(runs[name], str):
                continue
            run = run_once(server, load, size, args.seconds, rate)
            if isinstance(run, str):
                runs[name] = run
            else:
                runs[name].append(run)
            say(f"  round {number + 1}/{args.rounds}  {name:8} {told(run)}")
    return runs


def rate_for(runs):
    """None if no server held."""
    all_rates = [statistics.median(run["requests_per_s"] for run in of_it) for of_it in runs.values()
                 if not isinstance(of_it, str)]
    return max(1, int(OF_THE_SLOWEST * min(all_rates))) if all_rates else None


def rows_of(runs, size, rate):
    rows = []
    for name, of_it in runs.items():
        row = {"server": name, "connections": size, "loop": "open" if rate else "closed", "rate": rate}
        if isinstance(of_it, str):
            row["failed"] = of_it
        else:
            row |= {key: statistics.median(run[key] for run in of_it) for key in FIGURES}
            row |= {key: sum(run.get(key, 0) for run in of_it) for key in ("errors", "unanswered", "limited")}
            row["rounds"] = of_it
        rows.append(row)
    return rows


def measure_size(servers, load, size, args):
    rows = []
    rate = args.rate if isinstance(args.rate, int) else None
    if rate is None:
        runs = run_rounds(servers, load, size, args)
        rows += rows_of(runs, size, None)
        rate = rate_for(runs) if args.rate == "auto" else None
    if rate:
        rows += rows_of(run_rounds(servers, load, size, args, rate), size, rate)
    return rows


def compare(of):
    args = arguments(of)
    end_on_signals()
    allow_descriptors(max(args.connections) + 200)
    load = [find_program(args.build_dir, "bench", "load"), *of.load]
    with contextlib.ExitStack() as running:
        servers = start_all(of, args, running)
        rows = [row for size in args.connections for row in measure_size(servers, load, size, args)]
    verdicts = judge(rows)
    where = machine()
    say(f"\n{where['cpu']}, {where['cpus']} CPUs, Linux {where['kernel']}, {where['date']}\n")
    print_figures(rows, args.rounds)
    print_verdicts(verdicts)
    if args.quick:
        say("Quick: short runs. These figures say that the programs work, and nothing else.")
    if args.json:
        save_json(args.json, rows, verdicts=verdicts, seconds=args.seconds, quick=args.quick)
    return 1 if any("failed" in row or row["errors"] for row in rows) else 0


def main(of):
    main_of(of.script, lambda: compare(of))
