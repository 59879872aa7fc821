/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A program that stands still for gdb: rings of every kind with values that are known, a pool and an mring of which slots are
 * out, some of them recorded. `report` gets what the library itself says.
 */
#include <maar.h>

#include <stdio.h>
#include <stdlib.h>

#define APART __attribute__((noinline, noclone))

struct maar_ring *mpmc, *spsc, *handles, *ticket, *span;
struct maar_slot_ring *elements, *ticket_elements, *free_elements;
struct maar_byte_ring *bytes;
struct maar_channel *channel;
struct maar_pool *pool, *tracked;
struct maar_mring *mring;
struct maar_msg *held[100];
static volatile int sink;

APART void holder_of_two(void);
APART void holder_of_one(void);
APART void stands_still(void);

void holder_of_two(void)
{
	held[0] = maar_pool_get(tracked);
	held[1] = maar_pool_get(tracked);
	sink++;
}

void holder_of_one(void)
{
	held[2] = maar_pool_get(tracked);
	sink++;
}

void stands_still(void)
{
	sink++;
}

/* Once round, and then three in it. */
static struct maar_ring *ring(unsigned flags)
{
	struct maar_ring *r = maar_ring_create(8, flags);
	uint64_t i, out;

	for (i = 0; r && i < 13; i++) {
		if (!maar_ring_enqueue(r, 0x100 + i) || (i < 10 && !maar_ring_dequeue(r, &out)))
			exit(1);
	}
	return r;
}

/* The same of elements. */
static struct maar_slot_ring *slot_ring(unsigned flags)
{
	struct maar_slot_ring *r = maar_slot_ring_create(8, 4, flags);
	unsigned char in[4] = "abc", out[4];
	unsigned i;

	for (i = 0; r && i < 13; i++) {
		in[3] = (unsigned char)i;
		if (!maar_slot_ring_enqueue(r, in) || (i < 10 && !maar_slot_ring_dequeue(r, out)))
			exit(1);
	}
	return r;
}

static void others(void)
{
	uint64_t i;

	elements = slot_ring(MAAR_SLOT_RING_SPSC);
	ticket_elements = slot_ring(MAAR_SLOT_RING_TICKET);
	free_elements = slot_ring(MAAR_SLOT_RING_MPMC);
	bytes = maar_byte_ring_create(4096, 0);
	channel = maar_channel_create(4, 8, NULL);
	if (!elements || !ticket_elements || !free_elements || !bytes || !channel ||
	    maar_byte_ring_put(bytes, "hello", 5) != 5)
		exit(1);
	for (i = 0; i < 3; i++)
		if (maar_channel_send_bytes(channel, &i, sizeof(i)) != 1)
			exit(1);
}

int main(int argc, char **argv)
{
	const struct maar_pool_options site = { .track = MAAR_TRACK_SITE };
	FILE *report = argc > 1 ? fopen(argv[1], "w") : NULL;
	unsigned i;

	mpmc = ring(MAAR_RING_MPMC);
	spsc = ring(MAAR_RING_SPSC);
	handles = ring(MAAR_RING_MPSC | MAAR_RING_HANDLE);
	ticket = ring(MAAR_RING_TICKET);
	span = ring(MAAR_RING_SPSC | MAAR_RING_SPAN);
	others();
	pool = maar_pool_create(1000, 200, NULL);
	tracked = maar_pool_create(64, 200, &site);
	mring = maar_mring_create(1000, 256, NULL);
	if (!report || !mpmc || !spsc || !handles || !ticket || !span || !pool || !tracked || !mring)
		return 1;
	for (i = 0; i < 100; i++)
		held[i] = maar_pool_get(pool);
	for (i = 10; i < 97; i++) /* some lie in the lane then, some in the shared ring */
		maar_pool_put(pool, held[i]);
	for (i = 0; i < 7; i++)
		(void)!maar_mring_get(mring);
	holder_of_two();
	holder_of_one();
	maar_ring_dump(mpmc, report);
	maar_mring_dump(maar_pool_mring(pool), report);
	maar_mring_dump(mring, report);
	maar_pool_report(tracked, report, MAAR_REPORT_TEXT);
	fclose(report);
	stands_still();
	return 0;
}
