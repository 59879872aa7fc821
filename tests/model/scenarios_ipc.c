/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues between processes (src/ipc) on the explorer: two slots, rings of four cells. A participant dies by saying so
 * and doing no more, which is how the kernel has it: all that it did happens before anybody hears of its death.
 * Payloads are plain, so a slot in two hands races. "The segment is broken" may never be the answer.
 */
#include "../../src/ipc/ipc_priv.h"

#include "../../src/base/process.h"
#include "../../src/base/sleep.h"
#include "../../src/ipc/names_priv.h"
#include "../../src/wait/wait_priv.h"
#include "scenarios.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS 2
#define MOST  3 /* slots of the other segment, of which two may be queued */
#define BOTH  (MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER)

/* With as many messages as there are slots, and with fewer; and pairs, of two slots. */
struct segment {
	unsigned char memory[1 << 14] __attribute__((aligned(4096)));
	unsigned char saved[1 << 14];
	struct maar_ipc *of[MODEL_THREADS], saved_of[MODEL_THREADS];
};
enum { FULL, FEWER, BY_PID, PAIR, PAIR_DROPS, PAIR_OF_EIGHT, SEGMENTS }; /* BY_PID: who is alive is told by pid */
static struct segment segments[SEGMENTS];
static unsigned char *memory;
static size_t bytes;
static struct maar_ipc **of;

static struct {
	uint64_t alive[8];
	uint64_t payload[MOST];
	uint64_t recovered, had, deaths;
	uint64_t watched[8];  /* whose end makes the bell of WATCHER readable */
	uint32_t readable[8]; /* bells, by number */
} world;

/* ---- who is alive; no process is asked ---- */

static int take_life(void *arg, uint32_t i)
{
	(void)arg;
	return maar_a_cas(&world.alive[i], 0, 1, ACQ_REL) ? 0 : -EBUSY;
}

static void drop_life(void *arg, uint32_t i)
{
	(void)arg;
	maar_a_store(&world.alive[i], 0, RELEASE);
}

static int is_alive(void *arg, uint32_t i)
{
	(void)arg;
	return (int)maar_a_load(&world.alive[i], ACQUIRE);
}

static const struct maar_ipc_life life = { .take = take_life, .drop = drop_life, .alive = is_alive };

/* By pid: number i is process i, and whoever comes later is process LATER. */
#define LATER 5
static uint64_t this_pid;

int maar__process_self(struct maar__process *me)
{
	*me = (struct maar__process){ .pid = this_pid, .start = 1, .pid_space = 1 };
	return 0;
}

int maar__process_alive(const struct maar__process *process)
{
	return (int)maar_a_load(&world.alive[process->pid], ACQUIRE);
}

int maar__process_fd(const struct maar__process *process)
{
	(void)process;
	return -ENOSYS;
}

/* ---- descriptors: the bell of a number, and its set, which is readable when that is ---- */

#define WATCHER 2 /* the number of of[1] */
#define BELL	10
#define SET	20
#define END	30

static unsigned last_bell;

/* What the kernel has under its locks. */
static void make_readable(uint32_t i)
{
	maar_a_store(&world.readable[i], 1, SEQ_CST);
	(void)model_futex_wake(&world.readable[i], UINT32_MAX);
}

static int open_bell(void *arg, uint32_t i, uint32_t life_of_it)
{
	(void)arg, (void)life_of_it;
	last_bell = i;
	return BELL + (int)i;
}

static int ring_bell(void *arg, uint32_t i, uint32_t life_of_it)
{
	(void)arg, (void)life_of_it;
	make_readable(i);
	return 0;
}

static int end_of(void *arg, uint32_t i)
{
	(void)arg;
	maar_a_store(&world.watched[i], 1, SEQ_CST);
	return maar_a_load(&world.alive[i], SEQ_CST) ? END + (int)i : -ESRCH;
}

static const struct maar_ipc_bells bells = { .open = open_bell, .ring = ring_bell, .death = end_of };

int maar__fd_set(void)
{
	return SET + (int)last_bell;
}

int maar__fd_set_add(int set, int fd, uint32_t key)
{
	(void)set, (void)fd, (void)key;
	return 0;
}

void maar__fd_set_drop(int set, int fd)
{
	(void)set, (void)fd;
}

/* The bell's key, and that of one that has died. */
size_t maar__fd_set_fired(int set, uint32_t *keys, size_t n)
{
	size_t fired = 0;

	if (maar_a_load(&world.readable[set - SET], SEQ_CST))
		keys[fired++] = 0;
	for (uint32_t i = 1; i <= 3 && fired < n; i++)
		if (maar_a_load(&world.watched[i], SEQ_CST) && !maar_a_load(&world.alive[i], SEQ_CST)) {
			maar_a_store(&world.watched[i], 0, SEQ_CST);
			keys[fired++] = i;
		}
	return fired;
}

