/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_shared_mring: an mring between processes. A fixed number of slots in memory that several processes have mapped, each
 * at an address of its own; any of them takes slots, gives them back, and passes them on to another by their 32-bit
 * handles. For each slot one word says at every instant who has it, so a process may be killed or stopped anywhere.
 *
 *     the mapping, without a pointer inside:
 *     header | participants: a word each | ring of free handles | owner words: one a slot | slot 0 | slot 1 | ...
 *                                                                 {state, participant, position}
 *     process A: struct maar_shared_mring    process B: struct maar_shared_mring     the geometry, checked and copied
 *
 * Where the memory comes from is the caller's business: shm_open, a memfd, a file, MAP_ANONYMOUS before a fork. One process
 * calls init; each that works with the slots calls attach and becomes a participant. There are no lanes: every get and put
 * goes to the shared ring. (A process that is killed would take those in its lanes with it.)
 *
 * Who may call what at the same time: get, put, pass, accept, conversions, observers: any thread of any participant,
 * freely. init: alone. attach: any time after init has returned. detach: after the other calls of this participant.
 * Not from signal handlers that interrupt get, put, pass or accept of the same slot; of other slots freely.
 *
 * After fork the child is the same participant as its parent, if it uses what the parent attached: either may put what the
 * other got, and neither is told from the other when one of them dies. A child that goes on by itself attaches for itself.
 *
 * Progress: get, put, pass and accept are lock-free. A thread or process that is stopped or killed at any instruction stalls
 * nobody. What it has, and the one slot that it was just getting or putting, stay out: slots that a dead participant had
 * are named as its by their words until somebody recovers them. Nothing here does that yet, nor tells that it is dead.
 *
 * "None" is the answer of a get only if at some instant of the call every slot was out or on its way into the ring.
 *
 * Order: what a thread did with a slot before putting or passing it happens before what the thread does with it that gets
 * or accepts it next.
 *
 * Trust: the processes trust each other. attach refuses a header with as much as one bit changed, and every handle and word
 * is checked before it is used, so that what a process has spoilt by mistake is an error to the others (-EBADMSG, NULL), no
 * access outside the mapping, and no endless loop as long as nobody goes on spoiling it. But slots may get lost by it, or
 * into two hands.
 *
 * A word knows its slot's round by a position of 48 bits, a ring's cell by 32 bits of rounds of at least 1024: a thread
 * stopped inside a call while exactly k * 2^42 puts pass (12 hours at 10^8 a second) takes a cell for that of its own time.
 */
#ifndef MAAR_SHARED_MRING_H
#define MAAR_SHARED_MRING_H
#define MAAR_BITS_OK 1

#include <stdio.h>
#include <sys/types.h>

#include <maar/bits/cc.h>
#include <maar/mring.h>

MAAR_BEGIN_DECLS

/* Participants at the same time: the most, and as many as there may be by default. */
#define MAAR_SHARED_MRING_MAX_PARTICIPANTS 4095
#define MAAR_SHARED_MRING_PARTICIPANTS	   256

/* The most slots: those of a ring of handles. */
#define MAAR_SHARED_MRING_MAX_SLOTS (UINT32_C(1) << 30)

/* What one process knows of an mring that it shares. */
struct maar_shared_mring;

/* How it is made; zero means the default. */
struct maar_shared_mring_options {
	size_t align; /* bytes, a power of two, of each slot; default and least 64, at most 4096: in each process, no more
			 than the mapping's own */
	uint32_t participants; /* at most at the same time: 1 to MAAR_SHARED_MRING_MAX_PARTICIPANTS; default 256 */
	uint32_t reserved0;    /* must be 0 */
	uint64_t reserved[4];  /* must be 0 */
};

/* Counted one after another: exact when no other call runs. In slots, but for participants. */
struct maar_shared_mring_stats {
	uint32_t slots;
	uint32_t free;		   /* or being put at this moment, or when its holder died */
	uint32_t out;		   /* got, or accepted */
	uint32_t passed;	   /* and not accepted yet */
	uint32_t mine;		   /* of `out`: this participant's */
	uint32_t broken;	   /* their words say nothing sensible: somebody wrote over them */
	uint32_t participants;	   /* attached, the dead among them */
	uint32_t max_participants; /* that there may be */
	uint64_t reserved[4];
};

/* ---- life cycle ---- */

/*
 * Bytes that init needs for `slots` slots of at least `slot_bytes` bytes; 0 where it would say -EINVAL or -EOVERFLOW of
 * them. `options` may be NULL. Any thread, any time.
 */
MAAR_API size_t maar_shared_mring_bytes(size_t slots, size_t slot_bytes,
					const struct maar_shared_mring_options *options);

/*
 * Makes an mring in memory of the caller's, all slots free, their bytes as they are. What was in the memory before them is
 * overwritten, so the caller is alone with it. Cost: writes 16 to 32 bytes a slot. There is no call that ends it: when all
 * have detached, the memory is the caller's.
 * Returns 0, or
 *   -EINVAL     mem is NULL, or not aligned to `align` and 128 bytes; slots or slot_bytes is 0; an option out of range,
 *               reserved not 0
 *   -EOVERFLOW  slots or slot_bytes is beyond its limit, or their bytes do not fit size_t
 *   -ENOSPC     bytes is less than maar_shared_mring_bytes says
 */
