/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the others do while a victim stands, and the ledger. Everything is bounded by counts: rounds, calls, and the
 * accesses to shared memory of one call (point.h), so that "stuck" is a result and never a matter of waiting.
 */
#include "point.h"

#include "queues.h"

#include "../../src/ring/ring_priv.h"
#include "kill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

unsigned long kill_points_left;
void (*kill_at_point)(void);

/* ---- queues ---- */

static void ring_init(void *queue, size_t capacity, unsigned flags, uint64_t start)
{
	if (maar_ring_init(queue, KILL_QUEUE_BYTES, capacity, flags) == 0)
		maar__ring_start_at(queue, start);
	else
		memset(queue, 0, sizeof(struct maar_ring)); /* capacity 0 */
}

static size_t ring_put(void *queue, const uint64_t *values, size_t n)
{
	return n == 1 ? maar_ring_enqueue(queue, values[0]) : maar_ring_enqueue_burst(queue, values, n);
}

static size_t ring_take(void *queue, uint64_t *values, size_t n)
{
	return n == 1 ? maar_ring_dequeue(queue, values) : maar_ring_dequeue_burst(queue, values, n);
}

static size_t ring_count(const void *queue)
{
	return maar_ring_count(queue);
}

static void control_init(void *queue, size_t capacity, unsigned flags, uint64_t start)
{
	struct kill_control *q = queue;
	uint64_t i;

	(void)flags;
	memset(q, 0, sizeof(*q));
	q->capacity = capacity;
	q->head = q->tail = start;
	for (i = 0; i < capacity; i++)
		q->cells[(start + i) % capacity].turn = start + i;
}

static size_t control_count(const void *queue)
{
	const struct kill_control *q = queue;

	return (size_t)(q->tail - q->head);
}

static bool control_locked(const void *queue)
{
	return ((const struct kill_control *)queue)->lock != 0;
}

#define CONTROL(name, lock)                                                                                            \
	static size_t name##_put(void *queue, const uint64_t *values, size_t n)                                        \
	{                                                                                                              \
		size_t k;                                                                                              \
                                                                                                                       \
		for (k = 0; k < n && kill_##name##_put(queue, values[k]); k++)                                         \
			;                                                                                              \
		return k;                                                                                              \
	}                                                                                                              \
	static size_t name##_take(void *queue, uint64_t *values, size_t n)                                             \
	{                                                                                                              \
		size_t k;                                                                                              \
                                                                                                                       \
		for (k = 0; k < n && kill_##name##_take(queue, &values[k]); k++)                                       \
			;                                                                                              \
		return k;                                                                                              \
	}                                                                                                              \
	const struct kill_queue kill_##name = {                                                                        \
		.init = control_init,                                                                                  \
		.put = name##_put,                                                                                     \
		.take = name##_take,                                                                                   \
		.count = control_count,                                                                                \
		.locked = (lock),                                                                                      \
	}

const struct kill_queue kill_ring = { .init = ring_init, .put = ring_put, .take = ring_take, .count = ring_count };
CONTROL(vyukov, NULL);
CONTROL(spinlock, control_locked);
CONTROL(careless, NULL);

/* ---- one call that may not return ---- */

static jmp_buf back;

static void give_up(void)
{
	longjmp(back, 1);
}

static enum kill_verdict guarded(struct kill_others *o, enum kill_verdict (*run)(struct kill_others *o, int how),
				 int how)
{
	if (setjmp(back)) {
		snprintf(o->error, KILL_ERROR, "a call of the others does not return");
		return KILL_NO_RETURN;
	}
	kill_at_point = give_up;
	return run(o, how);
}

/* ---- the ledger ---- */

static enum kill_verdict wrong(struct kill_others *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!o->error[0])
		vsnprintf(o->error, KILL_ERROR, format, args);
	va_end(args);
	return KILL_WRONG;
}

static void received(struct kill_others *o, enum kill_who by, uint64_t value)
{
	const uint32_t from = (uint32_t)(value >> 24) - 1, number = (uint32_t)(value & 0xffffff) - 1;
	const uint32_t sent = from == KILL_OTHERS ? o->sent : (uint32_t)o->c->call->n;
	unsigned char *times;

	if (from > KILL_VICTIM || number >= sent) {
		wrong(o, "%#llx was received, which nobody sent", (unsigned long long)value);
		return;
	}
	times = from == KILL_OTHERS ? &o->seen[number] : &o->seen_of_victim[number];
	if ((*times)++)
		wrong(o, "value %u of producer %u was received twice", number, from);
	if (by == KILL_OTHERS && number < o->next[from])
		wrong(o, "value %u of producer %u was received after value %u", number, from, o->next[from] - 1);
	if (by == KILL_OTHERS)
		o->next[from] = number + 1;
}

/* ---- moves ---- */

