/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The message pool: an mring whose slots begin with a struct maar_msg.
 */
#include "pool_priv.h"

#include "pool_track.h"

#include <errno.h>
#include <inttypes.h>

/* What a buffer is aligned to behind a user area: any C type, and vector loads. */
#define BUFFER_ALIGN 16

static int check_request(size_t messages, size_t bytes, const struct maar_pool_options *o)
{
	size_t i;

	if (messages == 0 || o->user_bytes > MAAR_MSG_MAX_USER || o->reserved0)
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	if (bytes > MAAR_MRING_MAX_SLOT_BYTES || o->headroom > MAAR_MRING_MAX_SLOT_BYTES)
		return -EOVERFLOW;
	return 0;
}

static struct maar_mring_options mring_options(const struct maar_pool_options *o)
{
	return (struct maar_mring_options){ .lane_slots = o->lane_slots,
					    .no_lanes = o->no_lanes,
					    .track = o->track,
					    .huge_pages = o->huge_pages,
					    .numa_node = o->numa_node };
}

static const struct maar_pool_options *or_defaults(const struct maar_pool_options *options)
{
	static const struct maar_pool_options defaults;

	return options ? options : &defaults;
}

/* From a message's beginning to its buffer. */
static size_t head_bytes(const struct maar_pool_options *o)
{
	return (sizeof(struct maar_msg) + o->user_bytes + BUFFER_ALIGN - 1) & ~(BUFFER_ALIGN - (size_t)1);
}

/* Bytes of a slot; each part is at most 2^30. */
static size_t slot_bytes(size_t bytes, const struct maar_pool_options *o)
{
	return head_bytes(o) + o->headroom + bytes;
}

static void set_up(struct maar_pool *pool, size_t bytes, const struct maar_pool_options *o)
{
	memset(pool, 0, sizeof(*pool));
	pool->fresh.headroom = o->headroom;
	pool->fresh.room = o->headroom + (uint32_t)bytes;
	pool->fresh.own = (uint16_t)head_bytes(o);
	pool->fresh.pool = pool;
	pool->fresh.destructor = o->destructor;
	pool->construct = o->construct;
	pool->arg = o->arg;
	pool->user_bytes = o->user_bytes;
}

static void track(const struct maar_pool *pool)
{
	maar__track_is_pool(maar__mring_of(pool->mring), pool, pool->fresh.own, offsetof(struct maar_msg, track));
}

struct maar_pool *maar_pool_create(size_t messages, size_t bytes, const struct maar_pool_options *options)
{
	const struct maar_pool_options *o = or_defaults(options);
	const struct maar_mring_options with = mring_options(o);
	const int rc = check_request(messages, bytes, o);
	struct maar_pool *pool;

	if (rc) {
		errno = -rc;
		return NULL;
	}
	pool = maar__alloc(sizeof(*pool));
	if (!pool)
		return NULL;
	set_up(pool, bytes, o);
	pool->mring = maar_mring_create(messages, slot_bytes(bytes, o), &with);
	if (!pool->mring) {
		const int error = errno;

		maar__free(pool);
		errno = error;
		return NULL;
	}
	track(pool);
	return pool;
}

/* Bytes of a pool before its mring, when both are in the caller's memory. */
#define POOL_BYTES ((sizeof(struct maar_pool) + MAAR_APART - 1) & ~((size_t)MAAR_APART - 1))

size_t maar_pool_init_bytes(size_t messages, size_t bytes, const struct maar_pool_options *options)
{
	const struct maar_pool_options *o = or_defaults(options);
	const struct maar_mring_options with = mring_options(o);
	size_t all = check_request(messages, bytes, o) ? 0 : maar_mring_bytes(messages, slot_bytes(bytes, o), &with);

	return all && maar__add(all, POOL_BYTES, &all) ? all : 0;
}