void maar__fifo_clear(int fd)
{
	maar_a_store(&world.readable[fd - BELL], 0, SEQ_CST);
}

bool maar__is_nonblocking(int fd)
{
	(void)fd;
	return true;
}

int maar__ipc_held_adopt(struct maar__ipc_held *held, int fd)
{
	held->fd = fd;
	return 0;
}

void maar__ipc_held_close(struct maar__ipc_held *held)
{
	held->fd = -1;
}

/* ---- what attach maps: the system would take longer for it than an execution does ---- */

#define VIEWS 32
static struct {
	unsigned char bytes[8192] __attribute__((aligned(64)));
} views[VIEWS];
static bool view_used[VIEWS];

void *__wrap_maar__map_own(size_t n);
void __wrap_maar__unmap(void *at, size_t n);
void __real_maar__unmap(void *at, size_t n);

void *__wrap_maar__map_own(size_t n)
{
	for (unsigned i = 0; i < VIEWS; i++) {
		if (view_used[i] || n > sizeof(views[i]))
			continue;
		view_used[i] = true;
		memset(&views[i], 0, sizeof(struct maar_ipc));
		return &views[i];
	}
	abort();
}

void __wrap_maar__unmap(void *at, size_t n)
{
	const size_t from = (size_t)((unsigned char *)at - views[0].bytes);

	if ((unsigned char *)at >= views[0].bytes && from < sizeof(views))
		view_used[from / sizeof(views[0])] = false;
	else
		__real_maar__unmap(at, n);
}

static void unmap_all_but(struct maar_ipc *const *kept, unsigned n)
{
	for (unsigned i = 0; i < VIEWS; i++) {
		bool is_kept = false;

		for (unsigned k = 0; k < n; k++)
			is_kept |= (void *)kept[k] == (void *)&views[i];
		view_used[i] &= is_kept;
	}
}

/* ---- a segment ---- */

static const struct maar_ipc_options two = { .classes = { { .bytes = 8, .slots = SLOTS } },
					     .n_classes = 1,
					     .participants = 3,
					     .event_flags = MAAR_EVENT_NO_SPIN };
static const struct maar_ipc_options three = { .classes = { { .bytes = 8, .slots = MOST } },
					       .n_classes = 1,
					       .participants = 3,
					       .depth = { SLOTS },
					       .event_flags = MAAR_EVENT_NO_SPIN };

static const struct maar_ipc_options pair = { .classes = { { .bytes = 8, .slots = SLOTS } },
					      .n_classes = 1,
					      .participants = 3,
					      .event_flags = MAAR_EVENT_NO_SPIN,
					      .kind = MAAR_IPC_PAIR };
static const struct maar_ipc_options pair_drops = { .classes = { { .bytes = 8, .slots = SLOTS } },
						    .n_classes = 1,
						    .participants = 3,
						    .when_dead = MAAR_IPC_DROP,
						    .event_flags = MAAR_EVENT_NO_SPIN,
						    .kind = MAAR_IPC_PAIR };
/* So many that not each release asks who sleeps. */
static const struct maar_ipc_options pair_of_eight = { .classes = { { .bytes = 8, .slots = 8 } },
						       .n_classes = 1,
						       .participants = 3,
						       .event_flags = MAAR_EVENT_NO_SPIN,
						       .kind = MAAR_IPC_PAIR };
static const struct maar_ipc_options *const options_of[SEGMENTS] = { &two,  &three,	 &two,
								     &pair, &pair_drops, &pair_of_eight };

static const struct maar_ipc_life *lives;

static void make(struct segment *s, const struct maar_ipc_options *options)
{
	static const uint32_t pair_roles[] = { MAAR_IPC_PRODUCER, MAAR_IPC_CONSUMER, 0 };

	if (bytes > sizeof(s->memory) || maar_ipc_init(s->memory, bytes, options))
		abort();
	for (unsigned i = 0; i < 3; i++) {
		const struct maar_ipc_who who = { .roles = options->kind == MAAR_IPC_PAIR ? pair_roles[i] : BOTH };

		maar_a_store(&world.alive[i + 1], 0, RELAXED);
		this_pid = i + 1;
		s->of[i] = maar_ipc_attach(s->memory, bytes, &who, lives);
		if (!s->of[i])
			abort();
		/* A wake-up that is lost shall not be made up for by a look at the dead. */
		s->of[i]->slice = MAAR_FOREVER;
		s->saved_of[i] = *s->of[i];
	}
	memcpy(s->saved, s->memory, bytes);
}

