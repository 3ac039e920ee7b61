#!/usr/bin/env python3
"""Room: tests. A file is read in one sitting: 400 lines at most, functions of 60, 120 columns, and a header begins with
#pragma once.
"""
import re

from sources import EVERYTHING, Findings, code_of, files_of, lines_of

MAX_LINES = 400
MAX_COLUMNS = 120
MAX_FUNCTION_LINES = 60
# How a function that is not on one line begins, as clang-format leaves it: "...) {", "...) const noexcept {".
FUNCTION = re.compile(r"^( *)(?!(if|for|while|switch|do|catch|return|else|}|case|template|class|struct|union|enum)\b)\S.*\)[ \w>:&*-]*\{$")


def long_functions(lines):
    """Yields (line number, length) of functions over the limit; the end is the first } at the indentation of the start."""
    for start, line in enumerate(lines):
        begin = FUNCTION.match(code_of(line).rstrip())
        if not begin:
            continue
        for end in range(start + 1, len(lines)):
            if lines[end].startswith(begin.group(1) + "}"):
                if end - start + 1 > MAX_FUNCTION_LINES:
                    yield start + 1, end - start + 1
                break


findings = Findings()
for source in files_of(EVERYTHING):
    lines = lines_of(source)
    if len(lines) > MAX_LINES:
        findings.add(source, MAX_LINES + 1, f"{len(lines)} lines: two ideas, two files")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            findings.add(source, number, f"{len(line)} columns, {MAX_COLUMNS} at most")
        if "\t" in line or line != line.rstrip():
            findings.add(source, number, "a tab, or space at the end of the line")
    for number, length in long_functions(lines):
        findings.add(source, number, f"a function of {length} lines, {MAX_FUNCTION_LINES} at most: one idea each")
    if source.suffix == ".hpp" and lines[:1] != ["#pragma once"]:
        findings.add(source, 1, "a header begins with #pragma once")
findings.finish()
