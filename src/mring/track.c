/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Leak tracking: what was asked for, the table of records, got and put. See track.h.
 */
#include "track.h"

#include "../base/options.h"
#include "../base/sleep.h"
#include "../base/unwind.h"

#include <errno.h>

#define ALL_FLAGS (2 * MAAR_TRACK_NOTHING - 1)

/* What needs a record of each slot, and what needs to know who owns it. */
#define WITH_RECORDS (MAAR_TRACK_SITE | MAAR_TRACK_TRACE | MAAR_TRACK_DEBUG)
#define WITH_STATES  (WITH_RECORDS | MAAR_TRACK_CHECKED)

MAAR_STATIC_ASSERT(sizeof(struct maar__track_record) == MAAR_CACHE_LINE, "a line for each slot");

/* ---- what is asked for ---- */

static unsigned of_environment(void)
{
	static const char *const strengths[] = { "counters", "site", "trace" };
	static const char *const yes_no[] = { "0", "1" };
	static const char *const debugs[] = { "0", "1", "stop" };
	static const char *const reports[] = { "none", "destroy", "exit", "both" };
	static const unsigned strength[] = { 0, MAAR_TRACK_SITE, MAAR_TRACK_TRACE };
	static const unsigned debug[] = { 0, MAAR_TRACK_DEBUG, MAAR_TRACK_STOP };
	static const unsigned report[] = { 0, MAAR_TRACK_AT_DESTROY, MAAR_TRACK_AT_EXIT,
					   MAAR_TRACK_AT_DESTROY | MAAR_TRACK_AT_EXIT };
	unsigned flags = strength[maar__option_choice(MAAR__OPTION_TRACK, strengths, 3, 0)];

	flags |= debug[maar__option_choice(MAAR__OPTION_DEBUG, debugs, 3, 0)];
	flags |= report[maar__option_choice(MAAR__OPTION_REPORT, reports, 4, 0)];
	if (maar__option_choice(MAAR__OPTION_CHECKED, yes_no, 2, 0))
		flags |= MAAR_TRACK_CHECKED;
	/* AddressSanitizer knows who reads a free slot; who put it, we have to tell. */
	if (maar__tools() & MAAR__TOOL_ASAN)
		flags |= MAAR_TRACK_TRACE;
	return flags;
}

unsigned maar__track_wanted(uint32_t asked, int *rc)
{
	unsigned flags = asked;

	*rc = asked > ALL_FLAGS ? -EINVAL : 0;
	if (*rc)
		return 0;
	if (!(flags & MAAR_TRACK_NOTHING))
		flags |= of_environment();
	if (flags & MAAR_TRACK_STOP)
		flags |= MAAR_TRACK_DEBUG;
	if (flags & MAAR_TRACK_DEBUG)
		flags |= MAAR_TRACK_SITE | MAAR_TRACK_CHECKED;
	if (flags & MAAR_TRACK_TRACE)
		flags |= MAAR_TRACK_SITE;
	return flags;
}

static unsigned tools_for(unsigned flags)
{
	return flags & MAAR_TRACK_NOTHING ? 0 : maar__tools();
}

size_t maar__track_slot_bytes(unsigned flags, size_t slot_bytes)
{
	const bool redzone = (flags & MAAR_TRACK_DEBUG) || tools_for(flags);

	/* The largest slots go without: maar_mring_handle counts on their limit. */
	return redzone && slot_bytes <= MAAR_MRING_MAX_SLOT_BYTES - MAAR_TRACK_REDZONE ? slot_bytes + MAAR_TRACK_REDZONE
										       : slot_bytes;
}

/* ---- life ---- */

static int map_table(struct maar__track *t)
{
	const bool records = t->flags & WITH_RECORDS;

	t->state_stride = records ? sizeof(struct maar__track_record) : sizeof(uint64_t);
	if (!maar__mul(t->m->front.slots, t->state_stride, &t->mapping_bytes))
		return -EOVERFLOW;
	t->mapping = maar__map(t->mapping_bytes);
	if (!t->mapping)
		return -errno;
	t->states = t->mapping; /* a record begins with its state */
	t->records = records ? t->mapping : NULL;
	return records ? maar__sites_create(t) : 0;
}

static void take_down(struct maar__track *t)
{
	if (t->locked)
		pthread_mutex_destroy(&t->lock);
	maar__sites_destroy(t);
	maar__unmap(t->mapping, t->mapping_bytes);
	maar__free(t);
}

static int build(struct maar__track *t)
{
	int rc = 0;

	if (t->flags & WITH_STATES)
		rc = map_table(t);
	if (rc == 0)
		rc = maar__lock_init(&t->lock);
	t->locked = rc == 0;
	return rc;
}

int maar__track_create(struct maar__mring *m, unsigned flags, size_t slot_bytes)
{
	static const char *const unwinds[] = { "auto", "full" };
	const unsigned tools = tools_for(flags);
	struct maar__track *t;
	int rc = 0;

	m->tracking = flags;
	if (flags & MAAR_TRACK_AT_EXIT)
		rc = maar__report_at_exit();
	if (rc || !((flags & WITH_STATES) || tools))
		return rc;
	t = maar__alloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->m = m;
	t->flags = flags;
	t->tools = tools;
	t->poisoned = (flags & MAAR_TRACK_DEBUG) && !tools;
	t->used = (uint32_t)slot_bytes; /* at most 2^30 */
	rc = build(t);
	if (rc) {
		take_down(t);
		return rc;
	}
	if (flags & MAAR_TRACK_TRACE)
		maar__unwind_ready(maar__option_choice(MAAR__OPTION_UNWIND, unwinds, 2, 0) == 1);
	if (t->poisoned || tools)
		m->front.redzone = m->front.stride - slot_bytes;
	m->track = t;
	maar__tools_begin(t);
	return 0;
}

