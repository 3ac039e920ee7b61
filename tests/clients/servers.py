"""Room: tests of clients. Servers as they come from the system, each on a free port of loopback with a directory of its own,
and what may happen to one: killed, begun anew, stopped and let go on. They end by their own group's number, and with this process.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

STARTS_WITHIN = 30


class Missing(Exception):
    """What is not installed."""


def need(command, package, *places):
    path = shutil.which(command, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *places]))
    if path is None:
        raise Missing(f"there is no {command} (Debian: {package})")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, asked=b"", begins_with=b""):
    """Whether a server is there, and says what it should to what it is asked."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as conn:
            conn.sendall(asked)
            return not begins_with or conn.recv(100).startswith(begins_with)
    except OSError:
        return False


class Server:
    """One process, and those that it makes: a group of their own. It keeps its port over a restart."""

    user = None

    def __init__(self, scratch):
        self.scratch = pathlib.Path(scratch)
        self.port = free_port()
        self.process = None

    def __enter__(self):
        self.prepare()
        self.restart()
        return self

    def __exit__(self, *_):
        self.kill()

    # --- What each server has for itself.

    def prepare(self):
        pass

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        return answers(self.port)

    def facts(self):
        """What the client's program is told."""
        return {"port": self.port}

    def favours(self):
        return {"kill": self.kill, "restart": self.restart, "pause": self.pause, "resume": self.resume}

    # --- What may happen to it.

    def restart(self):
        with open(self.scratch / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.scratch,
                                            start_new_session=True, user=self.user, group=self.user)
        limit = time.monotonic() + STARTS_WITHIN
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{self.command()[0]} did not start:\n" + (self.scratch / "server.log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def signal(self, number):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)


class Program(Server):
    """A program of weft's own that listens where it is told."""

    def __init__(self, scratch, *command):
        super().__init__(scratch)
        self.given = command

    def command(self):
        return [each.replace("PORT", str(self.port)) for each in self.given]


class Nobody(Server):
    """The client needs none."""

    def __enter__(self):
        return self

    def facts(self):
        return {}
