#!/usr/bin/env python3
"""Room: tests. What the shared library shows is what public headers declare: each stands between two pragmas, and all else is hidden
by -fvisibility=hidden. What came of it, tests/install/exported_names.py reads out of the library.

A class that is only announced (class worker;) is private, and shown if the pragma covers its first announcement: that stands above.
The pragmas serve users who compile with -fvisibility=hidden, too: an exception is then the same type in all their libraries.
"""
import re

from sources import LIBRARY, Findings, files_of, lines_of

PUSH = "#pragma GCC visibility push(default)"
POP = "#pragma GCC visibility pop"
OPENS = re.compile(r"namespace weft\b.*\{$")
CLOSES = re.compile(r"\}  // namespace weft")
ANNOUNCEMENT = re.compile(r"(?:class|struct) (\w+);")
ABOVE = re.compile(r"(namespace [\w:]+ \{|\}.*|(class|struct) \w+;.*|)$")
DEFINITION = re.compile(r"\b(?:class|struct) (?:\[\[\w+\]\] )?(?:WEFT_\w+(?:\(.*?\))? )?(\w+)\b(?=[^;]*\{)")
# Takes libc's names, and is a library of its own.
EXEMPT = "std_shim/held_locks.cpp"

public = [source for source in files_of(LIBRARY) if "/include/" in source.as_posix()]
defined = {name for source in public for name in DEFINITION.findall(source.read_text(encoding="utf-8"))}


def what_is_wrong(lines):
    """Yields (line number, what) for a public header."""
    opens = [number for number, line in enumerate(lines, 1) if OPENS.match(line)]
    closes = [number for number, line in enumerate(lines, 1) if CLOSES.match(line)]
    if not opens:
        return
    if lines.count(PUSH) != 1 or lines.count(POP) != 1 or lines.index(POP) < closes[-1]:
        yield opens[0], f"one '{PUSH}' after its includes, one '{POP}' below the last namespace: what it declares is hidden otherwise"
        return
    push = lines.index(PUSH)
    if not all(ABOVE.match(line) for line in lines[opens[0] - 1:push]):
        yield opens[0], "it declares something above the pragma, which is hidden there"
    for number, line in enumerate(lines[push:], push + 1):
        announced = ANNOUNCEMENT.match(line)
        if announced and announced[1] not in defined:
            yield number, f"{announced[1]} is private: announce it above the pragma"
        if line.startswith("#include"):
            yield number, "an #include between the pragmas: what others declare is not to be shown"


findings = Findings()
for source in files_of(LIBRARY):
    lines = lines_of(source)
    if source in public:
        for number, what in what_is_wrong(lines):
            findings.add(source, number, what)
    elif PUSH in lines and not source.as_posix().endswith(EXEMPT):
        findings.add(source, lines.index(PUSH) + 1, "no public header: nothing in it is seen from outside")
findings.finish()
