# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""What is on the page of `make report`, in its order: the table of README.md, section "Pictures".

A section takes the cases of one benchmark that match its patterns, and of each case the figures that it names: one picture
for each group of them. A case that no section takes is a section of its own at the end, so nothing is left out in silence.
"""
import fnmatch
from dataclasses import dataclass

VALUE = (("value",),)
TIMED = (
    ("enqueue_p50", "enqueue_p99", "enqueue_p99_9"),
    ("dequeue_p50", "dequeue_p99", "dequeue_p99_9"),
    ("stalled_percent",),
    ("longest_gap_us",),
)


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str  # as README.md has it
    question: str
    program: str
    cases: tuple  # patterns
    figures: tuple = VALUE  # groups; of each group the last figure is the one that the overview shows

    def takes(self, program, case):
        return program == self.program and any(fnmatch.fnmatchcase(case, p) for p in self.cases)


SECTIONS = (
    Section("rings-two", "Rings, one to one", "How many words a second from one thread to another, beside the lines that "
            "the machine itself hands over", "bench_ring", ("spsc/*", "limit/lines/*")),
    Section("rings-many", "Rings, many to many", "How many, where several threads are at both ends, bound to processors, "
            "unbound, and beside other load", "bench_ring", ("mpmc/?p?c/*",)),
    Section("rings-bursts", "Rings, many to many, in bursts", "How many, 8 or 32 to a call", "bench_ring",
            ("mpmc/burst*", "mpmc/bulk*")),
    Section("rings-some", "Rings, many to one and one to many", "How many, where one end has one thread", "bench_ring",
            ("mpsc/*", "spmc/*")),
    Section("ring-calls", "Ring calls", "What a pair of calls costs one thread, beside single instructions", "bench_ring",
            ("self/*", "limit/ops")),
    Section("ring-trips", "Round trips between threads", "How long a word takes there and back, beside the lines that it "
            "has to move", "bench_ring", ("rtt/*",)),
    Section("ring-tails", "Tails", "How long the slow calls take, and for how long nobody gets anything", "bench_ring",
            ("lat/*",), TIMED),
    Section("slots", "Messages in the ring", "How many messages a second, written and read in full", "bench_slot",
            ("slot/*",)),
    Section("pools", "Pools", "What get and put cost, in one thread and in two", "bench_pool",
            ("pair/*", "bulk32/*", "cross/*")),
    Section("exchange", "Pool and ring together", "How many messages a second got, filled, passed, read and put",
            "bench_pool", ("exchange/*",)),
    Section("arenas", "Arenas", "What an object costs that ends together with its neighbours", "bench_arena", ("fill/*",)),
    Section("mallocs", "malloc", "How long the classic shapes take on libmaar-malloc.so and on other mallocs",
            "bench_malloc", ("pair/*", "batch/*", "remote/*", "xmalloc/*", "larson/*", "mstress/*", "replace/*", "churn/*",
                             "eight/*", "start/*", "instructions/*")),
    Section("malloc-memory", "malloc, memory", "How much memory they take for it", "bench_malloc",
            ("larson/*", "mstress/*", "replace/*", "churn/*", "eight/*", "xmalloc/*", "remote/*"), (("peak_mb",),)),
    Section("malloc-waste", "malloc, waste", "What is lost in rounding, in small programs, and after all is freed",
            "bench_malloc", ("small/*", "idle/*", "loss/*", "loss_worst/*")),
    Section("ladder", "The ladder", "Why there are pools: the same blocks from the system, mallocs, pool, mring, arena",
            "bench_ladder", ("stack/*",)),
    Section("ipc", "Between processes", "How many messages a second, and how long there and back", "bench_ipc",
            ("rtt/*", "stream/*", "many/*")),
    Section("ipc-life", "Between processes, life and death", "What attaching, recovery and a death cost", "bench_ipc",
            ("attach/*", "recover/*", "death/*")),
    Section("bridge", "To other machines", "How fast maar-bridge is, beside its client library alone", "bench_bridge",
            ("rate/*", "trip/*")),
)


def sorted_into_sections(cases):
    """[(section, [(program, case)])] of all that has cases, from (program, case) in the order measured."""
    found, taken = [], set()
    for s in SECTIONS:
        mine = [(p, c) for p, c in cases if s.takes(p, c)]
        taken.update(mine)
        if mine:
            found.append((s, mine))
    for program in dict.fromkeys(p for p, c in cases if (p, c) not in taken):
        mine = [(p, c) for p, c in cases if p == program and (p, c) not in taken]
        found.append((Section("other-" + program, "Other cases of " + program, "What no section above has.", program, ()), mine))
    return found
