// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// maar for C++17: the same objects, ended by their handles, speaking of your types. Header only; link libmaar.
//
//     maar::ring<std::unique_ptr<job>> jobs(1024);                 jobs.enqueue(std::move(job));   jobs.dequeue()
//     maar::object_pool<conn> conns(100);                          auto c = conns.get(fd, peer);   its end puts it back
//     maar::arena a;                                               std::vector<int, maar::arena_allocator<int>> v(a);
//     maar::arena_resource memory(a);                              std::pmr::string s(&memory);
//
// Who may call what at the same time, progress, order and cost are those of the C calls behind each. Handles are move-only,
// and a handle itself belongs to one thread at a time; its native() may be used by all whom the C header allows.
// Errors: constructors throw std::bad_alloc (no memory) or std::system_error (errno); nothing else throws but the
// constructors of your own types, and allocators and resources, which have to (std::bad_alloc). All other calls answer as in C.
#ifndef MAAR_HPP
#define MAAR_HPP

#include <maar.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace maar
{

namespace detail
{

// What create returned; throws if that was NULL.
template <class T> T *made(T *object)
{
	if (object)
		return object;
	if (errno == ENOMEM)
		throw std::bad_alloc();
	throw std::system_error(errno, std::generic_category(), "maar");
}

inline int ended(void (*)(maar_ring *), maar_ring *r) noexcept
{
	maar_ring_destroy(r);
	return 0;
}

template <class T> int ended(int (*destroy)(T *), T *object) noexcept
{
	return destroy(object);
}

} // namespace detail

// The owner of a C object. Its destructor ends the object; where the C call refuses because something is still out
// (-EBUSY), the object is left as it is, and so leaked rather than taken from under its users: close() tells.
template <class T, auto Destroy> class handle
{
      public:
	handle() noexcept = default;
	explicit handle(T *object) noexcept : object_(object)
	{
	}
	handle(handle &&other) noexcept : object_(other.release())
	{
	}
	handle &operator=(handle &&other) noexcept
	{
		if (this != &other) {
			(void)close();
			object_ = other.release();
		}
		return *this;
	}
	handle(const handle &) = delete;
	handle &operator=(const handle &) = delete;
	~handle()
	{
		(void)close();
	}

	// Ends it now: 0, or what destroy says, and then it is still owned.
	int close() noexcept
	{
		const int rc = object_ ? detail::ended(Destroy, object_) : 0;

		if (rc == 0)
			object_ = nullptr;
		return rc;
	}
	// Gives it up without ending it.
	T *release() noexcept
	{
		return std::exchange(object_, nullptr);
	}
	T *native() const noexcept
	{
		return object_;
	}
	explicit operator bool() const noexcept
	{
		return object_ != nullptr;
	}

      private:
	T *object_ = nullptr;
};

// ---- messages ----

// One reference to a message: its end releases it. A copy would be a retain: ask for it by share().
class message
{
      public:
	message() noexcept = default;
	explicit message(maar_msg *m) noexcept : m_(m)
	{
	}
	message(message &&other) noexcept : m_(other.release())
	{
	}
	message &operator=(message &&other) noexcept
	{
		if (this != &other) {
			reset();
			m_ = other.release();
		}
		return *this;
	}
	message(const message &) = delete;
	message &operator=(const message &) = delete;
	~message()
	{
		reset();
	}

	void reset() noexcept
	{
		if (m_)
			(void)maar_msg_release(std::exchange(m_, nullptr));
	}
	maar_msg *release() noexcept
	{
		return std::exchange(m_, nullptr);
	}
	message share() const noexcept
	{
		return message(m_ ? maar_msg_retain(m_) : nullptr);
	}
	maar_msg *native() const noexcept
	{
		return m_;
	}
	explicit operator bool() const noexcept
	{
		return m_ != nullptr;
	}
	// Of a message that is there.
	void *data() const noexcept
	{
		return maar_msg_data(m_);
	}
	std::size_t size() const noexcept
	{
		return maar_msg_length(m_);
	}
	int append(const void *from, std::size_t bytes) noexcept
	{
		return maar_msg_append(m_, from, bytes);
	}

      private:
	maar_msg *m_ = nullptr;
};

// ---- the objects ----

class mring : public handle<maar_mring, &maar_mring_destroy>
{
      public:
	mring(std::size_t slots, std::size_t bytes, const maar_mring_options *options = nullptr)
	    : handle(detail::made(maar_mring_create(slots, bytes, options)))
	{
	}
	void *get() noexcept
	{
		return maar_mring_get(native());
	}
	int put(void *slot) noexcept
	{
		return maar_mring_put(native(), slot);
	}
};

class pool : public handle<maar_pool, &maar_pool_destroy>
{
      public:
	pool(std::size_t messages, std::size_t bytes, const maar_pool_options *options = nullptr)
	    : handle(detail::made(maar_pool_create(messages, bytes, options)))
	{
	}
	// Without a message if none is to be had.
	message get() noexcept
	{
		return message(maar_pool_get(native()));
	}
};

class channel : public handle<maar_channel, &maar_channel_destroy>
{
      public:
	channel(std::size_t capacity, std::size_t bytes, const maar_channel_options *options = nullptr)
	    : handle(detail::made(maar_channel_create(capacity, bytes, options)))
	{
	}
	// As maar_channel_send; the message is the channel's only if the answer is that it went, or fell by the policy (>= 0).
	int send(message &&m) noexcept
	{
		const int rc = maar_channel_send(native(), m.native());

		if (rc >= 0)
			(void)m.release();
		return rc;
	}
	// As maar_channel_recv: m is what it had before, released, or the message received.
	int recv(message &m, std::int64_t timeout_ns = MAAR_FOREVER) noexcept
	{
		maar_msg *got = nullptr;
		const int rc = maar_channel_recv(native(), &got, timeout_ns);

		m = message(rc >= 0 ? got : nullptr);
		return rc;
	}
	// A message of the channel's own pool; without one if none is to be had.
	message get() noexcept
	{
		return message(maar_pool_get(maar_channel_pool(native())));
	}
	// No more sends: maar_channel_close. (close() ends the channel.)
	void shut() noexcept
	{
		maar_channel_close(native());
	}
};

// An arena, and the mark and objects of types that go with it.
class arena : public handle<maar_arena, &maar_arena_destroy>
{
      public:
	arena() : arena(static_cast<const maar_arena_options *>(nullptr))
	{
	}
	explicit arena(const maar_arena_options *options) : handle(detail::made(maar_arena_create(options)))
	{
	}
	explicit arena(maar_arena *owned) noexcept : handle(owned)
	{
	}
	// A child; throws as a constructor. This arena's end, reset and rollback end it, too: by then the child's handle must be
	// gone, or released.
	arena child(const maar_arena_options *options = nullptr)
	{
		return arena(detail::made(maar_arena_create_child(native(), options)));
	}
	void *alloc(std::size_t bytes) noexcept
	{
		return maar_arena_alloc(native(), bytes);
	}
	int reset() noexcept
	{
		return maar_arena_reset(native());
	}
	// An object that lives as long as the arena: its destructor, unless trivial, is a clean-up handler. NULL: no memory.
	template <class T, class... Args> T *make(Args &&...args) noexcept(std::is_nothrow_constructible_v<T, Args...>)
	{
		void *at = maar_arena_memalign(native(), alignof(T), sizeof(T));
		maar_arena_cleanup *end = nullptr;

		if (!at)
			return nullptr;
		if constexpr (!std::is_trivially_destructible_v<T>) {
			end = maar_arena_cleanup_add(native(), destroy<T>, at);
			if (!end)
				return nullptr;
		}
		struct guard { // a constructor that throws leaves nothing to destroy
			maar_arena *a;
			maar_arena_cleanup *c;
			~guard()
			{
				if (c)
					(void)maar_arena_cleanup_cancel(a, c);
			}
		} not_yet{ native(), end };
		T *object = ::new (at) T(std::forward<Args>(args)...);

		not_yet.c = nullptr;
		return object;
	}

      private:
	template <class T> static void destroy(void *at)
	{
		static_cast<T *>(at)->~T();
	}
};

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

// ---- allocators and resources ----

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
		const bool fits = n <= std::numeric_limits<std::size_t>::max() / sizeof(T);
		void *at = fits ? maar_arena_memalign(arena_, alignof(T), n * sizeof(T)) : nullptr;

		if (!at)
			throw std::bad_alloc();
		return static_cast<T *>(at);
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
