"""Room: bench. The rows of the table: what is measured, by which programs on each side, and what weft wants of it.

All figures are times, bytes or counts: less is better. "x Go" is Go's by weft's, "x limit" weft's by the limit's.
Next: table.py.
"""
import dataclasses

from sides import Go, GoogleBenchmark, HalfTheDifference, IdleMemory, IdleWatch, Instructions, Optional, Program, Sweep

WORKERS = {1: "1 worker", 0: "all workers"}
LENT_CONNECTIONS = 64  # by the fibers of growth to each other
FEW_CONNECTIONS = 4  # of an echo that something is measured beside of
LONG = 2.0  # seconds: where one iteration takes half a second, and the first is unlike the others


@dataclasses.dataclass
class Condition:
    text: str
    figure: str  # weft, x_go or x_limit
    holds: object

    def met(self, row):
        """True, False, or None if there is nothing to compare with."""
        value = row[self.figure]
        return None if value is None else self.holds(value)


def of_go(times):
    return Condition(f">= {times:g}x Go", "x_go", lambda ratio: ratio >= times)


def of_limit(times):
    return Condition(f"<= {times:g}x limit", "x_limit", lambda ratio: ratio <= times)


def at_most(value, unit=""):
    return Condition(f"<= {value:g}{unit and ' ' + unit}", "weft", lambda figure: figure <= value)


@dataclasses.dataclass
class Row:
    title: str
    figure: str  # as the sides name it
    unit: str
    scale: float = 1.0  # from the side's unit to this one
    goal: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Measurement:
    """Runs that are interleaved, and the rows that come of them."""

    group: str  # for --rows
    sides: dict  # of weft, go, boost_fiber, limit
    rows: list
    rounds: int | None = None  # if one is as good as many


def per_item(group, title, sides, goal, unit="ns", scale=1.0):
    """A row of time per item; a side that is None is left out."""
    there = {name: side for name, side in sides.items() if side is not None}
    return Measurement(group, there, [Row(title, "ns_per_item", unit, scale, goal)])


def boost(workers, program, name):
    """Boost.Fiber has one thread, and stands beside one worker."""
    return GoogleBenchmark(program, name) if workers == 1 else None


def switch(workers, on):
    yield per_item("switch", f"switch, {on}", {
        "weft": GoogleBenchmark("switch_bench", f"weft_yield/{workers}"),
        "go": Go("switch", workers),
        "boost_fiber": boost(workers, "switch_bench", "boost_fiber_yield"),
        "limit": GoogleBenchmark("switch_bench", "jump_fcontext_alone"),
    }, [of_go(4), of_limit(2)])


def channel(workers, on):
    yield per_item("channel", f"channel, round trip, {on}", {
        "weft": GoogleBenchmark("channel_bench", f"weft_round_trip/{workers}"),
        "go": Go("round_trip", workers),
        "boost_fiber": boost(workers, "channel_bench", "boost_fiber_round_trip"),
    }, [of_go(6)])
    for pairs, times in ((1, 5), (4, 4)):
        yield per_item("channel", f"channel of 128, {pairs} x {pairs}, {on}", {
            "weft": GoogleBenchmark("channel_bench", f"weft_buffered_128/{workers}/{pairs}"),
            "go": Go("buffered", workers, pairs),
            "boost_fiber": boost(workers, "channel_bench", "boost_fiber_buffered_128") if pairs == 1 else None,
        }, [of_go(times)])


def spawn(workers, on):
    for batch in (1, 1000, 100_000, 1_000_000):
        seconds = LONG if batch == 1_000_000 else 0
        yield per_item("spawn", f"spawn and join, {batch:,} at once, {on}", {
            "weft": GoogleBenchmark("spawn_bench", f"weft_spawn_join/{workers}/{batch}", seconds),
            "go": Go("spawn", workers, batch, seconds=seconds),
            "boost_fiber": boost(workers, "spawn_bench", f"boost_fiber_spawn_join/{batch}") if batch <= 1000 else None,
        }, [of_go(4)])


def skynet(workers, on):
    # Nanoseconds of one of 10^6 leaves are milliseconds of all.
    yield per_item("skynet", f"skynet, 10^6 leaves, {on}", {
        "weft": GoogleBenchmark("skynet_bench", f"weft_skynet/{workers}", LONG),
        "go": Go("skynet", workers, seconds=LONG),
    }, [of_go(6)], "ms")


def select(workers, on):
    for kind in ("uncontended", "contended"):
        yield per_item("select", f"select of 4, {kind}, {on}", {
            "weft": GoogleBenchmark("select_bench", f"weft_select_{kind}/{workers}"),
            "go": Go(f"select_{kind}", workers),
        }, [of_go(2)])


