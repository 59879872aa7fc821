/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_ipc: a queue of messages between processes, in memory that they have mapped, each at an address of its own. Any
 * of them may be killed (kill -9) or stopped at any instruction: the others go on at once, no message is lost, none
 * comes twice without a flag that says so, and every slot comes back.
 *
 *     the mapping, without a pointer inside:
 *     header | participants: a line each | events | rings: free slots of each class; queues of each priority; dead
 *            letters | owner words: one a slot | slots of class 0 | slots of class 1 | ...
 *              {state, participant, position}     a slot: 64 bytes of header, payload
 *     process A: struct maar_ipc     process B: struct maar_ipc      the geometry, checked and copied
 *
 * A producer borrows a slot (loan), writes the message into it and publishes it; a consumer takes it, reads it where it
 * lies, and releases the slot. send and receive do the same with a copy. Whose a slot is, one word says at each
 * instant, and one compare-and-swap changes it; so what a dead process had is found by its words, and recover puts it
 * right. A sleeper looks for the dead, and at the queue, every 100 ms; recover does it at once. There is no daemon and
 * no heartbeat: a participant is dead when the system says so, and one that is only stopped is never taken for dead.
 *
 * Where the memory comes from is the caller's business: shm_open, a memfd, a file, MAP_SHARED before a fork. One
 * process calls init; each that works with it attaches and becomes a participant.
 *
 * Who may call what at the same time: all calls on an attached queue, any thread of it, freely, but for: detach, after
 * all others of this process have returned; publish with a journal, one at a time; two threads may not use the same
 * loan or the same message. init: alone. attach: any time after init has returned. No call from a signal handler; and
 * no thread may be cancelled in one. After fork the child has nothing: its calls on what the parent attached say
 * -ECHILD (detach gives the memory back), and it attaches for itself. A process that runs exec without detaching stays
 * a participant until it ends.
 *
 * Progress: with time-out 0 all are lock-free, and a participant that is stopped or killed stalls nobody, except by
 * what it holds: slots that are missing, until it goes on or is recovered. Recovery is done by one participant at a
 * time; if that one is stopped meanwhile, the slots of the dead wait for it (if it is killed, the next one goes on).
 * Who sleeps when somebody is stopped or killed who was woken for a message, or is about to wake, finds it at its next
 * look (slice_ns). A producer asleep for a slot is woken when half of a class are free (of a pair, three quarters at the
 * latest) or nothing is queued, and looks as often. No call enters the system while messages and slots are there, and
 * nobody sleeps.
 *
 * Order: first in, first out among the messages of a priority; a higher priority comes first. A message that is
 * delivered again goes to the end (of a pair, comes first). What a producer did before publish happens before what a
 * consumer does after take; what a consumer did before release, before what is done by whoever is lent the slot next.
 * "Full" and "empty" are exact of one class and one priority; where there are several, each was so at some instant of
 * the call, not all at one.
 *
 * How long that holds: positions are counted to 2^48 (an identity may come again after so many messages), rounds of a
 * ring to 2^32 (of 1024 messages or more): who is stopped within a call while 2^41 pass, a day at 25 million a second,
 * may say "empty" once too often. Of a right to recover, 2^20 acquisitions are told apart.
 *
 * Trust: the processes trust each other not to mean harm. attach refuses a header with as much as one bit changed or of
 * another build. Every word of the memory is loaded once and checked before it is used; what one process has spoilt by
 * mistake is an error to the others (-EBADMSG, and from then on for all), no crash, no access outside the mapping, no
 * endless loop.
 *
 * Times are in nanoseconds of CLOCK_MONOTONIC. Where the ideas come from: doc/lineage.md; why it is right, and what is
 * left at each instruction: doc/memory-model.md, "Queues between processes".
 */
#ifndef MAAR_IPC_H
#define MAAR_IPC_H
#define MAAR_BITS_OK 1

#include <stdio.h>
#include <sys/types.h>

#include <maar/bits/cc.h>
#include <maar/event.h>

MAAR_BEGIN_DECLS

#define MAAR_IPC_CLASSES	  8    /* sizes of slots, at most */
#define MAAR_IPC_PRIORITIES	  8    /* at most; the highest number goes first */
#define MAAR_IPC_MAX_PARTICIPANTS 1023 /* at the same time; default: 64 */
#define MAAR_IPC_PARTICIPANTS	  64
#define MAAR_IPC_MAX_SLOTS	  (UINT32_C(1) << 24) /* of all classes */
#define MAAR_IPC_MAX_BYTES	  (UINT64_C(1) << 32) /* of a message */
#define MAAR_IPC_SLICE		  INT64_C(100000000)  /* ns after which a sleeper looks for the dead, by default */