/* Those that an execution left which failed. */
static void release_views(void)
{
	struct maar_ipc *kept[3 * SEGMENTS];
	unsigned n = 0;

	for (unsigned i = 0; i < 3 * SEGMENTS; i++)
		if (segments[i / 3].of[i % 3])
			kept[n++] = segments[i / 3].of[i % 3];
	unmap_all_but(kept, n);
}

static void begin_with(unsigned which)
{
	const struct maar_ipc_options *options = options_of[which];
	struct segment *s = &segments[which];

	bytes = (size_t)maar_ipc_bytes(options);
	lives = which == BY_PID ? NULL : &life;
	if (!s->of[0])
		make(s, options);
	release_views();
	memory = s->memory;
	of = s->of;
	/* Word by word: the explorer knows of stores. */
	for (size_t i = 0; i < bytes / 8; i++) {
		uint64_t word;

		memcpy(&word, s->saved + i * 8, 8);
		if (maar_a_load((uint64_t *)(void *)memory + i, RELAXED) != word)
			maar_a_store((uint64_t *)(void *)memory + i, word, RELAXED);
	}
	for (unsigned i = 0; i < 3; i++)
		*of[i] = s->saved_of[i];
	for (unsigned i = 0; i < 8; i++)
		maar_a_store(&world.alive[i], (i >= 1 && i <= 3) || (i == LATER && which == BY_PID), RELAXED);
	this_pid = LATER;
	for (unsigned i = 0; i < MOST; i++)
		model_plain_write(&world.payload[i], 0);
	for (unsigned i = 0; i < 8; i++) {
		maar_a_store(&world.watched[i], 0, RELAXED);
		maar_a_store(&world.readable[i], 0, RELAXED);
	}
	maar_a_store(&world.recovered, 0, RELAXED);
	maar_a_store(&world.had, 0, RELAXED);
	maar_a_store(&world.deaths, 0, RELAXED);
}

static void begin(void *s)
{
	(void)s;
	begin_with(FULL);
}

static unsigned slot_of(const void *payload)
{
	const struct maar__ipc_slots *const c = &of[0]->classes[0];
	const uint32_t handle =
		of[0]->pair ? (uint32_t)((uint64_t)((const unsigned char *)payload - c->payloads) / c->stride)
			    : maar_a_load(&maar__ipc_slot((void *)(uintptr_t)payload)->handle, RELAXED);

	model_assert(handle < MOST, "no slot");
	return handle;
}

static void die(unsigned who)
{
	maar_a_add(&world.deaths, 1, RELAXED);
	maar_a_store(&world.alive[who + 1], 0, SEQ_CST);
	if (maar_a_load(&world.watched[who + 1], SEQ_CST))
		make_readable(WATCHER);
}

/* ---- moves ---- */

static void *lend(unsigned me)
{
	void *payload;
	int got;

	while ((got = maar_ipc_loan(of[me], 8, &payload, 0)) == 0)
		model_yield();
	model_assert(got == 1, "no loan: %d", got);
	return payload;
}

static void send(unsigned me, uint64_t value)
{
	void *payload = lend(me);

	model_plain_write(&world.payload[slot_of(payload)], value);
	model_assert(maar_ipc_publish(of[me], payload, 8, NULL, 0) == 1, "not published");
}

/* 1: had one, of this value or any (0) */
static int receive(unsigned me, uint64_t value)
{
	struct maar_ipc_message m;
	const int got = maar_ipc_take(of[me], &m, 0);
	uint64_t there;

	model_assert(got == 1 || got == 0 || got == -EPIPE, "another answer: %d", got);
	if (got <= 0)
		return got;
	there = model_plain_read(&world.payload[slot_of(m.payload)]);
	model_assert(there == value || (!value && there), "another message");
	maar_a_add(&world.had, 1, RELAXED);
	model_assert(maar_ipc_release(of[me], &m) == 0, "not released");
	return 1;
}

static void use_one(unsigned me)
{
	void *payload = lend(me);

	model_plain_write(&world.payload[slot_of(payload)], 50 + me);
	model_assert(maar_ipc_discard(of[me], payload) == 0, "not discarded");
}

static void recover(unsigned me)
{
	const int n = maar_ipc_recover(of[me]);

	model_assert(n >= 0, "recovery failed: %d", n);
	maar_a_add(&world.recovered, (uint64_t)n, RELAXED);
}

