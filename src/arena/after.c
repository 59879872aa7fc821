/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * After-care: what is to be done before memory goes. A handler is out of the list before it is called, so it may add,
 * cancel and run others; what it may not is end the arena, or an ancestor, under its own feet: they are busy meanwhile.
 */
#include "arena_priv.h"

#include <unistd.h>

void maar__arena_link(struct maar__arena *a, struct maar_arena_cleanup *c, maar_arena_cleanup_fn *fn, void *arg)
{
	c->owner = a;
	c->serial = ++a->serial;
	c->fn = fn;
	c->arg = arg;
	c->newer = NULL;
	c->older = a->after;
	if (c->older)
		c->older->newer = c;
	a->after = c;
}

void maar__arena_unlink(struct maar__arena *a, struct maar_arena_cleanup *c)
{
	if (c->newer)
		c->newer->older = c->older;
	else
		a->after = c->older;
	if (c->older)
		c->older->newer = c->newer;
	c->fn = NULL;
}

static void begin_busy(struct maar__arena *a)
{
	for (; a; a = a->parent)
		a->busy++;
}

static void end_busy(struct maar__arena *a)
{
	for (; a; a = a->parent)
		a->busy--;
}

static void run(struct maar__arena *a, struct maar_arena_cleanup *c)
{
	maar_arena_cleanup_fn *fn = c->fn;
	void *arg = c->arg;

	maar__arena_unlink(a, c);
	fn(arg);
}

void maar__arena_care(struct maar__arena *a, uint64_t since)
{
	if (!a->after || a->after->serial <= since)
		return;
	begin_busy(a);
	while (a->after && a->after->serial > since)
		run(a, a->after);
	end_busy(a);
}

struct maar_arena_cleanup *maar_arena_cleanup_add(struct maar_arena *arena, maar_arena_cleanup_fn *fn, void *arg)
{
	struct maar_arena_cleanup *c;

	if (!arena || !fn) {
		errno = EINVAL;
		return NULL;
	}
	c = maar_arena_memalign(arena, MAAR__ARENA_ALIGN, sizeof(*c));
	if (c)
		maar__arena_link(maar__arena_of(arena), c, fn, arg);
	return c;
}

static void close_fd(void *fd)
{
	close((int)(intptr_t)fd);
}

struct maar_arena_cleanup *maar_arena_cleanup_fd(struct maar_arena *arena, int fd)
{
	return maar_arena_cleanup_add(arena, fd < 0 ? NULL : close_fd, (void *)(intptr_t)fd);
}

/* Whether it can be taken out: 0, -EINVAL, -EALREADY. */
static int pending(const struct maar_arena *arena, const struct maar_arena_cleanup *c)
{
	if (!arena || !c || c->owner != maar__arena_of(arena))
		return -EINVAL;
	return c->fn ? 0 : -EALREADY;
}

int maar_arena_cleanup_cancel(struct maar_arena *arena, struct maar_arena_cleanup *cleanup)
{
	const int rc = pending(arena, cleanup);

	if (rc == 0)
		maar__arena_unlink(maar__arena_of(arena), cleanup);
	return rc;
}

int maar_arena_cleanup_run(struct maar_arena *arena, struct maar_arena_cleanup *cleanup)
{
	const int rc = pending(arena, cleanup);

	if (rc == 0) {
		begin_busy(maar__arena_of(arena));
		run(maar__arena_of(arena), cleanup);
		end_busy(maar__arena_of(arena));
	}
	return rc;
}
