"""Room: tests. What the lints look at: the C++ files of each room, and how a finding is reported. Imported by lint_*.py.

Lints read text, not syntax trees: they are quick, run without a build, and each rule fits on a page.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ("runtime", "netpoll", "sync", "std_shim", "async", "posix", "tls")
# Those that stand inside another one's folder.
FOLDERS = {"async": "std_shim/async", "posix": "std_shim/posix", "tls": "std_shim/tls"}
EVERYTHING = LIBRARY + ("tests", "bench", "examples")


def folder_of(room):
    return ROOT / FOLDERS.get(room, room)


def room_of(path):
    """The folder at the top that it stands in, or the room inside."""
    return next((room for room in FOLDERS if path.is_relative_to(folder_of(room))), path.relative_to(ROOT).parts[0])


def files_of(rooms, suffixes=(".hpp", ".cpp")):
    """Yields the C++ files of the rooms, in a stable order."""
    for room in rooms:
        for path in sorted(folder_of(room).rglob("*")):
            if path.suffix in suffixes and path.is_file() and room_of(path) == room:
                yield path


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def code_of(line):
    """The line without its // comment. A // inside a string literal does not count."""
    inside = False
    for i, char in enumerate(line):
        if char == '"' and (i == 0 or line[i - 1] != "\\"):
            inside = not inside
        elif not inside and line.startswith("//", i):
            return line[:i]
    return line


def comment_of(line):
    return line[len(code_of(line)) :]


class Findings:
    """Collects what a lint has to say, and ends the script."""

    def __init__(self):
        self.lines = []

    def add(self, path, number, what):
        self.lines.append(f"{path.relative_to(ROOT)}:{number}: {what}")

    def finish(self):
        for line in self.lines:
            print(line)
        sys.exit(1 if self.lines else 0)
