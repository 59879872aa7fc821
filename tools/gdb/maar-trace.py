# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""The questions of tools/trace/*.bt, answered by gdb's breakpoints on the probes of libmaar: maar-tracing(7).

    gdb -batch -x maar-trace.py -ex 'maar-trace blocks drops' -ex run --args PROGRAM
"""
import time

import gdb

FRAMES = 20  # of a stack

WAITING_BEGINS = ("event_block", "handed_block")
WAITING_ENDS = ("event_unblock", "handed_unblock")
SOURCES = ("own inbox", "own batches", "own slabs", "other lanes' inboxes")


def signed(value, bits=32):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


class Tally:
    """Numbers by a key: how many, their sum, the largest."""

    def __init__(self):
        self.rows = {}

    def add(self, key, number):
        n, total, most = self.rows.get(key, (0, 0, 0))
        self.rows[key] = (n + 1, total + number, max(most, number))


class Trace:
    """What was seen so far, as each question's tally."""

    def __init__(self):
        self.since = {}
        self.tallies = {}

    def tally(self, question):
        return self.tallies.setdefault(question, Tally())

    def report(self):
        for question, tally in self.tallies.items():
            print("%s:" % question)
            for key, (n, total, most) in sorted(tally.rows.items(), key=lambda row: (-row[1][1], row[0])):
                print("  count %d, total %d, most %d: %s" % (n, total, most, key))


trace = Trace()


def stack():
    names = []
    frame = gdb.newest_frame()
    while frame is not None and len(names) < FRAMES:
        names.append(frame.name() or "0x%x" % frame.pc())
        frame = frame.older()
    return " < ".join(names)


def thread():
    return gdb.selected_thread().ptid


def microseconds_since(then):
    return int((time.monotonic() - then) * 1e6)


def on_block(name, args):
    if name in WAITING_BEGINS:
        trace.since[thread()] = time.monotonic()
    elif name in WAITING_ENDS and thread() in trace.since:
        us = microseconds_since(trace.since.pop(thread()))
        trace.tally("waits, microseconds").add(stack(), us)
    elif name == "event_wake":
        trace.tally("wakes, threads").add(stack(), args[2])
    elif name in ("channel_full", "channel_starved"):
        trace.tally(name).add("0x%x" % args[0], 1)


def on_refill(name, args):
    if name in ("mring_refill", "mring_spill"):
        trace.tally("slots").add("%s: %s" % (name, stack()), args[2])
    elif name == "mring_steal":
        of = "a living thread" if args[3] else "no thread"
        trace.tally("slots").add("mring_steal of %s: %s" % (of, stack()), args[2])
    elif name == "mring_empty":
        trace.tally("slots not there").add(stack(), args[2] - args[3])
    else:
        trace.tally("slots there are").add("%s: 0x%x" % (name, args[0]), args[2])


def on_alloc(name, args):
    if name == "alloc_refill":
        trace.tally("refills of blocks").add(SOURCES[args[2]], 1)
    elif name == "alloc_steal":
        trace.tally("blocks stolen").add(stack(), args[3])
    elif name == "alloc_none":
        trace.tally("blocks refused").add(stack(), 1)
    else:
        trace.tally("bytes").add(name, args[{"alloc_grow": 2, "alloc_shrink": 0}.get(name, 1)])


def on_drop(name, args):
    if name == "ipc_drop":
        name += ", sent before" if args[2] else ", unsent"
    trace.tally("lost").add("%s: 0x%x: %s" % (name, args[0], stack()), 1)


def on_recovery(name, args):
    if name == "ipc_recover_begin":
        trace.since["recovery", thread()] = (time.monotonic(), args[2])
    elif ("recovery", thread()) in trace.since:
        then, by = trace.since.pop(("recovery", thread()))
        what = "participant %d, by %d: %d" % (args[1], by, signed(args[2]))
        trace.tally("recoveries, microseconds").add(what, microseconds_since(then))


# A question: what is done at its probes, and these with how many arguments each.
QUESTIONS = {
    "blocks": (on_block, {"event_block": 2, "event_unblock": 2, "handed_block": 2, "handed_unblock": 2, "event_wake": 3,
                          "channel_full": 2, "channel_starved": 1}),
    "refills": (on_refill, {"mring_refill": 3, "mring_spill": 3, "mring_steal": 4, "mring_empty": 4, "mring_grow": 3,
                            "mring_shrink": 3}),
    "alloc": (on_alloc, {"alloc_refill": 3, "alloc_steal": 4, "alloc_grow": 3, "alloc_shrink": 1, "alloc_map": 2,
                         "alloc_unmap": 2, "alloc_none": 2}),
    "drops": (on_drop, {"channel_drop": 2, "channel_evict": 2, "ipc_drop": 3, "ipc_broken": 1}),
    "recovery": (on_recovery, {"ipc_recover_begin": 3, "ipc_recover_end": 3}),
}


class AtProbe(gdb.Breakpoint):
    """Does not stop the program for longer than it takes to note what there is."""

    def __init__(self, name, n_args, then):
        super().__init__("-probe-stap maar:" + name, internal=True)
        self.silent = True
        self.probe, self.n_args, self.then = name, n_args, then

    def stop(self):
        args = [int(gdb.parse_and_eval("$_probe_arg%d" % i)) for i in range(self.n_args)]
        self.then(self.probe, args)
        return False


# Those whose probe no file has that is loaded so far: tried again with each file that comes.
waiting = []


def at_probe(name, n_args, then):
    if "No probes" in gdb.execute("info probes stap ^maar$ ^%s$" % name, to_string=True):
        waiting.append((name, n_args, then))
    else:
        AtProbe(name, n_args, then)


def on_objfile(event):
    again = waiting[:]
    waiting.clear()
    for wanted in again:
        at_probe(*wanted)


class TraceCommand(gdb.Command):
    """maar-trace QUESTION...: from now on note what answers it (blocks refills alloc drops recovery).
maar-trace report: the answers so far, which are also printed when the program ends."""

    def __init__(self):
        super().__init__("maar-trace", gdb.COMMAND_TRACEPOINTS)

    def complete(self, text, word):
        return [q for q in [*QUESTIONS, "report"] if q.startswith(word or "")]

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        for word in words or ["nothing"]:
            if word != "report" and word not in QUESTIONS:
                raise gdb.GdbError("maar-trace: a question is one of: %s; or report" % " ".join(QUESTIONS))
        for word in words:
            if word == "report":
                trace.report()
                continue
            then, probes = QUESTIONS[word]
            for name, n_args in probes.items():
                at_probe(name, n_args, then)


gdb.events.new_objfile.connect(on_objfile)
TraceCommand()
gdb.events.exited.connect(lambda event: trace.report())
