/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * MAAR_OBJECT_POOL: a pool of objects of one C type. get runs a constructor, put runs a destructor, and both speak of
 * your type instead of void *.
 *
 *     static int conn_open(struct conn *c, void *arg);    0, or a negative errno: the get then returns NULL
 *     static void conn_close(struct conn *c);
 *     MAAR_OBJECT_POOL(conn, struct conn, conn_open, conn_close);
 *
 *     struct conn_pool *pool = conn_pool_create(1000);
 *     struct conn *c = conn_pool_get(pool, arg);
 *     conn_pool_put(pool, c);
 *     conn_pool_destroy(pool);
 *
 * It is an mring whose slots hold an object and a word that says whether it is out: who may call what when, progress,
 * order and cost are those of <maar/mring.h>; the constructor runs in the getting thread, the destructor in the putting
 * one.
 */
#ifndef MAAR_OBJECT_POOL_H
#define MAAR_OBJECT_POOL_H
#define MAAR_BITS_OK 1

#include <errno.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>
#include <maar/mring.h>

/*
 * Defines, for MAAR_OBJECT_POOL(name, type, construct, destruct):
 *   struct name_pool *name_pool_create(size_t objects)
 *       NULL with errno as maar_mring_create.
 *   int name_pool_destroy(struct name_pool *pool)
 *       0, or -EBUSY, with nothing changed, while objects are out.
 *   type *name_pool_get(struct name_pool *pool, void *arg)
 *       An object on which construct(object, arg) has returned 0. NULL with errno = ENOBUFS if none is free, or the
 *       constructor's error (the slot is back in the pool then; destruct is not called).
 *   int name_pool_put(struct name_pool *pool, type *object)
 *       0; -EINVAL if it is no object of this pool, or -EALREADY if it has been put (two threads that put the same
 *       object at the same instant are told only by a debug build of the library). destruct has not been called then.
 *   struct maar_mring *name_pool_mring(struct name_pool *pool)
 *       For statistics and flush.
 */
#define MAAR_OBJECT_POOL(name, type, construct, destruct)                                                              \
	struct name##_pool;                                                                                            \
	struct name##_pool_slot {                                                                                      \
		type object;                                                                                           \
		uint32_t out; /* 1 between get and put, else 0, or poison */                                           \
	};                                                                                                             \
	MAAR_STATIC_ASSERT(__alignof__(struct name##_pool_slot) <= MAAR_CACHE_LINE, "over-aligned for a slot");        \
	MAAR_LOCAL struct maar_mring *name##_pool_mring(struct name##_pool *pool)                                      \
	{                                                                                                              \
		return (struct maar_mring *)(void *)pool;                                                              \
	}                                                                                                              \
	MAAR_LOCAL struct name##_pool *name##_pool_create(size_t objects)                                              \
	{                                                                                                              \
		return (struct name##_pool *)(void *)maar_mring_create(objects, sizeof(struct name##_pool_slot),       \
								       NULL);                                          \
	}                                                                                                              \
	MAAR_LOCAL int name##_pool_destroy(struct name##_pool *pool)                                                   \
	{                                                                                                              \
		return maar_mring_destroy(name##_pool_mring(pool));                                                    \
	}                                                                                                              \
	MAAR_LOCAL type *name##_pool_get(struct name##_pool *pool, void *arg)                                          \
	{                                                                                                              \
		struct name##_pool_slot *slot = (struct name##_pool_slot *)maar_mring_get(name##_pool_mring(pool));    \
		int rc;                                                                                                \
                                                                                                                       \
		if (!slot) {                                                                                           \
			errno = ENOBUFS;                                                                               \
			return NULL;                                                                                   \
		}                                                                                                      \
		rc = construct(&slot->object, arg);                                                                    \
		if (rc == 0) {                                                                                         \
			maar_a_store(&slot->out, 1, RELAXED);                                                          \
			return &slot->object;                                                                          \
		}                                                                                                      \
		(void)maar_mring_put(name##_pool_mring(pool), slot);                                                   \
		errno = -rc;                                                                                           \
		return NULL;                                                                                           \
	}                                                                                                              \
	MAAR_LOCAL int name##_pool_put(struct name##_pool *pool, type *object)                                         \
	{                                                                                                              \
		struct name##_pool_slot *slot = (struct name##_pool_slot *)(void *)object;                             \
                                                                                                                       \
		if (!pool || !object || maar_mring_handle(name##_pool_mring(pool), slot) == MAAR_NO_HANDLE)            \
			return -EINVAL;                                                                                \
		if (maar_a_load(&slot->out, RELAXED) != 1)                                                             \
			return -EALREADY;                                                                              \
		maar_a_store(&slot->out, 0, RELAXED);                                                                  \
		destruct(object);                                                                                      \
		return maar_mring_put(name##_pool_mring(pool), slot);                                                  \
	}                                                                                                              \
	struct name##_pool /* takes the semicolon behind the macro */

#endif
