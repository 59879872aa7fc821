// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// A program of a user who writes C++ and has nothing but the installed library: a thread sends, another receives.
#include <maar.h>

#include <cstdio>
#include <cstring>
#include <sched.h>
#include <thread>

struct point {
	int x, y;
};

static int point_make(struct point *p, void *arg)
{
	p->x = p->y = *static_cast<int *>(arg);
	return 0;
}

static void point_end(struct point *)
{
}

MAAR_OBJECT_POOL(point, struct point, point_make, point_end);

MAAR_POOL_DEFINE(dot, struct point);

static const int messages = 1000;

static void send(maar_pool *pool, maar_ring *ring)
{
	for (int i = 0; i < messages; i++) {
		maar_msg *msg;

		while (!(msg = maar_pool_get(pool)))
			sched_yield();
		if (maar_msg_append(msg, &i, sizeof(i)))
			std::puts("no room in a fresh message");
		while (!maar_ring_enqueue_ptr(ring, msg))
			sched_yield();
	}
}

int main()
{
	// As many messages as lanes may hide, and room for those on their way.
	maar_pool *pool = maar_pool_create(256, sizeof(int), nullptr);
	maar_ring *ring = maar_ring_create(64, MAAR_RING_SPSC);
	point_pool *points = point_pool_create(4);
	int one = 1, bad = 0;

	if (!pool || !ring || !points || std::strcmp(maar_version(), MAAR_VERSION) != 0)
		return 1;

	point *p = point_pool_get(points, &one);
	bad += !p || p->x != 1 || point_pool_put(points, p) != 0 || point_pool_destroy(points) != 0;

	dot_pool *dots = dot_create(4);
	point *d = dot_get(dots);
	bad += !d || dot_of(dot_msg(d)) != d || dot_release(dot_retain(d)) != 0 || dot_put(dots, d) != 0;
	bad += dot_get_bulk(dots, &d, 1) != 1 || dot_put_bulk(dots, &d, 1) != 1 || dot_destroy(dots) != 0;

	std::thread sender(send, pool, ring);
	for (int i = 0; i < messages; i++) {
		maar_msg *msg;
		int got;

		while (!(msg = static_cast<maar_msg *>(maar_ring_dequeue_ptr(ring))))
			sched_yield();
		std::memcpy(&got, maar_msg_data(msg), sizeof(got));
		bad += got != i || maar_pool_put(pool, msg) != 0;
	}
	sender.join();
	maar_ring_destroy(ring);
	bad += maar_pool_destroy(pool) != 0;
	std::puts(bad ? "wrong" : "hello from C++");
	return bad != 0;
}
