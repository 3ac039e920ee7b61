"""Room: tests. Programs for aarch64 on another processor, by qemu-user, and what it cannot do: portability.py asks.

What an emulator of processes does otherwise than a kernel is no list of opinions: each file of emulator/ is a program of a few
lines that does one such thing, and ends with 0 where it can be done. Its head names the tests that need it. Whoever runs the tests
first runs these, on the machine's own processor, where each has to succeed, and under the emulator: for each that fails
there, its tests are left out. A newer qemu that has learnt one runs them.
"""
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LIBC = "/usr/aarch64-linux-gnu"  # Debian: libc6-arm64-cross
PROOFS = sorted((HERE / "emulator").glob("*.c"))


class Unproved(Exception):
    """What is said of the emulator is so without it, too."""


def is_there():
    return bool(shutil.which("qemu-aarch64")) and os.path.exists(LIBC)


def beginning(place):
    """The words before a program that run it. Where the system can be told of the emulator in a namespace alone (Linux 6.7; begin.sh;
    `place` is an empty directory), the program may begin others."""
    place.mkdir(parents=True, exist_ok=True)
    emulator = shutil.which("qemu-aarch64")
    everywhere = ["unshare", "--user", "--map-root-user", "--mount", "--", str(HERE / "emulator" / "begin.sh"), emulator, str(place)]
    can_tell = ends_well([*everywhere, "true"])
    return everywhere if can_tell else [emulator]


def environment():
    return {"QEMU_LD_PREFIX": LIBC}


def ends_well(command):
    """Whether it ends with 0, within a minute."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=os.environ | environment(), timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def tests_of(proof):
    head = proof.read_text(encoding="utf-8").split("*/")[0]
    return re.search(r"Tests: (.*)", head, re.DOTALL)[1].replace("\n *", " ").split()


def lacks(prefix, place, compile_for):
    """The proofs that fail under the emulator. compile_for(emulated, source, program) compiles one, for aarch64 or for this
    machine. Raises Unproved."""
    found = []
    for proof in PROOFS:
        native, emulated = (str(place / f"{proof.stem}-{kind}") for kind in ("native", "emulated"))
        compile_for(False, str(proof), native)
        compile_for(True, str(proof), emulated)
        if not ends_well([native]):
            raise Unproved(f"emulator/{proof.name} does not end with 0 on this machine's own processor, so it proves nothing of qemu")
        if not ends_well([*prefix, emulated]):
            found.append(proof)
    return found