int maar_pool_init(struct maar_pool **pool, void *mem, size_t mem_bytes, size_t messages, size_t bytes,
		   const struct maar_pool_options *options)
{
	const struct maar_pool_options *o = or_defaults(options);
	const struct maar_mring_options with = mring_options(o);
	struct maar_mring *mring;
	int rc = check_request(messages, bytes, o);

	if (rc == 0 && (!pool || !mem || (uintptr_t)mem % MAAR_APART))
		rc = -EINVAL;
	if (rc == 0)
		rc = maar_mring_init(&mring, (unsigned char *)mem + POOL_BYTES,
				     mem_bytes < POOL_BYTES ? 0 : mem_bytes - POOL_BYTES, messages,
				     slot_bytes(bytes, o), &with);
	if (rc)
		return rc;
	*pool = mem;
	set_up(*pool, bytes, o);
	(*pool)->mring = mring;
	(*pool)->given = 1;
	track(*pool);
	return 0;
}

int maar_pool_destroy(struct maar_pool *pool)
{
	int rc;

	if (!pool)
		return 0;
	rc = maar_mring_destroy(pool->mring);
	if (rc)
		return rc;
	if (!pool->given)
		maar__free(pool);
	return 0;
}

/* The part of a header that get copies whole: behind refs and handle, before the word that tracking keeps. */
#define COPIED_FROM  offsetof(struct maar_msg, length)
#define COPIED_BYTES (offsetof(struct maar_msg, track) - COPIED_FROM)

MAAR_LOCAL struct maar_msg *fresh(struct maar_pool *pool, uint32_t handle)
{
	struct maar_msg *m = maar__mring_at(maar__mring_of(pool->mring), handle);
	const bool built = pool->construct && (m->flags & MAAR__MSG_BUILT);

	memcpy((char *)m + COPIED_FROM, (const char *)&pool->fresh + COPIED_FROM, COPIED_BYTES);
	m->handle = handle;
	maar_a_store(&m->refs, 1, RELAXED);
	if (maar_unlikely(pool->construct != NULL)) {
		m->flags = MAAR__MSG_BUILT;
		if (!built)
			pool->construct(m, pool->arg);
	}
	return m;
}

/*
 * What a tracked pool does instead stands in functions of its own, which the hot ones end in: so they keep nothing for
 * after a call.
 */
static MAAR_COLD struct maar_msg *got_tracked(struct maar_pool *pool, uint32_t handle, const void *caller)
{
	return maar__track_got(maar__mring_of(pool->mring), fresh(pool, handle), caller);
}

MAAR_LOCAL struct maar_msg *get(struct maar_pool *pool, const void *caller)
{
	struct maar__mring *mring = maar__mring_of(pool->mring);
	const uint32_t handle = maar__mring_pop(mring);

	if (maar_unlikely(handle == MAAR_NO_HANDLE))
		return NULL;
	if (maar_unlikely(mring->track))
		return got_tracked(pool, handle, caller);
	return fresh(pool, handle);
}

struct maar_msg *maar_pool_get(struct maar_pool *pool)
{
	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(pool, "NULL pool");
	if (maar_unlikely(!pool))
		return NULL;
	return get(pool, __builtin_return_address(0));
}

struct maar_msg *maar__pool_get_for(struct maar_pool *pool, const void *caller)
{
	return get(pool, caller);
}

/* drop, when others seemed to hold the message. */
int maar__msg_drop_one_of_several(struct maar_msg *m)
{
	const uint32_t refs = maar_a_add(&m->refs, (uint32_t)-1, ACQ_REL); /* R:msg.refs A:msg.refs */

	if (maar_unlikely(refs == 0)) {
		(void)maar_a_add(&m->refs, 1, RELAXED); /* two puts too many at the same instant */
		return -EALREADY;
	}
	return refs == 1;
}

/*
 * Drops a reference. 1: it was the last, the slot is the caller's to put back; 0: others hold it; -EALREADY. A message
 * with one reference has one holder, so that holder needs no locked instruction to end it.
 */
