#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""What maar's layers cost as threads, processes, queues and hosts grow: arithmetic over one run of `make bench`.

First it foretells figures of the same run from others of it (check), and only then goes beyond the machine (table).
Inputs, from the run's JSON: a compare-and-swap, what a plain pair of enqueue and dequeue takes in one thread, lines streamed
from core to core by one and by 64, and a word there and back over two rings of one producer and one consumer. The run is
named in doc/scale.md.
"""
import argparse
import json
import sys

WORDS_A_LINE = 8
WITHIN = 0.20


def quantile(case, result, q):
    """A figure that q of the rounds were better than: where others use the machine, the median says how much they do."""
    values = [r["value"] for r in result["rounds"] if r["status"] == "ok"]
    values.sort(reverse=case["better"] != "less")
    if not values:
        raise KeyError(result["name"])
    return values[int(len(values) * q)]


class Run:
    """The figures of one run of the benchmark."""

    def __init__(self, path, q):
        with open(path, encoding="utf-8") as file:
            self.all = json.load(file)
        self.q = q
        self.program = next(p for p in self.all["programs"] if p["program"] == "bench_ring")

    def __call__(self, case, name):
        for c in self.program["cases"]:
            if c["name"] == case:
                for r in c["results"]:
                    if r["name"] == name:
                        return quantile(c, r, self.q)
        raise KeyError(f"{case}: {name}: the run has not measured it")

    def line_ns(self):
        """One line there and back between the processors used."""
        return self.program["machine"]["distance_ns"]


class Model:
    """Costs in ns."""

    def __init__(self, run, cas_factor=1.0):
        self.run = run
        self.cas = run("limit/ops", "compare-and-swap") * cas_factor
        self.plain = run("self/spsc", "maar_ring spsc lap16")
        self.locked_once = run("self/spmc", "maar_ring spmc lap16")
        self.stream = 1e3 * WORDS_A_LINE / run("limit/lines/1024", "hand-over of 64 lines")
        self.alone = 1e3 * WORDS_A_LINE / run("limit/lines/1024", "hand-over of 1 line")
        self.there_and_back = run("rtt/spsc", "maar_ring spsc lap16") - 2 * self.plain

    def pair(self, locked):
        """Enqueue and dequeue in one thread, with so many locked instructions (doc/design.md's table).

        Without any, what a call stores waits for the next call's load; the first locked one puts an end to that, so it
        is measured, and the others come on top.
        """
        return self.locked_once + (locked - 1) * self.cas if locked else self.plain

    def trip(self, locked):
        """There and back over two rings: who waits looks at the line that the other writes, which moves once each way."""
        return self.there_and_back + 2 * self.pair(locked)

    def between(self, words):
        """M/s of so many words in a line: each line alone and then the words, one after the other; and lines that stream."""
        return 1e3 * words / (self.alone + words * self.plain), 1e3 * words / self.stream

    def foretold(self):
        """case, contestant, unit, foretold; a pair where the figure is only known to lie between."""
        cell = 16
        a_line = 64 // cell
        return [
            ("self/mpsc", "maar_ring mpsc ticket lap16", "ns", self.pair(1)),
            ("self/mpsc", "maar_ring mpsc lap16", "ns", self.pair(2)),
            ("self/mpmc", "maar_ring mpmc lap16", "ns", self.pair(3)),
            ("rtt/spmc", "maar_ring spmc lap16", "ns", self.trip(1)),
            ("rtt/mpsc", "maar_ring mpsc ticket lap16", "ns", self.trip(1)),
            ("rtt/mpsc", "maar_ring mpsc lap16", "ns", self.trip(2)),
            ("rtt/mpmc", "maar_ring mpmc lap16", "ns", self.trip(3)),
            # 32 cells of 16 bytes are handed over in 8 lines, which stream; of 8 bytes in 4: there the words' own work tells
            ("spsc/burst32/1024", "maar_ring spsc lap16", "M/s", 1e3 * a_line / self.stream),
            ("spsc/burst32/1024", "maar_ring spsc lap8", "M/s", self.between(2 * a_line)),
            # one by one: lines that are handed over alone, or stream
            ("spsc/1p1c/1024", "maar_ring spsc lap16", "M/s", self.between(a_line)),
            ("spsc/1p1c/1024", "maar_ring spsc lap8", "M/s", self.between(2 * a_line)),
        ]

    def shared_ring(self, threads, batch, line):
        """M/s of a lock-free ring that all of so many processors use, half of them at either end; line: there and back.

        Each pair streams its cells. With more than one at an end, the tail's line goes from one producer to the
        next, in half of there and back: at worst after every call, which is what is counted here.
        """
        ends = max(1, threads // 2)
        own = (self.pair(3) / batch + self.plain * (1 - 1 / batch)) / 2  # ns at an end: a batch shares its locked ones
        if threads == 1:
            return 1e3 / own / 2
        cells = ends * 1e3 * 4 / (self.stream * line / self.there_and_back)  # four to a line
        tail = 1e3 * batch / (line / 2) if ends > 1 else float("inf")
        return min(ends * 1e3 / own, cells, tail)

    def slots(self, threads, batch, line):
        """M pairs/s of get and put where half of the threads get and half put: each batch of slots crosses once.

        In the lane a pair costs no locked instruction; once a batch one at either end, and the line of the shared
        ring's position, for which all batches stand in line.
        """
        local = self.plain  # as a ring of one's own: no locked instruction
        own = local + (2 * self.cas + line) / batch
        return min(threads / 2 * 1e3 / own if threads > 1 else 1e3 / local, 1e3 * batch / (line / 2))


def check(model, run):
    good = True
    for case, name, unit, told in model.foretold():
        is_ = run(case, name)
        if isinstance(told, tuple):
            right = told[0] <= is_ <= told[1]
            text = f"{told[0]:7.1f} to {told[1]:.1f}"
        else:
            off = told / is_ - 1
            right = abs(off) <= WITHIN
            text = f"{told:7.1f} ({off:+.0%})"
        good = good and right
        print(f"{case:20} {name:24} {unit:4} measured {is_:6.1f}  foretold {text:18} {'ok' if right else 'MISSED'}")
    return good


def table(model, line):
    print(f"modelled: a line there and back takes {line:.0f} ns\n")
    print("processors   one ring, M/s: one by one   by 32   slots crossing, M/s: batch 32   batch 512")
    for n in (1, 2, 4, 8, 16, 32, 64, 128):
        print(
            f"{n:10} {model.shared_ring(n, 1, line):28.1f} {model.shared_ring(n, 32, line):7.0f}"
            f" {model.slots(n, 32, line):29.0f} {model.slots(n, 512, line):11.0f}"
        )


def hosts(rate, size, shards, replicas, gbits):
    """k/s through so many streams, each led by a server of its own; a leader sends what comes once to each other replica."""
    print("modelled: streams on servers of their own\nstreams   k messages/s   leader's sending, Gbit/s   bound by")
    for n in shards:
        wire = rate * 1e3 * size * 8 / 1e9 * replicas  # to the other replicas, and to one consumer
        bound = min(1.0, gbits / wire)
        print(f"{n:7} {n * rate * bound:14.0f} {wire * bound:26.2f}   {'the network' if bound < 1 else 'the server'}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["check", "table", "hosts"])
    p.add_argument("--json", default=sys.path[0] + "/bench.json", help="a run of bench_ring (default: the one beside)")
    p.add_argument("--quantile", type=float, default=0.5, help="of the rounds, from the best (default 0.5, the median)")
    p.add_argument("--line-ns", type=float, help="a line there and back, for table (default: the run's)")
    p.add_argument("--cas-factor", type=float, default=1.0, help="a locked instruction costs so many times as much")
    p.add_argument("--rate", type=float, default=39, help="hosts: k messages/s that one stream takes (default 39)")
    p.add_argument("--bytes", type=float, default=64, help="hosts: of a message (default 64)")
    p.add_argument("--replicas", type=int, default=1, help="hosts: of each stream (default 1)")
    p.add_argument("--gbits", type=float, default=10, help="hosts: what a server's network takes (default 10)")
    p.add_argument("--streams", default="1,2,4,8,16", help="hosts: how many (default 1,2,4,8,16)")
    o = p.parse_args()
    if o.what == "hosts":
        hosts(o.rate, o.bytes, [int(n) for n in o.streams.split(",")], o.replicas, o.gbits)
        return 0
    try:
        run = Run(o.json, o.quantile)
        model = Model(run, o.cas_factor)
        if o.what == "check":
            return 0 if check(model, run) else 1
        table(model, o.line_ns or run.line_ns())
    except (OSError, ValueError, KeyError, StopIteration) as e:
        print(f"model.py: {o.json}: {e}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