/* All there, each once. */
static void all_right(void *s)
{
	struct maar_ipc_stats stats;

	(void)s;
	recover(1);
	while (receive(1, 0) == 1)
		;
	model_assert(maar_ipc_stats(of[1], &stats) == 0 && stats.free == stats.slots, "a slot is not back");
	model_assert(stats.recovered <= maar_a_load(&world.deaths, RELAXED), "recovered who did not die, or twice");
	model_assert(maar_ipc_check(of[1]) == 0, "a slot is not where its word says");
}

/* ---- sent, and closed ---- */

static void sends_two(void *s)
{
	(void)s;
	send(0, 1);
	send(0, 2);
}

static void receives_two(void *s)
{
	(void)s;
	for (uint64_t n = 1; n <= 2; n++)
		while (receive(1, n) == 0)
			model_yield();
}

static void uses(void *s)
{
	(void)s;
	use_one(2);
}

/* Asleep, without an end, until the other is done. */
static void receives_asleep(void *s)
{
	struct maar_ipc_message m;

	(void)s;
	for (uint64_t n = 1; n <= 3; n++) {
		model_assert(maar_ipc_take(of[1], &m, MAAR_FOREVER) == 1, "no message");
		model_assert(model_plain_read(&world.payload[slot_of(m.payload)]) == n, "another message");
		model_assert(maar_ipc_release(of[1], &m) == 0, "not released");
	}
}

static void sends_asleep(void *s)
{
	(void)s;
	for (uint64_t n = 1; n <= 3; n++) {
		void *payload;

		model_assert(maar_ipc_loan(of[0], 8, &payload, MAAR_FOREVER) == 1, "no loan");
		model_plain_write(&world.payload[slot_of(payload)], n);
		model_assert(maar_ipc_publish(of[0], payload, 8, NULL, MAAR_FOREVER) == 1, "not published");
	}
}

/* There is a message at every instant: a third one is let in only by who finds that one was taken. */
static void begin_with_one_of_two(void *s)
{
	(void)s;
	begin_with(FEWER);
	send(2, 5);
}

static void add(unsigned me)
{
	void *payload = lend(me);
	int got;

	model_plain_write(&world.payload[slot_of(payload)], 5);
	while ((got = maar_ipc_publish(of[me], payload, 8, NULL, 0)) == 0)
		model_yield();
	model_assert(got == 1, "not published: %d", got);
}

/* Killed between the word and the head. */
static void adds_and_dies_taking(void *s)
{
	const uint32_t first = 0; /* of begin_with_one_of_two */
	uint64_t word;

	(void)s;
	add(0);
	word = maar_a_load(&of[0]->own[first], RELAXED);
	if (maar__own_state(word) == MAAR__IPC_QUEUED && (word & MAAR__OWN_POSITION) == 0)
		(void)maar_a_cas(&of[0]->own[first], word, maar__own_word(MAAR__IPC_READ, 1, 0), RELEASE);
	die(0);
}

static void adds(void *s)
{
	(void)s;
	add(1);
}

static void takes(void *s)
{
	(void)s;
	model_assert(receive(2, 5) == 1, "none, though there is one at every instant");
}

static void sends_and_closes(void *s)
{
	(void)s;
	send(0, 1);
	model_assert(maar_ipc_close(of[0]) == 0, "not closed");
}

static void receives_all(void *s)
{
	int got;

	(void)s;
	while ((got = receive(1, 1)) != -EPIPE)
		if (got == 0)
			model_yield();
	model_assert(maar_a_load(&world.had, RELAXED) == 1, "the end was told before the message");
}

/* ---- somebody dies ---- */

static void dies_with_a_loan(void *s)
{
	void *payload = lend(0);

	(void)s;
	model_plain_write(&world.payload[slot_of(payload)], 9);
	die(0);
}

static void recovers_1(void *s)
{
	(void)s;
	recover(1);
	use_one(1);
	recover(1);
}

static void recovers_2(void *s)
{
	(void)s;
	recover(2);
	use_one(2);
	recover(2);
}

static void begin_with_a_message(void *s)
{
	begin(s);
	send(1, 7);
}

static void dies_reading(void *s)
{
	struct maar_ipc_message m;

	(void)s;
	if (maar_ipc_take(of[0], &m, 0) == 1)
		model_assert(model_plain_read(&world.payload[slot_of(m.payload)]) == 7, "another message");
	die(0);
}

static void recovers_and_receives(unsigned me)
{
	recover(me);
	(void)receive(me, 7);
	recover(me);
}

static void receives_again_1(void *s)
{
	(void)s;
	recovers_and_receives(1);
}

static void receives_again_2(void *s)
{
	(void)s;
	recovers_and_receives(2);
}

static void had_once(void *s)
{
	all_right(s);
	model_assert(maar_a_load(&world.had, RELAXED) == 1, "had another number of times");
}