def mutex(workers, on):
    for fibers in (1, 2, 64):
        yield per_item("mutex", f"mutex, {fibers} fiber{'s' if fibers > 1 else ''}, {on}", {
            "weft": GoogleBenchmark("mutex_bench", f"weft_mutex_fibers/{workers}/{fibers}"),
            "go": Go("mutex", workers, fibers),
            "boost_fiber": boost(workers, "mutex_bench", f"boost_fiber_mutex/{fibers}"),
        }, [of_go(1)])


def deadline(workers, on):
    of_boost = HalfTheDifference(GoogleBenchmark("timer_bench", "boost_fiber_round_trip_with_limit"),
                                 GoogleBenchmark("channel_bench", "boost_fiber_round_trip"))
    yield per_item("timers", f"deadline, arm and cancel, {on}", {
        "weft": HalfTheDifference(GoogleBenchmark("timer_bench", f"weft_round_trip_with_limit/{workers}"),
                                  GoogleBenchmark("timer_bench", f"weft_round_trip_without_limit/{workers}")),
        "go": Go("deadline", workers),
        "boost_fiber": of_boost if workers == 1 else None,
    }, [at_most(60, "ns")])


def sleepers(fibers):
    return Measurement("timers", {"weft": Program("sleepers", fibers), "go": Go("sleepers", 0, fibers)}, [
        Row(f"{fibers:,} sleepers, CPU of one", "cpu_ns_per_item", "us", 1e-3, [of_go(1)]),
        Row(f"{fibers:,} sleepers, late, p50", "late_p50_us", "ms", 1e-3, [of_go(1)]),
        Row(f"{fibers:,} sleepers, late, p99", "late_p99_us", "ms", 1e-3, [of_go(1)]),
    ])


class Memory(Program):
    """Resident memory and page tables together."""

    def measure(self, context):
        return with_total(super().measure(context))


class GoMemory(Go):

    def measure(self, context):
        return with_total(super().measure(context))


class OnePage:

    def measure(self, _):
        return {"total_bytes": 4096.0}


def with_total(figures):
    return {"total_bytes": figures["resident_bytes"] + figures["table_bytes"], **figures}


def memory(fibers):
    for stack_size, name, kib in ((65536, "64 KiB stack", 4.6), (0, "default stack", 5)):
        yield Measurement("memory", {"weft": Memory("parked", fibers, stack_size), "go": GoMemory("parked", 0, fibers),
                                     "limit": OnePage()},
                          [Row(f"memory, parked fiber of {fibers:,}, {name}", "total_bytes", "KiB", 1 / 1024,
                               [at_most(kib, "KiB")])])


def connection_memory(connections):
    """Nothing but connections: no fiber is parked beside them."""
    for buffer, arguments, kib in (("its own 4 KiB buffer", [], 8.5), ("a borrowed buffer", ["chunks"], 4.5)):
        yield Measurement("memory", {"weft": IdleMemory(Program("idle", 0, *arguments), connections),
                                     "go": IdleMemory(Go("idle", 0, 0), connections)},
                          [Row(f"memory, idle connection of {connections:,}, {buffer}", "resident_bytes", "KiB",
                               1 / 1024, [at_most(kib, "KiB")])])


def starvation(seconds):
    yield Measurement("starvation", {"weft": Program("hogs", 8, 2, seconds), "go": Go("hogs", 2, 8, seconds)}, [
        Row("1 ms sleep beside 8 hogs on 2 workers, late, p50", "late_p50_us", "ms", 1e-3),
        Row("1 ms sleep beside 8 hogs on 2 workers, late, p99", "late_p99_us", "ms", 1e-3,
            [at_most(6, "ms"), of_go(1)]),
    ])
    yield Measurement("starvation", {"weft": Program("hogs", 8, 2, seconds, FEW_CONNECTIONS),
                                     "go": Go("hogs_echo", 2, 8, seconds, FEW_CONNECTIONS)}, [
        Row("echo beside 8 hogs on 2 workers, p50", "echo_p50_us", "ms", 1e-3),
        Row("echo beside 8 hogs on 2 workers, p99", "echo_p99_us", "ms", 1e-3, [at_most(6, "ms"), of_go(1)]),
    ])


def storm(calls, seconds):
    beside = f"beside {calls:,} blocking calls"
    return Measurement("blocking", {"weft": Program("storm", calls, 0, seconds, FEW_CONNECTIONS),
                                    "go": Go("storm", 0, calls, seconds, FEW_CONNECTIONS)}, [
        Row("echo alone, p99", "alone_p99_us", "us"),
        Row(f"echo {beside}, p50", "beside_p50_us", "us"),
        Row(f"echo {beside}, p99", "beside_p99_us", "us"),
        Row(f"echo {beside}, p99, by p99 alone", "p99_ratio", "x", 1.0, [at_most(2)]),
    ])


