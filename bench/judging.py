"""Room: bench. What weft wants of its servers beside the others', and whether it is so.

A ratio is weft's figure by the other's, the median of the rounds' ratios. A goal that is missed is a `no`, one that had
nothing to be compared with a `?`. Next: comparing.py.
"""
import dataclasses
import statistics

from driving import print_table, say

# figure, beside whom: the columns of the verdicts
RATIOS = (("requests_per_s", "epoll"), ("requests_per_s", "go"), ("requests_per_s", "asio"), ("p50_us", "epoll"),
          ("p99_us", "go"), ("p99_us", "asio"), ("p999_us", "go"), ("p999_us", "asio"))
SHORT = {"requests_per_s": "req/s", "p50_us": "p50", "p99_us": "p99", "p999_us": "p99.9"}
NAMES = {"epoll": "epoll", "go": "Go", "asio": "Asio"}


@dataclasses.dataclass
class Goal:
    figure: str
    peer: str
    bound: float
    is_least: bool = False  # a ratio of at least so much; else of at most

    def met(self, ratio):
        return ratio >= self.bound if self.is_least else ratio <= self.bound

    def text(self):
        return f"{SHORT[self.figure]} {'>=' if self.is_least else '<='} {self.bound:g}x {NAMES[self.peer]}"


THROUGHPUT = [Goal("requests_per_s", "epoll", 0.95, True), Goal("requests_per_s", "go", 1.3, True),
              Goal("requests_per_s", "asio", 1.0, True)]
TAILS = [Goal(figure, peer, 1.0) for figure in ("p99_us", "p999_us") for peer in ("go", "asio")]
ALONE = [Goal("p50_us", "epoll", 1.1)]


def goals(loop, connections, peers):
    """One connection is about its round trip, more in a closed loop about how many, in an open one about the tail. Whom a
    comparison does not have at all is no part of its goals."""
    if connections == 1:
        wanted = ALONE if loop == "closed" else []
    else:
        wanted = THROUGHPUT if loop == "closed" else TAILS
    return [goal for goal in wanted if goal.peer in peers]


def ratio(own, other, figure):
    """None where one of the two has no figures."""
    if own is None or other is None or "failed" in own or "failed" in other:
        return None
    pairs = [(a[figure], b[figure]) for a, b in zip(own["rounds"], other["rounds"])]
    return statistics.median(a / b for a, b in pairs) if all(b > 0 for _, b in pairs) else None


def verdict_of(row, beside, peers):
    """`beside`: the rows of the same size and loop, by name."""
    ratios = {f"{figure} by {peer}": ratio(row, beside.get(peer), figure) for figure, peer in RATIOS}
    held = {goal.text(): None if (value := ratios[f"{goal.figure} by {goal.peer}"]) is None else goal.met(value)
            for goal in goals(row["loop"], row["connections"], peers)}
    if "failed" in row:
        met = "no"
    else:
        met = "no" if False in held.values() else "?" if None in held.values() else "yes" if held else ""
    return {"server": row["server"], "connections": row["connections"], "loop": row["loop"], "ratios": ratios,
            "goals": held, "met": met}


def judge(rows):
    """A verdict on each row of weft."""
    peers = {row["server"] for row in rows}
    verdicts = []
    for row in rows:
        if row["server"].startswith("weft"):
            beside = {each["server"]: each for each in rows
                      if (each["connections"], each["loop"]) == (row["connections"], row["loop"])}
            verdicts.append(verdict_of(row, beside, peers))
    return verdicts


# --- showing


def late(row):
    """How late the load sent what it could have sent in time: it is in the percentiles, of all servers alike."""
    return f"{statistics.median(run['late_p99_us'] for run in row['rounds']):.0f}" if row["loop"] == "open" else ""


def print_figures(rows, rounds):
    head = ["server", "connections", "loop", "requests/s", "p50 us", "p99 us", "p99.9 us", "CPU us", "errors",
            "load busy", "late p99 us", "load at its limit"]
    table = []
    for row in rows:
        begin = [row["server"], row["connections"], row["loop"]]
        if "failed" in row:
            table.append([*begin, "FAILED", *[""] * 8])
        else:
            table.append([*begin, *(f"{row[key]:.0f}" for key in ("requests_per_s", "p50_us", "p99_us", "p999_us")),
                          f"{row['cpu_us']:.1f}", row["errors"], f"{row['busy']:.2f}", late(row), f"{row['limited']}/{rounds}"])
    print_table(head, table)
    for row in rows:
        if "failed" in row:
            say(f"FAILED: {row['server']}, {row['connections']} connections, {row['loop']} loop: {row['failed']}")
    say("\nCPU us: the server's own time of a request. Open loop: the same rate for all, timed from when a request was due.")


def print_verdicts(verdicts):
    """A column of ratios that nobody has is left out."""
    keys = [(f"{figure} by {peer}", f"{SHORT[figure]} / {NAMES[peer]}") for figure, peer in RATIOS]
    keys = [(key, title) for key, title in keys if any(each["ratios"][key] is not None for each in verdicts)]
    say()
    print_table(["weft's by the other's", "connections", "loop", *(title for _, title in keys), "goals met"],
                [[each["server"], each["connections"], each["loop"],
                  *("" if each["ratios"][key] is None else f"{each['ratios'][key]:.2f}" for key, _ in keys), each["met"]]
                 for each in verdicts])
    for each in verdicts:
        missed = [goal for goal, held in each["goals"].items() if held is False]
        if missed:
            say(f"missed: {each['server']}, {each['connections']} connections, {each['loop']} loop: {', '.join(missed)}")
