#!/usr/bin/env python3
"""Room: bench. What weft costs beside Go, Boost.Fiber and the limit of each thing, as one table of ratios.

    python3 bench/table.py BUILD_DIR

Each row is measured in interleaved rounds (weft, Go, Boost.Fiber, limit, weft, ...); the table has the medians, and its
ratios are medians of the rounds' ratios. Exit status 0 if every program did its work, whatever the figures; 1 if not; 2
if something is missing; 130 if interrupted.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

from driving import Failure, end_on_signals, find_program, machine, main_of, print_table, save_json, say
from go_side import NO_GO, build_gobench, go_tool
from rows import all_measurements
from sides import Absent, Context, Failed, figures_in, output_of

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIDES = {"weft": "weft", "go": "Go", "boost_fiber": "Boost.Fiber", "limit": "limit"}


def arguments():
    groups = list(dict.fromkeys(each.group for each in all_measurements(False)))
    parser = argparse.ArgumentParser(description="Prints what weft costs beside Go, Boost.Fiber and the limits.")
    parser.add_argument("build_dir")
    parser.add_argument("--rounds", type=int, help="runs of each side of each row (default 5, or 1 with --quick)")
    parser.add_argument("--rows", default=",".join(groups), help=f"some of {','.join(groups)} (default all)")
    parser.add_argument("--quick", action="store_true", help="small sizes, short runs: shows that it works, no more")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    args = parser.parse_args()
    args.rows = args.rows.split(",")
    unknown = [name for name in args.rows if name not in groups]
    if unknown:
        parser.error(f"no such rows: {', '.join(unknown)} (there are {', '.join(groups)})")
    if args.rounds is None:
        args.rounds = 1 if args.quick else 5
    if args.rounds < 1:
        parser.error("--rounds is at least 1")
    return args


def progress(text):
    print(text, file=sys.stderr, flush=True)


# --- what was measured


def versions(build_dir):
    built_with = find_program(build_dir, "bench", "built_with")
    with open(os.path.join(build_dir, "meson-info", "intro-projectinfo.json"), encoding="utf-8") as info:
        weft = json.load(info)["version"]
    commit = first_line(["git", "-C", ROOT, "describe", "--always", "--dirty"])
    go = go_tool()
    return {
        "weft": f"{weft} ({commit})" if commit else weft,
        "go": first_line([go, "env", "GOVERSION"]) if go else None,
        **figures_in(output_of([built_with]), [built_with]),
    }


def first_line(command):
    """What it prints, or None if it cannot."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


# --- measuring


def run_side(side, context):
    """Figures, or the reason why there are none."""
    try:
        return side.measure(context)
    except Absent as absent:
        return str(absent) or None
    except Failure as failure:
        return Failed(failure)


def run_rounds(measurement, context, rounds):
    """The rounds' figures of each side: a list of dictionaries, or a reason. What failed is not tried again."""
    runs = {name: [] for name in measurement.sides}
    for number in range(rounds):
        for name, side in measurement.sides.items():
            if not isinstance(runs[name], list):
                continue
            run = run_side(side, context)
            if isinstance(run, dict):
                runs[name].append(run)
            else:
                runs[name] = run
            progress(f"  round {number + 1}/{rounds}  {SIDES[name]:12} {described(run, measurement.rows[0])}")
    return runs


def described(run, row):
    if not isinstance(run, dict):
        return f"FAILED: {run}" if isinstance(run, Failed) else run or "not here"
    value = run.get(row.figure)
    return value if isinstance(value, str) or value is None else f"{shown(value * row.scale)} {row.unit}"


def column(runs, row):
    """The rounds' values of a row, or the reason why there are none."""
    if not isinstance(runs, list):
        return runs
    values = [run.get(row.figure) for run in runs]
    for value in values:
        if value is None or isinstance(value, str):
            return value
    if statistics.median(values) < 0:
        return "a difference that the noise swallowed"
    return [value * row.scale for value in values]


def ratio(above, below):
    """The median of the rounds' ratios; None where there is nothing to divide by."""
    if not isinstance(above, list) or not isinstance(below, list) or min(below) <= 0:
        return None
    return statistics.median(a / b for a, b in zip(above, below))


