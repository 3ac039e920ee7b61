#!/usr/bin/env python3
"""Room: tests. A file is read in one sitting: 400 lines at most, 120 columns at most, and a header begins with #pragma once."""
from sources import EVERYTHING, Findings, files_of, lines_of

MAX_LINES = 400
MAX_COLUMNS = 120

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
    if source.suffix == ".hpp" and lines[:1] != ["#pragma once"]:
        findings.add(source, 1, "a header begins with #pragma once")
findings.finish()
