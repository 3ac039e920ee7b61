#!/usr/bin/env python3
"""Room: tests. In an older standard than C++20 every public header says so first, in the sentence of require_cpp20.hpp.

The compiler stops at its first error, which must be that one; `CXX` names another compiler.
"""
import os
import re
import shlex
import subprocess

from sources import LIBRARY, ROOT, Findings, folder_of

COMPILER = shlex.split(os.environ.get("CXX", "g++"))
OPTIONS = ["-std=c++17", "-fsyntax-only", "-w", "-Wfatal-errors", "-x", "c++"]
SENTENCE = "weft needs C++20, and this compilation has an older standard: compile with -std=c++20 or newer"
REMEDY = "include <weft/runtime/detail/require_cpp20.hpp> before everything else"


def include_roots():
    return sorted({path for room in LIBRARY for path in folder_of(room).rglob("include") if path.is_dir()})


def first_error_of(header, roots):
    """The line of the compiler's first error, or None if it has no objection."""
    command = [*COMPILER, *OPTIONS, *(f"-I{root}" for root in roots), str(header)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    errors = (line for line in said.stderr.splitlines() if re.search(r"\berror:", line))
    return next(errors, None if said.returncode == 0 else said.stderr)


findings = Findings()
ROOTS = include_roots()
HEADERS = [header for root in ROOTS for header in sorted(root.rglob("*.hpp"))]
for public in HEADERS:
    error = first_error_of(public, ROOTS)
    if error is None:
        findings.add(public, 1, f"compiles in C++17: {REMEDY}")
    elif SENTENCE not in error:
        findings.add(public, 1, f"what C++17 is told first is '{error}': {REMEDY}")
if not HEADERS:
    findings.add(ROOT / "runtime", 1, "no public headers were found")
findings.finish()
