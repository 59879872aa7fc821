/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The shape of a server: an arena for each connection, a child of it for each request. Whatever a request takes, opens or
 * parses is gone with its arena, on every way out; once the first requests have been served, no memory is asked for.
 */
#include <fcntl.h>
#include <maar/arena.h>
#include <stdio.h>
#include <string.h>

struct header {
	struct header *next;
	char *name, *value;
};

/* "name: value" lines into a list, in the request's arena. */
static struct header *parse(struct maar_arena *a, const char *text)
{
	struct header *first = NULL, *h;

	while (*text) {
		const char *colon = strchr(text, ':'), *end = strchr(text, '\n');

		if (!colon || !end || colon > end || !(h = maar_arena_alloc(a, sizeof(*h))))
			return NULL; /* what was made so far goes with the arena */
		h->name = maar_arena_strndup(a, text, (size_t)(colon - text));
		h->value = maar_arena_strndup(a, colon + 2, (size_t)(end - colon - 2));
		h->next = first;
		first = h;
		text = end + 1;
	}
	return first;
}

static void count(void *served)
{
	++*(unsigned *)served;
}

/* The answer, in the connection's arena, which outlives the request; NULL: refused. */
static const char *serve(struct maar_arena *connection, const char *text, unsigned *served)
{
	struct maar_arena *request = maar_arena_create_child(connection, NULL);
	const char *answer = NULL;
	struct header *h;
	char *scratch;
	int fd;

	if (!request)
		return NULL;
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC); /* a log, say */
	h = parse(request, text);
	scratch = maar_arena_alloc(request, 10000);
	if (fd >= 0 && maar_arena_cleanup_fd(request, fd) && h && scratch &&
	    maar_arena_cleanup_add(request, count, served)) {
		memset(scratch, 0, 10000);
		for (; h; h = h->next)
			if (!strcmp(h->name, "Host"))
				answer = maar_arena_printf(connection, "hello %s", h->value);
	}
	maar_arena_destroy(request); /* closes fd and counts */
	return answer;
}

int main(void)
{
	struct maar_arena *connection = maar_arena_create(NULL);
	struct maar_arena_stats early, late;
	const char *answer = NULL;
	unsigned served = 0, i;

	if (!connection)
		return 1;
	for (i = 0; i < 1000; i++) {
		if (i % 10 == 0)
			maar_arena_reset(connection); /* the next client */
		answer = serve(connection, "Accept: all\nHost: maar\n", &served);
		if (i == 10 && maar_arena_stats(connection, &early))
			return 1;
	}
	if (maar_arena_stats(connection, &late))
		return 1;
	printf("%s; %u served, %s\n", answer ? answer : "?", served,
	       late.most_bytes == early.most_bytes ? "no memory asked for since the first ten" : "memory grew");
	printf("a bad one: %s\n", serve(connection, "no header", &served) ? "served" : "refused");
	return maar_arena_destroy(connection);
}
