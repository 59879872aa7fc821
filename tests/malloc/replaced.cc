// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// A program that brings operators new and delete of its own, as few as the standard asks for: all other forms end in them,
// whatever malloc there is. Its blocks are no malloc's: one of them in a call of the library's would be found out.
#include <cstdio>
#include <cstdlib>
#include <new>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsized-deallocation" // as few as the standard asks for
#endif

#define must(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                        \
			std::exit(1);                                                                                  \
		}                                                                                                      \
	} while (0)

alignas(64) static char pool[1 << 20];
static std::size_t used, taken, given;

static void *take(std::size_t bytes, std::size_t align)
{
	used = (used + align - 1) / align * align + bytes;
	must(used <= sizeof(pool));
	taken++;
	return pool + used - bytes;
}

static void give(void *block)
{
	must(block >= pool && block < pool + sizeof(pool));
	given++;
}

void *operator new(std::size_t bytes)
{
	return take(bytes, 16);
}

void operator delete(void *block) noexcept
{
	if (block)
		give(block);
}

void *operator new(std::size_t bytes, std::align_val_t align)
{
	return take(bytes, std::size_t(align));
}

void operator delete(void *block, std::align_val_t) noexcept
{
	if (block)
		give(block);
}

int main()
{
	const auto to = std::align_val_t(64);

	::operator delete(::operator new(100));
	::operator delete(::operator new(100), std::size_t(100));
	::operator delete(::operator new(100, std::nothrow), std::nothrow);
	::operator delete[](::operator new[](100));
	::operator delete[](::operator new[](100), std::size_t(100));
	::operator delete[](::operator new[](100, std::nothrow), std::nothrow);
	must(taken == 6 && given == 6);
	::operator delete(::operator new(100, to), to);
	::operator delete(::operator new(100, to), std::size_t(100), to);
	::operator delete(::operator new(100, to, std::nothrow), to, std::nothrow);
	::operator delete[](::operator new[](100, to), to);
	::operator delete[](::operator new[](100, to), std::size_t(100), to);
	::operator delete[](::operator new[](100, to, std::nothrow), to, std::nothrow);
	must(taken == 12 && given == 12);
	std::free(std::malloc(100));
	return 0;
}
