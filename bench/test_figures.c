/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The harness's arithmetic on known data: medians, percentiles, stalls, ratios, which runs count, targets, sums of what
 * went through.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bench/internal.h"
#include "bench/loop.h"

/* ---- arithmetic -------------------------------------------------------------------------------------------------- */

START_TEST(stats_odd)
{
	const double v[] = { 5, 1, 100, 3, 2 };
	const struct bench_stats s = bench_stats(v, 5);

	ck_assert_double_eq(s.median, 3);
	ck_assert_double_eq(s.min, 1);
	ck_assert_double_eq(s.max, 100);
	ck_assert_double_eq(s.mad, 2); /* distances 2 2 97 0 1 */
	ck_assert_double_eq(v[0], 5);  /* the input stays */
}
END_TEST

START_TEST(stats_even_and_one)
{
	const double even[] = { 4, 1, 3, 2 }, one[] = { 7 };
	struct bench_stats s = bench_stats(even, 4);

	ck_assert_double_eq(s.median, 2.5);
	ck_assert_double_eq(s.mad, 1); /* distances 1.5 1.5 .5 .5 */
	s = bench_stats(one, 1);
	ck_assert_double_eq(s.median, 7);
	ck_assert_double_eq(s.min, 7);
	ck_assert_double_eq(s.max, 7);
	ck_assert_double_eq(s.mad, 0);
}
END_TEST

START_TEST(ratios)
{
	ck_assert_double_eq(bench_ratio(BENCH_MOPS, 30, 10), 3);
	ck_assert_double_eq(bench_ratio(BENCH_NS, 30, 10), 1.0 / 3);
	ck_assert_double_eq(bench_ratio(BENCH_NS, 10, 0), 0);
	ck_assert_double_eq(bench_ratio(BENCH_MOPS, 0, 10), 0);
}
END_TEST

START_TEST(result_of_mixed_rounds)
{
	struct bench_outcome rounds[] = {
		{ .status = BENCH_OK, .figure = { 10 }, .done = 100, .failed = 50 },
		{ .status = BENCH_STALLED, .figure = { 1 }, .done = 100, .failed = 150 },
		{ .status = BENCH_WRONG, .figure = { 1e9 }, .done = 1, .failed = 1000 },
		{ .status = BENCH_OK, .figure = { 20 }, .done = 200, .failed = 0 },
	};
	struct bench_result r = { .rounds = rounds };

	bench_result_finish(&r, 4);
	ck_assert_int_eq(r.status, BENCH_WRONG);
	ck_assert_uint_eq(r.stats[BENCH_VALUE].n, 3); /* a wrong result is no figure */
	ck_assert_double_eq(r.stats[BENCH_VALUE].median, 10);
	ck_assert_double_eq(r.stats[BENCH_VALUE].max, 20);
	ck_assert_double_eq(r.failed_each, 0.5);
	ck_assert_uint_eq(r.bad[BENCH_STALLED], 1);
	ck_assert_uint_eq(r.bad[BENCH_WRONG], 1);
	bench_result_finish(&r, 2);
	ck_assert_int_eq(r.status, BENCH_STALLED);
	ck_assert_double_eq(r.stats[BENCH_VALUE].median, 5.5);
}
END_TEST

START_TEST(figures_that_some_rounds_lack)
{
	struct bench_outcome rounds[] = { { .done = 1 }, { .done = 1 }, { .done = 1 } };
	struct bench_result r = { .rounds = rounds };

	rounds[0].figure[BENCH_PUT_P99] = 30;
	rounds[1].figure[BENCH_PUT_P99] = -1; /* none */
	rounds[2].figure[BENCH_PUT_P99] = 10;
	rounds[0].figure[BENCH_TAKE_P99] = rounds[1].figure[BENCH_TAKE_P99] = rounds[2].figure[BENCH_TAKE_P99] = -1;
	bench_result_finish(&r, 3);
	ck_assert_uint_eq(r.stats[BENCH_PUT_P99].n, 2);
	ck_assert_double_eq(r.stats[BENCH_PUT_P99].median, 20);
	ck_assert(bench_has_figure(&r, BENCH_PUT_P99));
	ck_assert(!bench_has_figure(&r, BENCH_TAKE_P99));
}
END_TEST

