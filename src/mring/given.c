/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An mring in the caller's memory: what stands behind struct maar_mring, the shared ring (or the lane of the one thread), the
 * slots. Lanes are born and die with threads, so they come from the system as ever.
 */
#include "mring_priv.h"

#include "../base/life.h"

struct layout {
	size_t rest, slab; /* from the beginning */
	size_t rest_bytes, bytes;
};

static int lay_out(struct layout *l, size_t slots, size_t slot_bytes, const struct maar_mring_options *o)
{
	const size_t align = o->align > MAAR_APART ? o->align : MAAR_APART;
	struct maar__mring m = { .batch = 0 };
	size_t all;
	int rc;

	if (o->max_slots || o->max_bytes || o->soft_slots || o->soft_bytes || o->pressure || o->slab_bytes ||
	    o->idle_ms || o->huge_pages || o->numa_node)
		return -EINVAL;
	rc = maar__mring_plan(&m, slots, slot_bytes, o);
	if (rc)
		return rc;
	l->rest_bytes = m.single ? maar__mring_single_bytes(&m)
				 : maar_batch_ring_bytes(maar__mring_ring_capacity(&m), m.batch, 0);
	l->rest = sizeof(m);
	/* The slots may begin anywhere up to `align` behind the rest: mem is aligned to less. */
	if (!l->rest_bytes || !maar__add(l->rest, l->rest_bytes, &l->slab) ||
	    !maar__add(l->slab, align - 1, &l->slab) || !maar__mul(slots, (size_t)m.front.stride, &all) ||
	    !maar__add(l->slab, all, &l->bytes) || l->bytes > PTRDIFF_MAX)
		return -EOVERFLOW;
	return 0;
}

static const struct maar_mring_options *or_defaults(const struct maar_mring_options *options)
{
	static const struct maar_mring_options defaults;

	return options ? options : &defaults;
}

size_t maar_mring_bytes(size_t slots, size_t slot_bytes, const struct maar_mring_options *options)
{
	struct layout l;

	return lay_out(&l, slots, slot_bytes, or_defaults(options)) ? 0 : l.bytes;
}

int maar_mring_init(struct maar_mring **mring, void *mem, size_t bytes, size_t slots, size_t slot_bytes,
		    const struct maar_mring_options *options)
{
	const struct maar_mring_options *o = or_defaults(options);
	const size_t align = o->align > MAAR_APART ? o->align : MAAR_APART;
	struct maar__mring *m = mem, planned = { .batch = 0 };
	struct layout l;
	int rc = lay_out(&l, slots, slot_bytes, o);

	if (rc == 0)
		rc = mring ? maar__unfit(mem, bytes, l.bytes) : -EINVAL;
	if (rc == 0)
		rc = maar__mring_plan(&planned, slots, slot_bytes, o);
	if (rc)
		return rc;
	memset(m, 0, sizeof(*m));
	m->front.stride = planned.front.stride;
	m->given_rest = (unsigned char *)mem + l.rest;
	m->given_rest_bytes = l.rest_bytes;
	m->given_slab = (unsigned char *)mem + l.slab;
	m->given_slab -= (uintptr_t)m->given_slab % align;
	rc = maar__mring_build(m, slots, slot_bytes, o);
	if (rc == 0)
		*mring = &m->front;
	return rc;
}
