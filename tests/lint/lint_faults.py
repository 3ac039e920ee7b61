#!/usr/bin/env python3
"""Room: tests. Every system call of netpoll meets the faults that tests draw: in netpoll/system a function that makes one
makes it by repeat, outcome, open_with or transfer (calling.hpp), or asks is_faulty itself, or is called by one that does. One
that does not says why, in a comment that begins "no faults". `--list` prints the calls, by function and how each is made.
"""
import re
import sys

from sources import ROOT, Findings, code_of, lines_of

FLOOR = ROOT / "netpoll/system"
CALL = re.compile(r"(?<![\w>:])::(?!weft\b|std\b)([a-z_]\w*)\s*\(")
NO_SYSTEM_CALL = {"freeaddrinfo", "gai_strerror", "if_nametoindex", "memcpy", "strlen"}
DRAWS = re.compile(r"\b(repeat|outcome|open_with|transfer|is_faulty|drawn_refusal)\b")
# What is written into memory for a later call, and no call of the system.
PREPARES = re.compile(r"posix_spawn(attr_|_file_actions_)")
NAME = re.compile(r"(\w+)\(")
EXCUSE = re.compile(r"//.*\bno faults\b")


def functions_of(lines):
    """Yields (first line number, lines) of what stands between two empty lines and ends with } at the margin."""
    start = 0
    for i, line in enumerate(lines):
        if line.startswith("}") and "namespace" not in line:
            yield start + 1, lines[start : i + 1]
            start = i + 1
        elif not line.strip() and not any(each.strip() for each in lines[start:i]):
            start = i + 1


def code_in(body):
    return "\n".join(code_of(line) for line in body)


# Called where faults are drawn.
covered = {
    name
    for path in FLOOR.glob("*.cpp")
    for _, body in functions_of(lines_of(path))
    if DRAWS.search(code_in(body))
    for name in NAME.findall(code_in(body))
}
findings = Findings()
listed = []
seen = 0
for path in sorted(FLOOR.glob("*.cpp")):
    for first, body in functions_of(lines_of(path)):
        calls = [(first + i, name) for i, line in enumerate(body) for name in CALL.findall(code_of(line)) if name not in NO_SYSTEM_CALL and not PREPARES.match(name)]
        if not calls:
            continue
        seen += len(calls)
        how = ", ".join(sorted(set(DRAWS.findall(code_in(body)))))
        own = next((name for line in body if (name := NAME.search(code_of(line)))), None)
        if not how and own and own.group(1) in covered:
            how = "its callers"
        excused = any(EXCUSE.search(line) for line in body)
        for number, name in calls:
            listed.append(f"{path.name:24} {name:16} {how or 'no faults'}")
            if not how and not excused:
                findings.add(path, number, f"::{name} meets no faults: make it by calling.hpp, or say why not (\"no faults: ...\")")
if seen == 0:
    findings.add(FLOOR / "calling.hpp", 1, "no system call was found in netpoll/system")
if "--list" in sys.argv:
    print("\n".join(listed))
findings.finish()