void maar__track_destroy(struct maar__mring *m)
{
	if (!m->track)
		return;
	maar__tools_end(m->track);
	take_down(m->track);
	m->track = NULL;
}

void maar__track_is_pool(struct maar__mring *m, const void *pool, size_t head, size_t word)
{
	struct maar__track *t = m->track;

	m->pool = pool;
	if (!t)
		return;
	if (t->states && !t->records) { /* a line that get and put write anyway, and neighbours do not */
		t->states = m->front.slab + word;
		t->state_stride = (size_t)m->front.stride;
	}
	maar__tools_end(t);
	t->head = (uint32_t)head;
	maar__tools_begin(t);
}

void maar__track_cover(struct maar__mring *m, uint32_t first, uint32_t n)
{
	if (m->track->tools)
		maar__tools_hide_slots(m->track, first, n);
}

void maar__track_forget(struct maar__mring *m, uint32_t first, uint32_t n)
{
	const struct maar__track *t = m->track;
	uint32_t i;

	if (t->states == t->mapping) /* a word in the slot itself is gone with it */
		for (i = first; t->states && i < first + n; i++)
			maar_a_store(maar__track_word(t, i), 0, RELAXED);
}

/* ---- got and put ---- */

/*
 * The slot's own way through lanes and batches orders those who have it. Atomic these accesses are for those who have
 * not, and look: reports, and double puts. A report reads the site's frames too, which its number publishes.
 */
static void store_event(struct maar__track_event *at, const struct maar__track_event *e)
{
	maar_a_store(&at->when, e->when, RELAXED);
	maar_a_store(&at->caller, e->caller, RELAXED);
	maar_a_store(&at->thread, e->thread, RELAXED);
	maar_a_store(&at->site, e->site, RELEASE); /* R:track.site */
}

struct maar__track_event maar__track_event(const struct maar__track_event *from)
{
	const struct maar__track_event e = {
		.when = maar_a_load(&from->when, RELAXED),
		.caller = maar_a_load(&from->caller, RELAXED),
		.thread = maar_a_load(&from->thread, RELAXED),
		.site = maar_a_load(&from->site, ACQUIRE), /* A:track.site */
	};

	return e;
}

static struct maar__track_event event(struct maar__track *t, const void *caller, const void *frame, bool trace)
{
	struct maar__track_event e = {
		.when = (uint64_t)maar__now_coarse(),
		.caller = (uintptr_t)caller,
		.thread = maar__thread_id(),
	};
	uint64_t frames[MAAR__TRACE_DEPTH];

	if (trace)
		e.site = maar__site_find(t, frames, maar__unwind(caller, frame, frames, MAAR__TRACE_DEPTH));
	return e;
}

static void got(struct maar__track *t, void *slot, const struct maar__track_event *e, const void *caller)
{
	const uint32_t handle = maar_mring_handle(&t->m->front, slot);

	if (t->states) {
		uint64_t *word = maar__track_word(t, handle);
		const uint64_t state = maar_a_load(word, RELAXED);

		if (t->poisoned) {
			if (state)
				maar__check_got(t, handle, caller);
			else
				maar__check_first(t, handle);
		}
		if (t->records)
			store_event(&t->records[handle].got, e);
		maar_a_store(word, (state | 1) + (state & 1) * 2, RELAXED); /* odd: out, also after misuse */
	}
	if (t->tools)
		maar__tools_got(t, slot);
}

void *maar__track_got(struct maar__mring *m, void *slot, const void *caller)
{
	struct maar__track *t = m->track;
	struct maar__track_event e = { 0 };

	if (t->records)
		e = event(t, caller, __builtin_frame_address(0), t->flags & MAAR_TRACK_TRACE);
	got(t, slot, &e, caller);
	return slot;
}

void maar__track_got_many(struct maar__mring *m, void *const *slots, size_t n, const void *caller)
{
	struct maar__track *t = m->track;
	struct maar__track_event e = { 0 };
	size_t i;

	if (t->records)
		e = event(t, caller, NULL, t->flags & MAAR_TRACK_TRACE);
	for (i = 0; i < n; i++)
		got(t, slots[i], &e, caller);
}

int maar__track_claim(struct maar__mring *m, uint32_t handle, const void *caller)
{
	struct maar__track *t = m->track;
	uint64_t *word, state;

	if (!t->states)
		return 0;
	word = maar__track_word(t, handle);
	state = maar_a_load(word, RELAXED);
	if (!(state & 1) || !maar_a_cas(word, state, state + 1, RELAXED)) {
		maar__track_double(m, handle, caller);
		return -EALREADY;
	}
	if (t->records) {
		const bool trace = (t->flags & MAAR_TRACK_TRACE) &&
				   ((t->flags & MAAR_TRACK_DEBUG) || (t->tools & MAAR__TOOL_ASAN));
		const struct maar__track_event e = event(t, caller, NULL, trace);

		store_event(&t->records[handle].put, &e);
	}
	return 0;
}

void maar__track_retire(struct maar__mring *m, uint32_t handle)
{
	struct maar__track *t = m->track;

	if (t->poisoned)
		maar__check_put(t, handle);
	if (t->tools)
		maar__tools_put(t, maar__mring_at(m, handle));
}

int maar__track_put(struct maar__mring *m, uint32_t handle, const void *caller)
{
	if (maar__track_claim(m, handle, caller))
		return -EALREADY;
	maar__track_retire(m, handle);
	return 0;
}

unsigned maar_mring_tracking(const struct maar_mring *mring)
{
	return mring && mring->magic == MAAR__MRING_MAGIC ? maar__mring_of(mring)->tracking : 0;
}
