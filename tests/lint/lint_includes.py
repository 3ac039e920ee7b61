#!/usr/bin/env python3
"""Room: tests. The doors: a room includes its own files and the public headers of the rooms below it, by their full names.

The include roots keep most of this in the compiler's hands; a relative path or a header of Boost would slip through.
"""
import re

from sources import EVERYTHING, LIBRARY, ROOT, Findings, code_of, files_of, lines_of, room_of

BELOW = {
    "runtime": {"runtime"},
    "netpoll": {"netpoll", "runtime"},
    "sync": {"sync", "runtime"},
    "std_shim": {"std_shim", "sync", "netpoll", "runtime"},
    "async": {"async", "std_shim", "sync", "netpoll", "runtime"},
    "posix": {"posix", "std_shim", "sync", "netpoll", "runtime"},
    "tls": {"tls", "std_shim", "sync", "netpoll", "runtime"},
}
# Who may name Boost: the one file that jumps between stacks, the headers for Asio, and programs that compare.
MAY_NAME_BOOST = re.compile(r"^(runtime/machine/jump\.hpp|std_shim/async/include/.*|bench/.*|examples/.*|tests/async/.*"
                            r"|tests/loops/asio_test\.cpp|tests/install/(explicit_async|many_loops)\.cpp)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def objection(path, quote, name):
    """What is wrong with this include, or None."""
    room = room_of(path)
    relative = str(path.relative_to(ROOT))
    if ".." in name.split("/"):
        return f"'{name}': a relative path goes around the door of a room"
    if name.startswith("boost/") and not MAY_NAME_BOOST.match(relative):
        return f"'{name}': Boost is named by runtime/machine/jump.hpp alone"
    if name.startswith("weft/"):
        if quote == '"':
            return f"'{name}': public headers are included with <>"
        parts = name.split("/")
        other = parts[1] if len(parts) > 2 else "std_shim"  # <weft/weft.hpp>
        if room in BELOW and other not in BELOW[room]:
            return f"'{name}': {room} does not see {other}"
        if room in ("bench", "examples") and "detail" in parts:
            return f"'{name}': {room} sees public headers alone"
    elif "/include/" in relative and room in LIBRARY and quote == '"':
        return f"'{name}': a public header cannot include a private one"
    return None


findings = Findings()
for source in files_of(EVERYTHING):
    for number, line in enumerate(lines_of(source), 1):
        include = INCLUDE.match(code_of(line))
        if include and (wrong := objection(source, *include.groups())):
            findings.add(source, number, wrong)
findings.finish()