/* In the dead one's place, while another recovers it. */
static void attaches(void *s)
{
	const struct maar_ipc_who who = { .roles = BOTH };
	struct maar_ipc *late;
	void *payload;

	(void)s;
	while (!(late = maar_ipc_attach(memory, bytes, &who, lives))) {
		model_assert(errno == EUSERS, "another error: %d", errno);
		model_yield();
	}
	if (maar_ipc_loan(late, 8, &payload, 0) == 1) {
		model_plain_write(&world.payload[slot_of(payload)], 60);
		model_assert(maar_ipc_discard(late, payload) == 0, "not discarded: it is another's");
	}
	model_assert(maar_ipc_detach(late) == 0, "not detached");
}

/* Nobody dies: one leaves, another comes. */
static void begin_with_a_place(void *s)
{
	begin(s);
	maar_a_store(&maar__ipc_entry(of[0], 3)->state, maar__ipc_state(1, 0, MAAR__IPC_NOBODY), RELAXED);
	maar_a_store(&world.alive[3], 0, RELAXED);
}

static void begin_by_pid(void *s)
{
	(void)s;
	begin_with(BY_PID);
}

static void begin_with_a_place_by_pid(void *s)
{
	begin_by_pid(s);
	maar_a_store(&maar__ipc_entry(of[0], 3)->state, maar__ipc_state(1, 0, MAAR__IPC_NOBODY), RELAXED);
	maar_a_store(&maar__ipc_entry(of[0], 3)->identity, 0, RELAXED);
}

static void recovers_none(void *s)
{
	(void)s;
	for (unsigned i = 0; i < 4; i++)
		recover(1);
}

/* Comes while another recovers, and does so too: of the dead, and of who is just coming. */
static void attaches_and_recovers(void *s)
{
	const struct maar_ipc_who who = { .roles = BOTH };
	struct maar_ipc *late = maar_ipc_attach(memory, bytes, &who, lives);
	int n;

	(void)s;
	model_assert(late, "another error: %d", errno);
	n = maar_ipc_recover(late);
	model_assert(n >= 0, "recovery failed: %d", n);
	model_assert(maar_ipc_detach(late) == 0, "not detached");
}

/* ---- armed ---- */

/* Number 1 publishes, 2 and 3 have descriptors; what an earlier execution knew of the others' ends is forgotten. */
static void begin_armed(void *s)
{
	static struct maar__ipc_watch *watches[3];

	begin(s);
	for (unsigned i = 0; i < 3; i++) {
		of[i]->watch = watches[i];
		maar__ipc_unwatch_own(of[i]);
		model_assert(maar_ipc_set_bells(of[i], &bells) == 0, "no bells");
		if (i)
			model_assert(maar_ipc_fd(of[i]) == SET + (int)i + 1, "no descriptor");
		watches[i] = of[i]->watch;
	}
}

/* With number 3 to be had. */
static void begin_armed_with_a_place(void *s)
{
	begin_armed(s);
	maar__ipc_unwatch(of[2], 3);
	maar_a_store(&maar__ipc_entry(of[0], 3)->state, maar__ipc_state(1, 0, MAAR__IPC_NOBODY), RELAXED);
	maar_a_store(&world.alive[3], 0, RELAXED);
}

/* Sleeps only when it is told that it may, without an end. One by one, or all that there are, in between. */
static int loop(unsigned me, unsigned wanted)
{
	unsigned n = 0;
	int got = 0;

	while (n < wanted && got != -EPIPE) {
		const int armed = maar_ipc_arm(of[me]);

		model_assert(armed >= 0, "not armed: %d", armed);
		while (!maar_a_load(&world.readable[me + 1], SEQ_CST))
			(void)model_futex_wait(&world.readable[me + 1], 0);
		model_assert(maar_ipc_disarm(of[me]) == 0, "not disarmed");
		while (n < wanted && (got = receive(me, 0)) == 1)
			n++;
	}
	return got;
}

static void waits_for_two(void *s)
{
	(void)s;
	(void)loop(1, 2);
}

static void waits_for_the_end_1(void *s)
{
	(void)s;
	model_assert(loop(1, 99) == -EPIPE, "no end");
}

static void waits_for_the_end_2(void *s)
{
	(void)s;
	model_assert(loop(2, 99) == -EPIPE, "no end");
}

static void had_one(void *s)
{
	(void)s;
	model_assert(maar_a_load(&world.had, RELAXED) == 1, "had another number of times");
}

static void waits_for_one(void *s)
{
	(void)s;
	(void)loop(1, 1);
}

