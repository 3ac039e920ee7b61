#!/usr/bin/env python3
"""Room: tests. Builds the tests and runs them, cell after cell, by meson's test runner; counts the cases, and says at the
end where the time went. ./dev calls it:

  run.py test [ROOM [PATTERN]]   the debug build: all of it, one room ('model' is one), the cases of one that match
  run.py ci [CELL...]            every cell, or these
  run.py soak [MINUTES]          fuzzers, many simulated orders, thousands of connections, then seed after seed
  run.py lint                    what can be checked without building

BOOST_HEADERS=DIR,... and SENDERS=DIR: include roots of other versions of Boost, and of stdexec, for the tests of async.

A cell is one way to build, and what is run in it: cells.py.
"""
import os
import random
import subprocess
import sys
import time

from cells import CELLS, FUZZED, FUZZ_TARGETS, ROOMS, STRESSED, commands_of, targets_of
from ledger import Ledger

BEGAN = time.monotonic()
STRESS_SECONDS = int(os.environ.get("STRESS_SECONDS", "60"))
ORDERS_IN_A_SOAK = "100000"
SECONDS_OF_NETWORK = 600
CONNECTIONS_IN_A_SOAK = 10_000
CONNECTIONS_IN_CI = 1_000
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
CORES = len(os.sched_getaffinity(0))


def say(what):
    """With the minutes and seconds since the start: where the time went is seen in what was printed."""
    since = int(time.monotonic() - BEGAN)
    print(f"==> {since // 60:02d}:{since % 60:02d} {what}", flush=True)


def logged(command, log, timeout=None, **environment):
    """Runs the command with its output in the log. Its exit status; 124 if it had to be ended."""
    os.makedirs("build", exist_ok=True)
    with open(log, "w", encoding="utf-8") as output:
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                  timeout=timeout, env=os.environ | environment, check=False).returncode
        except subprocess.TimeoutExpired:
            return 124


def tail_of(log, lines=40):
    with open(log, encoding="utf-8", errors="replace") as text:
        return "".join(text.readlines()[-lines:])


def compiler_for(name):
    cached = subprocess.run(["which", "ccache"], capture_output=True, check=False).returncode == 0
    return f"ccache {name}" if cached else name


def other_libraries():
    """Options for meson: against which async is tested, beside what the system has. A build directory keeps them."""
    asked = {"boost_headers": os.environ.get("BOOST_HEADERS"), "senders": os.environ.get("SENDERS")}
    return [f"-D{option}={where}" for option, where in asked.items() if where is not None]