/* Every duration lies in its step: what a percentile says of it is wrong by half a step at most. */
START_TEST(durations_in_steps)
{
	uint64_t *const steps = calloc(BENCH_STEPS, sizeof(*steps)), around[3];
	unsigned bit, i;

	ck_assert_uint_eq(bench_step(0), 0);
	ck_assert_uint_lt(bench_step(UINT64_MAX), BENCH_STEPS);
	for (bit = 0; bit < 63; bit++) {
		around[1] = UINT64_C(1) << bit;
		around[0] = around[1] - 1;
		around[2] = around[1] + around[1] / 3;
		for (i = 0; i < 3; i++) {
			const size_t step = bench_step(around[i]);
			double said;

			ck_assert_uint_lt(step, BENCH_STEPS);
			steps[step] = 1;
			said = bench_percentile(steps, 50);
			steps[step] = 0;
			ck_assert_double_le(said, (double)around[i] * (1 + 1.0 / 64));
			ck_assert_double_ge(said, (double)around[i] * (1 - 1.0 / 64));
			ck_assert_uint_ge(bench_step(around[i] + 1), step);
		}
	}
	free(steps);
}
END_TEST

START_TEST(percentiles)
{
	uint64_t *const steps = calloc(BENCH_STEPS, sizeof(*steps));

	ck_assert_double_eq(bench_percentile(steps, 50), -1);
	steps[bench_step(10)] = 989;
	steps[bench_step(20)] = 10;
	steps[bench_step(30)] = 1;
	ck_assert_double_eq(bench_percentile(steps, 50), 10);
	ck_assert_double_eq(bench_percentile(steps, 98.9), 10);
	ck_assert_double_eq(bench_percentile(steps, 99), 20);
	ck_assert_double_eq(bench_percentile(steps, 99.9), 20);
	ck_assert_double_eq(bench_percentile(steps, 99.95), 30);
	ck_assert_double_eq(bench_percentile(steps, 100), 30);
	free(steps);
}
END_TEST

/* A consumer whose gaps of 100 ticks and more are written down, and who took something at each of n stamps. */
static struct bench_timing *consumer(struct bench_gap *room, size_t n_room, const uint64_t *stamps, size_t n)
{
	struct bench_timing *t = calloc(1, sizeof(*t));
	size_t i;

	ck_assert_ptr_nonnull(t);
	t->gap_ticks = 100;
	t->gaps = room;
	t->max_gaps = n_room;
	for (i = 0; i < n; i++)
		bench_time_take(t, stamps[i] - 1, stamps[i]);
	return t;
}

