# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""The results of benchmarks, as bench/report.c writes them; and who is the better in a case, and by what factor.

The rules are those of bench/target.c: medians are compared; peers compete that keep the order that the case asks for, while
others, and the machine's own limits, stand beside them; the range is that of the ratios of each round.
"""
import json
import os
from dataclasses import dataclass, field

FORMAT = 1

# Figures: what they are called, their unit, how their targets begin (bench/target.c).
FIGURES = {
    "value": ("", None, ""),
    "enqueue_p50": ("enqueue, half of the calls", "ns", "enqueue p50 "),
    "enqueue_p99": ("enqueue, 99 %", "ns", "enqueue p99 "),
    "enqueue_p99_9": ("enqueue, 99.9 %", "ns", "enqueue p99.9 "),
    "dequeue_p50": ("dequeue, half of the calls", "ns", "dequeue p50 "),
    "dequeue_p99": ("dequeue, 99 %", "ns", "dequeue p99 "),
    "dequeue_p99_9": ("dequeue, 99.9 %", "ns", "dequeue p99.9 "),
    "stalled_percent": ("time in which nobody got anything for 100 us or more", "%", "stalled % "),
    "longest_gap_us": ("the longest such time", "us", "longest gap "),
    "peak_mb": ("peak memory", "MB", "peak MB "),
    "calls_a_million": ("system calls for a million messages", "calls", "calls a million "),
}


class Unusable(Exception):
    """What a file of results lacks, and what to do about it."""


@dataclass
class Row:
    """A contestant's figure in a case."""

    name: str
    kind: str  # "ours", "peer", "loose": a peer that keeps less order than the case asks for, "machine"
    status: str
    note: str
    median: float = None  # None: there is none, and the status says why
    min: float = None
    max: float = None
    rounds: dict = field(default_factory=dict)  # the figure of each round that counts


@dataclass
class Comparison:
    """The best of ours and the best peer."""

    ours: Row
    theirs: Row
    factor: float  # above 1: ours is the better; None: one of the two is 0
    low: float
    high: float
    loses: bool

    @property
    def always(self):
        """True if it was so in each round."""
        return self.factor is not None and (self.high < 1 if self.loses else self.low >= 1)


class Figure:
    """All rows of a case by one figure, the best first."""

    def __init__(self, case, key):
        self.case, self.key = case, key
        self.more = key == "value" and case["better"] == "more"
        self.unit = FIGURES[key][1] or case["unit"]
        self.what = FIGURES[key][0]
        rows = [self._row(r) for r in case["results"]]
        figures = [r for r in rows if r.median is not None]
        figures.sort(key=lambda r: -r.median if self.more else r.median)
        self.rows = figures + [r for r in rows if r.median is None]
        self.divide = 1
        least = min((r.median for r in figures), default=0)
        if self.unit == "ns" and least >= 1e4:
            self.divide, self.unit = (1e6, "ms") if least >= 1e7 else (1e3, "us")

    def _row(self, r):
        kind = {"maar": "ours", "machine": "machine"}.get(r["peer"], "peer")
        in_order = r["order"] == "fifo" or self.case["producers"] <= 1
        if kind == "peer" and not in_order:
            kind = "loose"
        row = Row(r["name"], kind, r["status"], r.get("note", ""))
        stats = r if self.key == "value" else r["figures"].get(self.key, {})
        if "median" in stats and row.status in ("ok", "stalled"):
            row.median, row.min, row.max = (float(stats[k]) for k in ("median", "min", "max"))
            for i, one in enumerate(r["rounds"]):
                if one.get("counts", True) and one["status"] in ("ok", "stalled") and self.key in one:
                    row.rounds[i] = one[self.key]
        return row

    def of(self, *kinds):
        return [r for r in self.rows if r.kind in kinds and r.median is not None]

    def factor(self, a, b):
        """How many times better a is than b; None if one of them is 0."""
        if not a > 0 or not b > 0:
            return None
        return a / b if self.more else b / a

    def compare(self, ours, theirs):
        if not ours or not theirs:
            return None
        whole = self.factor(ours.median, theirs.median)
        each = [self.factor(ours.rounds[i], theirs.rounds[i]) for i in ours.rounds if i in theirs.rounds]
        each = [f for f in each if f is not None]
        if whole is not None:
            each.append(whole)
        worse = ours.median < theirs.median if self.more else ours.median > theirs.median
        return Comparison(ours, theirs, whole, min(each, default=None), max(each, default=None), worse)

    def best(self, *kinds):
        found = self.of(*kinds)
        return found[0] if found else None

    def verdict(self):
        """The best of ours beside the best peer; None: one of them is missing, or they are equal."""
        c = self.compare(self.best("ours"), self.best("peer"))
        return None if c and c.ours.median == c.theirs.median else c

    def targets(self):
        """(name, text, met or None) of each aim that is meant for this figure."""
        others = [v[2] for k, v in FIGURES.items() if v[2] and k != "calls_a_million"]
        found = []
        for r in self.case["results"]:
            for t in r["targets"]:
                own = t["text"].startswith(FIGURES[self.key][2])
                if self.key == "value":
                    own = not t["text"].startswith(tuple(others))
                if own:
                    found.append((r["name"], t["text"], t.get("met")))
        return found

    def __bool__(self):
        return any(r.median is not None for r in self.rows)


