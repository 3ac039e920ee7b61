#!/usr/bin/env python3
"""Room: tests. The names that an installed libweft.so exports are those that its installed headers declare, and among them
are the types of all exceptions, for whoever catches one.

  tests/install/exported_names.py LIBRARY INCLUDE_DIR BUILD_DIR

None is missing: of what the objects of tests, examples and benchmarks in BUILD_DIR ask for, headers declare no more than there is.
"""
import pathlib
import re
import subprocess
import sys

library, include, build = sys.argv[1:]


def code_in(paths):
    """Without comments, attributes and namespaces in which classes are only announced."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths))
    text = re.sub(r"^namespace [\w:]+ \{\n(?:(?:class|struct) \w+;.*\n)+\}.*\n", "", text, flags=re.MULTILINE)
    inner = re.findall(r"namespace (?:[\w:]+::)?detail \{.*?\}  // namespace (?:[\w:]+::)?detail", text, re.DOTALL)
    return [re.sub(r"//.*|^\s*template <.*>$|\[\[[\w:]+\]\] |WEFT_\w+(\([^)]*\))? ", "", each, flags=re.MULTILINE)
            for each in (text, "\n".join(inner))]


paths = list(pathlib.Path(include).rglob("weft/**/*.hpp"))
headers, of_detail = code_in(paths)
_, of_net_detail = code_in(path for path in paths if "netpoll" in path.parts)
# Classes and namespaces; what is only announced (class worker;) is not among them.
def scopes_in(text):
    found = re.findall(r"\b(?:class|struct|namespace) ([\w:]+)[^;(){}]*\{", text)
    return {part for name in found for part in name.split("::")}


scopes = scopes_in(headers)
words = set(re.findall(r"\w+", headers))
# What a program must be able to catch, wherever it was thrown.
CAUGHT = ("cancelled", "channel_closed", "deadlock", "livelock", "simulation_failed", "timed_out")
# For libweft_held_locks: runtime/fiber/held_locks.cpp.
PLAIN = {"weft_asks_for_held_locks"}


def bare(name):
    """weft::a<b>::operator= -> weft::a::operator"""
    name = re.sub(r"\[abi:\w+\]", "", re.sub(r"operator\W+.*", "operator", name))
    while (shorter := re.sub(r"<[^<>]*>", "", name)) != name:
        name = shorter
    return name


def why_not(name):
    """Why the name should not be there; None if it should."""
    *outer, last = bare(name).split("::")
    if outer[:1] != ["weft"]:
        return None if name in PLAIN or outer[:1] in (["std"], ["__gnu_cxx"]) else "is in no namespace of ours"
    for scope in outer:
        if scope not in scopes:
            return f"no public header defines {scope}"
    return None if last.lstrip("~") in words else f"no public header declares {last}"


def names_of(what, *command):
    """By their mangled names: without parameters and results. Of `nm`, the last column."""
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    mangled = sorted({line.split()[-1] for line in said.splitlines() if re.search(what, line)})
    plain = subprocess.run(["c++filt", "-p"], check=True, capture_output=True, text=True, input="\n".join(mangled)).stdout
    return dict(zip(mangled, plain.splitlines()))


# And those of the library for TLS, where it was built.
beside = [str(path) for path in [pathlib.Path(library).with_name("libweft_tls.so")] if path.exists()]
exported = names_of(r"^[0-9a-f]+ ", "nm", "-D", "--defined-only", library, *beside)
names = list(exported.values())
wrong = []
for name in names:
    of_what = re.sub(r"^(vtable|typeinfo|typeinfo name|guard variable|non-virtual thunk) (for|to) ", "", name)
    if (reason := why_not(of_what)) is not None:
        wrong.append(f"{library} exports {name}: {reason}")
wrong += [f"{library} hides the type of weft::{what}: nobody could catch it" for what in CAUGHT
          if f"typeinfo for weft::{what}" not in names]
objects = [path for part in ("tests", "examples", "bench") for path in sorted(pathlib.Path(build, part).rglob("*.o"))]
if not objects:
    wrong.append(f"{build} has no object that uses the library: build it whole")
for mangled, name in (names_of(r" U _ZN?K?4weft", "nm", "-u", "-A", *objects) if objects else {}).items():
    # A word of a header before a parenthesis: declared there, or something private of the same name.
    inner = of_net_detail if "::net::" in bare(name) else of_detail
    declared = inner if "::detail::" in bare(name) else headers
    # weft::scheduler is a user's, weft::detail::scheduler is not.
    if "::detail::" in bare(name) and not scopes_in(inner) >= set(bare(name).split("::detail::")[-1].split("::")[:-1]):
        continue
    if mangled not in exported and why_not(name) is None and re.search(rf"\b{re.escape(bare(name).split('::')[-1])}\W*\(", declared):
        wrong.append(f"{library} hides {name}, which a header declares: does its .cpp include that header, and first?")
print("\n".join(wrong[:20] or [f"{len(names)} names, all of public headers"]))
sys.exit(bool(wrong))
