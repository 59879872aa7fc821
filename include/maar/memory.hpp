// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// maar for C++17, part of <maar.hpp>: allocators for the containers of the standard library, and resources for std::pmr, over
// arenas, heaps, maar's malloc, and slots. All throw std::bad_alloc when there is no memory.
#ifndef MAAR_MEMORY_HPP
#define MAAR_MEMORY_HPP

#include <maar/objects.hpp>

#include <limits>
#include <memory_resource>

namespace maar
{

namespace detail
{

// What an allocator of n objects of T got from get(align, bytes).
template <class T, class Get> T *objects(std::size_t n, Get get)
{
	const bool fits = n <= std::numeric_limits<std::size_t>::max() / sizeof(T);
	void *at = fits ? get(alignof(T), n * sizeof(T)) : nullptr;

	if (!at)
		throw std::bad_alloc();
	return static_cast<T *>(at);
}

} // namespace detail

// For containers that live in an arena: deallocate gives large blocks back, all else ends with the arena. One thread at a
// time, as the arena.
template <class T> class arena_allocator
{
      public:
	using value_type = T;

	arena_allocator(const arena &a) noexcept : arena_(a.native())
	{
	}
	explicit arena_allocator(maar_arena *a) noexcept : arena_(a)
	{
	}
	template <class U> arena_allocator(const arena_allocator<U> &other) noexcept : arena_(other.native())
	{
	}
	T *allocate(std::size_t n)
	{
		return detail::objects<T>(n, [this](std::size_t align, std::size_t bytes) {
			return maar_arena_memalign(arena_, align, bytes);
		});
	}
	void deallocate(T *at, std::size_t) noexcept
	{
		(void)maar_arena_free(arena_, at);
	}
	maar_arena *native() const noexcept
	{
		return arena_;
	}
	template <class U> bool operator==(const arena_allocator<U> &other) const noexcept
	{
		return arena_ == other.native();
	}
	template <class U> bool operator!=(const arena_allocator<U> &other) const noexcept
	{
		return arena_ != other.native();
	}

      private:
	maar_arena *arena_;
};

// The same for std::pmr.
class arena_resource : public std::pmr::memory_resource
{
      public:
	explicit arena_resource(const arena &a) noexcept : arena_(a.native())
	{
	}

      private:
	void *do_allocate(std::size_t bytes, std::size_t align) override
	{
		void *at = maar_arena_memalign(arena_, align, bytes);

		if (!at)
			throw std::bad_alloc();
		return at;
	}
	void do_deallocate(void *at, std::size_t, std::size_t) override
	{
		(void)maar_arena_free(arena_, at);
	}
	bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
	{
		const auto *same = dynamic_cast<const arena_resource *>(&other);

		return same && same->arena_ == arena_;
	}

	maar_arena *arena_;
};

// For containers on maar's malloc, in any thread.
template <class T> class allocator
{
      public:
	using value_type = T;

	allocator() noexcept = default;
	template <class U> allocator(const allocator<U> &) noexcept
	{
	}
	T *allocate(std::size_t n)
	{
		return detail::objects<T>(n, maar_memalign);
	}
	void deallocate(T *at, std::size_t) noexcept
	{
		maar_free(at);
	}
	template <class U> bool operator==(const allocator<U> &) const noexcept
	{
		return true;
	}
	template <class U> bool operator!=(const allocator<U> &) const noexcept
	{
		return false;
	}
};

// For containers in a heap: what they have not given back ends with it. Any thread, as the heap.
template <class T> class heap_allocator
{
      public:
	using value_type = T;

	heap_allocator(const heap &h) noexcept : heap_(h.native())
	{
	}
	explicit heap_allocator(maar_heap *h) noexcept : heap_(h)
	{
	}
	template <class U> heap_allocator(const heap_allocator<U> &other) noexcept : heap_(other.native())
	{
	}
	T *allocate(std::size_t n)
	{
		return detail::objects<T>(n, [this](std::size_t align, std::size_t bytes) {
			return maar_heap_memalign(heap_, align, bytes);
		});
	}
	void deallocate(T *at, std::size_t) noexcept
	{
		maar_free(at);
	}
	maar_heap *native() const noexcept
	{
		return heap_;
	}
	template <class U> bool operator==(const heap_allocator<U> &other) const noexcept
	{
		return heap_ == other.native();
	}
	template <class U> bool operator!=(const heap_allocator<U> &other) const noexcept
	{
		return heap_ != other.native();
	}

      private:
	maar_heap *heap_;
};

// The same for std::pmr.
class heap_resource : public std::pmr::memory_resource
{
      public:
	explicit heap_resource(const heap &h) noexcept : heap_(h.native())
	{
	}

      private:
	void *do_allocate(std::size_t bytes, std::size_t align) override
	{
		void *at = maar_heap_memalign(heap_, align, bytes);

		if (!at)
			throw std::bad_alloc();
		return at;
	}
	void do_deallocate(void *at, std::size_t, std::size_t) override
	{
		maar_free(at);
	}
	bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
	{
		const auto *same = dynamic_cast<const heap_resource *>(&other);

		return same && same->heap_ == heap_;
	}

	maar_heap *heap_;
};

// Blocks of up to so many bytes from slots, for any thread: nodes of lists and maps that grow here and shrink there. What is
// larger, more aligned than 64, or finds no slot free, comes from `upstream`, which then has to stand several threads too.
// The resource must outlive its blocks: if some are out at its end, the slots are left to them.
class pool_resource : public std::pmr::memory_resource
{
      public:
	pool_resource(std::size_t slots, std::size_t bytes,
		      std::pmr::memory_resource *upstream = std::pmr::new_delete_resource())
	    : slots_(slots, bytes), bytes_(bytes), upstream_(upstream)
	{
	}
	maar_mring *native() const noexcept
	{
		return slots_.native();
	}

      private:
	void *do_allocate(std::size_t bytes, std::size_t align) override
	{
		void *slot = bytes <= bytes_ && align <= MAAR_CACHE_LINE ? slots_.get() : nullptr;

		return slot ? slot : upstream_->allocate(bytes, align);
	}
	void do_deallocate(void *at, std::size_t bytes, std::size_t align) override
	{
		if (maar_mring_handle(slots_.native(), at) == MAAR_NO_HANDLE)
			upstream_->deallocate(at, bytes, align);
		else
			(void)slots_.put(at);
	}
	bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
	{
		return this == &other;
	}

	mring slots_;
	std::size_t bytes_;
	std::pmr::memory_resource *upstream_;
};

} // namespace maar

#endif
