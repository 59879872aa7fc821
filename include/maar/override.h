/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Maps malloc, free and their kind to maar's, in the files that include this after all other headers:
 *
 *     #include <stdlib.h>
 *     #include <maar/override.h>
 *     char *name = strdup("x");   maar_malloc
 *     free(name);                 maar_free
 *
 * Names, not calls, are replaced: a pointer to free is one to maar_free, too. A member of a structure that is called free
 * is renamed with it; where such a structure comes from a header above, this one does not fit. C++'s new and delete are
 * not touched: <maar.hpp> has an allocator, libmaar-malloc(7) takes the whole program.
 *
 * Blocks that the C library allocates by itself (getline, asprintf, realpath) are not maar's: maar_free ignores them, and
 * they stay. To give such a block back, in such a file: (free)(p) does not help, as the name is replaced; do it in another.
 */
#ifndef MAAR_OVERRIDE_H
#define MAAR_OVERRIDE_H

#include <stdlib.h>
#include <string.h>
#if defined(__has_include)
#if __has_include(<malloc.h>)
#include <malloc.h>
#endif
#endif

#include <maar/alloc.h>

/* A copy of a string, or of its first n bytes at most, from maar_malloc. NULL with errno = ENOMEM. */
static inline __attribute__((unused)) char *maar_strndup(const char *s, size_t n)
{
	size_t length = 0;
	char *copy;

	while (length < n && s[length])
		length++;
	copy = (char *)maar_malloc(length + 1);
	if (!copy)
		return NULL;
	memcpy(copy, s, length);
	copy[length] = '\0';
	return copy;
}

static inline __attribute__((unused)) char *maar_strdup(const char *s)
{
	return maar_strndup(s, strlen(s));
}

#undef strdup
#undef strndup
#define malloc		   maar_malloc
#define calloc		   maar_calloc
#define realloc		   maar_realloc
#define reallocarray	   maar_reallocarray
#define free		   maar_free
#define aligned_alloc	   maar_aligned_alloc
#define memalign	   maar_memalign
#define posix_memalign	   maar_posix_memalign
#define malloc_usable_size maar_usable_size
#define strdup		   maar_strdup
#define strndup		   maar_strndup

#endif
