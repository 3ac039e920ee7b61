"""Room: bench. How one side of a row is measured: a Google Benchmark program, one that prints a line of JSON, Go.

A side's measure(context) returns its figures by name. A figure that could not be taken is a text that says why, a
Failed if it should have been. Failure is raised if nothing came of it, Absent if this machine does not have the side.
Next: rows.py.
"""
import contextlib
import dataclasses
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from driving import END_LIMIT, Failure, allow_descriptors, find_program

RUN = 0.5  # seconds that a time per item is measured for, if a row does not want more
QUICK_RUN = 0.01  # the same, with --quick
RUN_LIMIT = 180.0  # seconds for one program to end
MESSAGE = b"0123456789abcdef" * 4  # that is echoed
SETTLE = 1.0  # seconds until a process counts as idle


class Absent(Exception):
    """This machine does not have the side: why not, or nothing where that is said elsewhere."""


class Failed(str):
    """Why there is no figure, although there should be."""


@dataclasses.dataclass
class Context:
    build_dir: str
    quick: bool
    gobench: str | None  # the program; None: no Go

    def run_time(self, wanted):
        """Seconds that a time per item is measured for, at least."""
        return QUICK_RUN if self.quick else max(wanted, RUN)


def complaint(stderr):
    """The line that tells most."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if "what():" in line or "panic:" in line or "fatal error:" in line]
    return (telling or lines or ["it said nothing"])[0 if telling else -1][:300]


def output_of(command):
    name = " ".join([os.path.basename(command[0]), *command[1:]])
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_LIMIT)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{name}: did not end within {RUN_LIMIT:.0f} s") from error
    if done.returncode != 0:
        status = f"exit status {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        raise Failure(f"{name}: {status}: {complaint(done.stderr)}")
    return done.stdout


def figures_in(out, command):
    try:
        return json.loads(out)
    except ValueError as error:
        raise Failure(f"{os.path.basename(command[0])} printed what is no JSON: {out[:200]!r}") from error


@dataclasses.dataclass
class GoogleBenchmark:
    program: str
    name: str  # of the function, and its arguments: weft_yield/1
    seconds: float = 0  # that it wants at least

    def measure(self, context):
        command = [
            find_program(context.build_dir, "bench", self.program),
            f"--benchmark_filter=^{self.name}/process_time/real_time$",
            "--benchmark_format=json",
            f"--benchmark_min_time={context.run_time(self.seconds)}",
        ]
        out = output_of(command)
        if not out.strip():
            raise Absent(f"{self.program} was built without {self.name}")
        run = figures_in(out, command)["benchmarks"][0]
        if run.get("error_occurred"):
            raise Failure(f"{self.program} {self.name}: {run['error_message']}")
        ns = 1e9 / run["items_per_second"]
        return {"ns_per_item": ns, "cpu_ns_per_item": ns * run["cpu_time"] / run["real_time"]}


class Program:
    """bench/NAME ARGUMENT..."""

    def __init__(self, name, *arguments):
        self.name = name
        self.arguments = [str(each) for each in arguments]

    def command(self, context):
        return [find_program(context.build_dir, "bench", self.name), *self.arguments]

    def measure(self, context):
        command = self.command(context)
        return figures_in(output_of(command), command)


class Optional(Program):
    """One that is built only where something else is."""

    def measure(self, context):
        if not os.path.exists(os.path.join(context.build_dir, "bench", self.name)):
            raise Absent(f"{self.name} was not built: what it needs was not there")
        return super().measure(context)


class Go(Program):
    """gobench ROW PROCS ARGUMENT..."""

    def __init__(self, row, *arguments, seconds=0):
        super().__init__(row, *arguments)
        self.seconds = seconds

    def command(self, context):
        if context.gobench is None:
            raise Absent
        return [context.gobench, "-time", f"{context.run_time(self.seconds)}s", self.name, *self.arguments]


class HalfTheDifference:
    """What one of the two extra steps of `more` costs, beside `less`."""

    def __init__(self, more, less):
        self.more = more
        self.less = less

    def measure(self, context):
        less = self.less.measure(context)
        more = self.more.measure(context)
        return {key: (more[key] - less[key]) / 2 for key in less}


class Sweep:
    """The same at each size: <figure>_<size>; and <figure>_factor, from the last size but one to the last."""

    def __init__(self, side_of, sizes):
        self.side_of = side_of
        self.sizes = sizes
        self.failed = {}  # a size that failed once is not tried again

    def measure(self, context):
        by_size = {}
        for size in self.sizes:
            if size not in self.failed:
                try:
                    by_size[size] = self.side_of(size).measure(context)
                except Failure as failure:
                    self.failed[size] = Failed(failure)
        if not by_size:
            raise Failure("; ".join(self.failed.values()))
        out = {}
        for key in next(iter(by_size.values())):
            at_sizes = [by_size[size][key] if size in by_size else self.failed[size] for size in self.sizes]
            out.update({f"{key}_{size}": value for size, value in zip(self.sizes, at_sizes)})
            texts = [value for value in at_sizes if isinstance(value, str)]
            out[f"{key}_factor"] = texts[0] if texts else at_sizes[-1] / at_sizes[-2]
        return out


class Instructions:
    """What one item more costs in instructions, from each size to the next: step_<size>; spread is the largest of
    them by the smallest. Valgrind counts them, since few virtual machines let the CPU do it; it runs one thread at a
    time."""

    def __init__(self, side_of, sizes):
        self.side_of = side_of
        self.sizes = sizes

    def measure(self, context):
        valgrind = shutil.which("valgrind")
        if valgrind is None:
            raise Absent("valgrind counts instructions, and is not installed (Debian, Ubuntu: apt install valgrind)")
        counts = [self._count(valgrind, self.side_of(size).command(context)) for size in self.sizes]
        steps = [(counts[i] - counts[i - 1]) / (self.sizes[i] - self.sizes[i - 1]) for i in range(1, len(counts))]
        out = {f"step_{size}": step for size, step in zip(self.sizes[1:], steps)}
        return {**out, "spread": max(steps) / min(steps)}

    @staticmethod
    def _count(valgrind, command):
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as log:
            output_of([valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log.name}",
                       *command])
            collected = re.search(r"Collected : (\d+)", log.read())
        if not collected:
            raise Failure(f"valgrind counted nothing in {' '.join(command)}")
        return int(collected.group(1))


class HeldConnections:
    """A server, and connections to it that are held from here and have had one echo each. It says that it is there, and on
    which port, and ends with its standard input. What is measured: watch()."""

    def __init__(self, program, connections):
        self.program = program
        self.connections = connections

    def watch(self, pid, connect):
        """`connect(count)` makes so many more connections."""
        raise NotImplementedError

    def measure(self, context):
        command = self.program.command(context)
        allow_descriptors(self.connections + 200)
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            said = child.stdout.readline()
            if b"parked" not in said:
                raise Failure(f"{self.program.name} did not park its fibers (exit status {child.wait(END_LIMIT)})")
            address = ("127.0.0.1", int(figures_in(said, command)["port"]))
            with contextlib.ExitStack() as held:

                def connect(count):
                    for _ in range(count):
                        self._echo_once(held.enter_context(socket.create_connection(address, timeout=END_LIMIT)))
                    time.sleep(SETTLE)

                figures = self.watch(child.pid, connect)
            child.communicate(timeout=END_LIMIT)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"{self.program.name}: {error}") from error
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
        return figures

    def _echo_once(self, connection):
        connection.sendall(MESSAGE)
        answer = b""
        while len(answer) < len(MESSAGE):
            part = connection.recv(len(MESSAGE))
            answer += part
            if not part or not MESSAGE.startswith(answer):
                raise Failure(f"{self.program.name} answered {answer!r} to {MESSAGE!r}")


class IdleWatch(HeldConnections):
    """Context switches and CPU time of all threads of an idle server."""

    def __init__(self, program, connections, seconds):
        super().__init__(program, connections)
        self.seconds = seconds

    def watch(self, pid, connect):
        connect(self.connections)
        before = self._counts(pid)
        time.sleep(self.seconds)
        after = self._counts(pid)
        return {key: after[key] - before[key] for key in after}

    @staticmethod
    def _counts(pid):
        counts = {"wakeups": 0, "cpu_us": 0.0}
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as status:
                counts["wakeups"] += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                counts["cpu_us"] += int(stat.read().split()[0]) / 1e3
        return counts


class IdleMemory(HeldConnections):
    """Resident memory of a server for each connection that is idle. The first ones pay for what all share."""

    FIRST = 100

    def watch(self, pid, connect):
        connect(self.FIRST)
        before = self._resident(pid)
        connect(self.connections)
        return {"resident_bytes": (self._resident(pid) - before) / self.connections}

    @staticmethod
    def _resident(pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024
