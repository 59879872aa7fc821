// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// maar for C++17: the same objects, ended by their handles, speaking of your types. Header only; link libmaar.
//
//     maar::ring<std::unique_ptr<job>> jobs(1024);                 jobs.enqueue(std::move(job));   jobs.dequeue()
//     maar::object_pool<conn> conns(100);                          auto c = conns.get(fd, peer);   its end puts it back
//     maar::arena a;                                               std::vector<int, maar::arena_allocator<int>> v(a);
//     maar::arena_resource memory(a);                              std::pmr::string s(&memory);
//     maar::heap h;                                                std::list<int, maar::heap_allocator<int>> l(h);
//
// Who may call what at the same time, progress, order and cost are those of the C calls behind each. Handles are move-only,
// and a handle itself belongs to one thread at a time; its native() may be used by all whom the C header allows.
// Errors: constructors throw std::bad_alloc (no memory) or std::system_error (errno); nothing else throws but the
// constructors of your own types, and allocators and resources, which have to (std::bad_alloc). All other calls answer as in C.
#ifndef MAAR_HPP
#define MAAR_HPP

#include <maar/memory.hpp>
#include <maar/objects.hpp>
#include <maar/typed.hpp>

#endif
