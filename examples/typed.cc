// SPDX-FileCopyrightText: 2026 The maar authors
// SPDX-License-Identifier: MIT
//
// maar in C++: jobs go through a ring by ownership, results come from a pool of objects, and what a job needs meanwhile
// lies in an arena that is reset after each.
#include <maar.hpp>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

struct job {
	int n;
};

int main()
{
	maar::ring<std::unique_ptr<job>> jobs(16, MAAR_RING_SPSC);
	maar::object_pool<std::string> names(4);
	long sum = 0;

	std::thread worker([&] {
		maar::arena scratch;

		for (int done = 0; done < 1000;) {
			auto j = jobs.dequeue();

			if (!j) {
				std::this_thread::yield();
				continue;
			}
			{
				std::vector<int, maar::arena_allocator<int>> digits(scratch);

				for (int n = (*j)->n; n; n /= 10)
					digits.push_back(n % 10);
				for (int d : digits)
					sum += d;
			}
			scratch.reset();
			done++;
		}
	});
	for (int i = 1; i <= 1000; i++) {
		auto j = std::make_unique<job>(job{ i });

		while (!jobs.enqueue(std::move(j))) // while it is full, the job is still ours
			std::this_thread::yield();
	}
	worker.join();
	auto name = names.get("sum of digits");
	std::printf("%s: %ld\n", name->c_str(), sum);
}