/* As one that is killed after it has taken `armed`, and before it has rung anybody. */
static void publish_and_die(struct maar_ipc *ipc)
{
	void *payload;
	uint32_t handle;
	uint64_t word;

	model_assert(maar_ipc_loan(ipc, 8, &payload, 0) == 1, "no loan");
	model_plain_write(&world.payload[slot_of(payload)], 7);
	model_assert(maar__ipc_find(ipc, payload, &handle, &word) == 0, "no loan of its own");
	model_assert(maar__owned_put(&ipc->rings[0], handle, word, MAAR__IPC_QUEUED, ipc->me) == 0, "not published");
	if (maar_a_add(&ipc->events->not_empty.word, 0, RELEASE) & MAAR__EVENT_ARMED)
		(void)maar__event_wake_shared(&ipc->events->not_empty, 1);
	die(ipc->me - 1);
}

static void dies_before_it_rings(void *s)
{
	(void)s;
	publish_and_die(of[0]);
}

/* Comes, and dies so: who was armed before cannot have known its end. */
static void comes_and_dies(void *s)
{
	const struct maar_ipc_who who = { .roles = BOTH };
	struct maar_ipc *late = maar_ipc_attach(memory, bytes, &who, lives);

	(void)s;
	model_assert(late, "another error: %d", errno);
	model_assert(maar_ipc_set_bells(late, &bells) == 0, "no bells");
	publish_and_die(late);
}

/* ---- what a dead one had comes back to who sleeps, and has no slice ---- */

/* Number 3 has the message, and the other slot. */
static void begin_with_a_death(void *s)
{
	struct maar_ipc_message m;

	begin_armed(s);
	send(0, 7);
	model_assert(maar_ipc_take(of[2], &m, 0) == 1, "no message");
	(void)lend(2);
	die(2);
}

static void recovers_once(void *s)
{
	(void)s;
	recover(0);
}

static void sleeps_for_it(void *s)
{
	struct maar_ipc_message m;

	(void)s;
	model_assert(maar_ipc_take(of[1], &m, MAAR_FOREVER) == 1, "no message");
	model_assert(m.flags == MAAR_IPC_REDELIVERED, "not flagged");
	model_assert(maar_ipc_release(of[1], &m) == 0, "not released");
}

static void sleeps_for_a_slot(void *s)
{
	void *payload;

	(void)s;
	model_assert(maar_ipc_loan(of[1], 8, &payload, MAAR_FOREVER) == 1, "no slot");
	model_assert(maar_ipc_discard(of[1], payload) == 0, "not discarded");
}

static void inherits(void *s)
{
	const struct maar_ipc_who who = { .roles = BOTH };

	(void)s;
	model_assert(maar_ipc_attach(memory, bytes, &who, lives), "another error: %d", errno);
}

/* ---- made by one, attached by another ---- */

static unsigned char fresh[1 << 13] __attribute__((aligned(4096)));

static void begin_empty(void *s)
{
	begin(s);
	for (unsigned i = 1; i <= 3; i++)
		maar_a_store(&world.alive[i], 0, RELAXED);
	maar_a_store(&((struct maar__ipc_header *)(void *)fresh)->ready, 0, RELAXED);
}

static void makes(void *s)
{
	(void)s;
	model_assert(maar_ipc_init(fresh, sizeof(fresh), &two) == 0, "not made");
}

static void attaches_to_it(void *s)
{
	const struct maar_ipc_who who = { .roles = BOTH };
	struct maar_ipc *late;
	void *payload;

	(void)s;
	while (!(late = maar_ipc_attach(fresh, sizeof(fresh), &who, &life))) {
		model_assert(errno == EAGAIN || errno == EBADMSG, "another error: %d", errno);
		model_yield();
	}
	model_assert(maar_ipc_loan(late, 8, &payload, 0) == 1, "its slots are missing");
	model_assert(maar_ipc_discard(late, payload) == 0, "not discarded");
	model_assert(maar_ipc_detach(late) == 0, "not detached");
}

/* ---- pairs: of[0] produces, of[1] consumes, of[2] looks and recovers ---- */

static void begin_pair(void *s)
{
	(void)s;
	begin_with(PAIR);
}

static void sends_three(void *s)
{
	(void)s;
	for (uint64_t n = 1; n <= 3; n++)
		send(0, n);
}

/* The second of two is released first. */
static void receives_three(void *s)
{
	struct maar_ipc_message m[2];

	(void)s;
	for (unsigned n = 0; n < 2; n++) {
		while (maar_ipc_take(of[1], &m[n], 0) == 0)
			model_yield();
		model_assert(model_plain_read(&world.payload[slot_of(m[n].payload)]) == n + 1, "another message");
	}
	model_assert(maar_ipc_release(of[1], &m[1]) == 0 && maar_ipc_release(of[1], &m[0]) == 0, "not released");
	while (receive(1, 3) == 0)
		model_yield();
}

