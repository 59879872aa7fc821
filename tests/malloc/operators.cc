// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// C++'s operators new and delete, in every form of the standard up to C++17: blocks that are aligned and one's own, and when
// there is no memory a new handler that is asked, an exception, or a null pointer. As behave.c: passes with any malloc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <sys/resource.h>

#define must(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                        \
			std::exit(1);                                                                                  \
		}                                                                                                      \
	} while (0)

static volatile std::size_t huge = PTRDIFF_MAX;

static void whose()
{
	static const char *const names[] = { "_Znwm",
					     "_Znam",
					     "_ZnwmRKSt9nothrow_t",
					     "_ZnamRKSt9nothrow_t",
					     "_ZnwmSt11align_val_t",
					     "_ZnamSt11align_val_t",
					     "_ZnwmSt11align_val_tRKSt9nothrow_t",
					     "_ZnamSt11align_val_tRKSt9nothrow_t",
					     "_ZdlPv",
					     "_ZdaPv",
					     "_ZdlPvm",
					     "_ZdaPvm",
					     "_ZdlPvRKSt9nothrow_t",
					     "_ZdaPvRKSt9nothrow_t",
					     "_ZdlPvSt11align_val_t",
					     "_ZdaPvSt11align_val_t",
					     "_ZdlPvmSt11align_val_t",
					     "_ZdaPvmSt11align_val_t",
					     "_ZdlPvSt11align_val_tRKSt9nothrow_t",
					     "_ZdaPvSt11align_val_tRKSt9nothrow_t" };
	const char *wanted = std::getenv("MAAR_TEST_MALLOC");

	for (const char *name : names) {
		Dl_info info;
		void *where = dlsym(RTLD_DEFAULT, name);

		must(where && dladdr(where, &info));
		if (wanted && !std::strstr(info.dli_fname, wanted)) {
			std::fprintf(stderr, "%s is %s's, and not %s's\n", name, info.dli_fname, wanted);
			std::exit(1);
		}
	}
}

static void fill(void *block, std::size_t bytes)
{
	must(block);
	std::memset(block, 0x5a, bytes);
}

static void plain()
{
	for (std::size_t n = 0; n < 100000; n = n * 3 / 2 + 1) {
		void *a = ::operator new(n), *b = ::operator new[](n);
		void *c = ::operator new(n, std::nothrow), *d = ::operator new[](n, std::nothrow);
		void *e = ::operator new(n), *f = ::operator new[](n);

		must(a != b && c != d && a != c);
		for (void *block : { a, b, c, d, e, f }) {
			fill(block, n);
			must(reinterpret_cast<std::uintptr_t>(block) % 16 == 0);
		}
		::operator delete(a);
		::operator delete[](b);
		::operator delete(c, std::nothrow);
		::operator delete[](d, std::nothrow);
		::operator delete(e, n);
		::operator delete[](f, n);
	}
	::operator delete(nullptr);
	::operator delete[](nullptr, std::nothrow);
}

static void aligned()
{
	for (std::size_t align = 1; align <= 1 << 20; align *= 2)
		for (std::size_t n : { std::size_t(0), std::size_t(1), align - 1, align, align + 1, 3 * align }) {
			const auto to = std::align_val_t(align);
			void *block[6] = { ::operator new(n, to),
					   ::operator new[](n, to),
					   ::operator new(n, to, std::nothrow),
					   ::operator new[](n, to, std::nothrow),
					   ::operator new(n, to),
					   ::operator new[](n, to) };

			for (void *one : block) {
				fill(one, n);
				must(reinterpret_cast<std::uintptr_t>(one) % align == 0);
			}
			::operator delete(block[0], to);
			::operator delete[](block[1], to);
			::operator delete(block[2], to, std::nothrow);
			::operator delete[](block[3], to, std::nothrow);
			::operator delete(block[4], n, to);
			::operator delete[](block[5], n, to);
		}
}