#define CONSUMER(room, ...)                                                                                            \
	consumer((room), sizeof(room) / sizeof(*(room)), (const uint64_t[]){ __VA_ARGS__ },                            \
		 sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

START_TEST(stalls)
{
	struct bench_gap room[4], others[4], one[1];
	struct bench_timing *a = CONSUMER(room, 1000, 1050, 1450, 1500, 1700, 2000);
	struct bench_timing *b = CONSUMER(others, 1010, 1300, 1600, 1990);
	struct bench_timing *idle = CONSUMER(one, 0);
	const struct bench_timing *both[] = { a, b, idle };
	struct bench_stall s;

	/* alone: gaps of 400, 200, 300 in a time of 1000 */
	s = bench_stall(both, 1, 0);
	ck_assert_double_eq_tol(s.percent, 90, 1e-9);
	ck_assert_double_eq(s.longest_ticks, 400);
	/* the other's are 1010-1300, 1300-1600, 1600-1990; in common 1050-1300, 1300-1450, 1500-1600, 1600-1700, 1700-1990 */
	s = bench_stall(both, 2, 0);
	ck_assert_double_eq_tol(s.percent, 89, 1e-9);
	ck_assert_double_eq(s.longest_ticks, 290);
	/* one that took nothing does not make it better; abandoned at 3000, and so still for another 1000 */
	idle->first = idle->last = 0;
	s = bench_stall(both, 3, 3000);
	ck_assert_double_eq_tol(s.percent, 94.5, 1e-9);
	ck_assert_double_eq(s.longest_ticks, 1000);
	/* gaps that were not written down, and nobody who took anything: no telling */
	b->gaps_lost = 1;
	ck_assert_double_eq(bench_stall(both, 2, 0).percent, -1);
	ck_assert_double_eq(bench_stall(both + 2, 1, 3000).percent, -1);
	free(a);
	free(b);
	free(idle);
	/* more gaps than there is room for are counted */
	a = CONSUMER(one, 1000, 1200, 1400, 1600);
	ck_assert_uint_eq(a->gaps_lost, 2);
	free(a);
	/* steady work is no stall, however long it takes */
	a = CONSUMER(room, 1000, 1099, 1198, 1297);
	both[0] = a;
	s = bench_stall(both, 1, 0);
	ck_assert_double_eq(s.percent, 0);
	ck_assert_double_eq(s.longest_ticks, 0);
	free(a);
}
END_TEST

/* Stamps of two processors that disagree: a call took no time, and no gap is made of it. */
START_TEST(stamps_that_run_backwards)
{
	struct bench_gap room[4];
	struct bench_timing *a = CONSUMER(room, 1000, 990, 1005);

	ck_assert_uint_eq(a->n_gaps, 0);
	bench_time(a, 2000, 1990);
	ck_assert_uint_eq(a->steps[0], 1);
	free(a);
}
END_TEST

/* ---- near and far -----------------------------------------------------------------------------------------------*/

/* Runs of two contestants A and B, who take turns, with a probe at each end of each: 'n' and 'f' are distances, '?' is
 * none. Returns what is chosen once it says that it is done, or after all of them. */
static struct bench_choice choose(struct bench_result *r, const char *probes, unsigned enough, enum bench_wish wish)
{
	static struct bench_probe of[2][64];
	struct bench_choice c = { 0 };
	unsigned round;
	size_t i, k;

	memset(of, 0, sizeof(of));
	for (round = 0; probes[2 * round] && probes[2 * round + 1] && !c.done; round++) {
		for (i = 0; i < 2; i++) {
			r[i].probes = of[i];
			for (k = 0; k < 2; k++) {
				const char what = probes[2 * round + i + k];

				of[i][round].ns[k] = what == 'n' ? 90 : what == 'f' ? 400 : 0;
			}
		}
		c = bench_choose(r, 2, round + 1, enough, wish);
	}
	return c;
}

START_TEST(runs_of_one_kind)
{
	static const struct {
		const char *probes; /* two for each round, and the last one */
		unsigned enough;
		enum bench_wish wish;
		unsigned rounds, counted;
		enum bench_distance distance;
		int done, mixed;
		const char *text;
	} c[] = {
		{ "nnnnnnn", 3, BENCH_WISH_MOST, 3, 6, BENCH_NEAR, 1, 0, "processors 90 ns apart (near)" },
		{ "fffffff", 3, BENCH_WISH_MOST, 3, 6, BENCH_FAR, 1, 0, "processors 400 ns apart (far)" },
		/* enough of one kind after a change; A has one near run, B has one in which they moved */
		{ "nnfffff", 2, BENCH_WISH_MOST, 3, 4, BENCH_FAR, 1, 0,
		  "processors 400 ns apart (far); left out: 1 run near at 90 ns, "
		  "1 run in which they moved, or that is not known" },
		/* never enough: what there is most of */
		{ "nnnffnnff", 2, BENCH_WISH_MOST, 4, 3, BENCH_NEAR, 1, 0,
		  "processors 90 ns apart (near), only 1 of 2 runs of some; left out: 2 runs far at 400 ns, "
		  "3 runs in which they moved, or that is not known" },
		/* not yet enough, and the rounds are not over */
		{ "nnn", 2, BENCH_WISH_MOST, 1, 2, BENCH_NEAR, 0, 0, NULL },
		/* one processor */
		{ "???????", 3, BENCH_WISH_MOST, 3, 6, BENCH_UNKNOWN, 1, 0,
		  "not known how far apart the processors were" },
		{ "???????", 3, BENCH_WISH_NEAR, 3, 6, BENCH_UNKNOWN, 1, 0,
		  "not known how far apart the processors were" },
		/* a probe that was disturbed */
		{ "nn?nnnnn", 2, BENCH_WISH_MOST, 3, 4, BENCH_NEAR, 1, 0,
		  "processors 90 ns apart (near); left out: 2 runs in which they moved, or that is not known" },
		/* always moving: nothing better to be had than those, all of them */
		{ "nfnfnfnfn", 2, BENCH_WISH_MOST, 4, 8, BENCH_UNKNOWN, 1, 0,
		  "not known how far apart the processors were" },
		{ "nnnfffff", 2, BENCH_WISH_ANY, 2, 4, BENCH_NEAR, 1, 1,
		  "processors not always equally far apart: 2 runs near at 90 ns, 1 run far at 400 ns, "
		  "1 run in which they moved, or that is not known" },
		{ "fffff", 2, BENCH_WISH_ANY, 2, 4, BENCH_FAR, 1, 0, "processors 400 ns apart (far)" },
		{ "fffffnnnnnnnnnnnn", 2, BENCH_WISH_NEAR, 4, 3, BENCH_NEAR, 1, 0, NULL },
		{ "fffffffff", 2, BENCH_WISH_NEAR, 4, 0, BENCH_NEAR, 1, 0,
		  "processors never near: no figures; left out: 8 runs far at 400 ns" },
		{ "nnfffffffff", 1, BENCH_WISH_FAR, 2, 2, BENCH_FAR, 1, 0, NULL },
	};
	struct bench_result r[2] = { 0 };
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(c) / sizeof(*c); i++) {
		const struct bench_choice x = choose(r, c[i].probes, c[i].enough, c[i].wish);

		ck_assert_msg(x.rounds == c[i].rounds, "%s: %u rounds", c[i].probes, x.rounds);
		ck_assert_msg(x.counted == c[i].counted, "%s: %u count", c[i].probes, x.counted);
		ck_assert_msg(x.distance == c[i].distance, "%s: %u", c[i].probes, (unsigned)x.distance);
		ck_assert_msg(x.done == !!c[i].done && x.mixed == !!c[i].mixed, "%s", c[i].probes);
		ck_assert_uint_eq(x.runs[0] + x.runs[1] + x.runs[2], 2 * x.rounds);
		bench_choice_text(&x, r, 2, text, sizeof(text));
		if (c[i].text)
			ck_assert_str_eq(text, c[i].text);
	}
}
END_TEST