class Runner:
    def __init__(self):
        self.ledger = Ledger()

    def build(self, cell, targets):
        """True if it is built. Configures it first if it is new."""
        log = f"build/{cell.name}.log"
        others = other_libraries()
        with self.ledger.compiling(cell.name):
            if not os.path.exists(f"build/{cell.name}/build.ninja"):
                say(f"configuring build/{cell.name} ({cell.compiler} {' '.join([*cell.options, *others])})")
                status = logged(["meson", "setup", f"build/{cell.name}", *cell.options, *others], log,
                                CXX=compiler_for(cell.compiler))
            elif others:
                status = logged(["meson", "configure", f"build/{cell.name}", *others], log)
            else:
                status = 0
            say(f"building build/{cell.name}")
            status = status or logged(["ninja", "-C", f"build/{cell.name}", "-k", "0", *targets], log)
        if status != 0:
            say(f"FAILED building {cell.name}, see {log}")
            print(errors_in(log), flush=True)
        self.ledger.count(cell.name, status == 0)
        return status == 0

    def meson_test(self, cell, suites, label="", arguments=(), processes=1, multiplier=1, **environment):
        """Runs tests of a cell that is built; each case counts."""
        what = f"{label}{cell.name} {' '.join(suites)}"
        seed = environment.setdefault("WEFT_SEED", os.environ.get("WEFT_SEED") or str(random.getrandbits(62) | 1))
        command = ["meson", "test", "-C", f"build/{cell.name}", "--no-rebuild", "--num-processes", str(processes),
                   "--timeout-multiplier", str(multiplier), "--print-errorlogs", *(f"--suite={suite}" for suite in suites)]
        command += [f"--test-args={' '.join(arguments)}"] if arguments else []
        log = f"build/test-{cell.name}.log"
        with self.ledger.running(cell.name):
            status = logged(command, log, **environment)
        passed, failed = self.ledger.count_junit(cell.name, f"build/{cell.name}/meson-logs/testlog.junit.xml", status)
        if status == 0:
            say(f"ok    {what}: {passed} cases, WEFT_SEED={seed}")
        else:
            kept = f"build/failed-{cell.name}-{seed}.log"  # the next run of the cell writes its own
            os.replace(log, kept)
            log = kept
            say(f"FAILED {what}: {failed}, see {log}; repeat with WEFT_SEED={seed}")
            print(tail_of(log, 120), flush=True)
        return status == 0

    def command(self, cell_name, name, command, timeout=600):
        """One thing that passes or fails; its output is shown if it fails."""
        log = f"build/cell-{''.join(c if c.isalnum() else '-' for c in name)}.log"
        with self.ledger.running(cell_name):
            status = logged(command, log, timeout)
        self.ledger.count(cell_name, status == 0)
        say(f"ok    {name}" if status == 0 else f"FAILED {name}, see {log}")
        if status != 0:
            print(tail_of(log), flush=True)

    def cell(self, name):
        cell = CELLS[name]
        if cell.compiler:
            if not self.build(cell, targets_of(cell)):
                return False
            self.meson_test(cell, cell.rooms, processes=cell.processes)
        for suite in cell.suites:
            self.meson_test(cell, [suite], processes=cell.processes)
        if cell.models:
            self.meson_test(cell, ["model"], processes=CORES)
        for title, command in commands_of(cell):
            self.command(cell.name, title, command)
        return True

    def lint(self):
        self.cell("lint")

    def stress(self, seconds, names):
        """The rooms' tests in any order, each under a new seed, in each of the builds by turns, until the time is over."""
        say(f"stressing {' '.join(names)} for {seconds} s")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name in names:
                for room in random.sample(ROOMS, len(ROOMS)):
                    if time.monotonic() > end:
                        return
                    if not self.meson_test(CELLS[name], [room], label="stress ",
                                           arguments=["--gtest_shuffle", "--gtest_filter=-*death_test*"]):
                        return

    def network_soak(self, seconds, connections, meanwhile=lambda: None, through=(), kinds=None):
        """Thousands of conversations at once, in the release build, and what is done meanwhile."""
        command = [*through, "build/release/tests/netpoll/network_soak", "--seconds", str(seconds), "--connections", str(connections)]
        command += ["--kinds", kinds] if kinds else []
        log = "build/network-soak.log"
        with open(log, "w", encoding="utf-8") as output:
            soak = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        meanwhile()
        with self.ledger.running("release"):
            try:
                status = soak.wait(timeout=seconds + 300)
            except subprocess.TimeoutExpired:
                soak.kill()
                status = 124
        self.ledger.count("release", status == 0)
        what = tail_of(log, 1).strip()
        say(f"ok    {what}" if status == 0 else f"FAILED network soak, see {log}")
        if status != 0:
            print(tail_of(log), flush=True)

    def fuzz(self):
        """Each target for a minute, from its kept inputs; what is new in it stays in build/fuzz."""
        if not self.build(FUZZED, [f"tests/fuzz/{name}_fuzz" for name in FUZZ_TARGETS]):
            return
        for name in FUZZ_TARGETS:
            say(f"fuzzing {name} for {FUZZ_SECONDS} s")
            found = f"build/fuzz/{name}"
            os.makedirs(found, exist_ok=True)
            self.command("fuzz", f"fuzz {name}",
                         [f"build/fuzz/tests/fuzz/{name}_fuzz", f"-max_total_time={FUZZ_SECONDS}", "-max_len=128", "-timeout=10",
                          f"-artifact_prefix=build/fuzz/{name}-", found, f"tests/fuzz/corpus/{name}"],
                         timeout=FUZZ_SECONDS + 120)

    def test(self, room=None, pattern=None):
        cell = CELLS["debug"]
        if room is None:
            self.cell("debug")
        elif room == "model":
            if self.build(cell, targets_of(cell, ["model"])):
                self.meson_test(cell, ["model"], processes=CORES)
        elif room not in cell.rooms:
            sys.exit(f"dev: test: there is no room '{room}'; there are {', '.join(cell.rooms)}, model")
        elif self.build(cell, targets_of(cell, [room])):
            self.meson_test(cell, [room], arguments=[f"--gtest_filter={pattern}"] if pattern else [], processes=cell.processes)

    def ci(self, *names):
        if unknown := set(names) - set(CELLS):
            sys.exit(f"dev: ci: there is no cell {', '.join(unknown)}; there are {', '.join(CELLS)}")
        for name in names or CELLS:
            if not self.cell(name) or name not in STRESSED:
                continue
            if name == "release":  # the same minute serves both
                self.network_soak(STRESS_SECONDS, CONNECTIONS_IN_CI, lambda: self.stress(STRESS_SECONDS, ["release"]))
            else:
                self.stress(STRESS_SECONDS, [name])

    def soak(self, minutes="30"):
        if not minutes.isdigit():
            sys.exit(f"dev: soak: '{minutes}' is no number of minutes")
        end = time.monotonic() + 60 * int(minutes)
        self.fuzz()
        targets = {name: targets_of(CELLS[name], ROOMS) for name in STRESSED}
        targets["release"].append("tests/netpoll/network_soak")
        built = [self.build(CELLS[name], targets[name]) for name in STRESSED]
        if all(built):
            for room in ROOMS:
                self.meson_test(CELLS["release"], [room], label="orders ", arguments=["--gtest_filter=*simulated*"],
                                multiplier=12, WEFT_SIMULATE_SEEDS=ORDERS_IN_A_SOAK)
            third = max(30, int((end - time.monotonic()) / 3))
            self.network_soak(min(SECONDS_OF_NETWORK, third), CONNECTIONS_IN_A_SOAK)
            self.network_soak(min(60, third), CONNECTIONS_IN_CI, through=["tests/netpoll/soak/over_bad_network.sh"], kinds="tcp")
            self.stress(end - time.monotonic(), STRESSED)


def errors_in(log):
    with open(log, encoding="utf-8", errors="replace") as text:
        lines = text.readlines()
    wrong = [i for i, line in enumerate(lines) if "error" in line or "FAILED" in line]
    return "".join("".join(lines[i : i + 6]) for i in wrong[:10]) or "".join(lines[-20:])


def main(verb, *arguments):
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    runner = Runner()
    {"test": runner.test, "ci": runner.ci, "soak": runner.soak, "lint": runner.lint}[verb](*arguments)
    sys.exit(runner.ledger.finish())


main(*sys.argv[1:])
