#!/usr/bin/env python3
"""Room: tests. Each line of misuse.cpp that says so is refused with its sentence, by every compiler that is given.

  tests/headers/misuse.py COMPILER...
"""
import glob
import os
import re
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
SOURCE = "tests/headers/misuse.cpp"
roots = sorted(glob.glob("*/include") + glob.glob("*/*/include"))
command = ["-std=c++20", "-fsyntax-only", *(f"-I{root}" for root in roots), SOURCE]


def started(compiler):
    no_limit = ["-ferror-limit=0"] if "clang" in compiler else []  # it stops after twenty errors
    return compiler, subprocess.Popen([compiler, *no_limit, *command], stderr=subprocess.PIPE, text=True)


runs = [started(compiler) for compiler in sys.argv[1:]]
wrong = []
for compiler, run in runs:
    said = run.communicate()[1]
    for number, line in enumerate(open(SOURCE, encoding="utf-8"), 1):
        if (wanted := re.search(r"// says: (.*)", line)) is None:
            continue
        if wanted.group(1) not in said or f"misuse.cpp:{number}:" not in said:
            wrong.append(f"{compiler}: {SOURCE}:{number}: did not say '{wanted.group(1)}'")
print("\n".join(wrong) or "every misuse is refused with its sentence")
sys.exit(bool(wrong))
