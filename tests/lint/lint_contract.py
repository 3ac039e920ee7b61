#!/usr/bin/env python3
"""Room: tests. Each line of the table in netpoll/README.md, "The contract", is a promise and names the tests that hold it to
it: there is no line without one, no name without a test of that name, and no test of the contract that is not there.
"""
import re

from sources import ROOT, Findings, files_of

README = ROOT / "netpoll/README.md"
TITLE = "## The contract"
TEST = re.compile(r"^\s*(?:FIBER_)?TEST\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
NAMED = re.compile(r"`(\w+)\.(\w+)`")
ITS_OWN = ("contract", "event_race", "simulated_event_race")


def tests():
    """Yields (path, line number, suite, name)."""
    for path in files_of(["tests"]):
        text = path.read_text(encoding="utf-8")
        for found in TEST.finditer(text):
            yield path, text.count("\n", 0, found.start()) + 1, found.group(1), found.group(2)


findings = Findings()
there = {(suite, name): (path, number) for path, number, suite, name in tests()}
named = set()
inside = False
for number, line in enumerate(README.read_text(encoding="utf-8").splitlines(), 1):
    if line.startswith("## "):
        inside = line == TITLE
    if not inside or not line.startswith("| ") or line.startswith("| promise"):
        continue
    names = NAMED.findall(line)
    if not names:
        findings.add(README, number, "a promise without a test: name one, or do not promise it")
    for suite, name in names:
        named.add((suite, name))
        if (suite, name) not in there:
            findings.add(README, number, f"there is no test {suite}.{name}")
for (suite, name), (path, number) in sorted(there.items()):
    if suite in ITS_OWN and (suite, name) not in named:
        findings.add(path, number, f"{suite}.{name} does not stand in the table of netpoll/README.md: what does it promise?")
if not named:
    findings.add(README, 1, f"no table under '{TITLE}'")
findings.finish()
