// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// maar for C++17, part of <maar.hpp>: handles, which end what they hold, messages, and the objects.
#ifndef MAAR_OBJECTS_HPP
#define MAAR_OBJECTS_HPP

#include <maar.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

template <class T> int ended(void (*destroy)(T *), T *object) noexcept
{
	destroy(object);
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

// A heap: blocks that end with it, one by one before by any thread (maar_free).
class heap : public handle<maar_heap, &maar_heap_destroy>
{
      public:
	explicit heap(unsigned flags = 0) : handle(detail::made(maar_heap_create(flags)))
	{
	}
	void *malloc(std::size_t bytes) noexcept
	{
		return maar_heap_malloc(native(), bytes);
	}
	void *memalign(std::size_t align, std::size_t bytes) noexcept
	{
		return maar_heap_memalign(native(), align, bytes);
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

} // namespace maar

#endif
