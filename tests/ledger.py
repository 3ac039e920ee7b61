"""Room: tests. What passed and what failed, and how long each cell took to compile and to run."""
import contextlib
import time
import xml.etree.ElementTree as xml


class Line:
    def __init__(self):
        self.compiling = self.running = 0.0
        self.passed = self.failed = 0


class Ledger:
    def __init__(self):
        self.lines = {}
        self.began = time.monotonic()

    def line(self, cell):
        return self.lines.setdefault(cell, Line())

    @contextlib.contextmanager
    def compiling(self, cell):
        start = time.monotonic()
        yield
        self.line(cell).compiling += time.monotonic() - start

    @contextlib.contextmanager
    def running(self, cell):
        start = time.monotonic()
        yield
        self.line(cell).running += time.monotonic() - start

    def count(self, cell, has_passed):
        self.line(cell).passed += has_passed
        self.line(cell).failed += not has_passed

    def count_junit(self, cell, path, status):
        """Adds the cases of a file that meson wrote. A program that died without naming a case counts as one."""
        passed = failed = 0
        try:
            for case in xml.parse(path).iter("testcase"):
                if any(child.tag in ("failure", "error") for child in case):
                    failed += 1
                elif not any(child.tag == "skipped" for child in case):
                    passed += 1
        except (OSError, xml.ParseError):
            pass
        if status != 0 and failed == 0:
            failed = 1
        if status == 0 and passed == 0:
            failed = 1  # a run without a case proves nothing
        self.line(cell).passed += passed
        self.line(cell).failed += failed
        return passed, failed

    def finish(self):
        """Prints the table and the last line. The exit status."""
        print(f"{'cell':<12} {'compiling':>10} {'running':>10} {'cases':>8} {'failed':>8}")
        for name, line in self.lines.items():
            print(f"{name:<12} {minutes(line.compiling):>10} {minutes(line.running):>10} {line.passed:>8} {line.failed:>8}")
        total = time.monotonic() - self.began
        print(f"{'all':<12} {minutes(total):>21}")
        failed = sum(line.failed for line in self.lines.values())
        print(f"{sum(line.passed for line in self.lines.values())} passed, {failed} failed")
        return 1 if failed else 0


def minutes(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
