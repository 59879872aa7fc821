// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// <maar.hpp>: who owns what, what throws, and that nothing is lost or ended twice.
#include <maar.hpp>

#include <cmath>
#include <cstdlib>
#include <list>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include "common.h"
}

namespace
{

int living; // objects of the type below

struct counted {
	int value;
	std::string text = "longer than what a string holds without allocating";

	explicit counted(int v) : value(v)
	{
		if (v < 0)
			throw std::runtime_error("negative");
		living++;
	}
	counted(const counted &) = delete;
	counted &operator=(const counted &) = delete;
	~counted()
	{
		living--;
	}
};

struct pair32 {
	std::int32_t a, b;
};

template <class E, class F> bool throws(F f)
{
	try {
		f();
	} catch (const E &) {
		return true;
	}
	return false;
}

START_TEST(constructors_throw)
{
	unit_must(throws<std::system_error>([] { maar::mring m(0, 8); }));
	unit_must(throws<std::system_error>([] { maar::pool p(0, 8); }));
	unit_must(throws<std::system_error>([] { maar::channel c(0, 8); }));
	unit_must(throws<std::system_error>([] { maar::ring<int> r(0); }));
	maar_arena_options o = {};
	o.align = 3;
	unit_must(throws<std::system_error>([&] { maar::arena a(&o); }));
	o.align = 0;
	o.limit_bytes = 1;
	unit_must(throws<std::bad_alloc>([&] { maar::arena a(&o); }));
}
END_TEST

START_TEST(handles_move)
{
	maar::arena a, b(std::move(a));

	unit_must(!a && b);
	a = std::move(b);
	unit_must(a && !b);
	a = maar::arena(); // the first one ends
	maar_arena *raw = a.release();
	unit_must(!a && raw);
	unit_eq(maar_arena_destroy(raw), 0);

	maar::mring m(4, 32);
	void *slot = m.get();
	unit_must(slot);
	unit_eq(m.close(), -EBUSY);
	unit_must(static_cast<bool>(m));
	unit_eq(m.put(slot), 0);
	unit_eq(m.close(), 0);
	unit_must(!m);
	unit_eq(m.close(), 0);
}
END_TEST

START_TEST(ring_of_values)
{
	maar::ring<pair32> ring(4);
	pair32 p{ 1, -2 };

	unit_must(!ring.dequeue());
	for (int i = 0; i < 4; i++)
		unit_must(ring.enqueue(p) && ++p.a);
	unit_must(!ring.enqueue(p));
	for (int i = 0; i < 4; i++) {
		const auto got = ring.dequeue();
		unit_must(got && got->a == i + 1 && got->b == -2);
	}
	maar::ring<double> doubles(2);
	unit_must(doubles.enqueue(1.5) && *doubles.dequeue() == 1.5);
	maar::ring<const char *> texts(2);
	unit_must(texts.enqueue("x") && **texts.dequeue() == 'x');
}
END_TEST

START_TEST(ring_of_owners)
{
	{
		maar::ring<std::unique_ptr<counted>> ring(4), other(4);
		auto one = std::make_unique<counted>(1);

		for (int i = 0; i < 4; i++)
			unit_must(ring.enqueue(std::make_unique<counted>(i)));
		unit_must(!ring.enqueue(std::move(one)) && one); // full: still ours
		auto got = ring.dequeue();
		unit_must(got && (*got)->value == 0);
		unit_must(ring.enqueue(std::move(one)) && !one);
		unit_must(!ring.enqueue(nullptr));
		unit_eq(living, 5);
		got.reset();
		unit_eq(living, 4);
		unit_must(other.enqueue(std::make_unique<counted>(9)));
		unit_eq(living, 5);
		other = std::move(ring); // what was in other is deleted
		unit_eq(living, 4);
		unit_must((*other.dequeue())->value == 1);
		unit_eq(living, 3);
	}
	unit_eq(living, 0);
}
END_TEST

START_TEST(ring_between_threads)
{
	constexpr int values = 20000;
	maar::ring<std::unique_ptr<counted>> ring(64, MAAR_RING_SPSC);
	std::thread producer([&] {
		for (int i = 0; i < values; i++) {
			auto p = std::unique_ptr<counted>();
			p.reset(reinterpret_cast<counted *>(
				static_cast<std::uintptr_t>(8 * (i + 1)))); // never looked into
			while (!ring.enqueue(std::move(p)))
				std::this_thread::yield();
		}
	});
	for (int i = 0; i < values;) {
		auto got = ring.dequeue();
		if (got)
			unit_eq(reinterpret_cast<std::uintptr_t>(got->release()), 8 * ++i);
		else
			std::this_thread::yield();
	}
	producer.join();
}
END_TEST

START_TEST(objects)
{
	{
		maar::object_pool<counted> pool(3);
		auto one = pool.get(1), two = pool.get(2);

		unit_must(one && two && two->value == 2);
		unit_must(throws<std::runtime_error>([&] { pool.get(-1); }));
		auto three = pool.get(3), four = pool.get(4);
		unit_must(three && !four);
		unit_eq(pool.close(), -EBUSY);
		one.reset();
		four = pool.get(4);
		unit_must(four && four->value == 4);
		unit_eq(living, 3);
		std::thread([p = std::move(two)] { unit_eq(p->value, 2); }).join(); // put by another thread
		unit_eq(living, 2);
	}
	unit_eq(living, 0);
}
END_TEST

START_TEST(messages)
{
	maar::channel c(8, 64);
	maar::message m, n;

	{
		maar::pool p(4, 64);
		maar::message a = p.get(), b = a.share();
		unit_must(a && a.native() == b.native() && maar_msg_is_shared(a.native()));
		a = std::move(b);
		unit_must(!b && !maar_msg_is_shared(a.native()));
		a.reset();
		unit_eq(p.close(), 0);
	}
	m = c.get();
	unit_eq(m.append("hi", 3), 0);
	unit_must(c.send(std::move(m)) >= 0 && !m);
	unit_must(c.recv(n) >= 0 && n.size() == 3 && std::string(static_cast<char *>(n.data())) == "hi");
	unit_eq(c.recv(m, 0), -ETIMEDOUT);
	c.shut();
	unit_eq(c.send(std::move(n)), -EPIPE);
	unit_must(static_cast<bool>(n)); // refused: still ours
	unit_eq(c.recv(m), -EPIPE);
	n.reset();
	unit_eq(c.close(), 0);
}
END_TEST

START_TEST(arena_objects)
{
	maar::arena a;

	unit_must(a.make<pair32>() && a.alloc(10));
	auto *c = a.make<counted>(5);
	unit_must(c && c->value == 5 && living == 1);
	unit_must(throws<std::runtime_error>([&] { a.make<counted>(-1); }));
	unit_eq(living, 1);
	{
		maar::arena child = a.child();
		unit_must(child.make<counted>(6) != nullptr);
		unit_eq(living, 2);
	}
	unit_eq(living, 1);
	unit_eq(a.reset(), 0);
	unit_eq(living, 0);
	struct alignas(256) wide {
		char c;
	};
	unit_eq(reinterpret_cast<std::uintptr_t>(a.make<wide>()) % 256, 0);
}
END_TEST

START_TEST(containers)
{
	maar_arena_options o = {};
	o.limit_bytes = 1 << 20;
	maar::arena a(&o), b;
	struct maar_arena_stats s;
	{
		maar::arena_allocator<int> alloc(a);
		std::vector<int, maar::arena_allocator<int>> v(alloc);
		std::map<int, std::string, std::less<>, maar::arena_allocator<std::pair<const int, std::string>>> m{
			std::less<>(), alloc
		};

		for (int i = 0; i < 20000; i++) {
			v.push_back(i);
			m[i % 100] += 'x';
		}
		unit_must(v[19999] == 19999 && m[7].size() == 200);
		unit_must(alloc == maar::arena_allocator<char>(a) && alloc != maar::arena_allocator<int>(b));
		unit_must(throws<std::bad_alloc>([&] { v.reserve(1 << 20); }));
		unit_must(throws<std::bad_alloc>([&] { (void)alloc.allocate(SIZE_MAX / 2); }));
	}
	unit_eq(maar_arena_stats(a.native(), &s), 0);
	unit_eq(s.large, 0); // a vector's large blocks have gone back
	maar::arena_resource memory(a), same(a), other(b);
	unit_must(memory == same && memory != other);
	std::pmr::string text("of some length, so that it lies in the arena", &memory);
	text += text;
	unit_eq(text.size(), 88);
	unit_must(throws<std::bad_alloc>([&] { (void)memory.allocate(1 << 20); }));
}
END_TEST

START_TEST(containers_in_a_heap)
{
	std::vector<int, maar::allocator<int>> plain(1000, 7);
	unit_must(plain[999] == 7 && maar_usable_size(plain.data()) >= 1000 * sizeof(int));
	unit_must(maar::allocator<int>() == maar::allocator<char>() &&
		  !(maar::allocator<int>() != maar::allocator<char>()));
	unit_must(throws<std::bad_alloc>([] { (void)maar::allocator<int>().allocate(SIZE_MAX / 2); }));

	maar::heap a, b;
	std::list<int, maar::heap_allocator<int>> list(a);
	for (int i = 0; i < 1000; i++)
		list.push_back(i);
	unit_must(maar_heap_of(&list.front()) == a.native());
	unit_must(maar::heap_allocator<int>(a) == maar::heap_allocator<char>(a));
	unit_must(maar::heap_allocator<int>(a) != maar::heap_allocator<int>(b));
	unit_must(throws<std::bad_alloc>([&] { (void)maar::heap_allocator<int>(a).allocate(SIZE_MAX / 2); }));
	struct alignas(256) wide {
		char text[256];
	};
	std::vector<wide, maar::heap_allocator<wide>> wides(3, wide(), a);
	unit_eq(reinterpret_cast<std::uintptr_t>(wides.data()) % 256, 0);

	maar::heap_resource memory(b), same(b), other(a);
	unit_must(memory == same && memory != other && memory != *std::pmr::new_delete_resource());
	// Placed in the heap, and never ended: it goes with the heap.
	auto *text = new (memory.allocate(sizeof(std::pmr::string))) std::pmr::string(500, 'x', &memory);
	unit_must(maar_heap_of(text->data()) == b.native() && (*text)[499] == 'x');
	unit_must(throws<std::bad_alloc>([&] { (void)memory.allocate(SIZE_MAX / 2); }));
	void *raw = a.malloc(100);
	unit_must(raw && maar_heap_of(raw) == a.native());
	maar_free(raw);
	maar::heap moved(std::move(b));
	unit_must(!b && moved && moved.close() == 0 && !moved);
}
END_TEST

START_TEST(pool_nodes)
{
	maar::pool_resource memory(100, 64);
	struct maar_mring_stats s;
	{
		std::pmr::list<int> list(&memory);
		for (int i = 0; i < 150; i++) // more than there are slots
			list.push_back(i);
		unit_eq(list.back(), 149);
		unit_eq(maar_mring_stats(memory.native(), &s), 0);
		unit_eq(s.in_use, 100);
		void *large = memory.allocate(65), *wide = memory.allocate(8, 128);
		unit_eq(reinterpret_cast<std::uintptr_t>(wide) % 128, 0);
		memory.deallocate(large, 65);
		memory.deallocate(wide, 8, 128);
	}
	unit_eq(maar_mring_stats(memory.native(), &s), 0);
	unit_eq(s.in_use, 0);
	unit_must(memory == memory && memory != *std::pmr::new_delete_resource());
}
END_TEST

} // namespace

extern "C" Suite *unit_suite(void)
{
	Suite *suite = suite_create("hpp");
	TCase *tcase = unit_tcase(suite, "hpp");

	tcase_add_test(tcase, constructors_throw);
	tcase_add_test(tcase, handles_move);
	tcase_add_test(tcase, ring_of_values);
	tcase_add_test(tcase, ring_of_owners);
	tcase_add_test(tcase, ring_between_threads);
	tcase_add_test(tcase, objects);
	tcase_add_test(tcase, messages);
	tcase_add_test(tcase, arena_objects);
	tcase_add_test(tcase, containers);
	tcase_add_test(tcase, containers_in_a_heap);
	tcase_add_test(tcase, pool_nodes);
	return suite;
}