/* A machine whose processors stay about as far apart as the border is has one kind of runs. */
START_TEST(noise_at_the_border)
{
	struct bench_probe probes[] = { { .ns = { 180, 205 } }, { .ns = { 230, 190 } }, { .ns = { 210, 201 } } };
	struct bench_result r = { .probes = probes };
	struct bench_choice c = bench_choose(&r, 1, 3, 3, BENCH_WISH_MOST);

	ck_assert_uint_eq(c.runs[BENCH_FAR], 3);
	probes[1].ns[0] = 170;
	probes[2].ns[0] = 150;
	c = bench_choose(&r, 1, 3, 3, BENCH_WISH_MOST);
	ck_assert_uint_eq(c.runs[BENCH_NEAR], 3);
	probes[0].ns[0] = 90; /* but not across a real difference */
	c = bench_choose(&r, 1, 3, 3, BENCH_WISH_MOST);
	ck_assert_uint_eq(c.runs[BENCH_UNKNOWN], 2);
}
END_TEST

/* What does not count is in no median; what was wrong counts all the same. */
START_TEST(runs_that_do_not_count)
{
	struct bench_outcome rounds[] = { { .figure = { 10 }, .done = 1 },
					  { .figure = { 50 }, .done = 1, .failed = 9 },
					  { .figure = { 20 }, .done = 1 } };
	struct bench_probe probes[] = { { .counts = true }, { .counts = false }, { .counts = true } };
	struct bench_result r = { .rounds = rounds, .probes = probes };

	bench_result_finish(&r, 3);
	ck_assert_double_eq(r.stats[BENCH_VALUE].median, 15);
	ck_assert_double_eq(r.stats[BENCH_VALUE].max, 20);
	ck_assert_double_eq(r.failed_each, 0);
	ck_assert_int_eq(r.status, BENCH_OK);
	rounds[1].status = BENCH_WRONG;
	bench_result_finish(&r, 3);
	ck_assert_int_eq(r.status, BENCH_WRONG);
	ck_assert_uint_eq(r.bad[BENCH_WRONG], 1);
}
END_TEST

