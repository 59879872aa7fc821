/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc.h>, call by call, in one process: full, empty, 0, too many, wrong; and what of a dead participant is put
 * right.
 */
#include "ipcs.h"

#include "faults.h"

#include "../../src/ipc/ipc_priv.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ipc_lives lives;
static struct maar_ipc_life life;
static void *memory;
static size_t bytes;

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

static struct maar_ipc *attach(uint32_t roles, uint64_t key)
{
	const struct maar_ipc_who who = { .roles = roles, .key = key, .slice_ns = 1000000 };
	struct maar_ipc *ipc = maar_ipc_attach(memory, bytes, &who, &life);

	ck_assert_msg(ipc != NULL, "attach: %d", errno);
	return ipc;
}

#define BOTH (MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER)

/* Killed: nobody is that number any more; what the process knew is forgotten. */
static void die(struct maar_ipc *ipc)
{
	lives.alive[maar_ipc_participant(ipc)] = false;
	munmap(ipc, (sizeof(*ipc) + 4095) & ~(size_t)4095);
}

static void unmake(void)
{
	munmap(memory, bytes);
}

static struct maar_ipc_stats stats_of(const struct maar_ipc *ipc)
{
	struct maar_ipc_stats s;

	unit_eq(maar_ipc_stats(ipc, &s), 0);
	unit_eq(s.free + s.loaned + s.queued + s.read + s.dead_letters + s.broken, s.slots);
	return s;
}

static void send_number(struct maar_ipc *ipc, uint64_t n, uint32_t priority, int want)
{
	const struct maar_ipc_tags tags = { .priority = priority, .type = 7, .sequence = n };

	unit_eq(maar_ipc_send(ipc, &n, sizeof(n), &tags, 0), want);
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
	unit_eq(m.type, 7);
	return m;
}

static const struct maar_ipc_options eight = { .classes = { { .bytes = 64, .slots = 8 } },
					       .n_classes = 1,
					       .participants = 8 };

/* ---- options and init ---- */

START_TEST(options)
{
	struct maar_ipc_options o = eight;
	unsigned char small[128] __attribute__((aligned(128)));

	unit_must(maar_ipc_bytes(NULL) > 256 * 1024);
#define WRONG(change)                                                                                                  \
	do {                                                                                                           \
		o = eight;                                                                                             \
		change;                                                                                                \
		unit_eq(maar_ipc_bytes(&o), 0);                                                                        \
		unit_eq(maar_ipc_init(small, sizeof(small), &o), -EINVAL);                                             \
	} while (0)
	WRONG(o.n_classes = MAAR_IPC_CLASSES + 1);
	WRONG(o.classes[0].bytes = 0);
	WRONG(o.classes[0].slots = 0);
	WRONG(o.classes[0].reserved0 = 1);
	WRONG(o.classes[0].bytes = MAAR_IPC_MAX_BYTES + 1);
	WRONG((o.n_classes = 2, o.classes[1] = o.classes[0]));
	WRONG(o.priorities = MAAR_IPC_PRIORITIES + 1);
	WRONG(o.depth[0] = 9);
	WRONG(o.participants = MAAR_IPC_MAX_PARTICIPANTS + 1);
	WRONG(o.align = 3);
	WRONG(o.align = 8192);
	WRONG(o.when_full = 3);
	WRONG(o.when_dead = 3);
	WRONG(o.event_flags = MAAR_EVENT_SHARED);
	WRONG(o.reserved[COUNT_OF(o.reserved) - 1] = 1);
#undef WRONG
	o = eight;
	o.classes[0].slots = MAAR_IPC_MAX_SLOTS + 1;
	unit_eq(maar_ipc_init(small, sizeof(small), &o), -EOVERFLOW);
	unit_eq(maar_ipc_init(small, sizeof(small), &eight), -ENOSPC);
	unit_eq(maar_ipc_init(NULL, SIZE_MAX, &eight), -EINVAL);
	unit_eq(maar_ipc_init(small + 64, SIZE_MAX / 2, &eight), -EINVAL);
}
END_TEST

/* ---- the header ---- */

START_TEST(every_bit_of_the_header)
{
	struct maar__ipc_header *h;
	unsigned char *byte;
	size_t i;

	make(&eight);
	h = memory;
	byte = memory;
	for (i = 0; i < offsetof(struct maar__ipc_header, sum) + 8; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			byte[i] ^= (unsigned char)(1u << bit);
			errno = 0;
			unit_must(maar_ipc_attach(memory, bytes, NULL, &life) == NULL);
			unit_must(errno == EBADMSG || errno == EPROTO);
			byte[i] ^= (unsigned char)(1u << bit);
		}
	for (unsigned bit = 0; bit < 64; bit++) {
		h->ready ^= UINT64_C(1) << bit;
		unit_must(maar_ipc_attach(memory, bytes, NULL, &life) == NULL && errno == EBADMSG);
		h->ready ^= UINT64_C(1) << bit;
	}
	unit_eq(maar_ipc_detach(attach(BOTH, 0)), 0);
	unmake();
}
END_TEST

