/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The message pool: an mring whose slots begin with a struct maar_msg.
 */
#include <maar/pool.h>

#include "../mring/mring_priv.h"

#include <errno.h>
#include <inttypes.h>

struct maar_pool {
	struct maar_mring *mring;
	uint32_t headroom; /* of a fresh message */
	uint32_t room;	   /* bytes of buffer: headroom + what the user asked for */
};

static int check_request(size_t messages, size_t bytes, const struct maar_pool_options *o)
{
	size_t i;

	if (messages == 0 || o->reserved0)
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	if (bytes > MAAR_MRING_MAX_SLOT_BYTES || o->headroom > MAAR_MRING_MAX_SLOT_BYTES)
		return -EOVERFLOW;
	return 0;
}

struct maar_pool *maar_pool_create(size_t messages, size_t bytes, const struct maar_pool_options *options)
{
	static const struct maar_pool_options defaults;
	const struct maar_pool_options *o = options ? options : &defaults;
	const struct maar_mring_options mring_options = { .lane_slots = o->lane_slots, .no_lanes = o->no_lanes };
	const int rc = check_request(messages, bytes, o);
	struct maar_pool *pool;

	if (rc) {
		errno = -rc;
		return NULL;
	}
	pool = maar__alloc(sizeof(*pool));
	if (!pool)
		return NULL;
	pool->headroom = o->headroom;
	pool->room = o->headroom + (uint32_t)bytes; /* each is at most 2^30 */
	pool->mring = maar_mring_create(messages, sizeof(struct maar_msg) + pool->room, &mring_options);
	if (!pool->mring) {
		const int error = errno;

		maar__free(pool);
		errno = error;
		return NULL;
	}
	return pool;
}

int maar_pool_destroy(struct maar_pool *pool)
{
	int rc;

	if (!pool)
		return 0;
	rc = maar_mring_destroy(pool->mring);
	if (rc)
		return rc;
	maar__free(pool);
	return 0;
}

static struct maar_msg *fresh(struct maar_pool *pool, uint32_t handle)
{
	struct maar_msg *m = maar__mring_at(maar__mring_of(pool->mring), handle);

	m->handle = handle;
	m->length = 0;
	m->headroom = pool->headroom;
	m->room = pool->room;
	m->pool = pool;
	m->user[0] = m->user[1] = 0;
	maar_a_store(&m->refs, 1, RELAXED);
	return m;
}

struct maar_msg *maar_pool_get(struct maar_pool *pool)
{
	uint32_t handle;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(pool, "NULL pool");
	if (maar_unlikely(!pool))
		return NULL;
	handle = maar__mring_pop(maar__mring_of(pool->mring));
	return maar_likely(handle != MAAR_NO_HANDLE) ? fresh(pool, handle) : NULL;
}

/*
 * Drops a reference. 1: it was the last, the slot is the caller's to put back; 0: others hold it; -EALREADY. A message
 * with one reference has one holder, so that holder needs no locked instruction to end it.
 */
static int drop(struct maar_msg *m)
{
	uint32_t refs = maar_a_load(&m->refs, ACQUIRE); /* A:msg.refs */

	if (maar_likely(refs == 1)) {
		maar_a_store(&m->refs, 0, RELAXED);
		return 1;
	}
	if (maar_unlikely(refs == 0))
		return -EALREADY;
	refs = maar_a_add(&m->refs, (uint32_t)-1, ACQ_REL); /* R:msg.refs A:msg.refs */
	if (maar_unlikely(refs == 0)) {
		maar_a_add(&m->refs, 1, RELAXED); /* two puts too many at the same instant */
		return -EALREADY;
	}
	return refs == 1;
}

/* The same for a debug build, which notes who put the slot, or stops; `call` is what the user called. */
static int drop_checked(struct maar_pool *pool, struct maar_msg *m, uint32_t handle, const char *call)
{
	const int last = drop(m);

#ifdef MAAR_DEBUG
	MAAR_DEBUG_CHECK_AS(call, pool, "the message is free: nobody ever got it");
	if (last < 0)
		maar__mring_blame(maar__mring_of(pool->mring), handle, call);
	if (last > 0)
		MAAR__MARK(maar__mring_of(pool->mring), handle, 0);
#else
	(void)pool, (void)handle, (void)call;
#endif
	return last;
}

