#!/usr/bin/env python3
"""Room: tests. Each line of the table in netpoll/README.md, "The contract", is a promise and names the tests that hold it to
it: there is no line without one, no name without a test of that name, and no test of the contract that is not there. Each of
them is compiled whichever poller there is: that they pass on both, ./dev ci and ./dev portability see to.
"""
import re

from contract_table import README, TITLE, promises
from sources import Findings, files_of

TEST = re.compile(r"^\s*(?:FIBER_)?TEST\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
DIRECTIVE = re.compile(r"^#(if|endif)", re.MULTILINE)
ITS_OWN = ("contract", "event_race", "simulated_event_race")
ONE_POLLERS = re.compile(r"(epoll|kqueue)_poller_test\.cpp$")


def tests():
    """Yields (path, line number, suite, name, whether every build has it)."""
    for path in files_of(["tests"]):
        text = path.read_text(encoding="utf-8")
        for found in TEST.finditer(text):
            before = DIRECTIVE.findall(text, 0, found.start())
            always = before.count("if") == before.count("endif") and not ONE_POLLERS.search(path.name)
            yield path, text.count("\n", 0, found.start()) + 1, found.group(1), found.group(2), always


findings = Findings()
there = {(suite, name): (path, number, always) for path, number, suite, name, always in tests()}
named = set()
for number, names in promises():
    if not names:
        findings.add(README, number, "a promise without a test: name one, or do not promise it")
    for suite, name in names:
        named.add((suite, name))
        if (suite, name) not in there:
            findings.add(README, number, f"there is no test {suite}.{name}")
        elif not there[suite, name][2]:
            findings.add(README, number, f"{suite}.{name} is not in every build: a promise holds on both pollers")
for (suite, name), (path, number, _) in sorted(there.items()):
    if suite in ITS_OWN and (suite, name) not in named:
        findings.add(path, number, f"{suite}.{name} does not stand in the table of netpoll/README.md: what does it promise?")
if not named:
    findings.add(README, 1, f"no table under '{TITLE}'")
findings.finish()