/* Its lines that never change, of each ring. */
START_TEST(rings_headers)
{
	struct maar_ipc *ipc;
	struct maar_ring *rings[3];

	make(&eight);
	ipc = attach(BOTH, 0);
	rings[0] = ipc->free[0].ring.ring;
	rings[1] = ipc->rings[0].ring.ring;
	rings[2] = ipc->rings[MAAR__IPC_DEAD_RING].ring.ring;
	for (unsigned r = 0; r < COUNT_OF(rings); r++) {
		rings[r]->mask ^= 1024;
		unit_must(maar_ipc_attach(memory, bytes, NULL, &life) == NULL && errno == EBADMSG);
		rings[r]->mask ^= 1024;
	}
	unit_eq(maar_ipc_detach(ipc), 0);
	unmake();
}
END_TEST

START_TEST(attach_is_refused)
{
	struct maar_ipc_who who = { .roles = 4 };
	struct maar_ipc_life none = { .take = NULL };
	struct maar_ipc *of[8];
	struct maar__ipc_header *h;

	make(&eight);
	h = memory;
#define REFUSED(error, ...) unit_must((errno = 0, maar_ipc_attach(__VA_ARGS__) == NULL && errno == (error)))
	REFUSED(EINVAL, NULL, bytes, NULL, &life);
	REFUSED(EINVAL, (char *)memory + 64, bytes - 64, NULL, &life);
	REFUSED(EINVAL, memory, bytes, &who, &life);
	who = (struct maar_ipc_who){ .reserved0 = 1 };
	REFUSED(EINVAL, memory, bytes, &who, &life);
	who = (struct maar_ipc_who){ .slice_ns = -1 };
	REFUSED(EINVAL, memory, bytes, &who, &life);
	who = (struct maar_ipc_who){ .reserved = { 0, 0, 0, 1 } };
	REFUSED(EINVAL, memory, bytes, &who, &life);
	REFUSED(EINVAL, memory, bytes, NULL, &none);
	REFUSED(ENOSPC, memory, bytes - 1, NULL, &life);
	REFUSED(ENOSPC, memory, 100, NULL, &life);
	h->ready = MAAR__IPC_MAKING;
	REFUSED(EAGAIN, memory, bytes, NULL, &life);
	h->ready = 0;
	REFUSED(EBADMSG, memory, bytes, NULL, &life);
	h->ready = MAAR__IPC_READY;
	h->broken = 1;
	REFUSED(EBADMSG, memory, bytes, NULL, &life);
	h->broken = 0;
	for (unsigned i = 0; i < COUNT_OF(of); i++) {
		of[i] = attach(BOTH, 0);
		unit_eq(maar_ipc_participant(of[i]), i + 1);
	}
	lives.ends = 0;
	REFUSED(EUSERS, memory, bytes, NULL, &life);
	unit_eq(lives.ends, 1);
	die(of[3]);
	of[3] = attach(BOTH, 0); /* in the dead one's place */
	unit_eq(maar_ipc_participant(of[3]), 4);
	for (unsigned i = 0; i < COUNT_OF(of); i++)
		unit_eq(maar_ipc_detach(of[i]), 0);
	unit_eq(maar_ipc_detach(NULL), 0);
	unit_eq(lives.ends, 1 + COUNT_OF(of));
	unmake();
}
END_TEST

static void attach_and_detach(void *arg)
{
	struct maar_ipc *ipc = maar_ipc_attach(memory, bytes, NULL, arg);

	unit_must(ipc || errno == ENOMEM);
	unit_eq(maar_ipc_detach(ipc), 0);
}

START_TEST(without_memory)
{
	make(&eight);
	for (uint64_t k = 1;; k++) {
		maar__fault_arm(k);
		attach_and_detach(&life);
		if (maar__fault_passed() < k)
			break;
	}
	maar__fault_arm(0);
	unmake();
}
END_TEST

/* ---- messages ---- */