MAAR_API MAAR_NODISCARD int maar_shared_mring_init(void *mem, size_t bytes, size_t slots, size_t slot_bytes,
						   const struct maar_shared_mring_options *options);

/*
 * Becomes a participant of the mring in `mem`, of which `bytes` bytes are mapped here, to be read and written. Returns NULL
 * with errno set:
 *   EINVAL   mem is NULL, or not aligned as its maker asked
 *   EBADMSG  there is no mring, or its header or its ring's was written over
 *   EAGAIN   init is still at work on it (or was killed there: then it has to be made anew)
 *   EPROTO   it was made by a library of another layout
 *   ENOSPC   it is larger than bytes
 *   EUSERS   there are as many participants as there may be. The dead count
 *   ENOMEM   no memory
 */
MAAR_API MAAR_NODISCARD struct maar_shared_mring *maar_shared_mring_attach(void *mem, size_t bytes);

/*
 * Ends this participant. Returns 0 (also for NULL), or -EBUSY, with nothing changed, while it has slots out; those it has
 * passed on are not its any more. In a child that was forked after attach: only forgets what the parent knows.
 * Cost: a walk over the owner words.
 */
MAAR_API int maar_shared_mring_detach(struct maar_shared_mring *mring);

/* ---- slots ---- */

/*
 * Takes a free slot, of any content: the one that has been free for longest. Returns NULL if there is none, mring is NULL, or
 * the memory is broken. Cost: two compare-and-swaps, on lines that all participants write.
 */
MAAR_API void *maar_shared_mring_get(struct maar_shared_mring *mring);

/*
 * Gives a slot back. Cost: three compare-and-swaps. Returns 0, or, with nothing changed,
 *   -EINVAL    mring or slot is NULL, or slot is not the start of a slot
 *   -EALREADY  the slot is free, or passed on: it was put twice. (Not noticed when this participant has got it again)
 *   -EPERM     another participant has it
 *   -EBADMSG   the memory is broken
 */
MAAR_API int maar_shared_mring_put(struct maar_shared_mring *mring, void *slot);

/* Takes n slots, or none: returns n or 0. A failing call may take and give back slots; slots[] is unspecified then. */
MAAR_API size_t maar_shared_mring_get_bulk(struct maar_shared_mring *mring, void **slots, size_t n);

/* put for each of n. Returns how many were taken; the refused ones are moved to the front of slots[]. */
MAAR_API size_t maar_shared_mring_put_bulk(struct maar_shared_mring *mring, void **slots, size_t n);

/*
 * Passes a slot on: from now on it is nobody's until somebody accepts it. Returns its handle, to be sent to whoever is to
 * have it, in a ring that both share or by any other way; or MAAR_NO_HANDLE, with nothing changed, if slot is not the start
 * of a slot that this participant has. Cost: one compare-and-swap.
 */
MAAR_API uint32_t maar_shared_mring_pass(struct maar_shared_mring *mring, void *slot);

/*
 * Takes over a slot that was passed on, also by this participant. Returns it, or NULL if the handle is none, or that slot is
 * not passed on: of those who accept the same, one gets it. Cost: one compare-and-swap.
 */
MAAR_API void *maar_shared_mring_accept(struct maar_shared_mring *mring, uint32_t handle);

/* ---- handle and address: any thread, wait-free; the same handle in all processes. mring is not checked ---- */

/* The slot of a handle; NULL if there is no such slot. */
MAAR_API void *maar_shared_mring_slot(const struct maar_shared_mring *mring, uint32_t handle);

/* The handle of a slot; MAAR_NO_HANDLE if the pointer is not the start of a slot here. */
MAAR_API uint32_t maar_shared_mring_handle(const struct maar_shared_mring *mring, const void *slot);

/* ---- observers: any thread; 0 for NULL ---- */

MAAR_API uint32_t maar_shared_mring_slots(const struct maar_shared_mring *mring);
MAAR_API size_t maar_shared_mring_slot_bytes(const struct maar_shared_mring *mring);	/* from one slot to the next */
MAAR_API uint32_t maar_shared_mring_participant(const struct maar_shared_mring *mring); /* this one's number, from 1 */

/*
 * Who has a slot: the process that attached as the participant that got it, accepted it, passed it on, or put it last. 0 if
 * nobody ever had it, that participant has detached, or there is no such slot. The number is of that process's own pid
 * namespace, and says nothing about whether it lives.
 */
MAAR_API pid_t maar_shared_mring_holder(const struct maar_shared_mring *mring, uint32_t handle);

/* Fills *stats; 0, or -EINVAL. Cost: a walk over the owner words and participants. */
MAAR_API int maar_shared_mring_stats(const struct maar_shared_mring *mring, struct maar_shared_mring_stats *stats);

/* Writes a description for people, with what each participant has out. 0, -EINVAL, or -EIO. */
MAAR_API int maar_shared_mring_dump(const struct maar_shared_mring *mring, FILE *to);

MAAR_END_DECLS

#endif