/* What one process knows of a queue. */
struct maar_ipc;

/* What a producer does when there is no slot, or no room in the queue. */
enum maar_ipc_when_full {
	MAAR_IPC_BLOCK = 0,   /* waits, up to its time-out */
	MAAR_IPC_DROP_NEWEST, /* does not wait: the message is not sent, and counted */
	MAAR_IPC_OVERWRITE, /* takes the oldest messages of the lowest priority out, each counted, until there is one */
};

/* What becomes of messages that a consumer had taken when it died. */
enum maar_ipc_when_dead {
	MAAR_IPC_REDELIVER = 0,	  /* once more into the queue, flagged */
	MAAR_IPC_DROP,		  /* dropped, and counted */
	MAAR_IPC_TO_DEAD_LETTERS, /* into a ring of their own: maar_ipc_take_dead */
};

/* Who gets a message, and what is given up for speed. */
enum maar_ipc_kind {
	MAAR_IPC_QUEUE =
		0, /* any number of producers and consumers, one for each message, and all that is said below */
	MAAR_IPC_BROADCAST = 1, /* each consumer gets each message: <maar/ipc_broadcast.h> says how that differs */
	/*
	 * One producer and one consumer at a time (attach refuses another of either; who is both attaches twice), each one
	 * thread at a time: then a slot's place is its position, and whose it is two counts say, each of which one process
	 * writes. No compare-and-swap, and a fifth of the lines. The price: one class, of 2^n slots; one priority, as deep;
	 * no OVERWRITE, no dead letters, no most_deliveries; one loan at a time; a slot that is released before an older one
	 * is lent again after that one. What a dead consumer had comes first, in its old order.
	 * If membarrier(2) works between processes where it is made, and MAAR_NO_MEMBARRIER is not in the environment, publish
	 * makes no locked operation: a consumer that falls asleep interrupts who runs of such producers, for microseconds.
	 */
	MAAR_IPC_PAIR = 2,
};

/* Slots of a size. */
struct maar_ipc_class {
	uint64_t bytes; /* of payload, each: 1 to MAAR_IPC_MAX_BYTES; classes are in growing order of it */
	uint32_t slots; /* how many: from 1 on */
	uint32_t reserved0;
};

/* How a segment is made; zero means the default. */
struct maar_ipc_options {
	struct maar_ipc_class classes[MAAR_IPC_CLASSES]; /* as many as n_classes; default: 256 slots of 1024 bytes */
	uint32_t n_classes;
	uint32_t priorities;		     /* 1 (default) to MAAR_IPC_PRIORITIES */
	uint32_t depth[MAAR_IPC_PRIORITIES]; /* messages that each may hold; default: all slots */
	uint32_t participants;		     /* at most at the same time; default 64 */
	uint32_t align;			     /* of payloads: a power of two, default and least 64, at most 4096 */
	uint32_t when_full;		     /* enum maar_ipc_when_full */
	uint32_t when_dead;		     /* enum maar_ipc_when_dead */
	uint32_t most_deliveries; /* with REDELIVER: a message that so many consumers died of goes to the dead letters;
				     0: never */
	uint32_t event_flags;	  /* MAAR_EVENT_NO_SPIN or 0 */
	uint32_t kind;		  /* enum maar_ipc_kind */
	uint32_t reserved0;	  /* must be 0 */
	uint64_t reserved[3];	  /* must be 0 */
};

enum maar_ipc_role {
	MAAR_IPC_PRODUCER = 1u << 0,
	MAAR_IPC_CONSUMER = 1u << 1,
};

/* Who attaches. */
struct maar_ipc_who {
	uint32_t roles;	      /* enum maar_ipc_role, or-ed; 0: only looks and recovers */
	uint32_t reading;     /* of a broadcast's consumer: enum maar_ipc_reading; else 0 */
	uint64_t key;	      /* of its journal: whoever attaches with the same next is its successor. 0: none */
	int64_t slice_ns;     /* a sleeper of it looks for the dead, and at the queue, so often; 0: MAAR_IPC_SLICE */
	uint64_t reserved[4]; /* must be 0 */
};

