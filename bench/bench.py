#!/usr/bin/env python3
"""Room: bench. Every comparison there is, one after the other: ./dev bench.

    python3 bench/bench.py BUILD_DIR [--only echo,http,sockets] [--json FILE]

Each part is a script of its own, which prints its table and can be run alone. Here they have one JSON and one exit status, the
worst of theirs: a part that fails keeps none of the others from running. Next: table.py, comparing.py, sockets.py.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

from driving import Failure, end_on_signals, machine, main_of, say

HERE = os.path.dirname(os.path.abspath(__file__))
# name: (script, whether it takes --rows, --seconds)
PARTS = {
    "table": ("table.py", True, False),
    "echo": ("echo.py", False, True),
    "http": ("http_servers.py", False, True),
    "sockets": ("sockets.py", False, True),
}
SECONDS = 1  # of each run of a server: all together end within the half hour that one waits for


def arguments():
    parser = argparse.ArgumentParser(description="Runs all comparisons: the table, and servers of TCP, HTTP, UDP and Unix.")
    parser.add_argument("build_dir")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)} (default all)")
    parser.add_argument("--rounds", type=int, help="of everything (default 5, or 1 with --quick)")
    parser.add_argument("--rows", help="some of the table's: implies --only table, unless that is given")
    parser.add_argument("--quick", action="store_true", help="small and short: shows that it works, no more")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    args = parser.parse_args()
    if args.rows and args.only == ",".join(PARTS):
        args.only = "table"
    args.only = args.only.split(",")
    unknown = [name for name in args.only if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)} (there are {', '.join(PARTS)})")
    return args


def command_of(part, args, figures):
    script, has_rows, has_seconds = PARTS[part]
    command = [sys.executable, os.path.join(HERE, script), args.build_dir, "--json", figures]
    if args.quick:
        command.append("--quick")
    elif has_seconds:
        command += ["--seconds", str(SECONDS)]
    if args.rounds:
        command += ["--rounds", str(args.rounds)]
    if args.rows and has_rows:
        command += ["--rows", args.rows]
    return command


def run(command):
    """Its exit status. Ended, this ends it, and waits for what it has to end itself."""
    child = subprocess.Popen(command)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise


def run_part(part, args, directory):
    """(status, figures); no figures where it came to none."""
    figures = os.path.join(directory, f"{part}.json")
    say(f"\n=== {part}")
    status = run(command_of(part, args, figures))
    if status == 130:
        raise KeyboardInterrupt
    try:
        with open(figures, encoding="utf-8") as text:
            return status, json.load(text)
    except FileNotFoundError:
        return status or 1, None


def save(path, parts):
    """The table's figures as table.py alone writes them, and each other part under its name."""
    out = {"machine": machine(), **(parts.pop("table", None) or {}), **parts}
    try:
        with open(path, "w", encoding="utf-8") as text:
            json.dump(out, text, indent=2)
            text.write("\n")
    except OSError as error:
        raise Failure(f"the figures cannot be written: {error}") from error


def main():
    args = arguments()
    end_on_signals()
    statuses, parts = {}, {}
    with tempfile.TemporaryDirectory() as directory:
        for part in args.only:
            statuses[part], parts[part] = run_part(part, args, directory)
    if args.json:
        save(args.json, parts)
    for part, status in statuses.items():
        if status:
            print(f"bench.py: {part} failed, status {status}: see above", file=sys.stderr)
    return max(statuses.values(), key=abs)


main_of("bench.py", main)
