"""Room: tests. The table of netpoll/README.md, "The contract": its lines, and the tests that each one names. Imported by
lint_contract.py, which asks whether they are there, and by ../portability, which asks whether they ran on kqueue.
"""
import re

from sources import ROOT

README = ROOT / "netpoll/README.md"
TITLE = "## The contract"
NAMED = re.compile(r"`(\w+)\.(\w+)`")


def promises():
    """Yields (line number, [(suite, name)...]) of each promise."""
    inside = False
    for number, line in enumerate(README.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            inside = line == TITLE
        if inside and line.startswith("| ") and not line.startswith("| promise"):
            yield number, NAMED.findall(line)