@dataclass
class Run:
    """One program's results, whole: the machine and the build they are of."""

    file: str
    program: str
    all: dict

    @property
    def time(self):
        return self.all["machine"]["time"]


def read(path):
    """The runs of a file; None: it is JSON of another kind."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as e:
        raise Unusable(f"{path}: {e.strerror}") from e
    except ValueError as e:
        raise Unusable(f"{path} is no JSON, or half of it: {e}. Remove it; make bench writes it anew.") from e
    if not isinstance(content, dict) or "maar_bench" not in content:
        return None
    if content["maar_bench"] != FORMAT:
        raise Unusable(f"{path} has format {content['maar_bench']}, and this report reads format {FORMAT}: measure again with "
                       "this version's make bench.")
    try:
        runs = [Run(path, p["program"], p) for p in content["programs"]]
        for run in runs:
            _look_at(run)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise Unusable(f"{path} is not what this version's make bench writes: {type(e).__name__} {e}. Remove it, and measure "
                       "again.") from e
    return runs


def _look_at(run):
    """Reads each figure once, so that what is wrong is found before anything is drawn."""
    for part, keys in (("machine", ("cpu", "cpus", "cpus_used", "kernel", "system", "governor", "load_at_start", "time")),
                       ("build", ("maar", "commit", "compiler", "cflags", "cxxflags", "optimized")),
                       ("settings", ("rounds", "time_ms", "count", "options"))):
        for key in keys:
            run.all[part][key]  # pylint: disable=pointless-statement
    for case in run.all["cases"]:
        case["name"].encode(), case["title"].encode(), case["unit"].encode()
        for key in FIGURES:
            Figure(case, key).targets()


def read_directory(directory):
    """(runs, files that are of another kind) of all *.json there."""
    if not os.path.isdir(directory):
        raise Unusable(f"{directory} is no directory. REPORT_FROM= is where the JSON of make bench lies.")
    runs, others = [], []
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".json"):
            continue
        found = read(os.path.join(directory, name))
        if found is None:
            others.append(name)
        else:
            runs += found
    if not any(run.all["cases"] for run in runs):
        raise Unusable(f"no results of benchmarks in {directory} ({', '.join(others) or 'no *.json there'}). make bench writes "
                       "bench.json, and make report without REPORT_FROM= calls it.")
    return runs, others


def last_of_each(runs):
    """({(program, case): (run, case)} in the order measured, how many were measured more than once): the last one counts."""
    found, again = {}, set()
    for run in sorted(runs, key=lambda r: r.time):
        for case in run.all["cases"]:
            key = (run.program, case["name"])
            if key in found:
                again.add(key)
            found[key] = (run, case)
    return found, len(again)