/* The probe itself: a distance that may be, or none. */
START_TEST(probe_says_something)
{
	struct bench_options o = { .n_cpus = 1 };
	double ns;

	ck_assert_double_eq(bench_probe(&o), 0); /* one processor */
	o.n_cpus = 2;
	ck_assert_double_eq(bench_probe(&o), 0); /* the same one twice */
	o.cpus[1] = 1;
	ns = bench_probe(&o);
	ck_assert(ns == 0 || (ns > 1 && ns < 1e9));
}
END_TEST

/* ---- the best peer, and targets ---------------------------------------------------------------------------------- */

static const struct bench_contestant judged[] = {
	{ .name = "maar_ring mpmc", .peer = "maar" },
	{ .name = "strict", .peer = "one" },
	{ .name = "loose", .peer = "two", .order = BENCH_FIFO_PER_PRODUCER },
	{ .name = "two lines", .peer = BENCH_MACHINE },
	{ .name = "broken", .peer = "three" },
};

#define JUDGED (sizeof(judged) / sizeof(*judged))

static const struct bench_target aims[] = {
	{ "m/*", "maar_ring*", NULL, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1.5, 0 },
	{ "m/*", "maar_ring*", "loose", BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1.5, 1 },
	{ "m/*", "maar_ring*", NULL, BENCH_PUT_P999, BENCH_AT_MOST_TIMES, 0.5, 0 },
	{ "m/*", "maar_ring*", NULL, BENCH_STALLED_PERCENT, BENCH_AT_MOST, 2, 0 },
	{ "m/*", "maar_ring*", "nobody", BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1, 0 },
	{ "other", "maar_ring*", NULL, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1, 0 },
};

/* ---- values whose sequence numbers wrap -------------------------------------------------------------------------- */

START_TEST(sums_of_wrapping_numbers)
{
	const struct bench_worker w = { .seq_bits = 4, .seq_mask = 15 };
	uint64_t n, sum = 0;

	for (n = 0; n < 100; n++) {
		ck_assert_uint_eq(bench_sum_below(n, &w), sum);
		sum += n & 15;
	}
}
END_TEST

START_TEST(order_of_wrapping_numbers)
{
	struct bench_run team = { .producers = 2 };
	struct bench_worker w = { .run = &team, .seq_bits = BENCH_SEQ_BITS_HANDLE };
	uint64_t tag, sum = 0;

	w.seq_mask = (UINT64_C(1) << w.seq_bits) - 1;
	w.index = 1;
	tag = bench_tag(&w);
	ck_assert_uint_lt(tag + w.seq_mask, UINT64_C(1) << 32);
	bench_check(&w, tag | 1, &sum);
	bench_check(&w, tag | (w.seq_mask / 2), &sum);
	bench_check(&w, tag | w.seq_mask, &sum);
	bench_check(&w, tag | 0, &sum); /* wraps */
	bench_check(&w, tag | 5, &sum); /* others took 1 to 4 */
	bench_check(&w, 1, &sum);	/* the other producer's */
	ck_assert_uint_eq(w.disorder, 0);
	bench_check(&w, tag | 5, &sum); /* again */
	ck_assert_uint_eq(w.disorder, 1);
	bench_check(&w, tag | w.seq_mask, &sum); /* from before the wrap */
	ck_assert_uint_eq(w.disorder, 2);
	bench_check(&w, tag | 4, &sum);
	ck_assert_uint_eq(w.disorder, 3);
	bench_check(&w, 2 * tag | 9, &sum); /* nobody's */
	ck_assert_uint_eq(w.disorder, 4);
}
END_TEST

