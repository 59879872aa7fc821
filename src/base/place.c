/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where memory lies: in huge pages, on a NUMA node.
 */
#include "base.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26 /* Linux's; glibc has it in a header of the kernel's */
#endif

/* ---- huge pages ---- */

/* One number out of a file, in bytes; 0 if there is none. */
static size_t number_in(const char *path, const char *line)
{
	FILE *file = fopen(path, "re");
	char text[128];
	size_t n, found = 0;

	while (file && !found && fgets(text, sizeof(text), file))
		if (sscanf(text, line, &n) == 1)
			found = n;
	if (file)
		fclose(file);
	return found;
}

size_t maar__huge_page(void)
{
	size_t bytes = number_in("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "%zu");

	if (!bytes)
		bytes = number_in("/proc/meminfo", "Hugepagesize: %zu kB") * 1024;
	return bytes > maar__page() && maar__is_pow2(bytes) ? bytes : 0;
}

void *maar__reserve_huge(size_t bytes, size_t huge, bool *set_aside)
{
	const int size = __builtin_ctzll(huge) << MAP_HUGE_SHIFT;
	unsigned char *memory = MAP_FAILED;
	size_t skew, more;

	if (!maar__round_up(bytes, huge, &bytes) || !maar__add(bytes, huge, &more)) {
		errno = ENOMEM;
		return NULL;
	}
	/* Without MAP_NORESERVE, so that a page that is not there shows here, and not when it is touched. */
	if (!maar__fault(MAAR__FAULT_MAP))
		memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size, -1, 0);
	*set_aside = memory != MAP_FAILED;
	if (*set_aside)
		return memory;
	memory = maar__reserve(more);
	if (!memory)
		return NULL;
	/* Only what lies in the alignment stays: so that maar__unmap takes the same `bytes` either way. */
	skew = (huge - (uintptr_t)memory % huge) % huge;
	maar__unmap(skew ? memory : NULL, skew);
	maar__unmap(memory + skew + bytes, huge - skew);
	(void)madvise(memory + skew, bytes, MADV_HUGEPAGE); /* advice: where it is not taken, pages are small */
	return memory + skew;
}

/* ---- NUMA ---- */

/* Of <numaif.h>, which is not needed to build: libnuma is looked for when somebody asks for a node. */
#define PREFERRED 1
#define MASK_BITS 1024

int maar__on_node(void *at, size_t bytes, unsigned node)
{
	unsigned long mask[MASK_BITS / (8 * sizeof(long))] = { 0 };
	long (*bind)(void *, unsigned long, int, const unsigned long *, unsigned long, unsigned);
	int (*available)(void);
	void *numa;
	int rc = 0;

	if (node >= MASK_BITS)
		return -EINVAL;
	if (maar__fault(MAAR__FAULT_MAP))
		return -ENOMEM;
	numa = dlopen("libnuma.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!numa)
		return -ENOTSUP;
	*(void **)&available = dlsym(numa, "numa_available");
	*(void **)&bind = dlsym(numa, "mbind");
	if (!available || !bind || available() < 0) {
		rc = -ENOTSUP;
	} else {
		mask[node / (8 * sizeof(long))] |= 1ul << node % (8 * sizeof(long));
		if (bind(at, bytes, PREFERRED, mask, MASK_BITS + 1, 0))
			rc = -errno;
	}
	dlclose(numa);
	return rc;
}
