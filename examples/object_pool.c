/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A pool of objects of one type: getting one opens it, putting it back closes it. Here: requests with scratch files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <maar/object_pool.h>

struct request {
	FILE *scratch;
	int number;
};

static int request_open(struct request *r, void *number)
{
	r->number = *(int *)number;
	if (r->number < 0)
		return -EINVAL; /* the get fails with this, and the slot stays in the pool */
	r->scratch = tmpfile();
	return r->scratch ? 0 : -errno;
}

static void request_close(struct request *r)
{
	printf("request %d wrote %ld bytes\n", r->number, ftell(r->scratch));
	fclose(r->scratch);
}

MAAR_OBJECT_POOL(request, struct request, request_open, request_close);

int main(void)
{
	struct request_pool *pool = request_pool_create(2);
	int one = 1, two = 2, three = 3, bad = -1;
	struct request *a, *b;

	if (!pool || !(a = request_pool_get(pool, &one)) || !(b = request_pool_get(pool, &two)))
		return 1;
	if (!request_pool_get(pool, &three))
		printf("a third of two: %s\n", strerror(errno));
	fputs("some words", a->scratch);
	request_pool_put(pool, a);
	printf("put twice: %s\n", strerror(-request_pool_put(pool, a)));
	if (!request_pool_get(pool, &bad))
		printf("one that cannot be opened: %s\n", strerror(errno));
	printf("destroyed while one is out: %s\n", strerror(-request_pool_destroy(pool)));
	request_pool_put(pool, b);
	return request_pool_destroy(pool) != 0;
}