/*
 * Who is alive, if the caller knows it better than pid and start time say: i is a participant's number, from 1 on. All
 * may be called by any thread, and none may wait. All who attach to a segment are to be told of in the same way, or the
 * living are taken for dead. forget takes another number for a moment, beside this one's.
 */
struct maar_ipc_life {
	int (*take)(void *arg,
		    uint32_t i); /* this process is alive as i from now on. 0; -EBUSY: somebody alive is it; another
						-errno: attach fails with that */
	void (*drop)(void *arg, uint32_t i); /* i, which is this one's, is nobody's from now on */
	int (*alive)(void *arg,
		     uint32_t i); /* 1: somebody alive, or stopped, is i; 0: nobody; below 0: cannot tell, which
						counts as alive. If it says 0 of a living one, messages get lost or doubled */
	void (*end)(void *arg);	  /* or NULL. Called once: at the end of detach, or of an attach that fails */
	void *arg;
};

/* What goes with a message; NULL where one is asked for means zeros. */
struct maar_ipc_tags {
	uint32_t priority;    /* below the segment's number of priorities */
	uint32_t type;	      /* the caller's */
	uint64_t sequence;    /* the caller's */
	uint32_t journal;     /* 1: `sequence` is journaled, 2: `mark` is (attached with a key only) */
	uint32_t reserved0;   /* must be 0 */
	uint64_t mark;	      /* with journal 2: what maar_ipc_past tells; no consumer sees it. Else 0 */
	uint64_t reserved[1]; /* must be 0 */
};

/* A message's name, the same as long as it exists, however often it is delivered; no other message has it. */
struct maar_ipc_id {
	uint64_t segment[2]; /* its random number */
	uint64_t position;   /* at which it was published, in the queue of its first */
	uint32_t ring;	     /* priority */
	uint32_t reserved0;
};

enum maar_ipc_message_flag {
	MAAR_IPC_REDELIVERED =
		1u << 0, /* a consumer that had it died: perhaps after it had done what the message asks for */
	MAAR_IPC_DEAD_LETTER = 1u << 1, /* it is from the dead letters */
};

/* A message that was taken. */
struct maar_ipc_message {
	void *payload;	/* in the shared memory, until release; NULL in what receive tells */
	uint64_t bytes; /* no more than the slot holds, whatever stands there */
	struct maar_ipc_id id;
	uint64_t sequence;
	uint32_t type, priority;
	uint32_t flags;	     /* enum maar_ipc_message_flag */
	uint32_t deliveries; /* before this one */
	uint32_t slot;	     /* its number */
	uint32_t reserved0;
	uint64_t reserved; /* by it, release knows the message */
	uint64_t missed;   /* broadcast, LOSSY: that went by unread right before this one */
};

/* ---- life cycle ---- */

/* Bytes that init needs; 0 where it would say -EINVAL or -EOVERFLOW. Any thread, any time. */
MAAR_API uint64_t maar_ipc_bytes(const struct maar_ipc_options *options);

/*
 * Makes a segment in the caller's memory, which is overwritten. Nobody else may use it meanwhile. Cost: writes 16 to 32
 * bytes and a line for each slot. No call ends it: when all have detached, the memory is the caller's. Returns 0, or
 *   -EINVAL     mem is NULL or not aligned to options->align and 128 bytes; an option out of range, reserved not 0, classes not
 *               in growing order
 *   -EOVERFLOW  more slots than MAAR_IPC_MAX_SLOTS, or the bytes do not fit size_t
 *   -ENOSPC     bytes is less than maar_ipc_bytes says
 *   -ENOSYS ... what getrandom(2) says
 */
MAAR_API MAAR_NODISCARD int maar_ipc_init(void *mem, size_t bytes, const struct maar_ipc_options *options);

/*
 * Becomes a participant of the segment in `mem`, of which `bytes` bytes are mapped here, shared, to be read and
 * written. who NULL: producer and consumer, without a key. life NULL: whoever is a process of the recorded pid and
 * start time is alive. Puts right what a dead one has left whose number it takes. Returns NULL with errno set:
 *   EINVAL   mem is NULL or misaligned; who or life is wrong; or both roles of a pair are asked for
 *   EBADMSG  there is no segment, its header was written over, or the segment is marked as broken
 *   EAGAIN   init is still at work on it, or was killed there
 *   EPROTO   it was made by a library of another layout, or for another kind of machine or compiler
 *   ENOTSUP  it needs a feature that this library has not; or, life being NULL, it is of another pid namespace, or there is no
 *            /proc; or, of a pair that was made where membarrier(2) works between processes, as its consumer: here it does not
 *   ENOSPC   it is larger than bytes
 *   EBUSY    a living participant has the key, or is just recovering the last that had it; or, for a new key, somebody
 *            has been recovering for a second
 *   EUSERS   no number is left: all are taken by the living, or by other keys (maar_ipc_forget), or somebody is just
 *            recovering those of the dead; of a pair, the role's number, or this key is of the other role
 *   ENOMEM   no memory
 */
