# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""gdb shows rings, mrings and pools as what they are, and who holds which slot: maar-tracing(7).

On a running program as on a core: it reads memory and calls nothing.
"""
import gdb
import gdb.printing

RING_SP, RING_SC, RING_TICKET, RING_HANDLE, RING_SPAN, RING_EXACT, RING_OVERWRITE = (1 << i for i in range(7))
RING_MAGIC = 0x6D726E67
SLOT_RING_MAGIC = 0x6D736C72
BYTE_RING_MAGIC = 0x6D627974
CHANNEL_MAGIC = 0x6D636861
EVENT_WAITERS = (1 << 30) - 1  # of an event's word
MRING_MAGIC = 0x6D6D7267
BATCH_TICKET = 1
BATCH_SHIFT = 16  # positions of a batch ring count in 1 / 65536 of a batch
U64 = (1 << 64) - 1


def signed(value, bits=64):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def words(address, n, size=8):
    """n numbers of so many bytes each, from an address on."""
    memory = gdb.selected_inferior().read_memory(address, n * size)
    order = "big" if "big endian" in gdb.execute("show endian", to_string=True) else "little"
    return [int.from_bytes(bytes(memory[i * size : (i + 1) * size]), order) for i in range(n)]


BYTES_SHOWN = 16


def shown(address, n):
    """n bytes for people, the first of them."""
    some = " ".join("%02x" % byte for byte in words(address, min(n, BYTES_SHOWN), 1))
    return some + (" ..." if n > BYTES_SHOWN else "")


def plural(n, what):
    return "%d %s%s" % (n, what, "" if n == 1 else "s")


# ---- rings of words ----


class Ring:
    """print *ring, of a struct maar_ring"""

    def __init__(self, value):
        self.value = value
        self.flags = int(value["flags"])
        self.mask = int(value["mask"])
        self.cells = int(value.address) + value.type.sizeof
        self.next = int(value["taken"] if self.flags & RING_SC else value["head"])
        self.tail = int(value["tail"])
        if self.alive() and not self.flags & (RING_SP | RING_TICKET):
            while self.look(self.tail)[0]:  # filled, and its producer has not moved the tail yet
                self.tail = (self.tail + 1) & U64

    def alive(self):
        return int(self.value["magic"]) == RING_MAGIC

    def look(self, position):
        """Whether the cell of a position is filled, and its value."""
        index = position & self.mask
        if self.flags & (RING_HANDLE | RING_SPAN):
            cell = words(self.cells + 8 * index, 1)[0]
            if self.flags & RING_SPAN:
                return True, cell
            lap = ((position >> int(self.value["shift"])) + 1) & 0xFFFFFFFF
            return cell >> 32 == lap, cell & 0xFFFFFFFF
        lap, word = words(self.cells + 16 * index, 2)
        return lap == ((position | self.mask) + 1) & U64, word

    def count(self):
        return min(max(signed(self.tail - self.next), 0), int(self.value["limit"]))

    def kind(self):
        flags = self.flags
        said = ["one producer" if flags & RING_SP else "many producers", "one consumer" if flags & RING_SC else "many consumers"]
        said.append("ticket" if flags & RING_TICKET else "wait-free producer" if flags & RING_SP else "lock-free")
        said.append("handles" if flags & RING_HANDLE else "words in a span" if flags & RING_SPAN else "words")
        if flags & RING_OVERWRITE:
            said.append("may overwrite")
        return ", ".join(said)

    def to_string(self):
        if not self.alive():
            return "no living ring"
        return "ring: %s; capacity %d, %d in it, next to take %d, to fill %d" % (
            self.kind(), int(self.value["capacity"]), self.count(), self.next, self.tail)

    def children(self):
        for i in range(self.count() if self.alive() else 0):
            position = (self.next + i) & U64
            filled, word = self.look(position)
            yield "[%d]" % position, "0x%x" % word if filled else "claimed, not filled"


# ---- rings of elements, of bytes ----


class SlotRing:
    """print *ring, of a struct maar_slot_ring: elements are shown as bytes"""

    def __init__(self, value):
        self.value = value
        self.at = int(value.address)
        self.flags = int(value["flags"])
        self.spsc = self.flags & RING_SP and self.flags & RING_SC
        self.filled = None  # the ring of filled slots, if it is lock-free
        if self.alive() and not self.spsc and not self.flags & RING_TICKET:
            kind = gdb.lookup_type("struct maar_ring").pointer()
            self.filled = Ring(gdb.Value(self.at + int(value["filled_at"])).cast(kind).dereference())
        self.next = int(value["taken"] if self.spsc else value["head"])
        self.tail = int(value["tail"])

    def alive(self):
        return int(self.value["magic"]) == SLOT_RING_MAGIC

    def count(self):
        return self.filled.count() if self.filled else max(signed(self.tail - self.next), 0)

    def to_string(self):
        if not self.alive():
            return "no living slot ring"
        kind = "cells in order" if self.spsc else "lock-free" if self.filled else "ticket"
        sides = ("one producer" if self.flags & RING_SP else "many producers",
                 "one consumer" if self.flags & RING_SC else "many consumers")
        text = "slot ring: %s, %s, %s; capacity %d of %d bytes, %d in it" % (
            *sides, kind, int(self.value["capacity"]), int(self.value["element"]), self.count())
        return text if self.filled else text + ", next to take %d, to fill %d" % (self.next, self.tail)

    def element(self, number):
        at = self.at + int(self.value["slots_at"]) + number * int(self.value["stride"])
        return shown(at, int(self.value["element"]))

    def children(self):
        for i in range(self.count() if self.alive() else 0):
            if self.filled:
                filled, number = self.filled.look((self.filled.next + i) & U64)
                yield "[slot %d]" % number, self.element(number) if filled else "claimed, not filled"
            else:
                position = (self.next + i) & U64
                yield "[%d]" % position, self.element(position & int(self.value["mask"]))


class ByteRing:
    """print *ring, of a struct maar_byte_ring"""

    def __init__(self, value):
        self.value = value
        self.head, self.tail = int(value["head"]), int(value["tail"])

    def alive(self):
        return int(self.value["magic"]) == BYTE_RING_MAGIC

    def to_string(self):
        if not self.alive():
            return "no living byte ring"
        return "byte ring: capacity %d, %d in it, next to read %d, to fill %d" % (
            int(self.value["capacity"]), self.tail - self.head & U64, self.head, self.tail)

    def children(self):
        n = self.tail - self.head & U64
        if self.alive() and n:
            at, mask = int(self.value.address) + int(self.value["data_at"]), int(self.value["mask"])
            some = [words(at + (self.head + i & mask), 1, 1)[0] for i in range(min(n, BYTES_SHOWN))]
            yield "[%d]" % self.head, " ".join("%02x" % byte for byte in some) + (" ..." if n > BYTES_SHOWN else "")


# ---- mrings and pools ----


def handles_in(ring):
    """Handles in a struct maar_batch_ring."""
    capacity, mask = int(ring["capacity"]), int(ring["mask"])
    head, tail = int(ring["head"]), int(ring["tail"])
    at, blocks = int(ring.address), int(ring["blocks"])
    unit = 1 << BATCH_SHIFT
    ticket = int(ring["flags"]) & BATCH_TICKET
    line = gdb.lookup_type("struct maar__batch_spare").sizeof
    total = 0
    for i in range(capacity):
        position = (head - head % unit + i * unit) & U64
        index = (position & mask) >> BATCH_SHIFT
        if ticket:
            cell = at + ring.type.sizeof + index * int(ring["stride"])
        else:
            cell = at + blocks + (index - capacity) * line  # the cells lie before the blocks
        stamp = words(cell, 1)[0]
        if stamp & ~mask & U64 != ((position | mask) + 1) & U64:
            if position - tail & U64 < 1 << 63:
                break
            continue
        total += (stamp & 255) + 1 - (0 if i else head % unit)
    return total


class Mring:
    """print *mring, of a struct maar_mring; with the debug information of the library, all of it"""

    def __init__(self, value):
        self.front = value
        try:
            self.m = value.address.cast(gdb.lookup_type("struct maar__mring").pointer()).dereference()
        except gdb.error:
            self.m = None

    def alive(self):
        return int(self.front["magic"]) == MRING_MAGIC

    def lanes(self):
        """What each lane is, and how many slots are in it."""
        if self.m["single"]:
            yield "one thread's", int(self.m["common"]["n"])
            return
        lane = self.m["set"]["lanes"]
        while int(lane):
            kind = "of a thread" if lane["in_thread"] else "of no thread"
            if lane == self.m["common"]:
                kind = "common"
            elif lane == self.m["spare"]:
                kind = "spare"
            yield kind, int(lane["n"])
            lane = lane["next"]

    def state(self):
        """Slots there are, out, in the shared ring, in lanes, never used."""
        slots, fresh = int(self.m["slots_now"]), int(self.m["fresh"])
        never = ((fresh >> 32) - fresh) & 0xFFFFFFFF
        shared = handles_in(self.m["shared"].dereference()) if int(self.m["shared"]) else 0
        in_lanes = sum(n for _, n in self.lanes())
        return slots, slots - shared - in_lanes - never, shared, in_lanes, never

    def text(self, what):
        if not self.alive():
            return "no living mring"
        stride, most = int(self.front["stride"]), int(self.front["slots"])
        if self.m is None:
            return "%s: at most %s of %d bytes (libmaar has no debug information)" % (what, plural(most, "slot"), stride)
        return "%s: %s of %d bytes, at most %d; %d out, free: %d shared, %d in lanes, %d never used" % (
            (what, plural(int(self.m["slots_now"]), "slot"), stride, most) + self.state()[1:])

    def to_string(self):
        return self.text("mring")

    def children(self):
        if self.m is not None and self.alive():
            for i, (kind, n) in enumerate(self.lanes()):
                yield "[lane %d]" % i, "%s, %s" % (kind, plural(n, "slot"))


class Pool:
    """print *pool, of a struct maar_pool"""

    def __init__(self, value):
        self.value = value
        self.mring = Mring(value["mring"].dereference())

    def to_string(self):
        return self.mring.text("pool of messages of %d bytes" % (int(self.value["fresh"]["room"]) - int(self.value["fresh"]["headroom"])))

    def children(self):
        return self.mring.children()


# ---- channels ----


class Channel:
    """print *channel, of a struct maar_channel: each level's ring, and who sleeps"""

    def __init__(self, value):
        self.value = value

    def alive(self):
        return int(self.value["magic"]) == CHANNEL_MAGIC

    def level(self, i):
        kind = gdb.lookup_type("struct maar__channel_level").pointer()
        first = gdb.Value(int(self.value["level"].address)).cast(kind)
        return (first + i).dereference()

    def to_string(self):
        if not self.alive():
            return "no living channel"
        full = ("blocks", "drops", "overwrites")[int(self.value["full"])]
        return "channel: %s when full; lost %d unsent, %d unreceived; waited %d times for room, %d for messages; %s asleep" % (
            full, int(self.value["dropped"]), int(self.value["evicted"]), int(self.value["blocked"]),
            int(self.value["starved"]), plural(int(self.value["not_empty"]["word"]) & EVENT_WAITERS, "receiver"))

    def children(self):
        for i in range(int(self.value["levels"]) if self.alive() else 0):
            level = self.level(i)
            ring = Ring(level["ring"].dereference())
            yield "[level %d]" % i, "%s in it, room for %d; %s asleep" % (
                plural(ring.count(), "message"), int(ring.value["capacity"]),
                plural(int(level["not_full"]["word"]) & EVENT_WAITERS, "sender"))


