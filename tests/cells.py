"""Room: tests. The cells: each is one way to build weft, for what only that way can find, and what is run in it.

What stands here costs everyone its time, each day: ./dev ci ends with a table of it, and README.md tells where it goes.

  cells.py CELL       its options for meson, one a line
"""
import dataclasses
import glob
import sys

ROOMS = ["runtime", "netpoll", "sync", "std_shim", "async", "posix", "tls"]

# For the compiler's and the sanitizers' findings, with their lines: half the time to compile that -O2 and -g take. The files of
# a floor make one unit, whose headers and templates are compiled once (meson miscounts the units of a floor of just as many files).
CHECKED = ["-Ddebug=true", "-Doptimization=1", "-Dcpp_args=-g1", "-Ddefault_library=static", "-Db_lundef=false",
           "-Dbench=false", "-Dexamples=false", "-Dunity=on", "-Dunity_size=100"]


@dataclasses.dataclass(frozen=True)
class Cell:
    name: str
    compiler: str = ""
    options: tuple = ()
    rooms: tuple = tuple(ROOMS)
    models: bool = False
    suites: tuple = ()   # of meson's, which are no rooms
    whole: bool = False  # all that is built by default, and not the tests alone
    processes: int = 2   # test programs side by side


CELLS = {
    cell.name: cell
    for cell in (
        # The daily one. Each file of the library is compiled alone, so that it says what it includes; the public headers, too.
        Cell("debug", "g++", ("--buildtype=debug", "-Ddefault_library=static", "-Dbench=false", "-Dexamples=false",
                              "-Dcpp_args=-g1", "-Dwerror=true"),
             rooms=(*ROOMS, "interpose", "loops", "fuzz", "conformance"), models=True),
        Cell("lint"),
        # What users install; and all that is measured or copied.
        Cell("release", "g++", ("--buildtype=release", "-Ddefault_library=both", "-Dwerror=true"),
             rooms=(*ROOMS, "interpose"), suites=("clients",), whole=True),
        # Another compiler's warnings and optimiser, the thread-safety annotations.
        Cell("clang", "clang++-14", ("-Dthread_safety=true", "-Dwerror=true", *CHECKED)),
        # The jump that other processors have.
        Cell("boost", "g++", ("-Dcontext=boost", *CHECKED), rooms=("runtime",)),
        Cell("asan", "g++", ("-Db_sanitize=address,undefined", *CHECKED), rooms=(*ROOMS, "interpose", "fuzz")),
        Cell("tsan", "g++", ("-Db_sanitize=thread", *CHECKED), rooms=(*ROOMS, "interpose", "conformance")),
    )
}
# Coverage for libFuzzer: for a soak alone. The kept inputs are a room of tests in the debug and ASan cells.
FUZZED = Cell("fuzz", "clang++-14", ("-Dfuzz=true", "-Db_sanitize=address,undefined", *CHECKED), rooms=())
FUZZ_TARGETS = ["address", "settings"]
STRESSED = ["release", "tsan"]
SMOKE = ["switch", "spawn", "channel", "mutex", "timer", "skynet", "select"]


def targets_of(cell, rooms=None):
    """For ninja. None: all that is built by default."""
    if rooms is None and (cell.whole or cell.models):
        return []
    targets = []
    for room in rooms or cell.rooms:
        targets.append({"model": "models", "loops": "loops", "async": "async"}.get(room, f"tests/{room}/{room}_tests"))
    return targets


def commands_of(cell):
    """(title, command) of what is no test program of meson's."""
    if cell.name == "lint":
        for rule in sorted(glob.glob("tests/lint/lint_*.py")):
            yield rule.split("/")[-1][: -len(".py")], ["python3", rule]
        yield "format", ["bash", "-c", "git ls-files '*.cpp' '*.hpp' | xargs clang-format-14 --dry-run -Werror"]
    if cell.name == "clang":
        yield "misuse", ["python3", "tests/headers/misuse.py", "g++", "clang++-14"]
    if cell.name == "release":
        for name in SMOKE:
            yield f"smoke {name}_bench", [f"build/release/bench/{name}_bench", "--benchmark_min_time=0.01"]
        yield "smoke table", ["python3", "bench/table.py", "build/release", "--quick"]
        for script in ("echo", "http_servers", "sockets"):
            yield f"smoke {script}", ["python3", f"bench/{script}.py", "build/release", "--quick"]
        yield "smoke demo", ["python3", "bench/demo.py", "build/release", "--quick", "--servers", "weft"]
        yield "example hello", ["build/release/examples/hello"]
        yield "example crawl", ["build/release/examples/crawl"]
        for server in ("echo", "http"):
            yield f"example {server}", ["tests/install/ends_on_interrupt.sh", f"build/release/examples/{server}", "0"]
            yield f"{server} without stacks", ["tests/install/outlives_refusals.py", f"build/release/examples/{server}"]
        yield "http manners", ["tests/install/speaks_http.py", "build/release/examples/http"]
        yield "tls interop", ["tests/tls/interop.py", "build/release/tests/tls/tls_interop_peer", "build/release/examples/http",
                              "build/release/examples/proxy"]
        yield "install", ["tests/install/run_install_test.sh", "build/release"]
        yield "sed std weft", ["tests/conformance/run_sed_test.sh", "build/release"]
        yield "subproject", ["tests/install/run_subproject_test.sh"]
        yield "hardening", ["tests/install/run_hardening_test.sh", "build/release"]
        yield "held locks", ["tests/install/run_held_locks_test.sh", "build/release"]
        yield "cmake", ["tests/install/run_cmake_test.sh", "build/release"]
        yield "sanitize", ["tests/install/run_sanitize_test.sh"]
        yield "recipes", ["tests/install/run_recipes_test.sh"]


if __name__ == "__main__":
    print("\n".join(CELLS[sys.argv[1]].options))