static size_t put(struct kill_others *o, size_t n)
{
	uint64_t values[KILL_MOST_VALUES];
	size_t i, k;

	if (o->sent + n > KILL_MOST_SENT) {
		wrong(o, "%u values went in and there is still room", o->sent);
		return 0;
	}
	for (i = 0; i < n; i++)
		values[i] = KILL_VALUE(KILL_OTHERS, o->sent + i);
	kill_points_left = KILL_ACCESSES;
	k = o->c->mode->queue->put(o->queue, values, n);
	o->sent += (uint32_t)k;
	o->calls++;
	o->moving += k > 0;
	return k;
}

static size_t take(struct kill_others *o, size_t n)
{
	uint64_t values[KILL_MOST_VALUES];
	size_t i, k;

	kill_points_left = KILL_ACCESSES;
	k = o->c->mode->queue->take(o->queue, values, n);
	for (i = 0; i < k; i++)
		received(o, KILL_OTHERS, values[i]);
	o->drained += (uint32_t)k;
	o->calls++;
	o->moving += k > 0;
	return k;
}

/* By n at a time, until a call answers "full". */
static size_t fill(struct kill_others *o, size_t n)
{
	size_t k, all = 0;

	while ((k = put(o, n)) > 0) {
		all += k;
		if (all > o->c->most) {
			wrong(o, "%zu values went in, and it was never full", all);
			break;
		}
	}
	return all;
}

static size_t drain(struct kill_others *o, size_t n)
{
	size_t k, all = 0;

	while ((k = take(o, n)) > 0) {
		all += k;
		if (all > o->c->most + KILL_MOST_VALUES) {
			wrong(o, "%zu values came out, and it was never empty", all);
			break;
		}
	}
	return all;
}

/* A whole queue in order: fills to its capacity and drains to nothing. */
static enum kill_verdict use(struct kill_others *o, unsigned rounds)
{
	unsigned i;

	for (i = 0; i < rounds; i++) {
		const size_t n = i % 2 ? 3 : 1;
		const size_t in = fill(o, n), out = drain(o, n);

		if (in + out == 0)
			return KILL_STUCK;
		if (in + o->lent < o->c->capacity || in > o->c->most || out != in)
			return wrong(o, "%zu values went in and %zu came out of a queue of %zu", in, out,
				     o->c->capacity);
	}
	return o->error[0] ? KILL_WRONG : KILL_FREE;
}

/* ---- beginnings ---- */

bool kill_others_begin(struct kill_others *o, const struct kill_case *c, void *queue, char *error)
{
	memset(o->seen, 0, o->sent);
	memset(o, 0, offsetof(struct kill_others, seen));
	o->c = c;
	o->queue = queue;
	o->error = error;
	kill_at_point = give_up;
	kill_points_left = KILL_ACCESSES;
	c->mode->queue->init(queue, c->capacity, c->mode->flags, c->start);
	while (o->sent < c->filled)
		if (!put(o, 1))
			return false;
	o->calls = o->moving = 0;
	return !o->error[0];
}

void kill_others_copy(struct kill_others *o, const struct kill_others *from, void *queue, char *error)
{
	memset(o->seen, 0, o->sent);
	memcpy(o, from, offsetof(struct kill_others, seen));
	memcpy(o->seen, from->seen, from->sent);
	o->queue = queue;
	o->error = error;
}

static enum kill_verdict look(struct kill_others *o, int unused)
{
	uint64_t value;

	(void)unused;
	for (;;) {
		kill_points_left = KILL_ACCESSES;
		if (o->c->mode->queue->take(o->queue, &value, 1) == 0)
			return KILL_FREE;
		o->drained++;
	}
}

size_t kill_others_visible(const struct kill_case *c, void *copy)
{
	static struct kill_others o;
	char error[KILL_ERROR];

	o.c = c;
	o.queue = copy;
	o.error = error;
	o.drained = 0;
	return guarded(&o, look, 0) == KILL_FREE ? o.drained : SIZE_MAX;
}

/* ---- the victim stands ---- */

/* Both sides are free: each round sees "full" and "empty". Only the first may find what was in before. */
static enum kill_verdict turn_over(struct kill_others *o)
{
	const struct kill_case *c = o->c;
	const size_t of_victim = c->call->n;
	bool exact = true;
	unsigned round;

	for (round = 0; o->moving < c->operations || round < 3; round++) {
		const size_t n = round % 2 ? 3 : 1;
		const size_t in = fill(o, n), out = drain(o, n);

		if (o->error[0])
			return KILL_WRONG;
		if (in + out == 0)
			return KILL_STUCK;
		if (round == 0)
			exact = in + c->filled + of_victim >= c->capacity && in + c->filled <= c->most + of_victim;
		else
			exact = exact && in + o->lent >= c->capacity && in <= c->most && out == in;
	}
	return exact ? KILL_FREE : wrong(o, "\"full\" came at another count than the capacity");
}

