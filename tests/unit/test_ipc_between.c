/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What others do, or have left, between two accesses of a call: at each access in turn one of them runs a whole call, or is
 * stopped within one for ever.
 */
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <setjmp.h>

#define BOTH  (MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER)
#define KEY   9
#define SLOTS 12
#define DEPTH 2

static unsigned char memory[1 << 16] __attribute__((aligned(4096)));
static size_t bytes;
static struct ipc_lives lives;

/* ---- points ---- */

static unsigned long points_left; /* 0: none is waited for */
static bool every_point;
static void (*between)(void);
static jmp_buf death;
static bool inside;

void shared_point(void)
{
	if (inside || (!every_point && (!points_left || --points_left)))
		return;
	inside = true;
	between();
	inside = false;
}

static void die_here(void)
{
	longjmp(death, 1);
}

static struct maar_ipc *attach(uint64_t key)
{
	const struct maar_ipc_who who = { .roles = BOTH, .key = key };
	const struct maar_ipc_life life = ipc_life(&lives);

	return maar_ipc_attach(memory, bytes, &who, &life);
}

static void make(const struct maar_ipc_options *o)
{
	memset(&lives, 0, sizeof(lives));
	bytes = (size_t)maar_ipc_bytes(o);
	unit_must(bytes && bytes <= sizeof(memory));
	unit_eq(maar_ipc_init(memory, bytes, o), 0);
}

static const struct maar_ipc_options options = {
	.classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = 6, .depth = { DEPTH }
};

/* ---- more messages than the depth, each taken by one who is stopped before it moves head ---- */

static struct maar_ipc *stopped;

static void take_and_stop(void)
{
	const struct maar__owned *o = &stopped->rings[0];
	const uint64_t head = o->ring.ring->head;
	uint64_t handle;

	if (maar__ring_look(o->ring, head, &handle) != 0)
		return;
	if (o->own[handle] == maar__own_word(MAAR__IPC_QUEUED, maar__own_participant(o->own[handle]), head))
		o->own[handle] = maar__own_word(MAAR__IPC_READ, stopped->me, head);
}

START_TEST(above_the_depth)
{
	struct maar_ipc_message m;
	struct maar_ipc *q, *c;
	void *payload;
	int rc;

	make(&options);
	q = attach(0);
	c = attach(0);
	stopped = attach(0);
	/* What a dead one had comes again, whatever the depth. */
	for (unsigned n = 0; n < 8; n++) {
		unit_eq(maar_ipc_send(q, &n, sizeof(n), NULL, 0), 1);
		unit_eq(maar_ipc_take(c, &m, 0), 1);
	}
	lives.alive[c->me] = false;
	unit_eq(maar_ipc_recover(q), 1);
	unit_eq(maar_ipc_loan(q, 8, &payload, 0), 1);
	between = take_and_stop;
	every_point = true;
	rc = maar_ipc_publish(q, payload, 8, NULL, 0);
	every_point = false;
	ck_assert_msg(rc == 0 || rc == 1, "publish: %d", rc);
	unit_eq(q->at->broken, 0);
}
END_TEST

/* ---- a journal, after a publish that was refused ---- */

static struct maar_ipc *journaling;
static void *loan;

/* Dies at its k-th access; or not: what it said. */
static int publish_and_die(unsigned long k)
{
	const struct maar_ipc_tags tags = { .journal = 1, .sequence = 2 };
	int rc;

	between = die_here;
	inside = false;
	points_left = k;
	if (setjmp(death))
		return -EOWNERDEAD;
	rc = maar_ipc_publish(journaling, loan, 1, &tags, 0);
	points_left = 0;
	return rc;
}

START_TEST(journal_after_refused)
{
	const struct maar_ipc_tags first = { .journal = 1, .sequence = 1 }, second = { .journal = 1, .sequence = 2 };
	struct maar_ipc_message m;
	struct maar_ipc_past past;
	unsigned long k = 0;
	int rc;

	do {
		struct maar_ipc *q;

		make(&options);
		q = attach(0);
		journaling = attach(KEY);
		unit_eq(maar_ipc_send(journaling, NULL, 0, &first, 0), 1);
		unit_eq(maar_ipc_send(q, NULL, 0, NULL, 0), 1);
		unit_eq(maar_ipc_loan(journaling, 1, &loan, 0), 1);
		unit_eq(maar_ipc_publish(journaling, loan, 1, &second, 0), 0);
		unit_eq(maar_ipc_take(q, &m, 0), 1);
		unit_eq(maar_ipc_release(q, &m), 0);
		rc = publish_and_die(++k);
		lives.alive[journaling->me] = false;
		unit_eq(maar_ipc_recover(q), 1);
		journaling = attach(KEY);
		unit_eq(maar_ipc_past(journaling, &past), 0);
		unit_must(past.sequence == 1 ? rc != 1 && past.delivered : past.sequence == 2);
		unit_must(rc != 1 || past.delivered);
		/* The first was received; and the second comes if it is said to be delivered. */
		unit_eq(maar_ipc_take(q, &m, 0), 1);
		unit_must(m.sequence == 0);
		unit_eq(maar_ipc_take(q, &m, 0), past.sequence == 2 && past.delivered);
	} while (rc != 1);
	unit_note("%lu points", k);
	unit_must(k > 10);
}
END_TEST