START_TEST(there_and_back)
{
	struct maar_ipc_message m, all[10];
	struct maar_ipc *p, *c;
	void *payload, *other;
	uint64_t last = 0;

	make(&eight);
	p = attach(MAAR_IPC_PRODUCER, 0);
	c = attach(MAAR_IPC_CONSUMER, 0);
	unit_eq(maar_ipc_take(c, &m, 0), 0);
	unit_eq(maar_ipc_take(c, &m, 3000000), 0);
	for (uint64_t round = 0; round < 5000; round++) { /* several times round the rings */
		const uint64_t n = round % 9;

		for (uint64_t i = 0; i < n; i++)
			send_number(p, i, 0, 1);
		if (n == 8)
			unit_eq(maar_ipc_loan(p, 1, &payload, 0), 0);
		for (uint64_t i = 0; i < n; i++) {
			m = take_number(c, i);
			unit_eq(m.flags, 0);
			unit_eq(m.deliveries, 0);
			unit_must(m.id.segment[0] || m.id.segment[1]);
			unit_eq(m.id.position, last++);
			unit_eq(maar_ipc_release(c, &m), 0);
			unit_eq(maar_ipc_release(c, &m), -EALREADY);
		}
		unit_eq(maar_ipc_take(c, &m, 0), 0);
	}
	unit_eq(maar_ipc_check(p), 0);
	/* In place. */
	unit_eq(maar_ipc_loan(p, 64, &payload, MAAR_FOREVER), 1);
	unit_eq((uintptr_t)payload % 64, 0);
	unit_eq(maar_ipc_loan(p, 0, &other, 0), 1);
	unit_eq(maar_ipc_discard(p, other), 0);
	unit_eq(maar_ipc_discard(p, other), -EALREADY);
	unit_eq(maar_ipc_publish(p, other, 1, NULL, 0), -EALREADY);
	unit_eq(maar_ipc_publish(p, payload, 65, NULL, 0), -EMSGSIZE);
	unit_eq(maar_ipc_detach(p), -EBUSY);
	unit_eq(maar_ipc_publish(p, payload, 0, NULL, 0), 1);
	unit_eq(maar_ipc_take(c, &m, 0), 1);
	unit_eq(m.bytes, 0);
	unit_eq(maar_ipc_detach(c), -EBUSY);
	unit_eq(maar_ipc_release(c, &m), 0);
	/* Several at once. */
	for (uint64_t i = 0; i < 8; i++)
		send_number(p, i, 0, 1);
	unit_eq(maar_ipc_take_burst(c, all, 3, 0), 3);
	unit_eq(maar_ipc_take_burst(c, all + 3, 7, 0), 5);
	unit_eq(maar_ipc_take_burst(c, all, 1, 0), 0);
	unit_eq(maar_ipc_take_burst(c, NULL, 1, 0), -EINVAL);
	unit_eq(maar_ipc_take_burst(c, all, 0, 0), -EINVAL);
	unit_eq(maar_ipc_release_burst(c, all, 8), 0);
	unit_eq(maar_ipc_release_burst(c, all, 8), -EALREADY);
	unit_eq(maar_ipc_release_burst(c, NULL, 8), -EINVAL);
	unit_eq(stats_of(c).free, 8);
	unit_eq(maar_ipc_check(c), 0);
	unit_eq(maar_ipc_detach(p), 0);
	unit_eq(maar_ipc_detach(c), 0);
	unmake();
}
END_TEST

