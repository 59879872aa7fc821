/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * std::pmr::monotonic_buffer_resource, released after each filling: over malloc, and over a pool that keeps its chunks.
 */
#include <memory_resource>

#include "peers.h"

namespace
{

struct subject {
	size_t objects;
	std::pmr::unsynchronized_pool_resource kept;
	std::pmr::monotonic_buffer_resource memory;

	subject(size_t n, bool keeps)
	    : objects(n), kept(std::pmr::pool_options{ 0, size_t(1) << 22 }),
	      memory(65536, keeps ? static_cast<std::pmr::memory_resource *>(&kept) : std::pmr::new_delete_resource())
	{
	}
};

void *pmr_open(const struct bench_contestant *me, const struct bench_case *c, unsigned)
{
	return new subject(c->capacity, me->param != 0);
}

int pmr_close(void *s)
{
	delete static_cast<subject *>(s);
	return 0;
}

BENCH_INLINE size_t objects_of(void *h)
{
	return static_cast<subject *>(h)->objects;
}

BENCH_INLINE void *pmr_alloc(void *h, size_t bytes)
{
	return static_cast<subject *>(h)->memory.allocate(bytes, 16);
}

BENCH_INLINE void pmr_end(void *h)
{
	static_cast<subject *>(h)->memory.release();
}

BENCH_FILL_LOOP(pmr, objects_of, pmr_alloc, pmr_end)

const struct bench_contestant rows[] = {
	{ "pmr::monotonic", "C++ library", nullptr, BENCH_ARENA, BENCH_FIFO, 0, 0, pmr_open, pmr_close, nullptr,
	  nullptr, BENCH_LOOPS_FILL(pmr) },
	{ "pmr::monotonic over pmr pool", "C++ library", nullptr, BENCH_ARENA, BENCH_FIFO, 0, 1, pmr_open, pmr_close,
	  nullptr, nullptr, BENCH_LOOPS_FILL(pmr) },
};

} // namespace

const struct bench_peer bench_peer_pmr = BENCH_ROWS(rows);