# ---- who holds what ----


def place(address):
    """The function and line that a return address leads back to."""
    said = gdb.execute("info symbol 0x%x" % (address - 1), to_string=True)
    name = said.split(" ")[0] if " in section " in said else "0x%x" % address
    line = gdb.find_pc_line(address - 1)
    if line.symtab is not None and line.line:
        name += " (%s:%d)" % (line.symtab.filename.rsplit("/", 1)[-1], line.line)
    return name


class Holders(gdb.Command):
    """maar-holders POOL-OR-MRING: each slot that is out: handle, address, since when, which thread took it, from where.
It takes an expression, a pointer; the pool or mring has to be made with leak tracking: maar_track(3)."""

    def __init__(self):
        super().__init__("maar-holders", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        value = gdb.parse_and_eval(argument)
        if value.type.strip_typedefs().code != gdb.TYPE_CODE_PTR:
            raise gdb.GdbError("maar-holders: a pointer to a struct maar_pool or maar_mring is wanted")
        name = value.type.target().unqualified().strip_typedefs().name
        if name == "maar_pool":
            value = value["mring"]
        elif name != "maar_mring":
            raise gdb.GdbError("maar-holders: neither a pool nor an mring: struct %s" % name)
        mring = Mring(value.dereference())
        if mring.m is None or not mring.alive():
            raise gdb.GdbError("maar-holders: no living mring, or libmaar has no debug information")
        track = mring.m["track"]
        if not int(track) or not int(track["records"]):
            raise gdb.GdbError("maar-holders: not recorded; MAAR_OPTIONS=track=site when the program starts, or MAAR_TRACK_SITE")
        self.tell(mring, track)

    def tell(self, mring, track):
        slab, stride = int(mring.front["slab"]), int(mring.front["stride"])
        out = 0
        for handle in range(int(mring.front["slots"])):
            record = track["records"][handle]
            if not int(record["state"]) & 1:
                continue
            got = record["got"]
            out += 1
            print("slot %d at 0x%x: thread %d, since %.3f s, from %s" % (
                handle, slab + handle * stride, int(got["thread"]), int(got["when"]) / 1e9, place(int(got["caller"]))))
            self.tell_trace(track, int(got["site"]))
        print("%s out" % plural(out, "slot"))

    def tell_trace(self, track, site):
        if not site:
            return
        frames = track["sites"][site]
        for i in range(1, int(frames["frames"])):
            print("    from %s" % place(int(frames["frame"][i])))


Holders()
PRINTERS = gdb.printing.RegexpCollectionPrettyPrinter("maar")
PRINTERS.add_printer("ring", "^maar_ring$", Ring)
PRINTERS.add_printer("slot ring", "^maar_slot_ring$", SlotRing)
PRINTERS.add_printer("byte ring", "^maar_byte_ring$", ByteRing)
PRINTERS.add_printer("channel", "^maar_channel$", Channel)
PRINTERS.add_printer("mring", "^maar_mring$", Mring)
PRINTERS.add_printer("pool", "^maar_pool$", Pool)
gdb.printing.register_pretty_printer(gdb.current_objfile(), PRINTERS, replace=True)
