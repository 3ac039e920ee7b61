"""Room: tests. Of the public headers given, those that no file of the library includes before everything else: what such a
file compiles, its header compiles alone. Printed one a line, for meson.build.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST_INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.MULTILINE)

proved = set()
for room in ("runtime", "netpoll", "sync", "std_shim"):
    for source in (ROOT / room).rglob("*.cpp"):
        if first := FIRST_INCLUDE.search(source.read_text(encoding="utf-8")):
            proved.add(first.group(1))
print("\n".join(header for header in sys.argv[1:] if header not in proved))
