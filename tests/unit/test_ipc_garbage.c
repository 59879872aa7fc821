/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A queue between processes whose memory somebody writes over: a few words before the calls, or all the while. No
 * crash, no access outside (there are pages behind and before that nobody may touch), no call without an end, and no
 * answer but those that the header names. What was found broken is broken for all.
 */
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <unistd.h>

#define BOTH	  (MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER)
#define TRIALS	  (UNIT_SANITIZED ? 800 : 1500) /* of which 2 to 4 of a hundred are found: none, once in a million runs */
#define MOVES	  40
#define SCRIBBLED 3000 /* moves beside a scribbler */

static const struct maar_ipc_options options[] = {
	{ .classes = { { .bytes = 24, .slots = 6 }, { .bytes = 100, .slots = 5 } },
	  .n_classes = 2,
	  .priorities = 2,
	  .depth = { 4, 0 },
	  .participants = 6 },
	{ .classes = { { .bytes = 24, .slots = 8 } },
	  .n_classes = 1,
	  .when_full = MAAR_IPC_OVERWRITE,
	  .participants = 6 },
	{ .classes = { { .bytes = 24, .slots = 8 } },
	  .n_classes = 1,
	  .depth = { 3 },
	  .when_full = MAAR_IPC_DROP_NEWEST,
	  .when_dead = MAAR_IPC_TO_DEAD_LETTERS,
	  .participants = 6 },
	{ .classes = { { .bytes = 24, .slots = 8 } }, .n_classes = 1, .participants = 6, .kind = MAAR_IPC_PAIR },
};
static const uint32_t pair_roles[] = { MAAR_IPC_PRODUCER, MAAR_IPC_CONSUMER, 0 };

static struct ipc_lives lives;
static unsigned char *memory, *saved;
static size_t bytes;
static struct maar_ipc *of[3];

/* At the end of a mapping that is followed, and preceded, by pages of nobody. */
static void make(const struct maar_ipc_options *o)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	const size_t page = 4096, pages = ((size_t)maar_ipc_bytes(o) + page - 1) / page;
	unsigned char *all = ipc_memory((pages + 2) * page);

	memset(&lives, 0, sizeof(lives));
	bytes = (size_t)maar_ipc_bytes(o);
	unit_eq(mprotect(all, page, PROT_NONE), 0);
	unit_eq(mprotect(all + (pages + 1) * page, page, PROT_NONE), 0);
	memory = all + (pages + 1) * page - (bytes + 127) / 128 * 128;
	unit_eq(maar_ipc_init(memory, bytes, o), 0);
	for (unsigned i = 0; i < COUNT_OF(of); i++) {
		const uint32_t roles = o->kind == MAAR_IPC_PAIR ? pair_roles[i] : BOTH;
		const struct maar_ipc_who who = { .roles = roles, .key = i, .slice_ns = 10000 };

		of[i] = maar_ipc_attach(memory, bytes, &who, &life);
		unit_must(of[i] != NULL);
	}
	saved = malloc(bytes);
	unit_must(saved != NULL);
	memcpy(saved, memory, bytes);
}

/* Every answer is one of these. */
static int known(int rc)
{
	switch (rc) {
	case 0:
	case 1:
	case -EPIPE:
	case -EBADMSG:
	case -EALREADY:
	case -EMSGSIZE:
	case -EINVAL:
	case -EBUSY:
	case -ENOENT:
	case -EPERM: /* of a pair */
		return rc;
	default:
		ck_abort_msg("answer %d", rc);
	}
}

struct hand {
	void *loan;
	struct maar_ipc_message message;
	int has_message;
	FILE *null;
};

static void take(struct maar_ipc *q, struct hand *h, bool dead, bool reads)
{
	unsigned char sum = 0;

	h->has_message = known(dead ? maar_ipc_take_dead(q, &h->message) : maar_ipc_take(q, &h->message, 20000)) == 1;
	if (!h->has_message)
		return;
	/* What it says is within the segment, whatever stands there. */
	unit_must((unsigned char *)h->message.payload >= memory &&
		  (unsigned char *)h->message.payload + h->message.bytes <= memory + bytes);
	for (uint64_t i = 0; reads && i < h->message.bytes; i++)
		sum ^= ((unsigned char *)h->message.payload)[i];
	__asm__ volatile("" : : "r"(sum)); /* it is read */
}

static void look(struct maar_ipc *q, struct hand *h)
{
	struct maar_ipc_stats s;
	struct maar_ipc_past past;

	(void)known(maar_ipc_stats(q, &s));
	(void)known(maar_ipc_check(q));
	(void)known(maar_ipc_dump(q, h->null));
	(void)known(maar_ipc_past(q, &past));
}

