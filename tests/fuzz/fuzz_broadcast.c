/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast rings of every make against a model: how many messages were published, and where each reader is. Messages are
 * numbered, and each word of one tells its number.
 */
#include "fuzz.h"

#include <maar/broadcast.h>

#include "../../src/ring/broadcast_priv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define READERS	   5
#define MOST	   16 /* cells */
#define MOST_WORDS 3
#define MOST_N	   (MOST + 3) /* in a burst */

/* Does misuse stop the program? Then there is none of it. */
#ifdef MAAR_DEBUG
static const bool stops = true;
#else
static const bool stops = false;
#endif

struct model {
	struct maar_broadcast *ring;
	size_t capacity, words, consumers;
	unsigned flags;
	uint64_t start, published;
	struct {
		struct maar_broadcast_reader reader;
		bool reading, joined, evicted, newest;
		uint64_t at, lost; /* the number of the next message; messages missed */
	} readers[READERS];
};

static uint64_t word_of(uint64_t number, size_t i)
{
	return number * UINT64_C(0x9e3779b97f4a7c15) + i + 1;
}

static void fill(uint64_t *element, uint64_t number, size_t words)
{
	size_t i;

	for (i = 0; i < words; i++)
		element[i] = word_of(number, i);
}

static bool is(const uint64_t *element, uint64_t number, size_t words)
{
	size_t i;

	for (i = 0; i < words; i++)
		if (element[i] != word_of(number, i))
			return false;
	return true;
}

/* ---- what the model says ---- */

static size_t joined_count(const struct model *m)
{
	size_t n = 0, i;

	for (i = 0; i < READERS; i++)
		n += m->readers[i].joined && !m->readers[i].evicted;
	return n;
}

static uint64_t oldest_gate(const struct model *m)
{
	uint64_t at = m->published;
	size_t i;

	for (i = 0; i < READERS; i++)
		if (m->readers[i].joined && !m->readers[i].evicted && m->readers[i].at < at)
			at = m->readers[i].at;
	return at;
}

static size_t room(const struct model *m)
{
	return joined_count(m) ? m->capacity - (size_t)(m->published - oldest_gate(m)) : m->capacity;
}

static uint64_t margin(const struct model *m)
{
	return m->capacity < 4 ? 1 : m->capacity / 4;
}

/* Where a watcher that is behind by more than a capacity goes on. */
static uint64_t after_gap(const struct model *m, size_t who)
{
	const uint64_t at = m->readers[who].at;

	if (m->published - at <= m->capacity)
		return at;
	return m->readers[who].newest ? m->published - 1 : m->published - m->capacity + margin(m);
}

/* ---- operations ---- */

static void op_publish(struct model *m, struct fuzz_input *in)
{
	uint64_t elements[MOST_N * MOST_WORDS];
	const size_t n = fuzz_below(in, MOST_N + 1), free_cells = room(m);
	size_t i, done;

	for (i = 0; i < n; i++)
		fill(&elements[i * m->words], m->published + i, m->words);
	switch (fuzz_below(in, 3)) {
	case 0:
		fill(elements, m->published, m->words);
		done = maar_broadcast_publish(m->ring, elements);
		fuzz_must(done == (free_cells > 0));
		break;
	case 1:
		done = maar_broadcast_publish_bulk(m->ring, elements, n);
		fuzz_must(done == (n <= free_cells ? n : 0));
		break;
	default:
		done = maar_broadcast_publish_burst(m->ring, elements, n);
		fuzz_must(done == (n < free_cells ? n : free_cells));
		break;
	}
	m->published += done;
}

