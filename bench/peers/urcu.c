/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * wfcqueue of liburcu: a linked list without bound, so an enqueue never fails and memory grows with the distance
 * between the two sides. Nodes come from malloc and go back to it. Enqueueing is wait-free; one consumer dequeues
 * without blocking, many take the queue's mutex.
 */
#define _LGPL_SOURCE /* its calls inlined, as everybody's */
#include <urcu/wfcqueue.h>

#include "peers.h"

struct subject {
	struct cds_wfcq_head head __attribute__((aligned(BENCH_APART)));
	struct cds_wfcq_tail tail __attribute__((aligned(BENCH_APART)));
};

struct item {
	struct cds_wfcq_node node;
	uint64_t value;
};

static void *subject_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = aligned_alloc(BENCH_APART, sizeof(*s));

	(void)me;
	(void)c;
	(void)which;
	if (!s) {
		perror("wfcqueue");
		return NULL;
	}
	cds_wfcq_init(&s->head, &s->tail);
	return s;
}

static int subject_close(void *subject)
{
	struct subject *s = subject;

	cds_wfcq_destroy(&s->head, &s->tail);
	free(s);
	return 0;
}

BENCH_INLINE size_t node_put(void *h, uint64_t value)
{
	struct subject *s = h;
	struct item *item = malloc(sizeof(*item));

	if (!item)
		return 0;
	item->value = value;
	cds_wfcq_node_init(&item->node);
	cds_wfcq_enqueue(&s->head, &s->tail, &item->node);
	return 1;
}

BENCH_INLINE size_t node_value(struct cds_wfcq_node *node, uint64_t *value)
{
	struct item *item = caa_container_of(node, struct item, node);

	if (!node || node == CDS_WFCQ_WOULDBLOCK)
		return 0;
	*value = item->value;
	free(item);
	return 1;
}

BENCH_INLINE size_t one_take(void *h, uint64_t *value)
{
	struct subject *s = h;

	return node_value(__cds_wfcq_dequeue_nonblocking(&s->head, &s->tail), value);
}

BENCH_INLINE size_t many_take(void *h, uint64_t *value)
{
	struct subject *s = h;

	return node_value(cds_wfcq_dequeue_blocking(&s->head, &s->tail), value);
}

BENCH_QUEUE(one, node_put, one_take)
BENCH_QUEUE(many, node_put, many_take)

#define ROW(name, set, id)                                                                                             \
	{                                                                                                              \
		name, "liburcu", "no bound", set, BENCH_FIFO, 0, 0, subject_open, subject_close, NULL, NULL,           \
			BENCH_LOOPS_QUEUE(id)                                                                          \
	}

static const struct bench_contestant rows[] = {
	ROW("malloc + wfcqueue", BENCH_SPSC | BENCH_MPSC, one),
	ROW("malloc + wfcqueue mutex", BENCH_SPMC | BENCH_MPMC, many),
};

const struct bench_peer bench_peer_urcu = BENCH_ROWS(rows);
