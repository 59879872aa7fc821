/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The memory of an mring's slots: addresses for all that there may be, reserved at once, so that slot and handle are a
 * multiplication apart for ever; memory behind them slab by slab, as it grows and shrinks. All of it comes and goes here.
 */
#include "mring_priv.h"

#include <errno.h>

/* By default an mring of any size has some 64 slabs, of no less than 16 pages and no more than one huge page. */
#define DEFAULT_SLABS	  64
#define LEAST_SLAB_BYTES  ((size_t)64 << 10)
#define DEFAULT_MOST_SLAB ((size_t)2 << 20)

/* Slots that fill whole pages, the fewest. */
static size_t slots_of_pages(const struct maar__mring *m)
{
	const unsigned page = (unsigned)__builtin_ctzll(m->page), slot = (unsigned)__builtin_ctzll(m->front.stride);

	return slot >= page ? 1 : (size_t)1 << (page - slot);
}

static void choose_slab(struct maar__mring *m, size_t slab_bytes)
{
	const size_t unit = slots_of_pages(m), most = m->front.slots * m->front.stride;
	size_t slots;

	if (!slab_bytes) {
		slab_bytes = most / DEFAULT_SLABS;
		if (slab_bytes < LEAST_SLAB_BYTES)
			slab_bytes = LEAST_SLAB_BYTES;
		if (slab_bytes > DEFAULT_MOST_SLAB)
			slab_bytes = DEFAULT_MOST_SLAB;
	}
	slots = slab_bytes / m->front.stride;
	slots = slots < unit ? unit : slots / unit * unit;
	m->slab_slots = slots < m->front.slots && !m->given_slab ? (uint32_t)slots : m->front.slots;
	m->slabs = (m->front.slots - 1) / m->slab_slots + 1;
}

/* Addresses for `bytes` of slots; where they begin in m->front.slab. */
static int reserve(struct maar__mring *m, size_t bytes, size_t align, bool huge)
{
	const size_t page = huge ? maar__huge_page() : 0;
	bool set_aside;

	if (m->given_slab) {
		m->pages = MAAR_MRING_PAGES_GIVEN;
		m->front.slab = m->given_slab;
		return 0;
	}
	if (page) {
		if (!maar__round_up(bytes, page, &m->mapping_bytes) || m->mapping_bytes > PTRDIFF_MAX - page)
			return -EOVERFLOW;
		m->page = page;
		m->mapping = maar__reserve_huge(bytes, page, &set_aside);
		m->pages = set_aside ? MAAR_MRING_PAGES_HUGE : MAAR_MRING_PAGES_ADVISED;
	} else {
		m->mapping = maar__reserve(m->mapping_bytes);
	}
	if (!m->mapping)
		return -errno;
	m->front.slab = (unsigned char *)m->mapping + (align - (uintptr_t)m->mapping % align) % align;
	return 0;
}

int maar__slab_reserve(struct maar__mring *m, size_t most, size_t align, const struct maar_mring_options *o)
{
	size_t bytes;
	int rc;

	if (!maar__mul(most, (size_t)m->front.stride, &bytes) || !maar__add(bytes, align, &m->mapping_bytes) ||
	    m->mapping_bytes > PTRDIFF_MAX)
		return -EOVERFLOW;
	maar__mring_measures(&m->front, m->front.stride, (uint32_t)most);
	m->page = maar__page();
	rc = reserve(m, bytes, align, o->huge_pages);
	if (rc == 0 && o->numa_node)
		rc = maar__on_node(m->mapping, m->mapping_bytes, o->numa_node - 1);
	if (rc)
		return rc;
	choose_slab(m, o->slab_bytes);
	m->present = maar__map(m->slabs);
	return m->present ? 0 : -errno;
}

void maar__slab_release(struct maar__mring *m)
{
	maar__unmap(m->mapping, m->mapping_bytes);
	maar__unmap(m->present, m->slabs);
}

/* Bytes of n slabs from the first on, the last page filled up. */
static size_t bytes_of(const struct maar__mring *m, uint32_t first, uint32_t n)
{
	size_t bytes = (size_t)(maar__slab_end(m, first + n - 1) - first * m->slab_slots) * m->front.stride;

	(void)maar__round_up(bytes, m->page, &bytes); /* the mapping has that page */
	return bytes;
}

/* An inner mring's addresses become memory in pieces of so many bytes, which the system keeps as one mapping. */
#define INNER_PIECE ((size_t)4 << 20)

static bool ready_inner(struct maar__mring *m, uint32_t end)
{
	uint32_t to = m->mapped + (uint32_t)(INNER_PIECE / m->front.stride);

	if (end <= m->mapped)
		return true;
	if (to < end)
		to = end;
	if (to > m->slabs)
		to = m->slabs;
	if (!maar__ready(maar__mring_at(m, m->mapped), (size_t)(to - m->mapped) * m->front.stride))
		return false;
	m->mapped = to;
	return true;
}

bool maar__slab_ready(struct maar__mring *m, uint32_t first, uint32_t n)
{
	if (m->given_slab)
		memset(m->given_slab, 0, m->front.slots * m->front.stride);
	else if (m->inner ? !ready_inner(m, first + n)
			  : !maar__ready(maar__mring_at(m, first * m->slab_slots), bytes_of(m, first, n)))
		return false;
	memset(m->present + first, 1, n);
	if (m->track)
		maar__track_cover(m, first * m->slab_slots, maar__slab_end(m, first + n - 1) - first * m->slab_slots);
	return true;
}

bool maar__slab_return(struct maar__mring *m, uint32_t slab)
{
	void *at = maar__mring_at(m, slab * m->slab_slots);

	if (m->given_slab || !(m->inner ? maar__discard : maar__unready)(at, bytes_of(m, slab, 1)))
		return false;
	m->present[slab] = 0;
	if (m->track)
		maar__track_forget(m, slab * m->slab_slots, maar__slab_end(m, slab) - slab * m->slab_slots);
	return true;
}
