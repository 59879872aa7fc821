/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc_broadcast.h>, call by call: each reader sees all, late ones the history; the slowest holds, or misses; dead,
 * stopped and evicted ones; and processes that publish and read at the same time.
 */
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS 8
#define SLICE 1000000 /* ns: a sleeper looks for the dead so often */
#define LONG  INT64_C(60000000000)

static struct ipc_lives lives;
static struct maar_ipc_life life;
static void *memory;
static size_t bytes;

static const struct maar_ipc_options eight = { .classes = { { .bytes = 64, .slots = SLOTS } },
					       .n_classes = 1,
					       .participants = SLOTS - 1,
					       .kind = MAAR_IPC_BROADCAST };

static void make(const struct maar_ipc_options *o)
{
	memset(&lives, 0, sizeof(lives));
	life = ipc_life(&lives);
	bytes = (size_t)maar_ipc_bytes(o);
	unit_must(bytes != 0);
	memory = ipc_memory(bytes);
	memset(memory, 0x5a, bytes);
	unit_eq(maar_ipc_init(memory, bytes, o), 0);
}

static struct maar_ipc *try_attach(uint32_t roles, uint32_t reading)
{
	const struct maar_ipc_who who = { .roles = roles, .reading = reading, .slice_ns = SLICE };

	return maar_ipc_attach(memory, bytes, &who, &life);
}

static struct maar_ipc *attach(uint32_t roles, uint32_t reading)
{
	struct maar_ipc *ipc = try_attach(roles, reading);

	ck_assert_msg(ipc != NULL, "attach: %d", errno);
	return ipc;
}

static struct maar_ipc *producer(void)
{
	return attach(MAAR_IPC_PRODUCER, 0);
}

static struct maar_ipc *reader(uint32_t reading)
{
	return attach(MAAR_IPC_CONSUMER, reading);
}

static void die(struct maar_ipc *ipc)
{
	lives.alive[maar_ipc_participant(ipc)] = false;
	munmap(ipc, (sizeof(*ipc) + 4095) & ~(size_t)4095);
}

static int send_number(struct maar_ipc *ipc, uint64_t n)
{
	const struct maar_ipc_tags tags = { .type = 7, .sequence = n };

	return maar_ipc_send(ipc, &n, sizeof(n), &tags, 0);
}

static void send_all(struct maar_ipc *ipc, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		unit_eq(send_number(ipc, from), 1);
}

static struct maar_ipc_message take_number(struct maar_ipc *ipc, uint64_t n)
{
	struct maar_ipc_message m;
	uint64_t got;

	unit_eq(maar_ipc_take(ipc, &m, 0), 1);
	unit_eq(m.bytes, sizeof(got));
	memcpy(&got, m.payload, sizeof(got));
	unit_eq(got, n);
	unit_eq(m.sequence, n);
	unit_eq(m.id.position, n);
	unit_eq(m.type, 7);
	unit_eq(m.flags, 0);
	return m;
}

static void read_all(struct maar_ipc *ipc, uint64_t from, uint64_t to)
{
	struct maar_ipc_message m;

	for (; from < to; from++) {
		m = take_number(ipc, from);
		unit_eq(maar_ipc_release(ipc, &m), 0);
	}
	unit_eq(maar_ipc_take(ipc, &m, 0), 0);
}

static struct maar_ipc_reader one_reader(const struct maar_ipc *ipc)
{
	struct maar_ipc_reader r;

	unit_eq(maar_ipc_readers(ipc, &r, 1), 1);
	return r;
}

static void end(struct maar_ipc *ipc)
{
	unit_eq(maar_ipc_check(ipc), 0);
	unit_eq(maar_ipc_detach(ipc), 0);
	munmap(memory, bytes);
}

/* ---- making and attaching ---- */

