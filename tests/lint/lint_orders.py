#!/usr/bin/env python3
"""Room: tests. Memory orders: each one is written out, and says why in a comment on its line or the three before it.

Looks at runtime, netpoll and sync; elsewhere (tests, programs) the default order is the right one.
"""
import re

from sources import Findings, code_of, comment_of, files_of, lines_of

ROOMS = ("runtime", "netpoll", "sync")
ORDER = re.compile(r"\bmemory_order(_|::)(relaxed|acquire|release|acq_rel|seq_cst|consume)\b")
# Operations that only atomics have, called without an order.
NAKED = re.compile(
    r"\.(load\(\s*\)|fetch_(add|sub|and|or|xor)\(|compare_exchange_(weak|strong)\(|test_and_set\(\s*\))")
STORE = re.compile(r"\.(store|exchange)\(")
# A comment reaches this many lines down.
REACH = 3


def rest_of_call(lines, index, start):
    """The text of the call whose '(' follows `start`, over line ends, up to the matching ')'."""
    text = code_of(lines[index])[start:] + " " + " ".join(code_of(line) for line in lines[index + 1 : index + 5])
    depth = 0
    for end, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and char == ")":
            return text[: end + 1]
    return text


def is_explained(lines, index):
    """A comment on the line, or in the three above; a run of such lines without a blank one shares the comment above it."""
    top = index
    while top > 0 and ORDER.search(code_of(lines[top - 1])):
        top -= 1
    return any(comment_of(line) for line in lines[max(0, top - REACH) : index + 1])


findings = Findings()
for source in files_of(ROOMS):
    lines = lines_of(source)
    for index, line in enumerate(lines):
        code = code_of(line)
        if re.search(r"\bvolatile\b", code) and not re.search(r"\b(asm|__asm__)\b", code):
            findings.add(source, index + 1, "volatile orders nothing between threads")
        for order in ORDER.finditer(code):
            if order.group(2) == "consume":
                findings.add(source, index + 1, "memory_order_consume is not used here")
        if ORDER.search(code) and not is_explained(lines, index):
            findings.add(source, index + 1, "a memory order without a comment that says why, and names its partner")
        for call in list(NAKED.finditer(code)) + list(STORE.finditer(code)):
            if not re.search(r"order|acquire|release|relaxed|acq_rel|seq_cst", rest_of_call(lines, index, call.start())):
                findings.add(source, index + 1, f"'{call.group(0).strip()}' without its memory order")
findings.finish()