template <typename Call> static bool throws(Call call)
{
	try {
		call();
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

static void none()
{
	const std::size_t n = huge;
	const auto to = std::align_val_t(64);

	must(throws([=] { ::operator delete(::operator new(n)); }));
	must(throws([=] { ::operator delete[](::operator new[](n)); }));
	must(throws([=] { ::operator delete(::operator new(n, to), to); }));
	must(throws([=] { ::operator delete[](::operator new[](n, to), to); }));
	must(!::operator new(n, std::nothrow));
	must(!::operator new[](n, std::nothrow));
	must(!::operator new(n, to, std::nothrow));
	must(!::operator new[](n, to, std::nothrow));
}

static int asked;

static void gives_up()
{
	if (++asked % 3 == 0)
		std::set_new_handler(nullptr);
}

struct mine : std::bad_alloc {
};

static void throws_mine()
{
	throw mine();
}

static void handlers()
{
	const std::size_t n = huge;
	bool caught = false;

	std::set_new_handler(gives_up);
	must(throws([=] { ::operator delete(::operator new(n)); }));
	must(asked == 3);
	std::set_new_handler(gives_up);
	must(!::operator new(n, std::nothrow));
	must(asked == 6);
	std::set_new_handler(throws_mine);
	try {
		::operator delete(::operator new(n));
	} catch (const mine &) {
		caught = true;
	}
	must(caught);
	must(!::operator new[](n, std::nothrow)); // what the handler throws stays inside
	must(!::operator new(n, std::align_val_t(128), std::nothrow));
	std::set_new_handler(nullptr);
}

static rlimit before;

// Memory that the handler finds.
static void gives_room()
{
	asked++;
	must(!setrlimit(RLIMIT_AS, &before));
}

// No more addresses than there are, and some.
static void take_room()
{
	unsigned long pages = 0;
	FILE *f = std::fopen("/proc/self/statm", "r");
	rlimit little;

	must(f && std::fscanf(f, "%lu", &pages) == 1);
	std::fclose(f);
	must(!getrlimit(RLIMIT_AS, &before));
	little = before;
	little.rlim_cur = pages * 4096ul + (16ul << 20);
	must(!setrlimit(RLIMIT_AS, &little));
	std::set_new_handler(gives_room);
	asked = 0;
}

template <typename Get> static void *found(Get get)
{
	take_room();
	void *block = get();
	must(asked == 1);
	std::set_new_handler(nullptr);
	fill(block, 100);
	return block;
}

// What the second attempt gets is as good as what the first would have got: to be freed by each form.
static void second_attempts()
{
	const std::size_t n = (256ul << 20) + 100;
	const auto to = std::align_val_t(4096), little = std::align_val_t(4);

	::operator delete(found([=] { return ::operator new(n); }));
	::operator delete(found([=] { return ::operator new(n); }), n);
	::operator delete[](found([=] { return ::operator new[](n); }));
	::operator delete[](found([=] { return ::operator new[](n); }), n);
	::operator delete(found([=] { return ::operator new(n, std::nothrow); }), std::nothrow);
	::operator delete[](found([=] { return ::operator new[](n, std::nothrow); }), n);
	::operator delete(found([=] { return ::operator new(n, to); }), n, to);
	::operator delete(found([=] { return ::operator new(n, little); }), n, little);
	::operator delete[](found([=] { return ::operator new[](n, to); }), n, to);
	::operator delete(found([=] { return ::operator new(n, to, std::nothrow); }), to, std::nothrow);
	::operator delete[](found([=] { return ::operator new[](n, to, std::nothrow); }), n, to);
}

static void library()
{
	struct alignas(128) wide {
		char c[128];
	};
	std::vector<std::string> strings;
	std::vector<wide> wides;

	for (int i = 0; i < 20000; i++)
		strings.push_back(std::string(i % 300, 'x'));
	for (int i = 0; i < 20000; i++)
		must(strings[i].size() == std::size_t(i % 300));
	for (int i = 0; i < 1000; i++)
		wides.push_back(wide());
	must(reinterpret_cast<std::uintptr_t>(wides.data()) % 128 == 0);
}

int main()
{
	whose();
	plain();
	aligned();
	none();
	handlers();
	second_attempts();
	library();
	return 0;
}