START_TEST(wrong_calls)
{
	const struct maar_ipc_tags bad_priority = { .priority = 1 }, journal = { .journal = 1 },
				   reserved = { .reserved0 = 1 }, unused = { .mark = 1 };
	struct maar_ipc_message m = { .slot = 0 };
	struct maar_ipc_stats s;
	struct maar_ipc_past past;
	struct maar_ipc *p, *c, *watcher;
	unsigned char data[64];
	void *payload;

	make(&eight);
	p = attach(MAAR_IPC_PRODUCER, 0);
	c = attach(MAAR_IPC_CONSUMER, 0);
	watcher = attach(0, 0);
	unit_eq(maar_ipc_loan(NULL, 1, &payload, 0), -EINVAL);
	unit_eq(maar_ipc_loan(p, 1, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_loan(p, 65, &payload, 0), -EMSGSIZE);
	unit_eq(maar_ipc_loan(c, 1, &payload, 0), -EPERM);
	unit_eq(maar_ipc_loan(watcher, 1, &payload, 0), -EPERM);
	unit_eq(maar_ipc_publish(NULL, data, 1, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_publish(p, data, 1, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_publish(p, NULL, 1, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_publish(c, data, 1, NULL, 0), -EPERM);
	unit_eq(maar_ipc_loan(p, 1, &payload, 0), 1);
	unit_eq(maar_ipc_publish(p, (char *)payload + 64, 1, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_publish(p, payload, 1, &bad_priority, 0), -EINVAL);
	unit_eq(maar_ipc_publish(p, payload, 1, &journal, 0), -EINVAL);
	unit_eq(maar_ipc_publish(p, payload, 1, &reserved, 0), -EINVAL);
	unit_eq(maar_ipc_publish(p, payload, 1, &unused, 0), -EINVAL);
	unit_eq(maar_ipc_discard(c, payload), -EPERM);
	unit_eq(maar_ipc_discard(NULL, payload), -EINVAL);
	unit_eq(maar_ipc_discard(p, payload), 0);
	unit_eq(maar_ipc_send(p, NULL, 1, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_send(p, data, 65, NULL, 0), -EMSGSIZE);
	unit_eq(maar_ipc_send(p, data, 1, &bad_priority, 0), -EINVAL);
	unit_eq(maar_ipc_send(NULL, data, 1, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_take(NULL, &m, 0), -EINVAL);
	unit_eq(maar_ipc_take(c, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_take(p, &m, 0), -EPERM);
	unit_eq(maar_ipc_take_dead(p, &m), -EPERM);
	unit_eq(maar_ipc_take_dead(c, NULL), -EINVAL);
	unit_eq(maar_ipc_take_dead(c, &m), 0);
	unit_eq(maar_ipc_release(c, &m), -EALREADY);
	unit_eq(maar_ipc_release(c, NULL), -EINVAL);
	m.slot = 8;
	unit_eq(maar_ipc_release(c, &m), -EINVAL);
	unit_eq(maar_ipc_release(p, &m), -EPERM);
	unit_eq(maar_ipc_receive(c, data, 63, NULL, 0), -EMSGSIZE);
	unit_eq(maar_ipc_receive(c, NULL, 64, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_receive(c, data, 64, NULL, 0), 0);
	unit_eq(maar_ipc_close(NULL), -EINVAL);
	unit_eq(maar_ipc_closed(NULL), 1);
	unit_eq(maar_ipc_drain(NULL, NULL, NULL), -EINVAL);
	unit_eq(maar_ipc_recover(NULL), -EINVAL);
	unit_eq(maar_ipc_recover(p), 0);
	unit_eq(maar_ipc_past(NULL, &past), -EINVAL);
	unit_eq(maar_ipc_past(p, NULL), -EINVAL);
	unit_eq(maar_ipc_past(p, &past), -ENOENT);
	unit_eq(maar_ipc_forget(NULL, 1), -EINVAL);
	unit_eq(maar_ipc_forget(p, 0), -EINVAL);
	unit_eq(maar_ipc_forget(p, 1), -ENOENT);
	unit_eq(maar_ipc_stats(NULL, &s), -EINVAL);
	unit_eq(maar_ipc_stats(p, NULL), -EINVAL);
	unit_eq(maar_ipc_most_bytes(NULL), 0);
	unit_eq(maar_ipc_most_bytes(p), 64);
	unit_eq(maar_ipc_participant(NULL), 0);
	unit_eq(maar_ipc_dump(NULL, stdout), -EINVAL);
	unit_eq(maar_ipc_dump(p, NULL), -EINVAL);
	unit_eq(maar_ipc_check(NULL), -EINVAL);
	unit_eq(maar_ipc_check(p), 0);
	unit_eq(maar_ipc_detach(p), 0);
	unit_eq(maar_ipc_detach(c), 0);
	unit_eq(maar_ipc_detach(watcher), 0);
	unmake();
}
END_TEST

START_TEST(classes_and_priorities)
{
	const struct maar_ipc_options o = {
		.classes = { { .bytes = 16, .slots = 2 }, { .bytes = 100, .slots = 2 }, { .bytes = 5000, .slots = 1 } },
		.n_classes = 3,
		.priorities = 3,
		.depth = { 0, 2, 0 },
		.align = 256
	};
	struct maar_ipc_message m;
	struct maar_ipc *q;
	void *payload[6];

	make(&o);
	q = attach(BOTH, 0);
	unit_eq(maar_ipc_loan(q, 17, &payload[0], 0), 1);
	unit_eq(maar_ipc_loan(q, 16, &payload[1], 0), 1);
	unit_eq(maar_ipc_loan(q, 16, &payload[2], 0), 1);
	unit_eq(maar_ipc_loan(q, 16, &payload[3], 0), 1); /* of the next class */
	unit_eq(maar_ipc_loan(q, 101, &payload[4], 0), 1);
	unit_eq(maar_ipc_loan(q, 1, &payload[5], 0), 0);
	for (unsigned i = 0; i < 5; i++) {
		unit_eq((uintptr_t)payload[i] % 256, 0);
		memset(payload[i], (int)i, i == 0 || i == 3 ? 100 : i == 4 ? 5000 : 16);
	}
	for (unsigned i = 0; i < 5; i++) {
		const unsigned char *byte = payload[i];

		for (unsigned k = 0; k < (i == 0 || i == 3 ? 100u : i == 4 ? 5000u : 16u); k++)
			unit_eq(byte[k], i);
	}
	unit_eq(maar_ipc_publish(q, payload[0], 17, &(struct maar_ipc_tags){ .priority = 0 }, 0), 1);
	unit_eq(maar_ipc_publish(q, payload[1], 1, &(struct maar_ipc_tags){ .priority = 1 }, 0), 1);
	unit_eq(maar_ipc_publish(q, payload[2], 2, &(struct maar_ipc_tags){ .priority = 1 }, 0), 1);
	unit_eq(maar_ipc_publish(q, payload[3], 3, &(struct maar_ipc_tags){ .priority = 1 }, 0), 0);
	unit_eq(maar_ipc_publish(q, payload[3], 3, &(struct maar_ipc_tags){ .priority = 1 }, 2000000), 0);
	unit_eq(maar_ipc_publish(q, payload[3], 3, &(struct maar_ipc_tags){ .priority = 2 }, 0), 1);
	unit_eq(maar_ipc_publish(q, payload[4], 5000, NULL, 0), 1);
	for (unsigned i = 0; i < 5; i++) {
		static const unsigned want[] = { 3, 1, 2, 17, 5000 }, priority[] = { 2, 1, 1, 0, 0 };

		unit_eq(maar_ipc_take(q, &m, 0), 1);
		unit_eq(m.bytes, want[i]);
		unit_eq(m.priority, priority[i]);
		unit_eq(m.id.ring, priority[i]);
		unit_eq(maar_ipc_release(q, &m), 0);
	}
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

START_TEST(policies)
{
	struct maar_ipc_options o = eight;
	struct maar_ipc_message m;
	struct maar_ipc *q;

	o.when_full = MAAR_IPC_DROP_NEWEST;
	o.depth[0] = 3;
	make(&o);
	q = attach(BOTH, 0);
	for (uint64_t i = 0; i < 5; i++)
		send_number(q, i, 0, i < 3);
	unit_eq(maar_ipc_send(q, NULL, 0, NULL, MAAR_FOREVER), 0); /* does not wait */
	unit_eq(stats_of(q).dropped_newest, 3);
	unit_eq(stats_of(q).free, 5);
	unit_eq(maar_ipc_drain(q, NULL, NULL), 3);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();

	o.when_full = MAAR_IPC_OVERWRITE;
	o.priorities = 2;
	make(&o);
	q = attach(BOTH, 0);
	for (uint64_t i = 0; i < 5; i++)
		send_number(q, i, 0, 1);
	unit_eq(stats_of(q).dropped_oldest, 2);
	for (uint64_t i = 5; i < 10; i++)
		send_number(q, i, 1, 1);
	unit_eq(stats_of(q).free, 0);
	send_number(q, 10, 1, 1);
	unit_eq(stats_of(q).dropped_oldest, 3); /* 2 of the low priority */
	for (uint64_t i = 0; i < 8; i++) {
		static const uint64_t want[] = { 5, 6, 7, 8, 9, 10, 3, 4 };

		m = take_number(q, want[i]);
		unit_eq(maar_ipc_release(q, &m), 0);
	}
	unit_eq(maar_ipc_take(q, &m, 0), 0);
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

static void add_up(const struct maar_ipc_message *m, void *arg)
{
	*(uint64_t *)arg += m->sequence;
}

START_TEST(closed_and_drained)
{
	struct maar_ipc_message m;
	struct maar_ipc *q;
	uint64_t sum = 0;
	void *payload;

	make(&eight);
	q = attach(BOTH, 0);
	for (uint64_t i = 1; i < 5; i++)
		send_number(q, i, 0, 1);
	unit_eq(maar_ipc_loan(q, 1, &payload, 0), 1);
	unit_eq(maar_ipc_closed(q), 0);
	unit_eq(maar_ipc_close(q), 0);
	unit_eq(maar_ipc_close(q), 0);
	unit_eq(maar_ipc_closed(q), 1);
	send_number(q, 9, 0, -EPIPE);
	unit_eq(maar_ipc_loan(q, 1, &payload, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_ipc_publish(q, payload, 1, NULL, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_ipc_discard(q, payload), 0);
	m = take_number(q, 1);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_drain(q, add_up, &sum), 3);
	unit_eq(sum, 9);
	unit_eq(maar_ipc_take(q, &m, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_ipc_take(q, &m, 0), -EPIPE);
	unit_eq(maar_ipc_drain(q, NULL, NULL), 0);
	unit_eq(stats_of(q).closed, 1);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* ---- the dead ---- */

START_TEST(what_a_dead_one_had)
{
	struct maar_ipc_message m, again;
	struct maar_ipc *p, *c, *q;
	struct maar_ipc_id id;
	void *payload;

	make(&eight);
	q = attach(BOTH, 0);
	p = attach(MAAR_IPC_PRODUCER, 0);
	c = attach(MAAR_IPC_CONSUMER, 0);
	unit_eq(maar_ipc_loan(p, 8, &payload, 0), 1);
	for (uint64_t i = 0; i < 3; i++)
		send_number(p, i, 0, 1);
	m = take_number(c, 0);
	id = m.id;
	unit_eq(maar_ipc_recover(q), 0);
	die(p);
	die(c);
	lives.unknown = true;
	unit_eq(maar_ipc_recover(q), 0); /* who cannot tell, leaves it */
	lives.unknown = false;
	unit_eq(stats_of(q).dead, 2);
	unit_eq(maar_ipc_recover(q), 2);
	unit_eq(maar_ipc_recover(q), 0);
	unit_eq(stats_of(q).participants, 1);
	unit_eq(stats_of(q).recovered, 2);
	unit_eq(stats_of(q).redelivered, 1);
	unit_eq(stats_of(q).free, 5);
	unit_eq(maar_ipc_check(q), 0);
	m = take_number(q, 1);
	unit_eq(maar_ipc_release(q, &m), 0);
	m = take_number(q, 2);
	unit_eq(m.flags, 0);
	unit_eq(maar_ipc_release(q, &m), 0);
	c = attach(MAAR_IPC_CONSUMER, 0);
	again = take_number(c, 0);
	unit_eq(again.flags, MAAR_IPC_REDELIVERED);
	unit_eq(again.deliveries, 1);
	unit_eq(memcmp(&again.id, &id, sizeof(id)), 0);
	die(c);
	c = attach(MAAR_IPC_CONSUMER, 0); /* takes another number: the dead one's is not free */
	unit_eq(maar_ipc_recover(c), 1);
	again = take_number(c, 0);
	unit_eq(again.deliveries, 2);
	unit_eq(memcmp(&again.id, &id, sizeof(id)), 0);
	unit_eq(maar_ipc_release(c, &again), 0);
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_detach(c), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* A sleeper finds the dead by itself. */
START_TEST(sleepers_recover)
{
	struct maar_ipc_message m;
	struct maar_ipc *c, *q;
	void *payload;

	make(&eight);
	q = attach(BOTH, 0);
	c = attach(BOTH, 0);
	for (uint64_t i = 0; i < 8; i++)
		send_number(q, i, 0, 1);
	m = take_number(c, 0);
	die(c);
	for (uint64_t i = 1; i < 8; i++) {
		m = take_number(q, i);
		if (i < 7)
			unit_eq(maar_ipc_release(q, &m), 0);
	}
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_take(q, &m, MAAR_FOREVER), 1);
	unit_eq(m.flags, MAAR_IPC_REDELIVERED);
	unit_eq(maar_ipc_release(q, &m), 0);
	c = attach(BOTH, 0);
	for (uint64_t i = 0; i < 8; i++)
		unit_eq(maar_ipc_loan(c, 1, &payload, 0), 1);
	die(c);
	unit_eq(maar_ipc_loan(q, 1, &payload, MAAR_FOREVER), 1);
	unit_eq(maar_ipc_discard(q, payload), 0);
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

START_TEST(dropped_or_dead_letters)
{
	struct maar_ipc_options o = eight;
	struct maar_ipc_message m;
	struct maar_ipc *c, *q;

	o.when_dead = MAAR_IPC_DROP;
	make(&o);
	q = attach(BOTH, 0);
	c = attach(BOTH, 0);
	send_number(q, 1, 0, 1);
	m = take_number(c, 1);
	die(c);
	unit_eq(maar_ipc_recover(q), 1);
	unit_eq(stats_of(q).dropped_dead, 1);
	unit_eq(stats_of(q).free, 8);
	unit_eq(maar_ipc_take(q, &m, 0), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();

	o.when_dead = MAAR_IPC_TO_DEAD_LETTERS;
	make(&o);
	q = attach(BOTH, 0);
	for (unsigned died = 0; died < 3; died++) { /* also of one that reads dead letters */
		c = attach(BOTH, 0);
		if (died == 0) {
			send_number(q, 1, 0, 1);
			m = take_number(c, 1);
		} else {
			unit_eq(maar_ipc_take_dead(c, &m), 1);
			unit_eq(m.flags, MAAR_IPC_REDELIVERED | MAAR_IPC_DEAD_LETTER);
			unit_eq(m.deliveries, died);
			unit_eq(m.id.position, 0);
		}
		die(c);
		unit_eq(maar_ipc_recover(q), 1);
		unit_eq(stats_of(q).dead_letters, 1);
		unit_eq(maar_ipc_check(q), 0);
	}
	unit_eq(maar_ipc_take(q, &m, 0), 0);
	unit_eq(maar_ipc_take_dead(q, &m), 1);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();

	o.when_dead = MAAR_IPC_REDELIVER;
	o.most_deliveries = 2;
	make(&o);
	q = attach(BOTH, 0);
	send_number(q, 1, 0, 1);
	for (unsigned died = 0; died < 2; died++) {
		c = attach(BOTH, 0);
		m = take_number(c, 1);
		die(c);
		unit_eq(maar_ipc_recover(q), 1);
	}
	unit_eq(maar_ipc_take(q, &m, 0), 0);
	unit_eq(maar_ipc_take_dead(q, &m), 1);
	unit_eq(m.deliveries, 2);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

START_TEST(journals)
{
	const struct maar_ipc_who keyed = { .roles = BOTH, .key = 77 };
	struct maar_ipc_tags tags = { .journal = 1 };
	struct maar_ipc_message m;
	struct maar_ipc_past past;
	struct maar_ipc *q, *p;
	void *payload;

	make(&eight);
	q = attach(BOTH, 0);
	p = attach(BOTH, 77);
	unit_eq(maar_ipc_past(p, &past), -ENOENT);
	unit_must(!maar_ipc_attach(memory, bytes, &keyed, &life) && errno == EBUSY);
	unit_eq(maar_ipc_forget(q, 77), -EBUSY);
	for (tags.sequence = 100; tags.sequence < 105; tags.sequence++)
		unit_eq(maar_ipc_send(p, NULL, 0, &tags, 0), 1);
	unit_eq(maar_ipc_drain(q, NULL, NULL), 5);
	die(p);
	/* Its successor learns it, also if others have recovered it, and another successor died idle. */
	unit_eq(maar_ipc_recover(q), 1);
	for (unsigned i = 0; i < 3; i++) {
		p = attach(BOTH, 77);
		unit_eq(maar_ipc_past(p, &past), 0);
		unit_eq(past.sequence, 104);
		unit_eq(past.delivered, 1);
		if (i < 2)
			die(p);
	}
	unit_eq(maar_ipc_detach(p), 0);
	p = attach(BOTH, 77);
	unit_eq(maar_ipc_past(p, &past), 0);
	unit_eq(past.sequence, 104);
	/* Refused, it is none; and the last one before it counts. */
	unit_eq(maar_ipc_send(p, NULL, 0, &tags, 0), 1);
	tags.sequence++;
	unit_eq(maar_ipc_loan(p, 1, &payload, 0), 1);
	unit_eq(maar_ipc_close(q), 0);
	unit_eq(maar_ipc_publish(p, payload, 1, &tags, 0), -EPIPE);
	die(p);
	p = attach(BOTH, 77);
	unit_eq(maar_ipc_past(p, &past), 0);
	unit_eq(past.sequence, 105);
	unit_eq(past.delivered, 1);
	unit_eq(maar_ipc_detach(p), 0);
	unit_eq(maar_ipc_forget(q, 77), 0);
	unit_eq(maar_ipc_forget(q, 77), -ENOENT);
	unit_eq(maar_ipc_take(q, &m, 0), 1);
	unit_eq(m.sequence, 105);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* A mark is journaled in the place of the sequence, which the consumer gets. */
START_TEST(journaled_marks)
{
	const struct maar_ipc_tags both = { .journal = 2, .sequence = 5, .mark = 900 }, none = { .journal = 2 },
				   unused = { .journal = 1, .mark = 1 }, wrong = { .journal = 3 };
	struct maar_ipc_message m;
	struct maar_ipc_past past;
	struct maar_ipc *p, *q;

	make(&eight);
	q = attach(BOTH, 0);
	unit_eq(maar_ipc_send(q, NULL, 0, &both, 0), -EINVAL); /* without a key */
	p = attach(BOTH, 78);
	unit_eq(maar_ipc_send(p, NULL, 0, &wrong, 0), -EINVAL);
	unit_eq(maar_ipc_send(p, NULL, 0, &unused, 0), -EINVAL);
	unit_eq(maar_ipc_send(p, NULL, 0, &none, 0), 1);
	unit_eq(maar_ipc_send(p, NULL, 0, &both, 0), 1);
	die(p);
	p = attach(BOTH, 78);
	unit_eq(maar_ipc_past(p, &past), 0);
	unit_eq(past.sequence, 900);
	unit_eq(past.delivered, 1);
	unit_eq(maar_ipc_take(q, &m, 0), 1);
	unit_eq(m.sequence, 0);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_take(q, &m, 0), 1);
	unit_eq(m.sequence, 5);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_detach(p), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* ---- sleepers, whom no slice wakes ---- */

#define HOUR INT64_C(3600000000000)

static struct maar_ipc *attach_patient(void)
{
	const struct maar_ipc_who who = { .roles = BOTH, .slice_ns = HOUR };
	struct maar_ipc *ipc = maar_ipc_attach(memory, bytes, &who, &life);

	unit_must(ipc != NULL);
	return ipc;
}

static void *sleep_for_message(void *arg)
{
	struct maar_ipc_message m;

	unit_eq(maar_ipc_take(arg, &m, MAAR_FOREVER), 1);
	unit_eq(maar_ipc_release(arg, &m), 0);
	return NULL;
}

static void *sleep_for_slot(void *arg)
{
	void *payload;

	unit_eq(maar_ipc_loan(arg, 1, &payload, MAAR_FOREVER), 1);
	unit_eq(maar_ipc_discard(arg, payload), 0);
	return NULL;
}

static void until_it_waits(struct maar_event *event)
{
	while (!(maar_a_load(&event->word, RELAXED) & MAAR__EVENT_WAITERS))
		sched_yield();
}

/* What a dead one had comes again by who takes its number, too. */
START_TEST(an_heir_wakes)
{
	struct maar_ipc_options o = eight;
	struct maar_ipc *q, *c;
	pthread_t thread;

	o.participants = 2;
	make(&o);
	q = attach_patient();
	c = attach(BOTH, 0);
	send_number(q, 1, 0, 1);
	(void)take_number(c, 1);
	thread = unit_thread(sleep_for_message, q);
	until_it_waits(&q->events->not_empty);
	die(c);
	c = attach(BOTH, 0);
	unit_join(thread);
	unit_eq(maar_ipc_detach(c), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* Counted out by one that was killed before it woke the sleeper: recover and close wake all. */
START_TEST(whom_a_dead_one_would_have_woken)
{
	struct maar_ipc *q, *c;
	struct maar_event *event;
	pthread_t thread;

	make(&eight);
	q = attach_patient();
	c = attach(BOTH, 0);
	event = &q->events->not_empty;
	send_number(q, 1, 0, 1);
	(void)take_number(c, 1);
	thread = unit_thread(sleep_for_message, q);
	until_it_waits(event);
	(void)maar_a_add(&event->word, (uint64_t)-1, RELAXED);
	die(c);
	c = attach(BOTH, 0);
	unit_eq(maar_ipc_recover(c), 1);
	unit_join(thread);
	unit_eq(maar_ipc_detach(c), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* A few slots are free, and the last message is kept by its consumer: a producer has no more to wait for. */
START_TEST(the_last_is_kept)
{
	struct maar_ipc_message m;
	struct maar_ipc *q, *c;
	void *payload;
	pthread_t thread;

	make(&eight);
	q = attach_patient();
	c = attach(BOTH, 0);
	for (unsigned i = 0; i < 5; i++)
		unit_eq(maar_ipc_loan(c, 1, &payload, 0), 1);
	for (uint64_t i = 0; i < 3; i++)
		send_number(c, i, 0, 1);
	thread = unit_thread(sleep_for_slot, q);
	until_it_waits(&q->events->not_full);
	for (uint64_t i = 0; i < 3; i++) {
		m = take_number(c, i);
		if (i < 2)
			unit_eq(maar_ipc_release(c, &m), 0);
	}
	unit_join(thread);
	unit_eq(maar_ipc_release(c, &m), 0);
	unmake();
}
END_TEST

/* ---- wrong, late, without an end ---- */

/* Released twice: not the next message that came into the same hands in the same slot. */
START_TEST(released_late)
{
	struct maar_ipc_options o = eight;
	struct maar_ipc_message first, second;
	struct maar_ipc *q;

	o.classes[0].slots = 1;
	make(&o);
	q = attach(BOTH, 0);
	send_number(q, 1, 0, 1);
	first = take_number(q, 1);
	unit_eq(maar_ipc_release(q, &first), 0);
	send_number(q, 2, 0, 1);
	second = take_number(q, 2);
	unit_eq(second.slot, first.slot);
	unit_eq(maar_ipc_release(q, &first), -EALREADY);
	unit_eq(stats_of(q).read, 1);
	unit_eq(maar_ipc_release(q, &second), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* Closed is the end when what the dead had taken has come again. */
START_TEST(the_dead_before_the_end)
{
	struct maar_ipc_message m;
	struct maar_ipc *q, *c;

	make(&eight);
	q = attach(BOTH, 0);
	c = attach(BOTH, 0);
	send_number(q, 1, 0, 1);
	(void)take_number(c, 1);
	die(c);
	unit_eq(maar_ipc_close(q), 0);
	m = take_number(q, 1);
	unit_eq(m.flags, MAAR_IPC_REDELIVERED);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_take(q, &m, 0), -EPIPE);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

static void send_another(const struct maar_ipc_message *m, void *arg)
{
	(void)m;
	send_number(arg, 2, 0, 1);
}

START_TEST(drained_while_others_send)
{
	struct maar_ipc *q;

	make(&eight);
	q = attach(BOTH, 0);
	send_number(q, 1, 0, 1);
	unit_must(maar_ipc_drain(q, send_another, q) >= 8);
	unit_eq(maar_ipc_drain(q, NULL, NULL), 1);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* ---- after fork ---- */

START_TEST(a_child_has_nothing)
{
	struct maar_ipc_message m = { .slot = 0 };
	struct maar_ipc_stats s;
	struct maar_ipc *q;
	void *payload;
	int status;
	pid_t pid;

	make(&eight);
	q = attach(BOTH, 0);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		bool so = maar_ipc_loan(q, 1, &payload, 0) == -ECHILD && maar_ipc_take(q, &m, 0) == -ECHILD &&
			  maar_ipc_release(q, &m) == -ECHILD && maar_ipc_close(q) == -ECHILD &&
			  maar_ipc_recover(q) == -ECHILD && maar_ipc_stats(q, &s) == -ECHILD &&
			  maar_ipc_closed(q) == 1 && maar_ipc_participant(q) == 0 && maar_ipc_detach(q) == 0;
		struct maar_ipc *own = so ? maar_ipc_attach(memory, bytes, NULL, NULL) : NULL; /* by pid and start */

		so = own && maar_ipc_send(own, "x", 1, NULL, 0) == 1;
		_exit(so ? 0 : 1); /* without detaching */
	}
	unit_eq(waitpid(pid, &status, 0), pid);
	unit_eq(status, 0);
	unit_eq(maar_ipc_take(q, &m, 0), 1);
	unit_eq(maar_ipc_release(q, &m), 0);
	unit_eq(maar_ipc_recover(q), 1);
	unit_eq(maar_ipc_detach(q), 0);
	/* By pid and start, in this process. */
	q = maar_ipc_attach(memory, bytes, NULL, NULL);
	unit_must(q != NULL);
	unit_eq(stats_of(q).dead, 0);
	unit_eq(maar_ipc_recover(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

/* ---- for people ---- */

START_TEST(described)
{
	struct maar_ipc_message m;
	struct maar_ipc *q, *c;
	struct unit_text text;
	char *said;

	make(&eight);
	q = attach(BOTH, 5);
	c = attach(MAAR_IPC_CONSUMER, 0);
	send_number(q, 1, 0, 1);
	m = take_number(c, 1);
	lives.alive[maar_ipc_participant(c)] = false;
	unit_text_open(&text);
	unit_eq(maar_ipc_dump(q, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "8 slots");
	unit_assert_contains(said, "class 0: 8 slots of 64 bytes, free about 7");
	unit_assert_contains(said, "participant 1 (this one): producer consumer, alive, loans 0, taken 0");
	unit_assert_contains(said, "participant 2: consumer, dead, not recovered, loans 0, taken 1");
	unit_assert_contains(said, "key 0x5");
	free(said);
	{
		FILE *full = unit_full_file();

		unit_eq(maar_ipc_dump(q, full), -EIO);
		fclose(full);
	}
	lives.alive[maar_ipc_participant(c)] = true;
	unit_eq(maar_ipc_release(c, &m), 0);
	unit_eq(maar_ipc_detach(c), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unmake();
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc");
	TCase *tcase = unit_tcase(suite, "life");

	tcase_add_test(tcase, options);
	tcase_add_test(tcase, every_bit_of_the_header);
	tcase_add_test(tcase, rings_headers);
	tcase_add_test(tcase, attach_is_refused);
	tcase_add_test(tcase, without_memory);
	tcase = unit_tcase(suite, "messages");
	tcase_add_test(tcase, there_and_back);
	tcase_add_test(tcase, wrong_calls);
	tcase_add_test(tcase, classes_and_priorities);
	tcase_add_test(tcase, policies);
	tcase_add_test(tcase, closed_and_drained);
	tcase = unit_tcase(suite, "the dead");
	tcase_add_test(tcase, what_a_dead_one_had);
	tcase_add_test(tcase, sleepers_recover);
	tcase_add_test(tcase, dropped_or_dead_letters);
	tcase_add_test(tcase, journals);
	tcase_add_test(tcase, journaled_marks);
	tcase_add_test(tcase, an_heir_wakes);
	tcase_add_test(tcase, whom_a_dead_one_would_have_woken);
	tcase_add_test(tcase, the_last_is_kept);
	tcase_add_test(tcase, released_late);
	tcase_add_test(tcase, the_dead_before_the_end);
	tcase_add_test(tcase, drained_while_others_send);
	tcase_add_test(tcase, a_child_has_nothing);
	tcase_add_test(tcase, described);
	return suite;
}