static void begin_pair_armed(void *s)
{
	static struct maar__ipc_watch *watch;

	begin_pair(s);
	of[1]->watch = watch;
	maar__ipc_unwatch_own(of[1]);
	for (unsigned i = 0; i < 2; i++)
		model_assert(maar_ipc_set_bells(of[i], &bells) == 0, "no bells");
	model_assert(maar_ipc_fd(of[1]) == SET + WATCHER, "no descriptor");
	watch = of[1]->watch;
}

/* The consumer dies with what it has, from `begin_pair_with_two` both. */
static void begin_pair_with_two(void *s)
{
	begin_pair(s);
	send(0, 1);
	send(0, 2);
}

static void begin_pair_that_drops(void *s)
{
	(void)s;
	begin_with(PAIR_DROPS);
	send(0, 1);
	send(0, 2);
}

static void dies_with_both(void *s)
{
	struct maar_ipc_message m;

	(void)s;
	for (uint64_t n = 1; n <= 2; n++)
		if (maar_ipc_take(of[1], &m, 0) == 1)
			model_assert(model_plain_read(&world.payload[slot_of(m.payload)]) == n, "another message");
	die(1);
}

/* Comes in the dead one's place, whoever has recovered it, and has all. */
static void consumes_in_its_place(void *s)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER };
	struct maar_ipc *late;
	unsigned n = 0;

	(void)s;
	while (!(late = maar_ipc_attach(memory, bytes, &who, lives))) {
		model_assert(errno == EUSERS, "another error: %d", errno);
		model_yield();
	}
	while (n < 3) {
		struct maar_ipc_message m;
		const int got = maar_ipc_take(late, &m, 0);

		model_assert(got >= 0, "another answer: %d", got);
		if (!got) {
			model_yield();
			continue;
		}
		n = (unsigned)model_plain_read(&world.payload[slot_of(m.payload)]);
		model_assert(maar_ipc_release(late, &m) == 0, "not released");
	}
	of[1]->side = late->side;
}

static void sends_a_third(void *s)
{
	(void)s;
	send(0, 3);
}

/* The producer dies with a loan; its heir fills the slots as they come back. */
static void produces_in_its_place(void *s)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER };
	struct maar_ipc *late;
	void *payload;

	(void)s;
	while (!(late = maar_ipc_attach(memory, bytes, &who, lives))) {
		model_assert(errno == EUSERS, "another error: %d", errno);
		model_yield();
	}
	while (maar_ipc_loan(late, 8, &payload, 0) == 0)
		model_yield();
	model_plain_write(&world.payload[slot_of(payload)], 3);
	model_assert(maar_ipc_publish(late, payload, 8, NULL, 0) == 1, "not published");
}

static void dies_producing(void *s)
{
	void *payload;

	(void)s;
	if (maar_ipc_loan(of[0], 8, &payload, 0) == 1)
		model_plain_write(&world.payload[slot_of(payload)], 9);
	die(0);
}

static void receives_to_three(void *s)
{
	(void)s;
	for (uint64_t n = 1; n <= 3; n++)
		while (receive(1, n) == 0)
			model_yield();
}

static void recovers_as_third(void *s)
{
	(void)s;
	recover(2);
}

static void recovers_until_it_has(void *s)
{
	(void)s;
	for (recover(2); !maar_a_load(&world.recovered, RELAXED); recover(2))
		model_yield();
}

/* One slot is free; two are released, the others the consumer has. */
static struct maar_ipc_message third;
static void begin_pair_that_holds(void *s)
{
	(void)s;
	begin_with(PAIR_OF_EIGHT);
	for (unsigned n = 0; n < 9; n++) {
		struct maar_ipc_message m;
		void *payload;

		if (maar_ipc_loan(of[0], 8, &payload, 0) != 1 || maar_ipc_publish(of[0], payload, 8, NULL, 0) != 1 ||
		    maar_ipc_take(of[1], &m, 0) != 1 || (n < 2 && maar_ipc_release(of[1], &m)))
			abort();
		if (n == 2)
			third = m;
	}
}

static void fills_asleep(void *s)
{
	(void)s;
	for (unsigned n = 0; n < 2; n++) {
		void *payload;

		model_assert(maar_ipc_loan(of[0], 8, &payload, MAAR_FOREVER) == 1, "no loan");
		if (n == 0)
			model_assert(maar_ipc_publish(of[0], payload, 8, NULL, 0) == 1, "not published");
	}
}

