#!/usr/bin/env python3
"""Room: tests. The floors of a room: no include climbs. The order is that of subdir() in the room's meson.build, and the
list of floors in the room's README is the same.

The include roots keep it in the compiler's hands for what is compiled; a header that no file of its own floor compiles would
slip through.
"""
import re

from sources import LIBRARY, Findings, code_of, files_of, folder_of, lines_of

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
FLOOR_IN_MESON = re.compile(r"^subdir\('(\w+)'\)", re.MULTILINE)
FLOOR_IN_README = re.compile(r"^\| \[(\w+)\]\(\1/README\.md\)", re.MULTILINE)


def name_when_included(path, room):
    """`weft/runtime/park.hpp` for a public header, `worker.hpp` for a private one."""
    parts = path.relative_to(folder_of(room)).parts
    return "/".join(parts[parts.index("include") + 1 :]) if "include" in parts else path.name


def floors_of(room):
    return FLOOR_IN_MESON.findall((folder_of(room) / "meson.build").read_text(encoding="utf-8"))


def height_of_headers(room, floors):
    heights = {}
    for path in files_of([room], (".hpp",)):
        heights[name_when_included(path, room)] = floors.index(path.relative_to(folder_of(room)).parts[0])
    return heights


findings = Findings()
for room in LIBRARY:
    floors = floors_of(room)
    if not floors:
        continue
    readme = folder_of(room) / "README.md"
    if FLOOR_IN_README.findall(readme.read_text(encoding="utf-8")) != floors:
        findings.add(readme, 1, f"its list of floors is not that of meson.build: {', '.join(floors)}")
    heights = height_of_headers(room, floors)
    for source in files_of([room]):
        floor = source.relative_to(folder_of(room)).parts[0]
        for number, line in enumerate(lines_of(source), 1):
            include = INCLUDE.match(code_of(line))
            height = heights.get(include.group(1)) if include else None
            if height is not None and height > floors.index(floor):
                findings.add(source, number, f"'{include.group(1)}': {floor} does not see {floors[height]}, a floor above")
findings.finish()