START_TEST(options)
{
	struct maar_ipc_options o = eight;
	struct maar_ipc *p;

#define WRONG(change)                                                                                                  \
	do {                                                                                                           \
		o = eight;                                                                                             \
		change;                                                                                                \
		unit_eq(maar_ipc_bytes(&o), 0);                                                                        \
	} while (0)
	WRONG(o.priorities = 2);
	WRONG(o.when_dead = MAAR_IPC_DROP);
	WRONG(o.most_deliveries = 1);
	WRONG(o.participants = SLOTS);
	WRONG(o.depth[0] = SLOTS + 1);
	WRONG((o.participants = 0, o.classes[0].slots = 1));
	WRONG((o.n_classes = 2, o.classes[1].bytes = 128, o.classes[1].slots = SLOTS - 1));
	o = eight;
	o.participants = 0; /* as many as there may be */
	make(&o);
	p = producer();
	unit_eq(p->max_participants, SLOTS - 1);
	end(p);
	o.classes[0].slots = 100;
	make(&o);
	p = producer();
	unit_eq(p->max_participants, MAAR_IPC_PARTICIPANTS);
	end(p);
}
END_TEST

START_TEST(attaching)
{
	static const struct maar_ipc_options queue = { .classes = { { .bytes = 64, .slots = SLOTS } }, .n_classes = 1 };
	struct maar_ipc_options o = eight;
	struct maar_ipc *p, *r;

	make(&eight);
	p = producer();
	unit_must(!try_attach(MAAR_IPC_PRODUCER, MAAR_IPC_LOSSY) && errno == EINVAL);
	unit_must(!try_attach(MAAR_IPC_CONSUMER, MAAR_IPC_HISTORY << 1) && errno == EINVAL);
	end(p);
	make(&queue);
	unit_must(!try_attach(MAAR_IPC_CONSUMER, MAAR_IPC_LOSSY) && errno == EINVAL);
	unit_must(!try_attach(MAAR_IPC_CONSUMER, MAAR_IPC_HISTORY) && errno == EINVAL);
	r = reader(0);
	unit_eq(maar_ipc_readers(r, NULL, 0), 0);
	unit_eq(maar_ipc_evict(r, 1), -EINVAL);
	end(r);
	o.when_full = MAAR_IPC_OVERWRITE;
	make(&o);
	unit_must(!try_attach(MAAR_IPC_CONSUMER, MAAR_IPC_HISTORY) && errno == EPERM);
	r = reader(MAAR_IPC_LOSSY);
	p = producer();
	send_all(p, 0, 3 * SLOTS);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

/* ---- each sees all ---- */

START_TEST(each_sees_each)
{
	struct maar_ipc *p, *early, *late, *history;
	struct maar_ipc_message m;
	struct maar_ipc_stats s;

	make(&eight);
	p = producer();
	early = reader((uint32_t)_i);
	unit_eq(maar_ipc_take(early, &m, 0), 0);
	unit_eq(maar_ipc_take(p, &m, 0), -EPERM);
	send_all(p, 0, 3);
	late = reader((uint32_t)_i);
	history = reader((uint32_t)_i | MAAR_IPC_HISTORY);
	send_all(p, 3, 5);
	read_all(early, 0, 5);
	read_all(late, 3, 5);
	read_all(history, 0, 5);
	unit_eq(maar_ipc_stats(p, &s), 0);
	unit_eq(s.queued, 5);
	unit_eq(s.free, SLOTS - 5);
	/* Round the ring; what was read goes, as far as its slots are needed. */
	for (uint64_t n = 5; n < 3000; n++) {
		unit_eq(send_number(p, n), 1);
		read_all(early, n, n + 1);
		read_all(late, n, n + 1);
		read_all(history, n, n + 1);
	}
	unit_eq(maar_ipc_missed(early) + maar_ipc_missed(late) + maar_ipc_missed(history), 0);
	unit_eq(maar_ipc_take_dead(early, &m), 0);
	unit_eq(maar_ipc_detach(history), 0);
	/* There is history now, of all slots. */
	history = reader((uint32_t)_i | MAAR_IPC_HISTORY);
	for (uint64_t n = 3000 - SLOTS; n < 3000; n++) {
		m = take_number(history, n);
		unit_eq(maar_ipc_release(history, &m), 0);
	}
	unit_eq(maar_ipc_take(history, &m, 0), 0);
	unit_eq(maar_ipc_detach(history), 0);
	unit_eq(maar_ipc_detach(early), 0);
	unit_eq(maar_ipc_detach(late), 0);
	end(p);
}
END_TEST

START_TEST(depth_below_slots)
{
	struct maar_ipc_options o = eight;
	struct maar_ipc_stats s;
	struct maar_ipc *p, *r;
	struct maar_ipc_message m;

	o.depth[0] = 3;
	make(&o);
	p = producer();
	send_all(p, 0, 100);
	unit_eq(maar_ipc_stats(p, &s), 0);
	unit_eq(s.queued, 3);
	unit_eq(s.free, SLOTS - 3);
	r = reader(MAAR_IPC_HISTORY);
	m = take_number(r, 97);
	unit_eq(maar_ipc_release(r, &m), 0);
	send_all(p, 100, 101);
	unit_eq(send_number(p, 101), 0); /* two of three are not read */
	read_all(r, 98, 101);
	send_all(p, 101, 104);
	unit_eq(send_number(p, 104), 0);
	read_all(r, 101, 104);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

START_TEST(calls)
{
	struct maar_ipc *p, *r;
	struct maar_ipc_message m[3], again;
	char data[64];
	void *loan;

	make(&eight);
	p = producer();
	r = reader((uint32_t)_i);
	unit_eq(maar_ipc_loan(p, 65, &loan, 0), -EMSGSIZE);
	unit_eq(maar_ipc_loan(p, 64, &loan, 0), 1);
	unit_eq(maar_ipc_publish(p, loan, 65, NULL, 0), -EMSGSIZE);
	unit_eq(maar_ipc_discard(p, loan), 0);
	unit_eq(maar_ipc_publish(p, loan, 1, NULL, 0), -EALREADY);
	send_all(p, 0, 3);
	unit_eq(maar_ipc_release(r, &(struct maar_ipc_message){ .slot = 0 }), -EALREADY);
	unit_eq(maar_ipc_release(r, NULL), -EINVAL);
	unit_eq(maar_ipc_release(r, &(struct maar_ipc_message){ .slot = SLOTS }), -EINVAL);
	unit_eq(maar_ipc_take(r, NULL, 0), -EINVAL);
	/* One at a time. */
	unit_eq(maar_ipc_take_burst(r, m, 3, 0), 1);
	unit_eq(maar_ipc_take(r, &again, 0), -EBUSY);
	unit_eq(maar_ipc_take(r, &again, LONG), -EBUSY);
	unit_eq(maar_ipc_detach(r), -EBUSY);
	unit_eq(maar_ipc_release_burst(r, m, 1), 0);
	unit_eq(maar_ipc_release(r, m), -EALREADY);
	unit_eq(maar_ipc_receive(r, data, sizeof(data), m, 0), 1);
	unit_must(m[0].sequence == 1 && !m[0].payload && memcmp(data, &(uint64_t){ 1 }, 8) == 0);
	unit_eq(maar_ipc_receive(r, data, 8, m, 0), -EMSGSIZE);
	unit_eq(maar_ipc_drain(r, NULL, NULL), 1);
	unit_eq(maar_ipc_send(p, NULL, 0, NULL, 0), 1);
	unit_eq(maar_ipc_take(r, m, 0), 1);
	unit_eq(m[0].bytes, 0);
	unit_eq(maar_ipc_release(r, m), 0);
	unit_eq(send_number(p, 4), 1);
	unit_eq(maar_ipc_close(p), 0);
	unit_eq(send_number(p, 5), -EPIPE);
	unit_eq(maar_ipc_take(r, m, LONG), 1);
	unit_eq(maar_ipc_release(r, m), 0);
	unit_eq(maar_ipc_take(r, m, LONG), -EPIPE);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

/* ---- the slowest ---- */

START_TEST(the_slowest_holds)
{
	struct maar_ipc_options o = eight;
	struct maar_ipc *p, *slow, *fast, *lossy;
	struct maar_ipc_message m;
	struct maar_ipc_stats s;
	struct maar_ipc_reader r[4];
	void *loan;

	o.when_full = _i ? MAAR_IPC_DROP_NEWEST : MAAR_IPC_BLOCK;
	make(&o);
	p = producer();
	slow = reader(0);
	fast = reader(0);
	lossy = reader(MAAR_IPC_LOSSY);
	send_all(p, 0, SLOTS);
	unit_eq(send_number(p, SLOTS), 0);
	unit_eq(maar_ipc_loan(p, 8, &loan, _i ? LONG : 2 * SLICE), 0);
	read_all(fast, 0, SLOTS);
	unit_eq(send_number(p, SLOTS), 0);
	unit_eq(maar_ipc_stats(p, &s), 0);
	unit_eq(s.dropped_newest, _i ? 3 : 0);
	unit_eq(maar_ipc_readers(p, r, 4), 3);
	unit_must(r[0].number == 2 && r[0].reading == 0 && r[0].lag == SLOTS && r[0].position == 0);
	unit_must(r[1].number == 3 && r[1].lag == 0 && r[1].position == SLOTS && !r[1].pins);
	unit_must(r[2].reading == MAAR_IPC_LOSSY && r[2].lag == SLOTS);
	/* What it has out is held too. */
	m = take_number(slow, 0);
	unit_eq(send_number(p, SLOTS), 0);
	unit_eq(maar_ipc_release(slow, &m), 0);
	unit_eq(send_number(p, SLOTS), 1);
	unit_eq(send_number(p, SLOTS + 1), 0);
	unit_eq(maar_ipc_detach(slow), 0);
	send_all(p, SLOTS + 1, 2 * SLOTS);
	read_all(fast, SLOTS, 2 * SLOTS);
	unit_eq(maar_ipc_detach(fast), 0);
	unit_eq(maar_ipc_detach(lossy), 0);
	end(p);
}
END_TEST

START_TEST(the_lossy_miss)
{
	struct maar_ipc *p, *r;
	struct maar_ipc_message m;
	struct maar_ipc_stats s;

	make(&eight);
	p = producer();
	r = reader(MAAR_IPC_LOSSY);
	send_all(p, 0, 20);
	m = take_number(r, 20 - SLOTS);
	unit_eq(m.missed, 20 - SLOTS);
	unit_eq(maar_ipc_missed(r), 20 - SLOTS);
	unit_eq(one_reader(p).pins, 1);
	/* What it has out stays, whatever comes. */
	send_all(p, 20, 1000);
	unit_must(memcmp(m.payload, &(uint64_t){ 20 - SLOTS }, 8) == 0);
	unit_eq(maar_ipc_release(r, &m), 0);
	unit_eq(one_reader(p).pins, 0);
	m = take_number(r, 1000 - SLOTS + 1); /* a slot was not to be had */
	unit_eq(m.missed, 1000 - SLOTS + 1 - (20 - SLOTS) - 1);
	unit_eq(maar_ipc_release(r, &m), 0);
	m = take_number(r, 1000 - SLOTS + 2);
	unit_eq(m.missed, 0);
	unit_eq(maar_ipc_release(r, &m), 0);
	unit_eq(maar_ipc_missed(r), 1000 - SLOTS + 1 - 1);
	unit_eq(maar_ipc_stats(p, &s), 0);
	unit_eq(s.dropped_oldest, maar_ipc_missed(r));
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

/* Each that may be has one slot pinned, and still there is one for the producer, again and again. */
START_TEST(all_pinned)
{
	struct maar_ipc *p, *r[SLOTS - 2];
	struct maar_ipc_message m[SLOTS - 2];

	make(&eight);
	p = producer();
	for (unsigned i = 0; i < SLOTS - 2; i++) {
		r[i] = reader(MAAR_IPC_LOSSY);
		unit_eq(send_number(p, i), 1);
		for (unsigned k = 0; k < i; k++)
			unit_eq(maar_ipc_check(r[k]), 0);
		unit_eq(maar_ipc_take(r[i], &m[i], 0), 1);
	}
	send_all(p, SLOTS - 2, 100);
	for (unsigned i = 0; i < SLOTS - 2; i++) {
		unit_must(memcmp(m[i].payload, &(uint64_t){ i }, 8) == 0);
		unit_eq(maar_ipc_release(r[i], &m[i]), 0);
		unit_eq(maar_ipc_detach(r[i]), 0);
	}
	end(p);
}
END_TEST

/*
 * A slot that is free but pinned is no room: who sleeps for one puts it back and sleeps on, to its time-out. In a process of its
 * own, so that one that wakes itself fails by time-out.
 */
START_TEST(a_pinned_slot_is_no_room)
{
	struct maar_ipc *p, *lossy, *r;
	struct maar_ipc_message m, first;
	void *loan;

	make(&eight);
	p = producer();
	lossy = reader(MAAR_IPC_LOSSY);
	r = reader(0);
	unit_eq(send_number(p, 0), 1);
	first = take_number(lossy, 0);
	m = take_number(r, 0);
	unit_eq(maar_ipc_release(r, &m), 0);
	send_all(p, 1, SLOTS);
	/* 0 is let go, but looked at; 1 and all others are held. */
	unit_eq(maar_ipc_loan(p, 8, &loan, 0), 0);
	unit_eq(maar_ipc_loan(p, 8, &loan, 5 * SLICE), 0);
	unit_eq(maar_ipc_release(lossy, &first), 0);
	unit_eq(maar_ipc_loan(p, 8, &loan, 0), 1);
	unit_eq(maar_ipc_discard(p, loan), 0);
	unit_eq(maar_ipc_detach(lossy), 0);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

static void *sends_one(void *p)
{
	uint64_t n = SLOTS;

	unit_eq(maar_ipc_send(p, &n, sizeof(n), NULL, LONG), 1);
	return NULL;
}

/* Who found a reader joining, and sleeps for that, is woken by the end of it; else only its slice, which is long, would. */
START_TEST(woken_by_who_has_joined)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER, .slice_ns = LONG };
	struct maar_ipc *p, *joiner, *r;
	uint64_t *gate, joined;
	pthread_t thread;

	make(&eight);
	p = maar_ipc_attach(memory, bytes, &who, &life);
	unit_must(p != NULL);
	send_all(p, 0, SLOTS);
	joiner = reader(0);
	gate = &maar__ipc_entry(joiner, joiner->me)->gate;
	joined = maar_a_load(gate, RELAXED);
	maar_a_store(gate, maar__ipc_gate_word(maar__ipc_generation(joiner->state), MAAR__IPC_JOINING, 0), RELAXED);
	unit_eq(pthread_create(&thread, NULL, sends_one, p), 0);
	while (!(maar_a_load(&p->events->not_full.word, RELAXED) & MAAR__EVENT_WAITERS))
		sched_yield();
	maar_a_store(gate, joined, RELEASE);
	r = reader(0); /* joins, too: after this there is no more to be done for the producer */
	unit_eq(pthread_join(thread, NULL), 0);
	unit_eq(maar_ipc_detach(joiner), 0);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

/* A producer was killed that had put its message, but not moved the tail: readers have it, and all is as it must be. */
START_TEST(tail_left_behind)
{
	struct maar_ipc *p, *lossless, *lossy;

	make(&eight);
	p = producer();
	lossless = reader(0);
	lossy = reader(MAAR_IPC_LOSSY);
	send_all(p, 0, 3);
	maar_a_store(&p->rings[0].ring.ring->tail, 2, RELAXED);
	unit_eq(maar_ipc_check(p), 0);
	read_all(lossless, 0, 3);
	read_all(lossy, 0, 3);
	unit_eq(maar_ipc_check(p), 0);
	/* But not two. */
	maar_a_store(&p->rings[0].ring.ring->tail, 1, RELAXED);
	unit_eq(maar_ipc_check(p), -EBADMSG);
	maar_a_store(&p->rings[0].ring.ring->tail, 3, RELAXED);
	unit_eq(maar_ipc_detach(lossless), 0);
	unit_eq(maar_ipc_detach(lossy), 0);
	end(p);
}
END_TEST

START_TEST(two_classes)
{
	const struct maar_ipc_options o = {
		.classes = { { .bytes = 64, .slots = 4 }, { .bytes = 256, .slots = 4 } },
		.n_classes = 2,
		.participants = 3,
		.kind = MAAR_IPC_BROADCAST,
	};
	struct maar_ipc *p, *r;
	struct maar_ipc_message m;
	char large[256] = "large";

	make(&o);
	p = producer();
	r = reader(MAAR_IPC_LOSSY);
	for (unsigned i = 0; i < 4; i++) {
		unit_eq(maar_ipc_send(p, large, sizeof(large), NULL, 0), 1);
		unit_eq(maar_ipc_send(p, "small", 6, NULL, 0), 1);
	}
	/* The oldest are let go until there is one of the size. */
	for (unsigned i = 0; i < 100; i++)
		unit_eq(maar_ipc_send(p, large, i % 3 ? sizeof(large) : 1, NULL, 0), 1);
	unit_eq(maar_ipc_take(r, &m, 0), 1);
	unit_must(m.bytes == sizeof(large) || m.bytes == 1);
	unit_eq(maar_ipc_release(r, &m), 0);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

/* ---- the dead, and the evicted ---- */

START_TEST(dead_readers)
{
	struct maar_ipc *p, *r;
	struct maar_ipc_message m;
	struct maar_ipc_stats s;

	make(&eight);
	p = producer();
	r = reader((uint32_t)_i);
	send_all(p, 0, SLOTS);
	unit_eq(maar_ipc_take(r, &m, 0), 1);
	die(r);
	/* Nobody calls recover: who finds no room looks, once in a slice. */
	if (_i)
		unit_eq(maar_ipc_recover(p), 1);
	else
		while (send_number(p, SLOTS) == 0)
			unit_must(maar_ipc_readers(p, NULL, 0) == 1);
	unit_eq(maar_ipc_readers(p, NULL, 0), 0);
	unit_eq(maar_ipc_stats(p, &s), 0);
	unit_eq(s.recovered, 1);
	for (uint64_t n = SLOTS + 1; n < 30; n++)
		unit_eq(send_number(p, n), 1);
	/* A new one of the same number has nothing of it. */
	r = reader((uint32_t)_i);
	unit_eq(maar_ipc_take(r, &m, 0), 0);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

/* A producer that sleeps finds the death after its slice; in a process of its own, so that a lost wake-up fails by time-out. */
START_TEST(a_sleeping_producer)
{
	struct maar_ipc *p, *r;
	struct maar_ipc_message m;
	uint64_t n = SLOTS;

	make(&eight);
	p = producer();
	r = reader(0);
	send_all(p, 0, SLOTS);
	unit_eq(maar_ipc_take(r, &m, 0), 1);
	die(r);
	unit_eq(maar_ipc_send(p, &n, sizeof(n), NULL, LONG), 1);
	end(p);
}
END_TEST

START_TEST(dead_joiner)
{
	struct maar_ipc *p, *r;

	make(&eight);
	p = producer();
	r = reader(0);
	maar_a_store(&maar__ipc_entry(r, r->me)->gate,
		     maar__ipc_gate_word(maar__ipc_generation(r->state), MAAR__IPC_JOINING, 0), RELAXED);
	send_all(p, 0, SLOTS);
	unit_eq(send_number(p, SLOTS), 0);
	unit_eq(one_reader(p).lag, 0);
	unit_eq(maar_ipc_evict(p, one_reader(p).id), -ENOENT);
	die(r);
	unit_eq(maar_ipc_recover(p), 1);
	unit_eq(send_number(p, SLOTS), 1);
	end(p);
}
END_TEST

START_TEST(evicted)
{
	struct maar_ipc *p, *r, *lossy;
	struct maar_ipc_message m;
	uint64_t id;
	char data[64];

	make(&eight);
	p = producer();
	r = reader(0);
	send_all(p, 0, SLOTS);
	m = take_number(r, 0);
	id = one_reader(p).id;
	unit_eq(maar_ipc_evict(p, 0), -EINVAL);
	unit_eq(maar_ipc_evict(p, SLOTS), -EINVAL);
	unit_eq(maar_ipc_evict(NULL, id), -EINVAL);
	unit_eq(maar_ipc_evict(p, id + (UINT64_C(1) << 32)), -ENOENT);
	unit_eq(maar_ipc_evict(p, id), 0);
	unit_eq(maar_ipc_evict(p, id), -ENOENT);
	unit_eq(maar_ipc_readers(p, NULL, 0), 0);
	send_all(p, SLOTS, 100);
	unit_eq(maar_ipc_release(r, &m), -EALREADY);
	unit_eq(maar_ipc_take(r, &m, LONG), -ECANCELED);
	unit_eq(maar_ipc_receive(r, data, sizeof(data), NULL, 0), -ECANCELED);
	unit_eq(maar_ipc_detach(r), 0);
	/* With nothing to read it hears of it too. */
	r = reader(0);
	unit_must(one_reader(p).id != id);
	unit_eq(maar_ipc_take(r, &m, 0), 0);
	unit_eq(maar_ipc_evict(p, one_reader(p).id), 0);
	unit_eq(maar_ipc_take(r, &m, LONG), -ECANCELED);
	unit_eq(maar_ipc_detach(r), 0);
	lossy = reader(MAAR_IPC_LOSSY);
	unit_eq(maar_ipc_evict(p, one_reader(p).id), -ENOENT);
	unit_eq(maar_ipc_detach(lossy), 0);
	unit_eq(maar_ipc_readers(NULL, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_readers(p, NULL, 1), -EINVAL);
	unit_eq(maar_ipc_missed(NULL), 0);
	end(p);
}
END_TEST

/* A loan that came out of the log is told from an older one of the same slot and position, by who resolves a journal. */
START_TEST(journal)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER, .key = 9 };
	struct maar_ipc_tags tags = { .journal = 1 };
	struct maar_ipc_past past;
	struct maar_ipc *p;
	void *loan;

	make(&eight);
	for (uint64_t n = 0; n < 40; n++) {
		p = maar_ipc_attach(memory, bytes, &who, &life);
		unit_must(p != NULL);
		if (n) {
			unit_eq(maar_ipc_past(p, &past), 0);
			unit_must(past.sequence == n - 1 && past.delivered);
		}
		tags.sequence = n;
		unit_eq(maar_ipc_send(p, &n, 8, &tags, 0), 1);
		for (unsigned k = 0; k < n % SLOTS; k++) {
			unit_eq(maar_ipc_loan(p, 8, &loan, 0), 1);
			if (k % 2)
				unit_eq(maar_ipc_discard(p, loan), 0);
		}
		die(p);
	}
	p = producer();
	unit_must(maar_ipc_recover(p) >= 0);
	end(p);
}
END_TEST

/* ---- a child of fork; memory that was written over ---- */

START_TEST(after_fork)
{
	struct maar_ipc *p, *r;
	struct maar_ipc_reader about;
	int status;

	make(&eight);
	p = producer();
	r = reader(0);
	if (fork() == 0) {
		const bool right = maar_ipc_readers(r, &about, 1) == -ECHILD && maar_ipc_evict(r, 1) == -ECHILD &&
				   maar_ipc_missed(r) == 0 && maar_ipc_detach(r) == 0;

		_exit(right ? 0 : 1);
	}
	unit_must(wait(&status) > 0 && status == 0);
	send_all(p, 0, 1);
	read_all(r, 0, 1);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

START_TEST(written_over)
{
	struct maar_ipc *p, *r;
	struct maar_ipc_message m;
	uint64_t *cell;

	make(&eight);
	p = producer();
	r = reader((uint32_t)_i);
	send_all(p, 0, 4);
	cell = (uint64_t *)(void *)(p->rings[0].ring.ring + 1);
	cell[0] |= 0xffff; /* no handle */
	unit_eq(maar_ipc_take(r, &m, 0), -EBADMSG);
	unit_eq(send_number(p, 4), -EBADMSG);
	unit_eq(maar_ipc_evict(p, 2), -EBADMSG);
	unit_eq(maar_ipc_check(p), -EBADMSG);
	unit_eq(maar_ipc_detach(r), 0);
	unit_eq(maar_ipc_detach(p), 0);
	munmap(memory, bytes);
	/* Positions that cannot be. */
	make(&eight);
	p = producer();
	r = reader(0);
	send_all(p, 0, 4);
	unit_eq(maar_ipc_check(p), 0);
	maar_a_store(&p->at->floor, 5, RELAXED);
	unit_eq(maar_ipc_check(p), -EBADMSG);
	maar_a_store(&p->at->floor, 1, RELAXED);
	unit_eq(maar_ipc_check(p), -EBADMSG); /* above a gate */
	maar_a_store(&p->at->floor, 0, RELAXED);
	maar_a_store(&maar__ipc_entry(p, 2)->pin, SLOTS + 1, RELAXED);
	unit_eq(maar_ipc_check(p), -EBADMSG);
	maar_a_store(&maar__ipc_entry(p, 2)->pin, 0, RELAXED);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

START_TEST(dump)
{
	struct maar_ipc *p, *r, *lossy;
	struct maar_ipc_message m;
	char *text = NULL;
	size_t length;
	FILE *to;

	make(&eight);
	p = producer();
	r = reader(0);
	lossy = reader(MAAR_IPC_LOSSY);
	send_all(p, 0, 2);
	m = take_number(lossy, 0);
	to = open_memstream(&text, &length);
	unit_eq(maar_ipc_dump(p, to), 0);
	(void)fclose(to);
	unit_must(strstr(text, "broadcast between processes") && strstr(text, "reads lossless, next 0, behind 2") &&
		  strstr(text, "reads lossy, next 0, behind 2, has one out"));
	free(text);
	unit_eq(maar_ipc_release(lossy, &m), 0);
	unit_eq(maar_ipc_detach(lossy), 0);
	unit_eq(maar_ipc_detach(r), 0);
	end(p);
}
END_TEST

/* ---- processes ---- */

#define READERS 3    /* two lossless, one lossy */
#define EACH	4000 /* messages of each of two producers */

static void publish_some(uint64_t tag)
{
	struct maar_ipc *p = maar_ipc_attach(memory, bytes, &(struct maar_ipc_who){ .roles = MAAR_IPC_PRODUCER }, NULL);
	uint64_t n;

	for (n = 0; p && n < EACH; n++) {
		const uint64_t value[2] = { tag, n };

		if (maar_ipc_send(p, value, sizeof(value), NULL, LONG) != 1)
			_exit(2);
	}
	_exit(p && maar_ipc_detach(p) == 0 ? 0 : 3);
}

/* Each producer's in order; what was had and what was missed are all. */
static void read_some(struct maar_ipc *r, bool lossy)
{
	uint64_t next[2] = { 0, 0 }, had = 0;

	while (had + maar_ipc_missed(r) < UINT64_C(2) * EACH) {
		struct maar_ipc_message m;
		uint64_t value[2];

		if (maar_ipc_take(r, &m, LONG) != 1)
			_exit(2);
		memcpy(value, m.payload, sizeof(value));
		if (lossy && had % 64 == 0)
			(void)usleep(500);
		if (memcmp(value, m.payload, sizeof(value)) != 0 || value[0] > 1 || value[1] < next[value[0]] ||
		    (!lossy && value[1] != next[value[0]]))
			_exit(3);
		next[value[0]] = value[1] + 1;
		if (maar_ipc_release(r, &m) != 0)
			_exit(4);
		had++;
	}
	_exit(maar_ipc_detach(r) == 0 ? 0 : 5);
}

START_TEST(processes)
{
	int ready[2], status;
	struct maar_ipc *p;
	char byte = 0;

	make(&eight);
	unit_must(pipe(ready) == 0);
	for (unsigned i = 0; i < READERS; i++)
		if (fork() == 0) {
			const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER,
							  .reading = i == 2 ? MAAR_IPC_LOSSY : 0 };
			struct maar_ipc *r = maar_ipc_attach(memory, bytes, &who, NULL);

			if (!r || write(ready[1], &byte, 1) != 1)
				_exit(1);
			read_some(r, i == 2);
		}
	for (unsigned i = 0; i < READERS; i++)
		unit_must(read(ready[0], &byte, 1) == 1);
	for (uint64_t i = 0; i < 2; i++)
		if (fork() == 0)
			publish_some(i);
	for (unsigned i = 0; i < READERS + 2; i++)
		unit_must(wait(&status) > 0 && status == 0);
	close(ready[0]);
	close(ready[1]);
	p = maar_ipc_attach(memory, bytes, &(struct maar_ipc_who){ .roles = MAAR_IPC_PRODUCER }, NULL);
	unit_must(p != NULL);
	end(p);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, broadcast");
	TCase *tcase = unit_tcase(suite, "calls");

	tcase_add_test(tcase, options);
	tcase_add_test(tcase, attaching);
	tcase_add_loop_test(tcase, each_sees_each, 0, 2);
	tcase_add_test(tcase, depth_below_slots);
	tcase_add_loop_test(tcase, calls, 0, 2);
	tcase_add_loop_test(tcase, the_slowest_holds, 0, 2);
	tcase_add_test(tcase, the_lossy_miss);
	tcase_add_test(tcase, all_pinned);
	tcase_add_test(tcase, a_pinned_slot_is_no_room);
	tcase_add_test(tcase, woken_by_who_has_joined);
	tcase_add_test(tcase, tail_left_behind);
	tcase_add_test(tcase, two_classes);
	tcase_add_loop_test(tcase, dead_readers, 0, 2);
	tcase_add_test(tcase, a_sleeping_producer);
	tcase_add_test(tcase, dead_joiner);
	tcase_add_test(tcase, evicted);
	tcase_add_test(tcase, journal);
	tcase_add_test(tcase, after_fork);
	tcase_add_loop_test(tcase, written_over, 0, 2);
	tcase_add_test(tcase, dump);
	tcase_add_test(tcase, processes);
	return suite;
}