MAAR_LOCAL int drop(struct maar_msg *m)
{
	const uint32_t refs = maar_a_load(&m->refs, ACQUIRE); /* A:msg.refs */

	if (maar_unlikely(refs != 1))
		return refs ? maar__msg_drop_one_of_several(m) : -EALREADY;
	maar_a_store(&m->refs, 0, RELAXED);
	return 1;
}

/* The same for a debug build, which notes who put the slot, or stops; `call` is what the user called. */
MAAR_LOCAL int drop_checked(struct maar_pool *pool, struct maar_msg *m, uint32_t handle, const char *call)
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

/* The same of whatever pool. */
static int drop_any(struct maar_pool *pool, struct maar_msg *m, uint32_t handle, const char *call, const void *caller)
{
	struct maar__mring *mring = maar__mring_of(pool->mring);

	if (maar_likely(!mring->track))
		return drop_checked(pool, m, handle, call);
	return maar__pool_drop_tracked(mring, m, handle, caller);
}

int maar__msg_drop(struct maar_msg *m, const char *call)
{
	return drop_any(m->pool, m, m->handle, call, maar__pool_caller);
}

MAAR_LOCAL bool push(struct maar_pool *pool, struct maar_msg *m, uint32_t handle)
{
	if (maar_likely(maar__mring_push(maar__mring_of(pool->mring), handle)))
		return true;
	maar_a_store(&m->refs, 1, RELAXED); /* no room, after misuse of the mring: it stays the caller's */
	return false;
}

bool maar__msg_push(struct maar_msg *m)
{
	if (maar_unlikely(maar__mring_of(m->pool->mring)->track))
		maar__track_retire(maar__mring_of(m->pool->mring), m->handle);
	return push(m->pool, m, m->handle);
}

static MAAR_COLD int end_tied(struct maar_msg *m, const void *caller)
{
	maar__pool_caller = caller;
	return maar__msg_end(m) ? 0 : -EALREADY;
}

static MAAR_COLD int put_tracked(struct maar_pool *pool, struct maar_msg *m, uint32_t handle, const void *caller)
{
	const int last = maar__pool_drop_tracked(maar__mring_of(pool->mring), m, handle, caller);

	if (last <= 0)
		return last;
	return end_tied(m, caller); /* ties or not */
}

static MAAR_COLD int put_foreign(struct maar_pool *pool, struct maar_msg *m, const void *caller)
{
	if (maar__mring_of(pool->mring)->track)
		maar__track_foreign(maar__mring_of(pool->mring), m, caller);
	return -EINVAL;
}

MAAR_LOCAL int put(struct maar_pool *pool, struct maar_msg *m, uint32_t handle, const char *call, const void *caller)
{
	int last;

	if (maar_unlikely(maar__mring_of(pool->mring)->track))
		return put_tracked(pool, m, handle, caller);
	last = drop_checked(pool, m, handle, call);
	if (last <= 0)
		return last;
	if (maar_unlikely(maar__msg_has_ties(m)))
		return end_tied(m, caller);
	return maar_likely(push(pool, m, handle)) ? 0 : -EALREADY;
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
		return put_foreign(pool, msg, __builtin_return_address(0));
	return put(pool, msg, handle, __func__, __builtin_return_address(0));
}

int maar_msg_release(struct maar_msg *msg)
{
	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(msg, "NULL message");
	if (maar_unlikely(!msg))
		return -EINVAL;
	return put(msg->pool, msg, msg->handle, __func__, __builtin_return_address(0));
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
	if (maar_unlikely(maar__mring_of(pool->mring)->track))
		maar__track_got_many(maar__mring_of(pool->mring), numbers, n, __builtin_return_address(0));
	return n;
}

/*
 * Its handle if msg's last reference went just now and it has no ties; else MAAR_NO_HANDLE, and *refused as put
 * answers.
 */
