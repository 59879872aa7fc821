/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of an mring between processes: where its parts lie, init, attach with all its checks, detach, statistics.
 */
#include "shared_priv.h"

#include "../base/life.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#define LEAST_ALIGN MAAR_CACHE_LINE
#define MOST_ALIGN  4096 /* what every mapping has */

#define RING_FLAGS MAAR_RING_HANDLE /* many producers and consumers, lock-free */

MAAR_STATIC_ASSERT(MAAR_SHARED_MRING_MAX_PARTICIPANTS == MAAR__OWN_PARTICIPANT, "every number but 0");
MAAR_STATIC_ASSERT(offsetof(struct maar__shared_header, sum) == 128, "layout 1: without padding");
MAAR_STATIC_ASSERT(sizeof(struct maar__shared_header) == 384, "layout 1");

/* ---- layout ---- */

/* FNV-1a (Fowler, Noll, Vo), 64 bits: each step can be undone, so no single change of a byte goes unnoticed. */
static uint64_t sum_of(const struct maar__shared_header *h)
{
	const unsigned char *byte = (const unsigned char *)h;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < offsetof(struct maar__shared_header, sum); i++)
		sum = (sum ^ byte[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static size_t cells_for(size_t slots)
{
	return slots > MAAR__SHARED_LEAST_CELLS ? slots : MAAR__SHARED_LEAST_CELLS;
}

/* Adds `bytes`, of which there are n, to *at, and makes that a multiple of `align`. */
static bool advance(uint64_t *at, size_t n, size_t bytes, size_t align)
{
	size_t all, end;

	if (!maar__mul(n, bytes, &all) || !maar__add((size_t)*at, all, &end) || !maar__round_up(end, align, &end))
		return false;
	*at = end;
	return true;
}

/* All of a header but `ready`, from what is checked already; -EOVERFLOW if it does not fit size_t. */
static int lay_out(struct maar__shared_header *h, uint32_t slots, size_t stride, uint32_t align, uint32_t participants)
{
	const size_t before_slots = align > MAAR_APART ? align : MAAR_APART;
	uint64_t at = sizeof(*h);

	memset(h, 0, sizeof(*h));
	h->magic = MAAR__SHARED_MAGIC;
	h->layout = MAAR__SHARED_LAYOUT;
	h->participants = participants;
	h->stride = stride;
	h->slots = slots;
	h->align = align;
	h->ring_bytes = maar_ring_bytes(cells_for(slots), RING_FLAGS);
	h->participants_at = at;
	if (!h->ring_bytes || !advance(&at, participants, sizeof(uint64_t), MAAR_APART))
		return -EOVERFLOW;
	h->ring_at = at;
	if (!advance(&at, 1, h->ring_bytes, MAAR_APART))
		return -EOVERFLOW;
	h->owners_at = at;
	if (!advance(&at, slots, sizeof(uint64_t), before_slots))
		return -EOVERFLOW;
	h->slots_at = at;
	if (!advance(&at, slots, stride, 1) || at > PTRDIFF_MAX)
		return -EOVERFLOW;
	h->bytes = at;
	h->sum = sum_of(h);
	return 0;
}

static int plan(struct maar__shared_header *h, size_t slots, size_t slot_bytes,
		const struct maar_shared_mring_options *options)
{
	static const struct maar_shared_mring_options defaults;
	const struct maar_shared_mring_options *o = options ? options : &defaults;
	const size_t align = o->align > LEAST_ALIGN ? o->align : LEAST_ALIGN;
	const uint32_t participants = o->participants ? o->participants : MAAR_SHARED_MRING_PARTICIPANTS;
	size_t i, stride;

	if (slots == 0 || slot_bytes == 0 || (o->align && !maar__is_pow2(o->align)) || align > MOST_ALIGN ||
	    participants > MAAR_SHARED_MRING_MAX_PARTICIPANTS || o->reserved0)
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	if (slots > MAAR_SHARED_MRING_MAX_SLOTS || slot_bytes > MAAR_MRING_MAX_SLOT_BYTES ||
	    !maar__round_up(slot_bytes, align, &stride))
		return -EOVERFLOW;
	return lay_out(h, (uint32_t)slots, stride, (uint32_t)align, participants);
}

static void *part(void *mem, uint64_t at)
{
	return (unsigned char *)mem + at;
}

/* The geometry as this process sees it, from a header that is right. */
static void look_at(struct maar_shared_mring *s, void *mem, const struct maar__shared_header *h)
{
	const uint64_t cells = maar__pow2_at_least(cells_for(h->slots));

	s->owned.ring.ring = part(mem, h->ring_at);
	s->owned.ring.mask = cells - 1;
	s->owned.ring.flags = RING_FLAGS;
	s->owned.ring.shift = (unsigned)__builtin_ctzll(cells);
	s->owned.own = part(mem, h->owners_at);
	s->owned.first = 0;
	s->owned.handles = h->slots;
	s->owned.limit = cells;
	maar__mring_measures(&s->measures, h->stride, h->slots);
	s->measures.slab = part(mem, h->slots_at);
	s->participants = part(mem, h->participants_at);
	s->max_participants = h->participants;
}

/* ---- init ---- */

/* All free, in the empty ring of which the next position is `first`. */
static void fill(const struct maar__owned *o, uint64_t first)
{
	uint32_t i;

	for (i = 0; i < o->handles; i++) {
		maar_a_store(&o->own[i], maar__own_word(MAAR__SHARED_FREE, 0, first + i), RELAXED);
		maar__ring_fill(o->ring, first + i, i);
	}
	maar_a_store(&o->ring.ring->tail, first + o->handles, RELAXED);
}

void maar__shared_start_at(struct maar_shared_mring *mring, uint64_t position)
{
	maar__ring_start_at(mring->owned.ring.ring, position);
	fill(&mring->owned, position);
}

size_t maar_shared_mring_bytes(size_t slots, size_t slot_bytes, const struct maar_shared_mring_options *options)
{
	struct maar__shared_header h;

	return plan(&h, slots, slot_bytes, options) ? 0 : (size_t)h.bytes;
}

int maar_shared_mring_init(void *mem, size_t bytes, size_t slots, size_t slot_bytes,
			   const struct maar_shared_mring_options *options)
{
	struct maar__shared_header *const at = mem;
	struct maar__shared_header h;
	struct maar_shared_mring s;
	int rc = plan(&h, slots, slot_bytes, options);

	if (rc == 0)
		rc = maar__unfit(mem, bytes, (size_t)h.bytes);
	if (rc == 0 && (uintptr_t)mem % h.align)
		rc = -EINVAL;
	if (rc)
		return rc;
	maar_a_store(&at->ready, MAAR__SHARED_MAKING, RELAXED);
	look_at(&s, mem, &h);
	memset(s.participants, 0, h.participants * sizeof(s.participants[0]));
	rc = maar_ring_init(s.owned.ring.ring, (size_t)h.ring_bytes, (size_t)s.owned.ring.mask + 1, RING_FLAGS);
	if (rc)
		return rc;
	fill(&s.owned, 0);
	maar_n_copy(at, &h, offsetof(struct maar__shared_header, ready));
	maar_a_store(&at->ready, MAAR__SHARED_READY, RELEASE); /* R:shared.ready */
	return 0;
}

/* ---- attach ---- */

/* Copies the header, and says whether it is one that init made, of no more than `bytes`. */
static int check(struct maar__shared_header *h, void *mem, size_t bytes)
{
	const struct maar__shared_header *at = mem;
	struct maar__shared_header right;
	struct maar_ring ring;
	uint64_t ready;

	if (!mem || (uintptr_t)mem % MAAR_APART)
		return -EINVAL;
	if (bytes < sizeof(*h))
		return -ENOSPC;
	ready = maar_a_load(&at->ready, ACQUIRE); /* A:shared.ready */
	if (ready != MAAR__SHARED_READY)
		return ready == MAAR__SHARED_MAKING ? -EAGAIN : -EBADMSG;
	maar_n_copy(h, at, offsetof(struct maar__shared_header, ready));
	if (h->magic != MAAR__SHARED_MAGIC)
		return -EBADMSG;
	if (h->layout != MAAR__SHARED_LAYOUT)
		return -EPROTO;
	if (h->sum != sum_of(h))
		return -EBADMSG;
	/* The sum is no secret: whoever made it up, what is used below follows from these four, and fits. */
	if (!maar__is_pow2(h->align) || h->align < LEAST_ALIGN || h->align > MOST_ALIGN || h->stride % h->align ||
	    h->stride == 0 || h->stride > (uint64_t)MAAR_MRING_MAX_SLOT_BYTES + MOST_ALIGN || h->slots == 0 ||
	    h->slots > MAAR_SHARED_MRING_MAX_SLOTS || h->participants == 0 ||
	    h->participants > MAAR_SHARED_MRING_MAX_PARTICIPANTS ||
	    lay_out(&right, h->slots, (size_t)h->stride, h->align, h->participants) ||
	    memcmp(h, &right, offsetof(struct maar__shared_header, ready)))
		return -EBADMSG;
	if ((uintptr_t)mem % h->align)
		return -EINVAL;
	if (h->bytes > bytes)
		return -ENOSPC;
	memcpy(&ring, part(mem, h->ring_at), offsetof(struct maar_ring, tail));
	if (ring.magic != MAAR__RING_MAGIC || ring.flags != RING_FLAGS || !maar__ring_is_whole(&ring) ||
	    ring.mask + 1 != maar__pow2_at_least(cells_for(h->slots)))
		return -EBADMSG;
	return 0;
}

static int take_part(struct maar_shared_mring *s)
{
	uint32_t i;

	s->pid = getpid();
	for (i = 0; i < s->max_participants; i++) {
		const uint64_t word = maar_a_load(&s->participants[i], RELAXED);
		const uint64_t mine = ((word & ~MAAR__SHARED_PID) + MAAR__SHARED_PID + 1) | (uint32_t)s->pid;

		if ((word & MAAR__SHARED_PID) == 0 && maar_a_cas(&s->participants[i], word, mine, RELAXED)) {
			s->me = i + 1;
			return 0;
		}
	}
	return -EUSERS;
}

struct maar_shared_mring *maar_shared_mring_attach(void *mem, size_t bytes)
{
	struct maar__shared_header h;
	struct maar_shared_mring *s;
	int rc = check(&h, mem, bytes);

	if (maar__refused(rc))
		return NULL;
	s = maar__alloc(sizeof(*s));
	if (!s)
		return NULL;
	look_at(s, mem, &h);
	rc = take_part(s);
	if (rc) {
		maar__free(s);
		errno = -rc;
		return NULL;
	}
	return s;
}

int maar_shared_mring_detach(struct maar_shared_mring *mring)
{
	struct maar_shared_mring_stats stats;
	uint64_t word;

	if (!mring)
		return 0;
	if (mring->pid == getpid()) {
		(void)maar_shared_mring_stats(mring, &stats);
		if (stats.mine)
			return -EBUSY;
		word = maar_a_load(&mring->participants[mring->me - 1], RELAXED);
		maar_a_store(&mring->participants[mring->me - 1], word & ~MAAR__SHARED_PID, RELAXED);
	}
	maar__free(mring);
	return 0;
}

/* ---- observers ---- */

pid_t maar_shared_mring_holder(const struct maar_shared_mring *mring, uint32_t handle)
{
	uint32_t participant;

	if (!mring || handle >= mring->owned.handles)
		return 0;
	participant = maar__own_participant(maar_a_load(&mring->owned.own[handle], RELAXED));
	if (participant == 0 || participant > mring->max_participants)
		return 0;
	return (pid_t)(maar_a_load(&mring->participants[participant - 1], RELAXED) & MAAR__SHARED_PID);
}

static void count(const struct maar_shared_mring *s, uint64_t word, struct maar_shared_mring_stats *stats)
{
	const uint32_t participant = maar__own_participant(word);
	const unsigned state = maar__own_state(word);

	if (participant > s->max_participants || (participant == 0 && state != MAAR__SHARED_FREE)) {
		stats->broken++;
	} else if (state == MAAR__SHARED_FREE) {
		stats->free++;
	} else if (state == MAAR__SHARED_OUT) {
		stats->out++;
		stats->mine += participant == s->me;
	} else if (state == MAAR__SHARED_PASSED) {
		stats->passed++;
	} else {
		stats->broken++;
	}
}

int maar_shared_mring_stats(const struct maar_shared_mring *mring, struct maar_shared_mring_stats *stats)
{
	uint32_t i;

	if (!mring || !stats)
		return -EINVAL;
	memset(stats, 0, sizeof(*stats));
	stats->slots = mring->owned.handles;
	stats->max_participants = mring->max_participants;
	for (i = 0; i < mring->owned.handles; i++)
		count(mring, maar_a_load(&mring->owned.own[i], RELAXED), stats);
	for (i = 0; i < mring->max_participants; i++)
		stats->participants += (maar_a_load(&mring->participants[i], RELAXED) & MAAR__SHARED_PID) != 0;
	return 0;
}

/* What one participant has, counted by its words. */
static void dump_participant(const struct maar_shared_mring *s, uint32_t participant, pid_t pid, FILE *to)
{
	uint32_t i, out = 0, passed = 0;

	for (i = 0; i < s->owned.handles; i++) {
		const uint64_t word = maar_a_load(&s->owned.own[i], RELAXED);

		if (maar__own_participant(word) != participant)
			continue;
		out += maar__own_state(word) == MAAR__SHARED_OUT;
		passed += maar__own_state(word) == MAAR__SHARED_PASSED;
	}
	fprintf(to, "  participant %" PRIu32 ", process %ld: out %" PRIu32 ", passed on %" PRIu32 "\n", participant,
		(long)pid, out, passed);
}

int maar_shared_mring_dump(const struct maar_shared_mring *mring, FILE *to)
{
	struct maar_shared_mring_stats s;
	uint32_t i;

	if (!to || maar_shared_mring_stats(mring, &s))
		return -EINVAL;
	fprintf(to, "shared mring at %p: %" PRIu32 " slots of %" PRIu64 " bytes\n", (const void *)mring->measures.slab,
		s.slots, mring->measures.stride);
	fprintf(to, "  free %" PRIu32 ", out %" PRIu32 ", passed on %" PRIu32 ", broken %" PRIu32 "\n", s.free, s.out,
		s.passed, s.broken);
	fprintf(to, "  participants %" PRIu32 " of %" PRIu32 ", this is %" PRIu32 "\n", s.participants,
		s.max_participants, mring->me);
	for (i = 0; i < mring->max_participants; i++) {
		const uint64_t word = maar_a_load(&mring->participants[i], RELAXED);

		if (word & MAAR__SHARED_PID)
			dump_participant(mring, i + 1, (pid_t)(word & MAAR__SHARED_PID), to);
	}
	return ferror(to) ? -EIO : 0;
}
