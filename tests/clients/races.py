"""Room: tests of clients. What ThreadSanitizer says of the programs that run meanwhile, the server's process too if it is one of ours.

The clients' libraries are as Debian has built them, so it sees of them what they ask of libc: memory, copies, locks, descriptors. What
they order by atomics of their own it does not see; what it takes for a race for want of that is in tsan.supp, each line with its reason.
"""
import contextlib
import os
import pathlib
import re
import tempfile

SUPPRESSIONS = pathlib.Path(__file__).resolve().parent / "tsan.supp"
# These are reported on plain threads, too: what of tsan.supp is theirs stands for nothing of ours.
UNCLEAN = ["rdkafka"]
LINES = 60  # of a report are shown


class Reports:
    """The reports of what began while this was open."""

    def __init__(self, place):
        self.place = pathlib.Path(place)

    def all(self):
        texts = [each.read_text(errors="replace") for each in sorted(self.place.iterdir())]
        return [report for text in texts for report in re.split(r"^=+$", text, flags=re.M) if "ThreadSanitizer" in report]

    def kinds(self):
        """What each of them is, and how often."""
        said = [re.search(r"(?:SUMMARY|FATAL|ERROR|WARNING): (ThreadSanitizer.*)", each) for each in self.all()]
        return sorted({each.group(1) for each in said if each})

    def show(self):
        for report in self.all():
            print("\n".join(report.strip().splitlines()[:LINES]), flush=True)


@contextlib.contextmanager
def looked_for(suppressed=True):
    """In all programs that are begun inside of this."""
    before = os.environ.get("TSAN_OPTIONS")
    with tempfile.TemporaryDirectory(prefix="weft-races-") as place:
        words = [f"log_path={place}/report", f"suppressions={SUPPRESSIONS}" if suppressed else "", before or ""]
        os.environ["TSAN_OPTIONS"] = " ".join(word for word in words if word)
        try:
            yield Reports(place)
        finally:
            os.environ.pop("TSAN_OPTIONS")
            if before is not None:
                os.environ["TSAN_OPTIONS"] = before