START_TEST(targets)
{
	static const double value[JUDGED] = { 30, 15, 25, 90, 1e9 }, p999[JUDGED] = { 50, 99, 10, 1, 1 };
	const struct bench_program program = { .targets = aims, .n_targets = sizeof(aims) / sizeof(*aims) };
	struct bench_case c = { .name = "m/1", .unit = BENCH_MOPS, .firsts = 2 };
	struct bench_options o = { .rounds = 3, .n_cpus = 2 };
	struct bench_outcome rounds[JUDGED][3] = { 0 };
	struct bench_result r[JUDGED] = { 0 };
	struct bench_table t = { &program, &c, &o, r, JUDGED, { .rounds = 3 } };
	struct bench_verdict v;
	char text[200];
	size_t i, k;

	for (i = 0; i < JUDGED; i++) {
		r[i] = (struct bench_result){ .contestant = &judged[i], .rounds = rounds[i] };
		for (k = 0; k < 3; k++) {
			rounds[i][k].figure[BENCH_VALUE] = value[i] * (double)(i ? 1 : k + 1) / (i ? 1 : 2);
			rounds[i][k].figure[BENCH_PUT_P999] = p999[i];
			rounds[i][k].figure[BENCH_STALLED_PERCENT] = 3;
		}
	}
	rounds[4][1].status = BENCH_WRONG;
	for (i = 0; i < JUDGED; i++)
		bench_result_finish(&r[i], 3);
	/* not ours, not the machine, not one that gave wrong results, and not one that does less */
	ck_assert_ptr_eq(bench_best(&t, NULL, BENCH_VALUE), &r[1]);
	c.firsts = 1; /* from one producer, its order is strict */
	ck_assert_ptr_eq(bench_best(&t, NULL, BENCH_VALUE), &r[2]);
	ck_assert_ptr_eq(bench_best(&t, NULL, BENCH_PUT_P999), &r[2]);
	ck_assert_ptr_eq(bench_best(&t, "two*", BENCH_VALUE), &r[3]);
	c.firsts = 2;
	ck_assert(bench_judge(&t, &r[0], 0, &v));
	ck_assert(v.known && v.met && v.against == &r[1]);
	ck_assert_double_eq(v.reached, 2);
	ck_assert_double_eq(v.min, 1);
	ck_assert_double_eq(v.max, 3);
	bench_verdict_text(&v, text, sizeof(text));
	ck_assert_str_eq(text, ">= 1.5x strict: 2.00 (1.00-3.00) met");
	t.choice.distance = BENCH_FAR; /* said where it is known, and the same for all */
	ck_assert(bench_judge(&t, &r[0], 0, &v));
	bench_verdict_text(&v, text, sizeof(text));
	ck_assert_str_eq(text, ">= 1.5x strict: 2.00 (1.00-3.00) met, far");
	t.choice.mixed = true;
	ck_assert(bench_judge(&t, &r[0], 0, &v));
	ck_assert_int_eq(v.distance, BENCH_UNKNOWN);
	ck_assert(bench_judge(&t, &r[0], 1, &v));
	ck_assert(v.known && !v.met);
	ck_assert(bench_judge(&t, &r[0], 2, &v));
	ck_assert(v.known && !v.met && v.reached > 0.5);
	ck_assert(bench_judge(&t, &r[0], 3, &v));
	ck_assert(v.known && !v.met && !v.against);
	bench_verdict_text(&v, text, sizeof(text));
	ck_assert_str_eq(text, "stalled % <= 2: 3.00 (3.00-3.00) MISSED");
	ck_assert(bench_judge(&t, &r[0], 4, &v));
	ck_assert(!v.known);
	ck_assert(!bench_judge(&t, &r[0], 5, &v)); /* another case's */
	ck_assert(!bench_judge(&t, &r[1], 0, &v)); /* a peer's row */
	o.load = 1;
	ck_assert(!bench_judge(&t, &r[0], 1, &v)); /* meant for quiet */
	ck_assert(bench_judge(&t, &r[0], 0, &v));
}
END_TEST