/* Releases one, at which it does not ask who sleeps; and has to when it finds nothing, though it may have before. */
static void releases_one_and_holds(void *s)
{
	struct maar_ipc_message m;

	(void)s;
	model_assert(maar_ipc_release(of[1], &third) == 0, "not released");
	while (maar_ipc_take(of[1], &m, 0) == 0)
		model_yield();
	model_assert(maar_ipc_take(of[1], &m, 0) == 0, "more than was sent");
}

/* The consumer that there is now is at the counts' end. */
static void pair_right(void *s)
{
	struct maar_ipc_stats stats;

	(void)s;
	model_assert(maar_ipc_stats(of[2], &stats) == 0 && stats.free == stats.slots, "a slot is not back");
	model_assert(stats.published[0] == 3 && stats.taken[0] == 3, "not all were taken");
	model_assert(maar_ipc_check(of[2]) == 0, "the counts are wrong");
}

#define IPC(name_, begin_, finish_, n, ...)                                                                            \
	{                                                                                                              \
		.name = "ipc, " name_, .threads = n, .set_up = begin_, .thread = { __VA_ARGS__ }, .finish = finish_    \
	}

const struct model_scenario scenarios_ipc[] = {
	IPC("sent", begin, all_right, 3, sends_two, receives_two, uses),
	IPC("asleep", begin, all_right, 2, sends_asleep, receives_asleep),
	IPC("one of two", begin_with_one_of_two, all_right, 3, adds_and_dies_taking, adds, takes),
	IPC("closed", begin, NULL, 2, sends_and_closes, receives_all),
	IPC("dead with a loan", begin, all_right, 3, dies_with_a_loan, recovers_1, recovers_2),
	IPC("dead with a message", begin_with_a_message, had_once, 3, dies_reading, receives_again_1, receives_again_2),
	IPC("an heir", begin, all_right, 3, dies_with_a_loan, recovers_1, attaches),
	IPC("comes and leaves", begin_with_a_place, all_right, 2, attaches, recovers_none),
	IPC("comes and recovers", begin_with_a_place, all_right, 3, dies_with_a_loan, attaches_and_recovers,
	    recovers_1),
	IPC("handed on", begin_with_a_place, all_right, 2, attaches, attaches),
	IPC("handed on, by pid", begin_with_a_place_by_pid, all_right, 2, attaches, attaches),
	IPC("an heir, by pid", begin_by_pid, all_right, 3, dies_with_a_loan, recovers_1, attaches),
	IPC("comes and leaves, by pid", begin_with_a_place_by_pid, all_right, 2, attaches, recovers_none),
	IPC("armed", begin_armed, all_right, 2, sends_two, waits_for_two),
	IPC("armed, two of them, closed", begin_armed, had_one, 3, sends_and_closes, waits_for_the_end_1,
	    waits_for_the_end_2),
	IPC("armed, dead before it rings", begin_armed, had_one, 2, dies_before_it_rings, waits_for_one),
	IPC("armed, one that comes", begin_armed_with_a_place, had_one, 2, comes_and_dies, waits_for_one),
	IPC("armed, had by a dead one", begin_with_a_death, had_one, 2, recovers_once, waits_for_one),
	IPC("asleep, had by a dead one", begin_with_a_death, NULL, 2, recovers_once, sleeps_for_it),
	IPC("asleep, lent to a dead one", begin_with_a_death, NULL, 2, recovers_once, sleeps_for_a_slot),
	IPC("asleep, inherited", begin_with_a_death, NULL, 2, inherits, sleeps_for_it),
	IPC("a pair, sent", begin_pair, pair_right, 2, sends_three, receives_three),
	IPC("a pair, asleep", begin_pair, pair_right, 2, sends_asleep, receives_asleep),
	IPC("a pair, asleep, held", begin_pair_that_holds, NULL, 2, fills_asleep, releases_one_and_holds),
	IPC("a pair, closed", begin_pair, NULL, 2, sends_and_closes, receives_all),
	IPC("a pair, armed", begin_pair_armed, NULL, 2, sends_two, waits_for_two),
	IPC("a pair, the consumer dies", begin_pair_with_two, pair_right, 4, dies_with_both, recovers_as_third,
	    consumes_in_its_place, sends_a_third),
	IPC("a pair, the consumer dies, dropped", begin_pair_that_drops, NULL, 3, dies_with_both, recovers_until_it_has,
	    sends_a_third),
	IPC("a pair, the producer dies", begin_pair_with_two, pair_right, 4, dies_producing, recovers_as_third,
	    produces_in_its_place, receives_to_three),
	IPC("made and attached", begin_empty, NULL, 2, makes, attaches_to_it),
};

const unsigned n_scenarios_ipc = sizeof(scenarios_ipc) / sizeof(scenarios_ipc[0]);