def growth(sizes):
    def again(size):
        return max(1, 100_000 // size)

    sides = {"weft": Sweep(lambda size: Program("growth", size, 0, 0, again(size), LENT_CONNECTIONS), sizes),
             "go": Sweep(lambda size: Go("growth", 0, size, again(size), LENT_CONNECTIONS), sizes),
             "limit": Sweep(lambda size: Program("touched_stacks", size, 256 << 10, again(size)), sizes)}
    rows = []
    for time, name in (("first", "fresh"), ("again", "again"), ("echo", "with an echo each")):
        rows += [Row(f"growth, {name}, {size:,}", f"{time}_ns_{size}", "ns") for size in sizes]
        rows.append(Row(f"growth, {name}, {sizes[-2]:,} to {sizes[-1]:,}", f"{time}_ns_factor", "x", 1.0,
                        [at_most(1.5)] if time == "echo" else [at_most(1.5), of_limit(1)]))
    yield Measurement("growth", sides, rows)
    # Valgrind has no address space for a million stacks of the default size.
    counted = {"weft": Instructions(lambda size: Program("growth", size, 1, 65536, 1, LENT_CONNECTIONS), sizes)}
    steps = [Row(f"growth, instructions of one, {less:,} to {size:,}", f"step_{size}", "")
             for less, size in zip(sizes, sizes[1:])]
    spread = Row("growth, instructions of one, most by least", "spread", "x", 1.0, [at_most(1.1)])
    yield Measurement("growth", counted, [*steps, spread], rounds=1)


def secure(workers, on, seconds):
    """The limit has one thread, and stands beside one worker."""
    sides = {"weft": Optional("secure", seconds, workers, 8), "go": Go("secure", workers, seconds, 8)}
    if workers == 1:
        sides["limit"] = Optional("bare_tls", seconds)
    return Measurement("tls", sides, [
        Row(f"TLS handshake, full, 8 clients, {on}", "handshake_us", "us", 1.0, [of_go(1)]),
        Row(f"TLS handshake, CPU of both ends, {on}", "handshake_cpu_us", "us"),
        Row(f"TLS, a MiB one way, {on}", "mebibyte_us", "us", 1.0, [of_go(1)]),
        Row(f"TLS, a MiB one way, CPU of both ends, {on}", "mebibyte_cpu_us", "us"),
    ])


def idle(fibers, connections, seconds):
    what = f"idle, {fibers:,} parked, {connections:,} connections"
    return Measurement("idle", {"weft": IdleWatch(Program("idle", fibers), connections, seconds),
                                "go": IdleWatch(Go("idle", 0, fibers), connections, seconds)}, [
        Row(f"{what}, wakeups in {seconds} s", "wakeups", "", 1.0, [at_most(0)]),
        Row(f"{what}, CPU in {seconds} s", "cpu_us", "us"),
    ])


def copying(mib):
    """One connection to another. The limit is one blocking thread, in a loop: of splice, or of a buffer."""
    for message, name, limit in ((64 << 10, "bulk", ["splice", 1 << 20]), (1000, "messages of 1,000 B", ["buffer", 65536])):
        yield Measurement("copy", {"weft": Program("copying", mib, message), "go": Go("copy", 0, mib, message),
                                   "limit": Program("bare_copy", *limit, mib, message)}, [
            Row(f"copy, TCP to TCP, {name}, a MiB", "us_per_mib", "us"),
            Row(f"copy, TCP to TCP, {name}, CPU of a MiB", "cpu_us_per_mib", "us", 1.0, [of_go(1), of_limit(1.25)]),
        ])


def interposed():
    """What libweft_interpose adds to a lock that is free: within one program, in turns with libc's own."""
    rows = [Row("mutex of libc's, lock and unlock", "mutex_libc", "ns")]
    for name, what in (("mutex", "mutex"), ("recursive", "recursive mutex"), ("rwlock_read", "rwlock to read"),
                       ("rwlock_write", "rwlock to write"), ("semaphore", "semaphore, wait and post"),
                       ("signal", "signal to nobody"), ("broadcast", "broadcast to nobody")):
        goal = [] if name == "recursive" else [at_most(5, "ns")]
        rows += [Row(f"interposed {what}, over libc's, on a thread", f"{name}_thread_over", "ns", 1.0, goal),
                 Row(f"interposed {what}, over libc's, in a fiber", f"{name}_fiber_over", "ns", 1.0, goal)]
    return Measurement("interpose", {"weft": Optional("interpose_locks")}, rows)


def all_measurements(quick):
    for thing in (switch, channel, spawn, skynet, select, mutex, deadline):
        for workers, on in WORKERS.items():
            yield from thing(workers, on)
    yield sleepers(10_000 if quick else 1_000_000)
    yield from memory(10_000 if quick else 1_000_000)
    yield from connection_memory(500 if quick else 9000)
    yield from starvation(1 if quick else 3)
    yield storm(100 if quick else 1000, 1 if quick else 3)
    yield from growth([1000, 10_000] if quick else [1000, 10_000, 100_000, 1_000_000])
    for workers, on in WORKERS.items():
        yield secure(workers, on, 1 if quick else 2)
    yield from copying(64 if quick else 1024)
    yield interposed()
    yield idle(10_000, 100 if quick else 1000, 1 if quick else 10)