/* One side is the victim's own: on the other, calls answer, and what was there before it can be had. */
static enum kill_verdict one_side(struct kill_others *o, bool may_put)
{
	const struct kill_case *c = o->c;
	const size_t most = may_put ? c->most - c->filled : c->filled;
	const size_t room = c->capacity - c->filled, lent = o->lent < room ? o->lent : room;
	const size_t least = may_put ? room - lent : c->filled - (c->call->evicts && c->filled);
	const size_t moved = may_put ? fill(o, 1) : drain(o, 1);

	if (moved < least || moved > most + c->call->n)
		return wrong(o, "%zu values %s, where %zu to %zu should have", moved, may_put ? "went in" : "came out",
			     least, most + c->call->n);
	while (o->calls < c->operations)
		if (may_put ? put(o, 1 + 2 * (o->calls % 2)) : take(o, 1 + 2 * (o->calls % 2)))
			return wrong(o, "an answer of \"%s\" was not true", may_put ? "full" : "empty");
	return o->error[0] ? KILL_WRONG : KILL_FREE;
}

static enum kill_verdict go_on(struct kill_others *o, int sides)
{
	o->calls = o->moving = 0;
	return sides == 3 ? turn_over(o) : one_side(o, sides == 1);
}

enum kill_verdict kill_others_go_on(struct kill_others *o, bool may_put, bool may_take)
{
	return guarded(o, go_on, may_put + 2 * may_take);
}

static enum kill_verdict leave(struct kill_others *o, int n)
{
	while (n-- > 0 && put(o, 1))
		;
	return KILL_FREE;
}

void kill_others_leave(struct kill_others *o, size_t n)
{
	guarded(o, leave, (int)n);
}

/* ---- afterwards ---- */

/* All that the others sent was received, up to `lost` values. */
static enum kill_verdict all_received(struct kill_others *o, size_t lost)
{
	size_t missing = 0;
	uint32_t i;

	for (i = 0; i < o->sent; i++)
		if (!o->seen[i]) {
			if (++missing > lost)
				return wrong(o, "value %u of the others is lost", i);
		}
	return o->error[0] ? KILL_WRONG : KILL_FREE;
}

static enum kill_verdict settle(struct kill_others *o, int unused)
{
	const struct kill_queue *queue = o->c->mode->queue;
	enum kill_verdict verdict;

	(void)unused;
	drain(o, 1);
	if (queue->count(o->queue) != 0)
		return wrong(o, "drained, and it still counts %zu", queue->count(o->queue));
	verdict = use(o, 2);
	if (verdict == KILL_STUCK)
		return wrong(o, "it is of no use any more");
	return verdict == KILL_FREE ? all_received(o, 0) : verdict;
}

/* What the victim's call says it did. */
static void claim(struct kill_others *o, const struct kill_stage *stage)
{
	const struct kill_call *call = o->c->call;
	const uint64_t *values = call->evicts ? stage->values + KILL_EVICTED + 1 : stage->values;
	const size_t taken = call->evicts ? (size_t)stage->values[KILL_EVICTED] : stage->result;
	size_t i;

	if (stage->result > call->n || (call->bulk && stage->result && stage->result < call->n)) {
		wrong(o, "the victim's call returned %zu", stage->result);
		return;
	}
	if (call->side == KILL_PUT && !call->evicts)
		return;
	for (i = 0; i < taken; i++) {
		received(o, KILL_VICTIM, values[i]);
		/* Lock-free slots go one at a time. */
		if (i > 0 && !call->evicts && o->c->mode->take != KILL_LENDS && values[i] != values[i - 1] + 1)
			wrong(o, "the victim took values that were not next to each other");
	}
}

enum kill_verdict kill_others_settle(struct kill_others *o, const struct kill_stage *stage)
{
	enum kill_verdict verdict;
	size_t i;

	claim(o, stage);
	verdict = guarded(o, settle, 0);
	if (verdict != KILL_FREE || o->c->call->side != KILL_PUT)
		return verdict;
	for (i = 0; i < o->c->call->n; i++)
		if (o->seen_of_victim[i] != (i < stage->result))
			return wrong(o, "value %zu of the victim, whose call returned %zu, was received %u times", i,
				     stage->result, o->seen_of_victim[i]);
	return KILL_FREE;
}

static enum kill_verdict inherit(struct kill_others *o, int how)
{
	const bool heir = how & 1, fill_first = how & 2;
	const struct kill_call *call = o->c->call;
	enum kill_verdict verdict = KILL_FREE;

	if (heir && o->c->mode->queue->succeed)
		o->c->mode->queue->succeed(o->queue, call->side);
	if (heir && fill_first)
		fill(o, 1);
	drain(o, 1);
	if (heir)
		verdict = use(o, 3);
	return verdict == KILL_FREE ? all_received(o, call->side == KILL_TAKE || call->evicts ? call->n : 0) : verdict;
}

enum kill_verdict kill_others_inherit(struct kill_others *o, bool heir, bool fill_first)
{
	return guarded(o, inherit, heir + 2 * fill_first);
}