MAAR_API MAAR_NODISCARD struct maar_ipc *maar_ipc_attach(void *mem, size_t bytes, const struct maar_ipc_who *who,
							 const struct maar_ipc_life *life);

/*
 * Ends this participant. Returns 0 (also for NULL), or -EBUSY, with nothing changed, while it has loans or messages
 * out. In a child that was forked after attach: only gives back what the child has. Cost: a walk over the owner words.
 */
MAAR_API int maar_ipc_detach(struct maar_ipc *ipc);

/* ---- the calls below return, beside what they say ----
 *   -EINVAL   an argument is wrong; nothing is changed
 *   -EPERM    this participant has not the role
 *   -ECHILD   it was the parent that attached
 *   -EBADMSG  the segment is broken, and marked so for all: make a new one
 * timeout_ns: 0 looks once; MAAR_FOREVER. EINTR is no answer.
 */

/* ---- producers ---- */

/*
 * Lends a free slot for a message of up to `bytes` bytes, of the smallest class that fits and has one. Returns 1 and
 * *payload, or
 *   0          full: no slot by the time-out; with DROP_NEWEST, counted as dropped
 *   -EPIPE     the queue is closed
 *   -EMSGSIZE  no class has slots of that size
 *   -EBUSY     of a pair: a loan is out
 * Cost: two compare-and-swaps, and a look at the events' line; of a pair, none.
 */
MAAR_API int maar_ipc_loan(struct maar_ipc *ipc, size_t bytes, void **payload, int64_t timeout_ns);

/*
 * Publishes a loan, of which `bytes` are the message. Returns 1, or
 *   0          full: its priority has its depth of messages by the time-out. The loan stays the caller's
 *   -EPIPE     the queue is closed. The loan stays
 *   -EMSGSIZE  more bytes than the slot has. The loan stays
 *   -EALREADY  payload is no loan of this participant's
 * Cost: three compare-and-swaps, and one read-modify-write of the consumers' event; of a pair, none, or the latter.
 */
MAAR_API int maar_ipc_publish(struct maar_ipc *ipc, void *payload, size_t bytes, const struct maar_ipc_tags *tags,
			      int64_t timeout_ns);

/* Gives a loan back. 0, or -EALREADY as above. */
MAAR_API int maar_ipc_discard(struct maar_ipc *ipc, void *payload);

/* loan, copy and publish, with one time-out: 1, 0 (full), or what these say. Nothing stays out. data: NULL if bytes is 0. */
MAAR_API int maar_ipc_send(struct maar_ipc *ipc, const void *data, size_t bytes, const struct maar_ipc_tags *tags,
			   int64_t timeout_ns);

/* ---- consumers ---- */

/*
 * Takes the oldest message of the highest priority that has one. Returns 1 and *message, or
 *   0       empty, by the time-out
 *   -EPIPE  the queue is empty and closed, and the dead are recovered, unless somebody else is just doing that
 * Cost: two compare-and-swaps; of a pair, none.
 */
MAAR_API int maar_ipc_take(struct maar_ipc *ipc, struct maar_ipc_message *message, int64_t timeout_ns);

/* Takes the oldest dead letter: 1, or 0 if there is none. Does not wait. */
MAAR_API int maar_ipc_take_dead(struct maar_ipc *ipc, struct maar_ipc_message *message);

/*
 * Releases the slot of a message. 0, or -EALREADY: it is not one that this participant has (any more). Cost: as publish;
 * of a pair, none.
 */
MAAR_API int maar_ipc_release(struct maar_ipc *ipc, const struct maar_ipc_message *message);

/*
 * Takes a message, copies it, and releases it. `room` must be as much as the largest slot holds (maar_ipc_most_bytes),
 * or the answer is -EMSGSIZE and nothing is taken. message may be NULL. Otherwise as take.
 */