static void move(struct maar_ipc *q, struct hand *h, struct unit_rng *rng, bool reads)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	const struct maar_ipc_tags tags = { .priority = (uint32_t)(unit_random_below(rng, 4) == 0 && q->priorities > 1),
					    .journal = q->key && unit_random_below(rng, 2) };
	struct maar_ipc *another;
	int rc;

	switch (unit_random_below(rng, 12)) {
	case 0:
	case 1:
		if (h->loan)
			(void)known(maar_ipc_publish(q, h->loan, unit_random_below(rng, 24), &tags, 20000));
		h->loan = NULL;
		break;
	case 2:
		if (h->loan)
			(void)known(maar_ipc_discard(q, h->loan));
		h->loan = NULL;
		break;
	case 3:
	case 4:
		if (known(maar_ipc_loan(q, unit_random_below(rng, 24), &h->loan, 20000)) == 1)
			unit_must((unsigned char *)h->loan >= memory &&
				  (unsigned char *)h->loan + 24 <= memory + bytes);
		else
			h->loan = NULL;
		break;
	case 5:
		if (h->has_message)
			(void)known(maar_ipc_release(q, &h->message));
		h->has_message = 0;
		break;
	case 6:
		take(q, h, true, reads);
		break;
	case 7: /* somebody died */
		lives.alive[1 + unit_random_below(rng, 6)] ^= true;
		lives.alive[q->me] = true;
		rc = maar_ipc_recover(q);
		unit_must(rc >= 0 || known(rc) < 0);
		break;
	case 8:
		another = maar_ipc_attach(memory, bytes, NULL, &life);
		unit_must(another || errno == EBADMSG || errno == EINVAL || errno == EPROTO || errno == EUSERS ||
			  errno == EBUSY || errno == EAGAIN || errno == ENOTSUP || errno == ENOSPC);
		if (another && maar_ipc_detach(another)) /* with slots that it never took */
			munmap(another, (sizeof(*another) + 4095) & ~(size_t)4095);
		break;
	case 9:
		look(q, h);
		break;
	default:
		take(q, h, false, reads);
	}
}

static void scribble(struct unit_rng *rng, size_t from)
{
	uint64_t *word = (uint64_t *)(void *)memory + from / 8 + unit_random_below(rng, (bytes - from) / 8);
	uint64_t value = unit_random(rng);

	switch (unit_random_below(rng, 4)) {
	case 0: /* another place's */
		value = ((uint64_t *)(void *)memory)[unit_random_below(rng, bytes / 8)];
		break;
	case 1:
		value = maar_a_load(word, RELAXED) + unit_random_below(rng, 7) - 3;
		break;
	case 2:
		value = maar_a_load(word, RELAXED) ^ UINT64_C(1) << unit_random_below(rng, 64);
		break;
	default:
		break;
	}
	maar_a_store(word, value, RELAXED);
}

START_TEST(a_few_words)
{
	struct maar_ipc copies[COUNT_OF(of)];
	struct hand hands[COUNT_OF(of)];
	struct unit_rng rng = unit_rng((uint64_t)_i);
	const struct ipc_lives all = { .alive = { false, true, true, true } };
	unsigned found = 0;

	make(&options[_i]);
	for (unsigned i = 0; i < COUNT_OF(of); i++)
		copies[i] = *of[i];
	memset(hands, 0, sizeof(hands));
	hands[0].null = hands[1].null = hands[2].null = fopen("/dev/null", "w");
	for (unsigned trial = 0; trial < TRIALS; trial++) {
		memcpy(memory, saved, bytes);
		lives = all;
		for (unsigned i = 0; i < COUNT_OF(of); i++) {
			*of[i] = copies[i];
			hands[i] = (struct hand){ .null = hands[i].null };
		}
		for (unsigned i = 0; i < MOVES; i++) {
			const unsigned who = (unsigned)unit_random_below(&rng, COUNT_OF(of));

			if (i == MOVES / 4)
				for (uint64_t n = 1 + unit_random_below(&rng, 4); n; n--)
					scribble(&rng, 0);
			move(of[who], &hands[who], &rng, true);
		}
		if (((struct maar__ipc_header *)(void *)memory)->broken) {
			found++;
			unit_eq(maar_ipc_loan(of[0], 1, &hands[0].loan, MAAR_FOREVER), -EBADMSG);
			unit_eq(maar_ipc_take(of[1], &hands[1].message, MAAR_FOREVER), -EBADMSG);
			unit_eq(maar_ipc_recover(of[2]), -EBADMSG);
		}
	}
	unit_note("%u of %u found broken by a call", found, (unsigned)TRIALS);
	unit_must(found > 0);
	fclose(hands[0].null);
	free(saved);
}
END_TEST

/* ThreadSanitizer sees two threads that write to a payload at once, which is just what they do. */
#ifndef MAAR__TSAN_BUILD
static uint64_t stop;

static void *scribbler(void *arg)
{
	struct unit_rng rng = unit_rng(77);

	(void)arg;
	while (!maar_a_load(&stop, RELAXED)) {
		scribble(&rng, 0);
		/* Else all is over with the first word that is found. */
		maar_a_store(&((struct maar__ipc_header *)(void *)memory)->broken, 0, RELAXED);
	}
	return NULL;
}

START_TEST(all_the_while)
{
	struct hand hand = { .null = fopen("/dev/null", "w") };
	struct unit_rng rng = unit_rng(78);
	pthread_t thread;

	make(&options[_i]);
	maar_a_store(&stop, 0, RELAXED);
	thread = unit_thread(scribbler, NULL);
	for (unsigned i = 0; i < SCRIBBLED; i++)
		move(of[0], &hand, &rng, false);
	maar_a_store(&stop, 1, RELAXED);
	unit_join(thread);
	fclose(hand.null);
	free(saved);
}
END_TEST
#endif

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, written over");
	TCase *tcase = unit_tcase(suite, "garbage");

	tcase_add_loop_test(tcase, a_few_words, 0, COUNT_OF(options));
#ifndef MAAR__TSAN_BUILD
	tcase_add_loop_test(tcase, all_the_while, 0, COUNT_OF(options));
#endif
	return suite;
}
