/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * MAAR_POOL_DEFINE: a pool of messages that each carry one object of a C type. Calls speak of your type instead of
 * struct maar_msg *, and the compiler checks it:
 *
 *     MAAR_POOL_DEFINE(order, struct order);
 *
 *     struct order_pool *pool = order_create(1000);
 *     struct order *o = order_get(pool);             fill it
 *     maar_ring_enqueue_ptr(ring, o);     ...        o = maar_ring_dequeue_ptr(ring);
 *     order_put(pool, o);                            or order_release(o), which knows its pool
 *     order_destroy(pool);
 *
 * Against MAAR_OBJECT_POOL of <maar/object_pool.h>: no constructor, a reference count, and a struct maar_msg in front
 * of each object. Who may call what when, progress, order and cost are those of <maar/pool.h>.
 */
#ifndef MAAR_TYPED_POOL_H
#define MAAR_TYPED_POOL_H
#define MAAR_BITS_OK 1

#include <maar/bits/cc.h>
#include <maar/pool.h>

/* An array of pointers to objects becomes one of messages and back in place, behind the compiler's idea of types. */
typedef struct maar_msg *maar__msg_alias __attribute__((__may_alias__));

/*
 * Defines, for MAAR_POOL_DEFINE(name, type), of a type that needs no more than 64 bytes of alignment:
 *   struct name_pool *name_create(size_t objects)
 *       NULL with errno as maar_pool_create.
 *   int name_destroy(struct name_pool *pool)
 *       0, or -EBUSY, with nothing changed, while objects are out.
 *   type *name_get(struct name_pool *pool)
 *       An object of any content, with one reference; NULL if none is free, or pool is NULL.
 *   int name_put(struct name_pool *pool, type *object)
 *       Drops a reference: as maar_pool_put.
 *   type *name_retain(type *object), int name_release(type *object)
 *       As maar_msg_retain and maar_msg_release (-EINVAL for NULL).
 *   struct maar_msg *name_msg(type *object), type *name_of(struct maar_msg *msg)
 *       The message of an object, whose length is sizeof(type), and back.
 *   size_t name_get_bulk(struct name_pool *pool, type **objects, size_t n)
 *   size_t name_put_bulk(struct name_pool *pool, type **objects, size_t n)
 *       As maar_pool_get_bulk and maar_pool_put_bulk.
 *   struct maar_pool *name_untyped(struct name_pool *pool)
 *       For statistics, options' effects and dump.
 */
#define MAAR_POOL_DEFINE(name, type)                                                                                   \
	struct name##_pool;                                                                                            \
	MAAR_STATIC_ASSERT(__alignof__(type) <= MAAR_CACHE_LINE, "over-aligned for a message");                        \
	MAAR_STATIC_ASSERT(sizeof(type) <= MAAR_MRING_MAX_SLOT_BYTES, "too large for a message");                      \
	MAAR_LOCAL struct maar_pool *name##_untyped(struct name##_pool *pool)                                          \
	{                                                                                                              \
		return (struct maar_pool *)(void *)pool;                                                               \
	}                                                                                                              \
	MAAR_LOCAL struct name##_pool *name##_create(size_t objects)                                                   \
	{                                                                                                              \
		return (struct name##_pool *)(void *)maar_pool_create(objects, sizeof(type), NULL);                    \
	}                                                                                                              \
	MAAR_LOCAL int name##_destroy(struct name##_pool *pool)                                                        \
	{                                                                                                              \
		return maar_pool_destroy(name##_untyped(pool));                                                        \
	}                                                                                                              \
	/* Without a user area and headroom the object begins right behind the header. */                              \
	MAAR_LOCAL struct maar_msg *name##_msg(type *object)                                                           \
	{                                                                                                              \
		return object ? (struct maar_msg *)(void *)object - 1 : NULL;                                          \
	}                                                                                                              \
	MAAR_LOCAL type *name##_of(struct maar_msg *msg)                                                               \
	{                                                                                                              \
		return msg ? (type *)(void *)(msg + 1) : NULL;                                                         \
	}                                                                                                              \
	MAAR_LOCAL type *name##_get(struct name##_pool *pool)                                                          \
	{                                                                                                              \
		struct maar_msg *msg = maar_pool_get(name##_untyped(pool));                                            \
                                                                                                                       \
		if (msg)                                                                                               \
			msg->length = (uint32_t)sizeof(type);                                                          \
		return name##_of(msg);                                                                                 \
	}                                                                                                              \
	MAAR_LOCAL int name##_put(struct name##_pool *pool, type *object)                                              \
	{                                                                                                              \
		return maar_pool_put(name##_untyped(pool), name##_msg(object));                                        \
	}                                                                                                              \
	MAAR_LOCAL type *name##_retain(type *object)                                                                   \
	{                                                                                                              \
		maar_msg_retain(name##_msg(object));                                                                   \
		return object;                                                                                         \
	}                                                                                                              \
	MAAR_LOCAL int name##_release(type *object)                                                                    \
	{                                                                                                              \
		return maar_msg_release(name##_msg(object));                                                           \
	}                                                                                                              \
	MAAR_LOCAL size_t name##_get_bulk(struct name##_pool *pool, type **objects, size_t n)                          \
	{                                                                                                              \
		maar__msg_alias *msgs = (maar__msg_alias *)(void *)objects;                                            \
		const size_t got = maar_pool_get_bulk(name##_untyped(pool), (struct maar_msg **)(void *)objects, n);   \
                                                                                                                       \
		for (size_t i = 0; i < got; i++) {                                                                     \
			msgs[i]->length = (uint32_t)sizeof(type);                                                      \
			objects[i] = name##_of(msgs[i]);                                                               \
		}                                                                                                      \
		return got;                                                                                            \
	}                                                                                                              \
	MAAR_LOCAL size_t name##_put_bulk(struct name##_pool *pool, type **objects, size_t n)                          \
	{                                                                                                              \
		maar__msg_alias *msgs = (maar__msg_alias *)(void *)objects;                                            \
		size_t put, i;                                                                                         \
                                                                                                                       \
		for (i = 0; objects && i < n; i++)                                                                     \
			msgs[i] = name##_msg(objects[i]);                                                              \
		put = maar_pool_put_bulk(name##_untyped(pool), (struct maar_msg **)(void *)objects, n);                \
		for (i = 0; objects && i < n - put; i++)                                                               \
			objects[i] = name##_of(msgs[i]);                                                               \
		return put;                                                                                            \
	}                                                                                                              \
	struct name##_pool /* takes the semicolon behind the macro */

#endif