static int put(struct maar_pool *pool, struct maar_msg *m, uint32_t handle, const char *call)
{
	const int last = drop_checked(pool, m, handle, call);

	if (last <= 0)
		return last;
	if (maar_likely(maar__mring_push(maar__mring_of(pool->mring), handle)))
		return 0;
	maar_a_store(&m->refs, 1, RELAXED); /* no room, after misuse of the mring: it stays the caller's */
	return -EALREADY;
}

int maar_pool_put(struct maar_pool *pool, struct maar_msg *msg)
{
	uint32_t handle;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(pool && msg, "NULL pool or message");
	if (maar_unlikely(!pool || !msg))
		return -EINVAL;
	handle = maar_mring_handle(pool->mring, msg);
	MAAR_DEBUG_CHECK(handle != MAAR_NO_HANDLE, "not the start of a message of this pool");
	if (maar_unlikely(handle == MAAR_NO_HANDLE))
		return -EINVAL;
	return put(pool, msg, handle, __func__);
}

int maar_msg_release(struct maar_msg *msg)
{
	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(msg, "NULL message");
	if (maar_unlikely(!msg))
		return -EINVAL;
	return put(msg->pool, msg, msg->handle, __func__);
}

size_t maar_pool_get_bulk(struct maar_pool *pool, struct maar_msg **msgs, size_t n)
{
	void **numbers = (void **)msgs;
	size_t i;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(pool && (msgs || !n), "NULL pool or array");
	if (!pool || !msgs || n > maar_pool_messages(pool) ||
	    !maar__mring_pop_many(maar__mring_of(pool->mring), numbers, n))
		return 0;
	for (i = 0; i < n; i++)
		numbers[i] = fresh(pool, (uint32_t)(uintptr_t)numbers[i]);
	return n;
}

/* The message's handle if its last reference went just now, MAAR_NO_HANDLE if others hold it; *refused if put refuses. */
static uint32_t let_go(struct maar_pool *pool, struct maar_msg *msg, bool *refused)
{
	const uint32_t handle = msg ? maar_mring_handle(pool->mring, msg) : MAAR_NO_HANDLE;
	int last = -EINVAL;

	MAAR_DEBUG_CHECK_AS("maar_pool_put_bulk", handle != MAAR_NO_HANDLE, "not the start of a message of this pool");
	if (maar_likely(handle != MAAR_NO_HANDLE))
		last = drop_checked(pool, msg, handle, "maar_pool_put_bulk");
	*refused = last < 0;
	return last > 0 ? handle : MAAR_NO_HANDLE;
}

size_t maar_pool_put_bulk(struct maar_pool *pool, struct maar_msg **msgs, size_t n)
{
	uint32_t handles[MAAR__MRING_CHUNK];
	size_t i = 0, refused = 0;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(pool && (msgs || !n), "NULL pool or array");
	if (!pool || !msgs)
		return 0;
	while (i < n) {
		struct maar__mring *m = maar__mring_of(pool->mring);
		size_t free_now = 0, put;

		for (; i < n && free_now < MAAR__MRING_CHUNK; i++) {
			bool bad;

			handles[free_now] = let_go(pool, msgs[i], &bad);
			free_now += handles[free_now] != MAAR_NO_HANDLE;
			if (maar_unlikely(bad))
				msgs[refused++] = msgs[i];
		}
		for (put = maar__mring_push_many(m, handles, free_now); maar_unlikely(put < free_now); put++) {
			msgs[refused] = maar__mring_at(m, handles[put]);
			maar_a_store(&msgs[refused++]->refs, 1, RELAXED); /* as in put */
		}
	}
	return n - refused;
}

size_t maar_pool_messages(const struct maar_pool *pool)
{
	return pool ? maar_mring_slots(pool->mring) : 0;
}

size_t maar_pool_bytes(const struct maar_pool *pool)
{
	return pool ? pool->room - pool->headroom : 0;
}

struct maar_mring *maar_pool_mring(struct maar_pool *pool)
{
	return pool ? pool->mring : NULL;
}

int maar_pool_stats(const struct maar_pool *pool, struct maar_mring_stats *stats)
{
	return pool ? maar_mring_stats(pool->mring, stats) : -EINVAL;
}

int maar_pool_dump(const struct maar_pool *pool, FILE *to)
{
	if (!pool || !to)
		return -EINVAL;
	fprintf(to, "pool %p: %zu messages of %zu bytes, headroom %" PRIu32 "\n", (const void *)pool,
		maar_pool_messages(pool), maar_pool_bytes(pool), pool->headroom);
	return maar_mring_dump(pool->mring, to);
}
