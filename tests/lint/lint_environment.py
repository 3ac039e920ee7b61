#!/usr/bin/env python3
"""Room: tests. Each environment variable that the library reads stands in the one table of them, at the head of options.hpp,
and the table names no other.
"""
import re

from sources import LIBRARY, ROOT, Findings, code_of, files_of, lines_of

TABLE = ROOT / "runtime/schedule/include/weft/runtime/options.hpp"
READ = re.compile(r'"(WEFT_[A-Z_]+)"')
ROW = re.compile(r"^//   (WEFT_[A-Z_]+)\s")

findings = Findings()
table = {found[1]: number for number, line in enumerate(lines_of(TABLE), 1) if (found := ROW.match(line))}
read = set()
for path in files_of(LIBRARY):
    for number, line in enumerate(lines_of(path), 1):
        for name in READ.findall(code_of(line)):
            read.add(name)
            if name not in table:
                findings.add(path, number, f"{name} does not stand in the table of options.hpp: what does it say, and to whom?")
for name, number in table.items():
    if name not in read:
        findings.add(TABLE, number, f"nobody reads {name}")
if not table:
    findings.add(TABLE, 1, "there is no table of environment variables")
findings.finish()