static void op_reserve(struct model *m, struct fuzz_input *in)
{
	uint64_t *place;

	if (stops && !(m->flags & MAAR_BROADCAST_IN_PLACE))
		return;
	place = maar_broadcast_reserve(m->ring);
	fuzz_must((place != NULL) == ((m->flags & MAAR_BROADCAST_IN_PLACE) && room(m) > 0));
	if (!place) {
		fuzz_must(stops || maar_broadcast_commit(m->ring) == 0);
		return;
	}
	fill(place, m->published, m->words);
	fuzz_must(maar_broadcast_check(m->ring) == -EBUSY);
	if (fuzz_below(in, 4) == 0) { /* left uncommitted: any publish takes its place */
		fill(place, m->published, m->words);
		fuzz_must(maar_broadcast_publish(m->ring, memcpy((uint64_t[MOST_WORDS]){ 0 }, place, m->words * 8)) ==
			  1);
	} else {
		fuzz_must(maar_broadcast_commit(m->ring) == 1);
	}
	m->published++;
	fuzz_must(stops || maar_broadcast_commit(m->ring) == 0);
}

static void op_begin(struct model *m, size_t who, struct fuzz_input *in)
{
	const bool oldest = fuzz_below(in, 2) != 0, newest = fuzz_below(in, 2) != 0;
	struct maar_broadcast_reader *reader = &m->readers[who].reader;
	uint64_t back;

	if (m->readers[who].reading)
		return;
	memset(&m->readers[who], 0, sizeof(m->readers[who]));
	if (fuzz_below(in, 2)) {
		const int rc = maar_broadcast_join(m->ring, reader, oldest ? MAAR_BROADCAST_OLDEST : 0);

		fuzz_must(rc == (joined_count(m) < m->consumers ? 0 : -ENOSPC));
		if (rc)
			return;
		back = reader->position - m->start;
		fuzz_must(back <= m->published);
		back = m->published - back;
		fuzz_must(oldest || back == 0);
		fuzz_must(back <= m->capacity);
		if (oldest && joined_count(m))
			fuzz_must(back >= m->published - oldest_gate(m));
		else if (oldest)
			fuzz_must(back >= m->published || back >= m->capacity - margin(m));
		m->readers[who].joined = true;
	} else {
		const unsigned flags = (oldest ? MAAR_BROADCAST_OLDEST : 0) | (newest ? MAAR_BROADCAST_NEWEST : 0);
		const int rc = maar_broadcast_watch(m->ring, reader, flags);

		fuzz_must(rc == (m->flags & MAAR_BROADCAST_IN_PLACE ? -ENOTSUP : 0));
		if (rc)
			return;
		back = m->capacity - margin(m);
		if (!oldest || back > m->published)
			back = oldest ? m->published : 0;
		fuzz_must(reader->position == m->start + m->published - back);
		m->readers[who].newest = newest;
	}
	m->readers[who].reading = true;
	m->readers[who].at = m->published - back;
}

static void op_leave(struct model *m, size_t who)
{
	const int rc = maar_broadcast_leave(&m->readers[who].reader);

	fuzz_must(rc == (!m->readers[who].reading ? -EINVAL : m->readers[who].evicted ? -ECANCELED : 0));
	m->readers[who].reading = m->readers[who].joined = false;
}

static void op_read(struct model *m, size_t who, struct fuzz_input *in)
{
	struct maar_broadcast_reader *reader = &m->readers[who].reader;
	const size_t n = fuzz_below(in, MOST_N + 1);
	uint64_t elements[MOST_N * MOST_WORDS], missed = 77, at = m->readers[who].at;
	size_t expected, got, i;

	if (!m->readers[who].reading || m->readers[who].evicted) {
		fuzz_must(maar_broadcast_read(reader, elements, &missed) == 0);
		fuzz_must(missed == 0);
		return;
	}
	got = n ? maar_broadcast_read_burst(reader, elements, n, &missed)
		: maar_broadcast_read(reader, elements, &missed);
	at = after_gap(m, who);
	fuzz_must(missed == at - m->readers[who].at);
	expected = (size_t)(m->published - at);
	if (expected > (n ? n : 1))
		expected = n ? n : 1;
	fuzz_must(got == expected);
	for (i = 0; i < got; i++)
		fuzz_must(is(&elements[i * m->words], at + i, m->words));
	m->readers[who].at = at + got;
	m->readers[who].lost += missed;
	fuzz_must(maar_broadcast_lost(reader) == m->readers[who].lost);
	fuzz_must(maar_broadcast_lag(reader) == m->published - m->readers[who].at);
}