/* ---- an heir that is killed: the right to recover, which it may have had, is nobody's, and not its successor's ---- */

static int attach_and_die(unsigned long k)
{
	between = die_here;
	inside = false;
	points_left = k;
	if (setjmp(death))
		return -EOWNERDEAD;
	(void)attach(KEY);
	points_left = 0;
	return 0;
}

START_TEST(right_of_the_killed)
{
	unsigned long k = 0;
	int rc;

	do {
		struct maar_ipc *heir, *other;

		make(&options);
		heir = attach(KEY);
		other = attach(0);
		unit_eq(maar_ipc_loan(other, 1, &loan, 0), 1);
		lives.alive[heir->me] = lives.alive[other->me] = false;
		rc = attach_and_die(++k);
		lives.alive[heir->me] = false;
		heir = attach(KEY);
		unit_eq(maar_ipc_recover(heir), 1);
		unit_eq(maar_ipc_check(heir), 0);
	} while (rc);
	unit_must(k > 20);
}
END_TEST

/* ---- two that want a key ---- */

static struct maar_ipc *rival, *late;
static enum { COMES, DIES, COMES_AND_GOES } rival_does;

static void rival_comes(void)
{
	const struct maar_ipc_tags tags = { .journal = 1, .sequence = 5 };

	rival = attach(KEY);
	if (!rival || rival_does == COMES)
		return;
	unit_eq(maar_ipc_send(rival, NULL, 0, &tags, 0), 1);
	if (rival_does == DIES)
		lives.alive[rival->me] = false;
	else
		unit_eq(maar_ipc_detach(rival), 0);
}

START_TEST(one_key)
{
	struct maar_ipc_past past;
	unsigned long k;

	for (k = 1;; k++) {
		unsigned with_key = 0;

		make(&options);
		rival = NULL;
		rival_does = _i;
		between = rival_comes;
		points_left = k;
		inside = false;
		late = attach(KEY);
		if (points_left) {
			points_left = 0;
			break;
		}
		for (unsigned i = 1; late && i <= late->max_participants; i++)
			with_key += late->participants[i - 1].key == KEY;
		unit_must(with_key <= 1);
		unit_must(late || rival);
		if (_i == COMES)
			unit_must(!late || !rival);
		else if (late && rival)
			unit_must(maar_ipc_past(late, &past) == 0 && past.sequence == 5 && past.delivered);
	}
	unit_note("%lu points", k);
	unit_must(k > 20);
}
END_TEST

/* ---- where counters begin again: rounds of a ring (32 bits), positions in words (48), positions (64) ---- */

static void start_at(struct maar_ipc *q, uint64_t position)
{
	const struct maar__owned *const o = &q->free[0];

	maar__ring_start_at(q->rings[0].ring.ring, position);
	maar__ring_start_at(o->ring.ring, position);
	for (uint32_t i = 0; i < o->handles; i++) {
		q->own[i] = maar__own_word(MAAR__IPC_FREE, 0, position + i);
		maar__ring_fill(o->ring, position + i, i);
	}
	o->ring.ring->tail = position + o->handles;
}

START_TEST(counters_begin_again)
{
	static const uint64_t ends[] = { UINT64_C(1) << 36, UINT64_C(1) << 48, 0 }; /* rings of 16 cells */
	struct maar_ipc_options o = options;
	struct maar_ipc_message m, first;
	struct maar_ipc *q, *c;

	o.depth[0] = 0;
	make(&o);
	q = attach(0);
	unit_eq(q->rings[0].ring.mask, 15);
	start_at(q, ends[_i] - 40);
	unit_eq(maar_ipc_check(q), 0);
	for (uint64_t n = 0; n < 100; n++) {
		struct maar_ipc_tags tags = { .sequence = n };

		for (; tags.sequence < n + 3; tags.sequence++)
			unit_eq(maar_ipc_send(q, &n, sizeof(n), &tags, 0), 1);
		c = attach(0);
		unit_eq(maar_ipc_take(c, &first, 0), 1);
		unit_eq(first.sequence, n);
		lives.alive[c->me] = false;
		unit_eq(maar_ipc_recover(q), 1);
		for (unsigned i = 1; i <= 3; i++) {
			unit_eq(maar_ipc_take(q, &m, 0), 1);
			unit_eq(m.sequence, i < 3 ? n + i : n);
			unit_eq(m.flags, i < 3 ? 0 : MAAR_IPC_REDELIVERED);
			unit_eq(maar_ipc_release(q, &m), 0);
		}
		unit_eq(memcmp(&m.id, &first.id, sizeof(m.id)), 0);
		unit_eq(maar_ipc_take(q, &m, 0), 0);
		unit_eq(maar_ipc_check(q), 0);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, between two accesses");
	TCase *tcase = unit_tcase(suite, "between");

	tcase_add_test(tcase, above_the_depth);
	tcase_add_test(tcase, journal_after_refused);
	tcase_add_loop_test(tcase, counters_begin_again, 0, 3);
	tcase_add_test(tcase, right_of_the_killed);
	tcase_add_loop_test(tcase, one_key, 0, 3);
	return suite;
}
