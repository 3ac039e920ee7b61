#!/usr/bin/env python3
"""Room: tests of clients. Runs the program of a client beside the server that it is for, and does to the server what the program
asks: kills it, begins it anew, stops it, lets it go on.

  clients.py CLIENT PROGRAM [--workers 1,2,4] [--preload LIBRARY [--interpose WORDS]] [--example PROGRAM] [--tell NAME=VALUE]
  clients.py CLIENT --missing PACKAGE       says why it is skipped

The program says `ask kill` and reads `done`; it says `failed ...` and ends with another status than 0. What is not installed
makes it end with 77, which meson counts as skipped. --example is weft's own HTTP server, for a client that can talk to it.
--interpose is WEFT_INTERPOSE, and with it come WEFT_WORKERS.
"""
import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from servers import Holder, Missing, Nginx, Nobody, Pooled, Postgres, Program, Redis

SKIPPED = 77
LIMIT = 100  # seconds, of one run of a program


def favour_of(server, line):
    """Does what a program asked for. What it is answered."""
    name, *arguments = line.split()
    favours = server.favours()
    if name not in favours:
        return f"there is nobody who can {name}: {', '.join(favours)}"
    try:
        favours[name](*arguments)
        return "done"
    except Exception as error:  # pylint: disable=broad-except  # the program says it, and fails
        return " ".join(str(error).split()) or repr(error)


def end_later(process):
    """A program that hangs tells where each fiber is, and ends."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()


class Conversation:
    """One run of a client's program: what failed in it, and what it measured."""

    def __init__(self, server, command, environment):
        self.failures, self.figure = [], None
        began = time.monotonic()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                              env=os.environ | environment) as process:
            timer = threading.Timer(LIMIT, end_later, [process])
            timer.start()
            try:
                for line in process.stdout:
                    self.heard(server, process, line.rstrip("\n"))
                status = process.wait()
            finally:
                timer.cancel()
                process.kill()
        self.seconds = time.monotonic() - began
        if status != 0 and not self.failures:
            self.failures.append(f"it ended with status {status} after {self.seconds:.1f} s")

    def heard(self, server, process, line):
        verb, _, rest = line.partition(" ")
        if verb == "ask":
            print(favour_of(server, rest), file=process.stdin, flush=True)
        elif verb == "failed":
            self.failures.append(rest)
        elif verb == "figure":
            self.figure = int(rest)
        else:
            print(f"  {line}")


SERVERS = {
    "hiredis": lambda scratch, _: Redis(scratch),
    "libpq": lambda scratch, _: Postgres(scratch),
    "libpq-thousands": lambda scratch, _: Pooled(scratch),
    "libcurl": lambda scratch, _: Nginx(scratch),
    "httplib": lambda scratch, program: Program(scratch, program, "serve", "port=PORT", "workers=2"),
    "sqlite": Holder,
    "rdkafka": lambda scratch, _: Nobody(scratch),
    "python": lambda scratch, _: Nobody(scratch),
}


def environment_of(preload, interpose, workers):
    environment = {"LD_PRELOAD": os.path.abspath(preload)} if preload else {}
    return environment | ({"WEFT_INTERPOSE": interpose, "WEFT_WORKERS": str(workers)} if interpose else {})


def converse(client, program, verb, told, preload=None, example=None, interpose=None):
    """The program beside its server, both in a scratch directory."""
    environment = environment_of(preload, interpose, told.get("workers"))
    program = os.path.abspath(program)
    with contextlib.ExitStack() as stack:
        def scratch():
            return stack.enter_context(tempfile.TemporaryDirectory(prefix="weft-client-"))
        server = stack.enter_context(SERVERS[client](scratch(), program))
        told = told | server.facts()
        if example and client == "libcurl" and os.path.exists(example):
            told["example"] = f"http://127.0.0.1:{stack.enter_context(Program(scratch(), os.path.abspath(example), 'PORT')).port}"
        return Conversation(server, [program, verb, *(f"{name}={value}" for name, value in told.items())], environment)


def check(client, program, workers, preload=None, example=None, interpose=None, tell=()):
    """Whether all is well with so many workers."""
    told = {"workers": workers} | dict(each.split("=", 1) for each in tell)
    done = converse(client, program, "check", told, preload, example, interpose)
    for each in done.failures:
        print(f"clients: {client} on {workers} workers: {each}")
    verdict = "failed" if done.failures else "passed"
    print(f"clients: {client} on {workers} workers: {verdict} in {done.seconds:.1f} s", flush=True)
    return not done.failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=SERVERS)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--missing")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--preload")
    parser.add_argument("--interpose")
    parser.add_argument("--example")
    parser.add_argument("--tell", action="append", default=[])
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whoever ends this ends the servers, too
    if given.missing:
        print(f"clients: {given.client} is skipped: {given.missing} was not there when weft was configured")
        return SKIPPED
    try:
        passed = [check(given.client, given.program, workers, given.preload, given.example, given.interpose, given.tell)
                  for workers in given.workers.split(",")]
    except Missing as what:
        print(f"clients: {given.client} is skipped: {what}")
        return SKIPPED
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
