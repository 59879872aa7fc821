/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * USDT probes, for bpftrace, gdb, perf and SystemTap: each is one nop in the program, and a note in the file that says where it
 * is and where its arguments are. They stand where something has become slow anyway; none on a way that inline calls go. An
 * argument is a value that is at hand there, so that a probe that is off costs no more. Without <sys/sdt.h> (Debian:
 * systemtap-sdt-dev), or with MAAR_NO_PROBES, there are none.
 *
 * All of them, of provider `maar`. Pointers are as the program has them; numbers are counts unless a unit stands there.
 * maar-tracing(7) says more; tests/trace/probes.sh compares this list, that page and the library.
 *
 * mring_refill(mring, pool, slots)        a lane was empty, and has slots now
 * mring_spill(mring, pool, slots)         a lane was full, and has handed its oldest slots over
 * mring_steal(mring, pool, slots, alive)  a get found nothing else, and took slots from another lane: a living thread's (1), or not (0)
 * mring_grow(mring, pool, slots)          memory for more slots has come: so many are there now
 * mring_shrink(mring, pool, slots)        memory of free slots was given back: so many are there now
 * mring_empty(mring, pool, wanted, got)   a get found too few slots, and nothing to grow by
 * alloc_refill(lane, class, source)       no free block of the class at hand: 0 own inbox, 1 own batches, 2 own slabs, 3 other lanes' inboxes
 * alloc_steal(lane, class, from, blocks)  blocks taken from the inbox of lane `from`
 * alloc_grow(lane, class, bytes)          a new slab for the class, of so many bytes of blocks
 * alloc_shrink(bytes)                     memory of free spans was given back: bytes
 * alloc_map(block, bytes)                 a block of pages of its own, bytes long
 * alloc_unmap(block, bytes)               its end
 * alloc_none(lane, class)                 no memory, or none within the limit
 * event_block(event, deadline)            the thread goes to sleep, until a time (ns, CLOCK_MONOTONIC), or -1: for ever
 * event_unblock(event, rc)                it is back: 0, -ETIMEDOUT
 * event_wake(event, waiters, woken)       waiters were to be woken, SIZE_MAX: all; so many slept
 * event_close(event)                      all waiters are told of the end
 * channel_full(channel, messages)         a sender finds no room for messages, and waits
 * channel_starved(channel)                no message is left in the pool, and who reserves one waits
 * channel_drop(channel, handle)           a message is lost for want of room; handle 4294967295: none was got to be sent
 * channel_evict(channel, handle)          a message is lost that was sent before, to make room
 * ipc_drop(ipc, by, oldest)               participant `by` lost a message for want of room: an older one (1), its own (0)
 * ipc_recover_begin(ipc, dead, by)        participant `by` begins to put right what participant `dead` has left
 * ipc_recover_end(ipc, dead, rc)          done: 0, -EBADMSG
 * ipc_broken(ipc)                         the segment contradicts itself, and is marked as broken
 * handed_block(waiter, deadline)          as event_block, of one side of a queue that was handed over
 * handed_unblock(waiter, rc)              it is back: how many descriptors told something; 0: time is up; -errno
 * handed_wake(waiter)                     the peer is woken
 */
#ifndef MAAR_PROBE_H
#define MAAR_PROBE_H

#if !defined(MAAR_NO_PROBES) && defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
/* MAAR__PROBE(name, argument, ...): one to four values, without side effects. */
#define MAAR__PROBE(name, ...)		  MAAR__PROBE_AS(MAAR__PROBE_N(__VA_ARGS__, 4, 3, 2, 1, 0), name, __VA_ARGS__)
#define MAAR__PROBE_N(a, b, c, d, n, ...) n
#define MAAR__PROBE_AS(n, name, ...)	  MAAR__PROBE_OF(n, name, __VA_ARGS__)
#define MAAR__PROBE_OF(n, name, ...)	  STAP_PROBE##n(maar, name, __VA_ARGS__)
#endif
#endif

#ifndef MAAR__PROBE
#define MAAR__PROBE(...) ((void)0)
#endif

#endif