def result_of(row, runs):
    columns = {name: column(runs.get(name), row) for name in SIDES}
    out = {"row": row.title, "unit": row.unit}
    for name, values in columns.items():
        out[name] = statistics.median(values) if isinstance(values, list) else None
    out["x_go"] = ratio(columns["go"], columns["weft"])
    out["x_boost_fiber"] = ratio(columns["boost_fiber"], columns["weft"])
    out["x_limit"] = ratio(columns["weft"], columns["limit"])
    out["goal"] = ", ".join(each.text for each in row.goal)
    out["runs"] = {name: values for name, values in columns.items() if isinstance(values, list)}
    out["failed"] = {name: str(why) for name, why in columns.items() if isinstance(why, Failed)}
    out["not_measured"] = {name: why for name, why in columns.items() if type(why) is str}
    out["met"] = verdict(row.goal, out)
    if row.figure == "ns_per_item":
        out["cpu_ns_per_item"] = {name: statistics.median(run["cpu_ns_per_item"] for run in of_it)
                                  for name, of_it in runs.items() if isinstance(of_it, list)
                                  if all("cpu_ns_per_item" in run for run in of_it)}
    return out


def verdict(goal, row):
    """yes, no, or ? where something to compare with is missing; a failure of weft's own meets no goal."""
    if not goal:
        return ""
    if "weft" in row["failed"]:
        return "no"
    met = [each.met(row) for each in goal]
    return "no" if False in met else "?" if None in met else "yes"


# --- showing


def shown(value):
    if value is None:
        return ""
    if value == 0 or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(row, name):
    if name in row["failed"]:
        return "FAILED"
    return "?" if name in row["not_measured"] else shown(row[name])


def print_results(where, built, rows, rounds):
    say(f"\n{where['cpu']}, {where['cpus']} CPUs, Linux {where['kernel']}, {where['date']}")
    say(f"weft {built['weft']}, {built['go'] or 'no Go'}, Boost {built['boost']}, {built['compiler']}; "
        f"{'median' if rounds > 1 else 'figures'} of {rounds} interleaved round{'s' if rounds > 1 else ''}\n")
    print_table(["row", "unit", *SIDES.values(), "x Go", "x limit", "goal", "met"],
                [[row["row"], row["unit"], *(cell(row, name) for name in SIDES), shown(row["x_go"]),
                  shown(row["x_limit"]), row["goal"], row["met"]] for row in rows])
    say("\nLess is better in every row. x Go: Go's figure by weft's; x limit: weft's by the limit's. ?: unknown here.")
    for note in notes(rows):
        say(note)


def notes(rows):
    """Each reason once, with the first row that has it."""
    seen = {}
    for row in rows:
        for kind in ("failed", "not_measured"):
            for name, why in row[kind].items():
                seen.setdefault((kind, name, why), row["row"])
    for (kind, name, why), title in seen.items():
        yield f"{'FAILED' if kind == 'failed' else 'not measured'}: {SIDES[name]}, {title}: {why}"


def main():
    args = arguments()
    end_on_signals()
    context = Context(args.build_dir, args.quick, build_gobench(args.build_dir))
    built = versions(args.build_dir)
    wanted = [each for each in all_measurements(args.quick) if each.group in args.rows]
    rows = []
    for place, measurement in enumerate(wanted):
        progress(f"[{place + 1}/{len(wanted)}] {measurement.rows[0].title}")
        runs = run_rounds(measurement, context, measurement.rounds or args.rounds)
        rows += [result_of(row, runs) for row in measurement.rows]
    where = machine()
    print_results(where, built, rows, args.rounds)
    if context.gobench is None:
        say(NO_GO[0].upper() + NO_GO[1:])
    if args.quick:
        say("Quick: small sizes, short runs. These figures say that the programs work, and nothing else.")
    if args.json:
        save_json(args.json, rows, versions=built, rounds=args.rounds, quick=args.quick)
    return 1 if any(row["failed"] for row in rows) else 0


if __name__ == "__main__":
    main_of("table.py", main)
