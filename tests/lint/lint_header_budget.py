#!/usr/bin/env python3
"""Room: tests. What a public header costs whoever includes it: the lines that it comes to once it is preprocessed, against its
budget in header_budgets.txt. Lines are what a compiler takes its time for, and unlike times they are the same each time.

  lint_header_budget.py           compare
  lint_header_budget.py --write   give new budgets to those that have none or a wrong one; the commit says why

Another major version of g++ has another library: the table names the one that it is made for, and others are not asked.
weft/asio.hpp, weft/senders.hpp and what they are made of are not in it: they weigh what Boost and a library of senders weigh.
"""
import concurrent.futures
import os
import subprocess
import sys

from sources import LIBRARY, ROOT, Findings, folder_of

TABLE = ROOT / "tests/lint/header_budgets.txt"
HEAD = "# Lines of each public header as g++ {} -std=c++20 -E -P has it. See lint_header_budget.py, which also writes this.\n"
EXEMPT = ("weft/asio.hpp", "weft/async/asio_await.hpp", "weft/async/asio_stream.hpp", "weft/async/executor.hpp", "weft/async/use_fiber.hpp",
          "weft/async/detail/asio_operation.hpp", "weft/async/detail/asio_waiting.hpp", "weft/async/detail/own_thread.hpp",
          "weft/async/detail/one_at_a_time.hpp",
          "weft/senders.hpp", "weft/async/detail/sender_library.hpp", "weft/async/detail/sender_of_handle.hpp",
          "weft/async/detail/sender_of_turn.hpp", "weft/async/detail/sender_wait.hpp")
# A new budget leaves room for this much. One that leaves more than MOST_ROOM, and more than FEW lines, is no limit any more.
NEW_ROOM = 1.03
MOST_ROOM = 1.2
FEW = 100


def include_roots():
    return sorted({path for room in LIBRARY for path in folder_of(room).rglob("include") if path.is_dir()})


def headers():
    """The path of each public header by the name it is included by, in a stable order."""
    found = {str(path.relative_to(root)): path for root in include_roots() for path in sorted(root.rglob("*.hpp"))}
    return {name: path for name, path in found.items() if name not in EXEMPT}


def major_version():
    """Of g++, as text; None if there is none."""
    try:
        said = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True, check=True).stdout
        return said.split(".")[0].strip()
    except FileNotFoundError:
        return None


def lines_of_header(name):
    roots = [f"-I{root}" for root in include_roots()]
    source = f"#include <{name}>\n"
    command = ["g++", "-std=c++20", "-E", "-P", "-x", "c++", *roots, "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} cannot be preprocessed:\n{done.stderr}")
    return done.stdout.count("\n")


def measured(names):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(names, pool.map(lines_of_header, names)))


def read_table():
    """The major version that the table is made for, and the budget of each header."""
    version, budgets = None, {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            version = version or line.split("g++ ")[1].split()[0]
        else:
            budget, name = line.split()
            budgets[name] = int(budget)
    return version, budgets


def new_budget(lines):
    return -(-int(lines * NEW_ROOM) // 50) * 50


def write_table(version):
    made_for, budgets = read_table() if TABLE.exists() else (version, {})
    if made_for != version:
        budgets = {}
    rows = ""
    for name, lines in sorted(measured(list(headers())).items()):
        budget = budgets.get(name)
        rows += f"{new_budget(lines) if objection(name, lines, budget) else budget:6} {name}\n"
    TABLE.write_text(HEAD.format(version) + rows, encoding="utf-8")


def objection(name, lines, budget):
    """What is wrong with a header of so many lines, or None."""
    remedy = "lint_header_budget.py --write"
    if budget is None:
        return f"{name} comes to {lines} lines and has no budget in {TABLE.name}: {remedy} gives it one"
    if lines > budget:
        return (f"{name} comes to {lines} lines, over its budget of {budget}: find the #include that brought them (g++ -H), and "
                f"forward-declare, use a lighter one or move the body to a .cpp; or raise the budget in {TABLE.name} and say why")
    if budget > max(lines * MOST_ROOM, lines + FEW):
        return f"{name} comes to {lines} lines, far below its budget of {budget}: keep what was won, {remedy} lowers it"
    return None


def compare(version):
    made_for, budgets = read_table()
    if version != made_for:
        print(f"not asked: the budgets are g++ {made_for}'s, and this is {'no g++' if version is None else 'g++ ' + version}")
        return
    findings = Findings()
    public = headers()
    for name, lines in measured(list(public)).items():
        if wrong := objection(name, lines, budgets.get(name)):
            findings.add(public[name], 1, wrong)
    for name in budgets.keys() - public.keys():
        findings.add(TABLE, 1, f"{name} has a budget and is no public header: lint_header_budget.py --write takes it out")
    findings.finish()


if sys.argv[1:] == ["--write"]:
    write_table(major_version())
else:
    compare(major_version())
