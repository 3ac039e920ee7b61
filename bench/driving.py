"""Room: bench. How the scripts here start servers, put load on them, and end them: never a hang, only own children.

Whatever goes wrong is a Failure, whose text says what and what to do about it. Next: demo.py, comparing.py, table.py.
"""
import datetime
import json
import os
import platform
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_LIMIT = 10.0  # seconds for a server to say where it listens
ANSWER_LIMIT = 10.0  # for one answer of a server
END_LIMIT = 10.0  # for a server to end when it is asked to
WARM_UP = 0.2  # of bench/load, or as long as it measures


class Failure(Exception):
    """A message for the person who runs the script."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def say(text=""):
    print(text, flush=True)


def main_of(script, main):
    """Runs main; turns failures into messages and an exit status."""
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"{script}: {failure}", file=sys.stderr)
        sys.exit(failure.status)
    except KeyboardInterrupt:
        print(f"{script}: interrupted", file=sys.stderr)
        sys.exit(130)


def end_on_signals():
    """Ended by SIGTERM, too, a script ends its children. They inherit no ignored SIGINT, as a script in the background has."""

    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)


def find_program(build_dir, *parts):
    path = os.path.join(build_dir, *parts)
    if not os.access(path, os.X_OK):
        raise Failure(f"{path} is not there: build it first (ninja -C {build_dir}), or leave it out", 2)
    return path


def allow_descriptors(count):
    """For this process and its children: the soft limit goes up as far as the hard one lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            raise Failure(
                f"{count} open files are needed, and the limit is {hard}: raise it (ulimit -Hn {count}, or nofile in "
                "/etc/security/limits.conf), or ask for fewer connections",
                2,
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


class Server:
    """A server program that prints `listening on 127.0.0.1:PORT`."""

    def __init__(self, name, command):
        self.name = name
        self.errors = tempfile.TemporaryFile()
        try:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors)
        except OSError as error:
            raise Failure(f"{name} does not start: {error}") from error
        try:
            self.port = self._announced_port()
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def _announced_port(self):
        said = b""
        until = time.monotonic() + START_LIMIT
        while not said.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                raise Failure(f"{self.name} did not say within {START_LIMIT:.0f} s where it listens")
            part = os.read(self.child.stdout.fileno(), 4096)
            if not part:
                self.child.wait(END_LIMIT)
                raise Failure(f"{self.name} ended at its start ({self._status()}){self._complaint()}")
            said += part
        match = re.search(rb"listening on 127\.0\.0\.1:(\d+)", said)
        if not match:
            raise Failure(f"{self.name} should say where it listens, and said {said!r}")
        return int(match.group(1))

    def _status(self):
        code = self.child.returncode
        return f"exit status {code}" if code >= 0 else f"by signal {signal.Signals(-code).name}"

    def _complaint(self):
        self.errors.seek(0)
        text = self.errors.read().decode(errors="replace").strip()
        return f": {text[-2000:]}" if text else ""

    def must_be_alive(self):
        if self.child.poll() is not None:
            raise Failure(f"{self.name} died under load ({self._status()}){self._complaint()}")

    def resident(self):
        """Resident memory in bytes."""
        self.must_be_alive()
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024

    def end(self, first=signal.SIGINT):
        """Asks it to end, then insists. Returns its status, negative for a signal."""
        for how in (first, signal.SIGKILL):
            if self.child.poll() is None:
                self.child.send_signal(how)
            try:
                self.child.wait(END_LIMIT)
                break
            except subprocess.TimeoutExpired:
                say(f"{self.name} does not end on {how.name} within {END_LIMIT:.0f} s")
        self.child.stdout.close()
        self.errors.close()
        return self.child.returncode


def connect(server):
    try:
        return socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_LIMIT)
    except OSError as error:
        server.must_be_alive()
        raise Failure(f"{server.name} cannot be reached at port {server.port}: {error}") from error


def cpu_seconds(server):
    """Of the server, user and system, since its start."""
    with open(f"/proc/{server.child.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def under_load(server, command, seconds, meanwhile=None):
    """The figures of bench/load (command: the program, its options) against the server: those that it prints, and cpu_us,
    the server's own time of a request. Wrong answers and lost connections are in `errors`."""
    before = cpu_seconds(server)
    out = run_load(server, command, seconds, meanwhile, well=(0, 1))
    try:
        run = json.loads(out)
    except ValueError as error:
        raise Failure(f"load against {server.name} printed {out.strip()!r}") from error
    if run["requests_per_s"] == 0:
        raise Failure(f"{server.name} does not answer at {run['connections']} connections")
    # The load is on before it counts, too, and each connection has one request before that.
    answered = run["requests_per_s"] * (seconds + min(WARM_UP, seconds)) + run["connections"]
    return {**run, "cpu_us": (cpu_seconds(server) - before) * 1e6 / answered}


def run_load(server, command, seconds, meanwhile=None, well=(0,)):
    """Runs a load generator against the server, and `meanwhile` in the middle of it; returns what it printed. `well`: the
    statuses that it may end with."""
    server.must_be_alive()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        if meanwhile:
            time.sleep(seconds / 2)
            meanwhile()
        out, _ = child.communicate(timeout=seconds + 3 * ANSWER_LIMIT)
    except subprocess.TimeoutExpired as error:
        server.must_be_alive()
        raise Failure(f"{os.path.basename(command[0])} against {server.name} does not come to an end") from error
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    server.must_be_alive()
    if child.returncode not in well:
        raise Failure(f"{' '.join(command)} failed (status {child.returncode}): {out.decode(errors='replace').strip()}")
    return out.decode(errors="replace")


def machine():
    """Where and when: what a figure needs to mean something later."""
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = re.search(r"model name\s*:\s*(.+)", info.read()).group(1)
    except (OSError, AttributeError):
        pass
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": model,
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
    }


def save_json(path, rows, **more):
    try:
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"machine": machine(), **more, "rows": rows}, out, indent=2)
            out.write("\n")
    except OSError as error:
        raise Failure(f"the figures cannot be written: {error}") from error


def print_table(head, rows):
    """Columns as wide as they must be; the first one to the left, figures to the right."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [str(cell).ljust(w) if i == 0 else str(cell).rjust(w) for i, (cell, w) in enumerate(zip(row, widths))]
        say("  ".join(cells).rstrip())
