"""Room: bench. Go's side: bench/peers/go, built into the build directory by the Go that is installed. Fetches nothing.

Next: table.py, comparing.py.
"""
import os
import shutil
import subprocess
import sys

from driving import Failure

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NO_GO = ("there is no Go here, and its column is empty: put `go` on the PATH (Debian, Ubuntu: apt install golang-go; "
         "the newest: see go.dev/doc/install)")


def go_tool():
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def build_gobench(build_dir):
    """The program, as new as its sources; None without Go."""
    go = go_tool()
    if go is None:
        print(f"bench: {NO_GO}", file=sys.stderr, flush=True)
        return None
    program = os.path.join(os.path.abspath(build_dir), "bench", "gobench")
    # Nothing is fetched: neither another toolchain nor a module.
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOWORK": "off"}
    done = subprocess.run([go, "build", "-o", program, "."], cwd=os.path.join(ROOT, "bench", "peers", "go"),
                          env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"bench/peers/go does not build: {done.stderr.strip()}", 2)
    return program
