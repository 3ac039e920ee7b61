#!/usr/bin/env python3
"""Room: tests of clients. All of it, which ./dev clients calls:

  all_clients.py BUILD_DIR [CLIENT...]             each client, or these, on 1, 2 and 4 workers
  all_clients.py BUILD_DIR upstream                hiredis's and cpp-httplib's own test programs (upstream.py)
  all_clients.py BUILD_DIR figures [CLIENT...]     requests a second: fibers, 200 threads, 2 threads
  all_clients.py BUILD_DIR asan [CLIENT...]        the first alone, of a build with sanitizers
  all_clients.py BUILD_DIR tsan [CLIENT...]        the same under ThreadSanitizer, whose reports fail it (races.py)

Without any of these, clients and upstream.
"""
import pathlib
import sys

import clients
import races
import upstream
from servers import Missing

SANITIZERS = ["asan", "tsan"]
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


def check_for_races(build, client):
    with races.looked_for() as reports:
        passed = check(build, client)
        reports.show()
        for kind in reports.kinds():
            print(f"clients: {client}: {kind}")
        passed = passed and not reports.all()
    return passed and (client not in races.UNCLEAN or is_unclean_by_itself(build, client))


def is_unclean_by_itself(build, client):
    """On plain threads, and with nothing suppressed; a race does not happen each time."""
    told = {"how": "threads", "count": 50, "seconds": 1, "workers": 2, "receives": 1}
    for _ in range(5):
        with races.looked_for(suppressed=False) as reports:
            clients.converse(client, program_of(build, client), "figures", told)
            if found := reports.all():
                print(f"clients: {client} on plain threads, nothing suppressed: {len(found)} reports")
                return True
    print(f"clients: {client} is clean on plain threads: take it out of UNCLEAN in races.py, and of tsan.supp")
    return False


def are_races_found(build):
    """A detector that saw nothing would find everything in order."""
    with races.looked_for() as reports:
        clients.converse("sqlite", program_of(build, "sqlite"), "race", {})
        found = bool(reports.all())
    print(f"clients: a race of two fibers is {'found' if found else 'not found by ThreadSanitizer'}", flush=True)
    return found


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
    if unknown := [word for word in words if word not in [*known, "upstream", "figures", *SANITIZERS]]:
        sys.exit(f"dev: clients: there is no client '{unknown[0]}'; there are {', '.join(known)}; and upstream, figures, asan, tsan")
    sanitizer = next((word for word in words if word in SANITIZERS), None)
    if sanitizer and (other := {"upstream", "figures", *SANITIZERS} & {*words} - {sanitizer}):
        sys.exit(f"dev: clients: {sanitizer} and {other.pop()} do not go together: name clients after {sanitizer}, or none for all of them")
    named = [word for word in words if word in known] or (known if sanitizer else [])
    attempted = check_for_races if sanitizer == "tsan" else check
    failed = attempt("the race", lambda: are_races_found(build)) if sanitizer == "tsan" else 0
    if "figures" in words:
        print_figures(build, named or known)
        return 0
    if named or "upstream" not in words:
        failed += sum(attempt(client, lambda client=client: attempted(build, client)) for client in named or known)
    if not named:
        failed += upstream.run_all(build)
    print(f"clients: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