START_TEST(settings)
{
	const struct bench_case few = { .firsts = 1, .seconds = 1 }, many = { .firsts = 4, .seconds = 4, .load = 1 };
	const struct bench_case bound = { .firsts = 4, .seconds = 4, .pin = BENCH_PIN_YES };
	const struct bench_case round_trip = { .first = BENCH_PING, .firsts = 1, .seconds = 1 };
	struct bench_options o = { .n_cpus = 2, .load = 2 };

	ck_assert(bench_setting(&few, &o).pinned);
	ck_assert(!bench_setting(&many, &o).pinned);
	ck_assert(bench_setting(&bound, &o).pinned);
	ck_assert_int_eq(bench_setting(&few, &o).retry, BENCH_RETRY_PAUSE8);
	ck_assert_int_eq(bench_setting(&round_trip, &o).retry, BENCH_RETRY_PAUSE);
	ck_assert_int_eq(bench_setting(&many, &o).retry, BENCH_RETRY_YIELD);
	ck_assert_uint_eq(bench_setting(&many, &o).load, 3);
	o.pin_said = true; /* and it is auto */
	ck_assert(!bench_setting(&bound, &o).pinned);
	o.retry = BENCH_RETRY_SPIN;
	ck_assert_uint_eq(bench_setting(&many, &o).relax, 0);
	o.retry = BENCH_RETRY_PAUSE8;
	ck_assert_uint_eq(bench_setting(&many, &o).relax, 8);
}
END_TEST

START_TEST(patterns)
{
	ck_assert(bench_matches_part("8p8c", "mpmc/8p8c/1024"));
	ck_assert(bench_matches_part("rtt,b*65536", "spsc/bulk8/65536"));
	ck_assert(!bench_matches_part("rtt,b*65536", "spsc/bulk8/1024"));
	ck_assert(bench_matches_part(NULL, "anything"));

	ck_assert(bench_matches(NULL, "anything"));
	ck_assert(bench_matches("mpmc/*,self/spsc", "mpmc/4p4c/1024"));
	ck_assert(bench_matches("mpmc/*,self/spsc", "self/spsc"));
	ck_assert(!bench_matches("mpmc/*,self/spsc", "self/mpmc"));
	ck_assert(!bench_matches("", "self/mpmc"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bench figures");
	TCase *tc = tcase_create("figures");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300); /* for a machine that stalls */
	tcase_add_test(tc, stats_odd);
	tcase_add_test(tc, stats_even_and_one);
	tcase_add_test(tc, ratios);
	tcase_add_test(tc, result_of_mixed_rounds);
	tcase_add_test(tc, figures_that_some_rounds_lack);
	tcase_add_test(tc, durations_in_steps);
	tcase_add_test(tc, percentiles);
	tcase_add_test(tc, stalls);
	tcase_add_test(tc, stamps_that_run_backwards);
	tcase_add_test(tc, runs_of_one_kind);
	tcase_add_test(tc, noise_at_the_border);
	tcase_add_test(tc, runs_that_do_not_count);
	tcase_add_test(tc, probe_says_something);
	tcase_add_test(tc, sums_of_wrapping_numbers);
	tcase_add_test(tc, order_of_wrapping_numbers);
	tcase_add_test(tc, targets);
	tcase_add_test(tc, settings);
	tcase_add_test(tc, patterns);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
