// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// maar for C++17, part of <maar.hpp>: rings of values and of owners, pools of objects.
#ifndef MAAR_TYPED_HPP
#define MAAR_TYPED_HPP

#include <maar/objects.hpp>

#include <memory>

namespace maar
{

// ---- ring<T> ----

namespace detail
{

template <class T> struct word { // a value in 64 bits
	static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t),
		      "a ring carries trivially copyable values of up to 8 bytes, pointers, and unique_ptr");
	static constexpr bool owns = false;

	static std::uint64_t to(const T &value) noexcept
	{
		std::uint64_t w = 0;

		std::memcpy(&w, &value, sizeof(T));
		return w;
	}
	static T from(std::uint64_t w) noexcept
	{
		alignas(T) unsigned char bytes[sizeof(T)];

		std::memcpy(bytes, &w, sizeof(T));
		return *std::launder(reinterpret_cast<T *>(bytes));
	}
	static void passed(const T &) noexcept
	{
	}
};

template <class U> struct word<std::unique_ptr<U>> {
	static constexpr bool owns = true;

	static std::uint64_t to(const std::unique_ptr<U> &value) noexcept
	{
		return reinterpret_cast<std::uintptr_t>(value.get());
	}
	static std::unique_ptr<U> from(std::uint64_t w) noexcept
	{
		return std::unique_ptr<U>(reinterpret_cast<U *>(static_cast<std::uintptr_t>(w)));
	}
	static void passed(std::unique_ptr<U> &value) noexcept
	{
		(void)value.release();
	}
};

} // namespace detail

// A maar_ring of T: trivially copyable values of up to 8 bytes, pointers, or unique_ptrs, whose ownership goes through the
// ring: an empty one is a value like others. What is in the ring at its end is deleted with it.
template <class T> class ring : public handle<maar_ring, &maar_ring_destroy>
{
	using base = handle<maar_ring, &maar_ring_destroy>;
	using word = detail::word<T>;

      public:
	explicit ring(std::size_t capacity, unsigned flags = 0) : base(detail::made(maar_ring_create(capacity, flags)))
	{
	}
	ring(ring &&) noexcept = default;
	ring &operator=(ring &&other) noexcept
	{
		if (this != &other)
			drain();
		base::operator=(std::move(other));
		return *this;
	}
	~ring()
	{
		drain();
	}

	// False: full, and the value is still the caller's, also if it was moved here.
	bool enqueue(T &&value) noexcept
	{
		if (!maar_ring_enqueue(this->native(), word::to(value)))
			return false;
		word::passed(value);
		return true;
	}
	template <class V = T, class = std::enable_if_t<!detail::word<V>::owns>> bool enqueue(const T &value) noexcept
	{
		return maar_ring_enqueue(this->native(), word::to(value)) != 0;
	}
	// Nothing: empty.
	std::optional<T> dequeue() noexcept
	{
		std::uint64_t w;

		if (!maar_ring_dequeue(this->native(), &w))
			return std::nullopt;
		return word::from(w);
	}

      private:
	void drain() noexcept
	{
		if constexpr (word::owns)
			while (this->native() && dequeue())
				;
	}
};

// ---- object_pool<T> ----

// Objects of T in the slots of an mring, made by get and destroyed when their holder lets go, in whatever thread.
template <class T> class object_pool
{
	static_assert(alignof(T) <= MAAR_CACHE_LINE, "over-aligned for a slot");

      public:
	struct putter {
		maar_mring *slots = nullptr;
		void operator()(T *object) const noexcept
		{
			object->~T();
			(void)maar_mring_put(slots, object);
		}
	};
	using pointer = std::unique_ptr<T, putter>;

	explicit object_pool(std::size_t objects, const maar_mring_options *options = nullptr)
	    : slots_(objects, sizeof(T), options)
	{
	}
	// An object made of the arguments; NULL if none is free. A constructor that throws leaves the slot in the pool.
	template <class... Args> pointer get(Args &&...args) noexcept(std::is_nothrow_constructible_v<T, Args...>)
	{
		struct guard {
			maar_mring *slots;
			void *slot;
			~guard()
			{
				if (slot)
					(void)maar_mring_put(slots, slot);
			}
		} taken{ slots_.native(), slots_.get() };

		if (!taken.slot)
			return pointer(nullptr, putter{ slots_.native() });
		T *object = ::new (taken.slot) T(std::forward<Args>(args)...);

		taken.slot = nullptr;
		return pointer(object, putter{ slots_.native() });
	}
	// 0, or -EBUSY while objects are out. The destructor then leaves the pool to them.
	int close() noexcept
	{
		return slots_.close();
	}
	maar_mring *native() const noexcept
	{
		return slots_.native();
	}

      private:
	mring slots_;
};

} // namespace maar

#endif
