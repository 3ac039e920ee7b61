#!/usr/bin/env python3
"""Room: tests of clients. All of it, which ./dev clients calls:

  all_clients.py BUILD_DIR [CLIENT...]             each client, or these, on 1, 2 and 4 workers
  all_clients.py BUILD_DIR upstream                hiredis's and cpp-httplib's own test programs (upstream.py)
  all_clients.py BUILD_DIR figures [CLIENT...]     requests a second: fibers, 200 threads, 2 threads
  all_clients.py BUILD_DIR asan [CLIENT...]        the first alone, of a build with sanitizers

Without any of these, clients and upstream.
"""
import pathlib
import sys

import clients
import upstream
from servers import Missing

COUNT = 200
SECONDS = 3
# how, and on how many
CONTENDERS = [("fibers", COUNT), ("threads", COUNT), ("threads", 2)]


def program_of(build, client):
    path = pathlib.Path(build) / "tests" / "clients" / f"{client}_client"
    if not path.exists():
        raise Missing(f"{path} was not built; if its library came later: meson setup --reconfigure {build}")
    return path


def check(build, client):
    program, example = program_of(build, client), pathlib.Path(build) / "examples" / "http"
    return all([clients.check(client, program, workers, example=example) for workers in "124"])


def figure(build, client, how, count):
    told = {"how": how, "count": count, "seconds": SECONDS, "workers": 2}
    done = clients.converse(client, program_of(build, client), "figures", told)
    if done.failures:
        raise RuntimeError(f"{client}, {how} {count}: {done.failures[0]}")
    return done.figure


def print_figures(build, names):
    """The best of three each, by turns."""
    print(f"| client | {COUNT} fibers, 2 workers | {COUNT} threads | 2 threads |\n|---|---|---|---|", flush=True)
    for client in names:
        best = [0] * len(CONTENDERS)
        for _ in range(3):
            for i, (how, count) in enumerate(CONTENDERS):
                best[i] = max(best[i], figure(build, client, how, count))
        print(f"| {client} | " + " | ".join(f"{each:,}" for each in best) + " |", flush=True)


def attempt(client, action):
    """1 if it failed; what is missing is said, and fails nothing."""
    try:
        return 0 if action() else 1
    except Missing as what:
        print(f"clients: {client} is skipped: {what}")
        return 0
    except RuntimeError as error:
        print(f"clients: {client}: {error}")
        return 1


def main(build, *words):
    known = [each for each in clients.SERVERS if each != "libpq-thousands"]  # that one has its programs in the suite alone
    if unknown := [word for word in words if word not in [*known, "upstream", "figures", "asan"]]:
        sys.exit(f"dev: clients: there is no client '{unknown[0]}'; there are {', '.join(known)}; and upstream, figures, asan")
    if "asan" in words and (other := {"upstream", "figures"} & {*words}):
        sys.exit(f"dev: clients: asan and {other.pop()} do not go together: name clients after asan, or none for all of them")
    named = [word for word in words if word in known] or (known if "asan" in words else [])
    failed = 0
    if "figures" in words:
        print_figures(build, named or known)
        return 0
    if named or "upstream" not in words:
        failed += sum(attempt(client, lambda client=client: check(build, client)) for client in named or known)
    if not named:
        failed += upstream.run_all(build)
    print(f"clients: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