MAAR_API int maar_ipc_receive(struct maar_ipc *ipc, void *data, size_t room, struct maar_ipc_message *message,
			      int64_t timeout_ns);

/* As many as there are, up to n, waiting for the first: how many, or as take. Release of n: 0, or the first error. */
MAAR_API ssize_t maar_ipc_take_burst(struct maar_ipc *ipc, struct maar_ipc_message *messages, size_t n,
				     int64_t timeout_ns);
MAAR_API int maar_ipc_release_burst(struct maar_ipc *ipc, const struct maar_ipc_message *messages, size_t n);

/* ---- the end ---- */

/*
 * For good: producers are refused, consumers get what is in the queue and then -EPIPE; whoever sleeps is woken. 0. A
 * publish that runs at the same time may come after the last look of a consumer: what it publishes stays in the queue.
 */
MAAR_API int maar_ipc_close(struct maar_ipc *ipc);
MAAR_API int maar_ipc_closed(const struct maar_ipc *ipc); /* 1: closed, or ipc is NULL */

/*
 * Takes and releases all that is in the queue, and what comes meanwhile, up to twice as many as there are slots, and calls
 * `each` (may be NULL) with it. How many, or -errno.
 */
typedef void maar_ipc_message_fn(const struct maar_ipc_message *message, void *arg);
MAAR_API ssize_t maar_ipc_drain(struct maar_ipc *ipc, maar_ipc_message_fn *each, void *arg);

/* ---- the dead ---- */

/*
 * Puts right what dead participants have left. Their loans become free, and so does what they had not quite published;
 * messages that they had taken go where the segment's when_dead says; their journals are resolved, their numbers free.
 * May itself be killed anywhere, and is then done by another. Returns how many it recovered; 0 also while another one
 * is at it. Cost: a system call or two for each participant, and for each dead one a walk over the owner words.
 */
MAAR_API int maar_ipc_recover(struct maar_ipc *ipc);

/* What has become of the last journaled publish of those who had this key before. */
struct maar_ipc_past {
	uint64_t sequence;  /* or mark, as its tags said */
	uint32_t delivered; /* 1: it was published; 0: it was not, and never will be */
	uint32_t reserved0;
	uint64_t reserved[2];
};

/* As it was at attach. 0, or -ENOENT: there is none, or no key. So: publish this again if not delivered, and what follows. */
MAAR_API int maar_ipc_past(const struct maar_ipc *ipc, struct maar_ipc_past *past);

/* Forgets the journal of a key that nobody has now, so that its number may be used without it. 0, -ENOENT or -EBUSY. */
MAAR_API int maar_ipc_forget(struct maar_ipc *ipc, uint64_t key);

/* ---- observers: any thread ---- */

/* Counted one after another: exact when no other call runs. */
struct maar_ipc_stats {
	uint64_t published[MAAR_IPC_PRIORITIES],
		taken[MAAR_IPC_PRIORITIES];	 /* since init; redeliveries too, but of a pair */
	uint64_t dropped_newest, dropped_oldest; /* refused to producers; overwritten. A kill may count one too many */
	uint64_t dropped_dead;			 /* by when_dead; the same */
	uint64_t recovered, redelivered;	 /* participants; messages put into the queue again */
	uint32_t slots, free, loaned, queued, read, dead_letters;
	uint32_t broken;			       /* words that say nothing sensible */
	uint32_t participants, max_participants, dead; /* attached, the dead among them; of these */
	uint32_t closed, marked_broken;		       /* 1: it is */
	uint64_t reserved[4];
};
MAAR_API int maar_ipc_stats(const struct maar_ipc *ipc, struct maar_ipc_stats *stats);

MAAR_API uint64_t maar_ipc_most_bytes(const struct maar_ipc *ipc); /* of a message; 0 for NULL */
MAAR_API uint32_t
maar_ipc_participant(const struct maar_ipc *ipc); /* this one's number, from 1; 0 for NULL, or in a child */

/* Writes a description for people, with each participant and what it has. 0, or -EIO. */
MAAR_API int maar_ipc_dump(const struct maar_ipc *ipc, FILE *to);

/*
 * Whether all is as it must be: each slot in one place, the one that its word says. While nobody else works on it, and
 * the dead are recovered. 0, or -EBADMSG (which marks nothing).
 */
MAAR_API int maar_ipc_check(const struct maar_ipc *ipc);

MAAR_END_DECLS

#endif