static uint32_t let_go(struct maar_pool *pool, struct maar_msg *msg, uint32_t handle, bool *refused, const char *call,
		       const void *caller)
{
	const int last = drop_any(pool, msg, handle, call, caller);

	*refused = last < 0;
	if (last <= 0)
		return MAAR_NO_HANDLE;
	if (maar_likely(!maar__msg_has_ties(msg)))
		return handle;
	maar__pool_caller = caller;
	*refused = !maar__msg_end(msg);
	return MAAR_NO_HANDLE;
}

/*
 * Drops a reference to each of n messages: of one pool, or, if that is NULL, of whatever pools, a run of each at a
 * time. Returns how many; the others come to stand in front.
 */
static size_t drop_many(struct maar_pool *only, struct maar_msg **msgs, size_t n, const char *call, const void *caller)
{
	uint32_t handles[MAAR__MRING_CHUNK];
	size_t i = 0, refused = 0;

	while (i < n) {
		struct maar_pool *pool = only;
		size_t free_now = 0, put;

		for (; i < n && free_now < MAAR__MRING_CHUNK; i++) {
			struct maar_msg *msg = msgs[i];
			uint32_t handle = MAAR_NO_HANDLE;
			bool bad = true;

			if (!only && msg && msg->pool != pool) {
				if (free_now)
					break;
				pool = msg->pool;
			}
			if (msg)
				handle = only ? maar_mring_handle(only->mring, msg) : msg->handle;
			MAAR_DEBUG_CHECK_AS(call, handle != MAAR_NO_HANDLE, "not the start of a message of this pool");
			if (maar_likely(handle != MAAR_NO_HANDLE))
				handles[free_now] = let_go(pool, msg, handle, &bad, call, caller);
			else if (msg && maar__mring_of(pool->mring)->track)
				maar__track_foreign(maar__mring_of(pool->mring), msg, caller);
			if (maar_unlikely(bad))
				msgs[refused++] = msg;
			else
				free_now += handles[free_now] != MAAR_NO_HANDLE;
		}
		if (!free_now)
			continue;
		if (maar_unlikely(maar__mring_of(pool->mring)->track))
			for (put = 0; put < free_now; put++)
				maar__track_retire(maar__mring_of(pool->mring), handles[put]);
		for (put = maar__mring_push_many(maar__mring_of(pool->mring), handles, free_now);
		     maar_unlikely(put < free_now); put++) {
			msgs[refused] = maar__mring_at(maar__mring_of(pool->mring), handles[put]);
			maar_a_store(&msgs[refused++]->refs, 1, RELAXED); /* as in push */
		}
	}
	return n - refused;
}

size_t maar_pool_put_bulk(struct maar_pool *pool, struct maar_msg **msgs, size_t n)
{
	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(pool && (msgs || !n), "NULL pool or array");
	return pool && msgs ? drop_many(pool, msgs, n, __func__, __builtin_return_address(0)) : 0;
}

size_t maar_msg_release_bulk(struct maar_msg **msgs, size_t n)
{
	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(msgs || !n, "NULL array");
	return msgs ? drop_many(NULL, msgs, n, __func__, __builtin_return_address(0)) : 0;
}

void maar_msg_retain_bulk(struct maar_msg *const *msgs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		maar_msg_retain(msgs[i]);
}

size_t maar_pool_messages(const struct maar_pool *pool)
{
	return pool ? maar_mring_slots(pool->mring) : 0;
}

size_t maar_pool_bytes(const struct maar_pool *pool)
{
	return pool ? pool->fresh.room - pool->fresh.headroom : 0;
}

size_t maar_pool_user_bytes(const struct maar_pool *pool)
{
	return pool ? pool->user_bytes : 0;
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
	fprintf(to, "pool %p: %zu messages of %zu bytes, headroom %" PRIu32 ", user area %" PRIu32 "\n",
		(const void *)pool, maar_pool_messages(pool), maar_pool_bytes(pool), pool->fresh.headroom,
		pool->user_bytes);
	return maar_mring_dump(pool->mring, to);
}