static void op_peek(struct model *m, size_t who, struct fuzz_input *in)
{
	struct maar_broadcast_reader *reader = &m->readers[who].reader;
	const bool there = m->readers[who].joined && m->readers[who].at < m->published;
	const uint64_t *place;

	if (m->readers[who].evicted) {
		fuzz_must(maar_broadcast_release(reader) == 0);
		return;
	}
	place = maar_broadcast_peek(reader);
	fuzz_must((place != NULL) == there);
	if (there)
		fuzz_must(is(place, m->readers[who].at, m->words));
	if (fuzz_below(in, 4) == 0)
		return;
	fuzz_must(maar_broadcast_release(reader) == there);
	m->readers[who].at += there;
}

static void op_evict(struct model *m, size_t who, struct fuzz_input *in)
{
	uint64_t id = maar_broadcast_id(&m->readers[who].reader), lag;

	if (!m->readers[who].joined || m->readers[who].evicted)
		return;
	fuzz_must(id != 0);
	if (fuzz_below(in, 2)) {
		id = maar_broadcast_slowest(m->ring, &lag);
		fuzz_must(lag == m->published - oldest_gate(m));
		for (who = 0; who < READERS; who++)
			if (m->readers[who].joined && !m->readers[who].evicted &&
			    maar_broadcast_id(&m->readers[who].reader) == id)
				break;
		fuzz_must(who < READERS && m->readers[who].at == oldest_gate(m));
	}
	fuzz_must(maar_broadcast_evict(m->ring, id) == 0);
	fuzz_must(maar_broadcast_evict(m->ring, id) == -ENOENT);
	m->readers[who].evicted = true;
}

static void op_latest(struct model *m)
{
	uint64_t element[MOST_WORDS], position;
	const size_t got = maar_broadcast_latest(m->ring, element, &position);

	fuzz_must(got == (m->published && !(m->flags & MAAR_BROADCAST_IN_PLACE)));
	if (got) {
		fuzz_must(is(element, m->published - 1, m->words));
		fuzz_must(position == m->start + m->published - 1);
	}
}

/* ---- the target ---- */

static void begin(struct model *m, struct fuzz_input *in)
{
	static const uint64_t starts[] = { 0, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 63, 0 };
	static const unsigned makes[] = { 0, MAAR_BROADCAST_MP, MAAR_BROADCAST_IN_PLACE };

	memset(m, 0, sizeof(*m));
	m->flags = makes[fuzz_below(in, 3)];
	m->consumers = fuzz_below(in, 4) + (m->flags & MAAR_BROADCAST_IN_PLACE ? 1 : 0);
	m->words = 1 + fuzz_below(in, MOST_WORDS);
	m->ring = maar_broadcast_create(1 + fuzz_below(in, MOST), m->words * 8, m->consumers, m->flags);
	fuzz_must(m->ring);
	m->capacity = maar_broadcast_capacity(m->ring);
	m->start = starts[fuzz_below(in, 5)] - fuzz_below(in, 2 * MOST);
	maar__broadcast_start_at(m->ring, m->start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct model m;

	begin(&m, &in);
	while (fuzz_more(&in)) {
		const size_t what = fuzz_below(&in, 16), who = fuzz_below(&in, READERS);

		if (what < 5)
			op_publish(&m, &in);
		else if (what < 6)
			op_reserve(&m, &in);
		else if (what < 8)
			op_begin(&m, who, &in);
		else if (stops && what < 15 && !m.readers[who].reading)
			continue;
		else if (what < 12)
			op_read(&m, who, &in);
		else if (what < 13)
			op_peek(&m, who, &in);
		else if (what < 14)
			op_leave(&m, who);
		else if (what < 15)
			op_evict(&m, who, &in);
		else
			op_latest(&m);
		fuzz_must(maar_broadcast_published(m.ring) == m.published);
		fuzz_must(maar_broadcast_joined_count(m.ring) == joined_count(&m));
		fuzz_must(maar_broadcast_check(m.ring) == 0);
	}
	maar_broadcast_destroy(m.ring);
	return 0;
}
