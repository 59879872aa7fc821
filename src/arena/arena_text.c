/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Copies and formatted text in an arena's memory: memdup, strdup, printf. On top of its blocks alone.
 */
#include "arena_priv.h"

#include <string.h>

/* Most texts are shorter; longer ones are formatted twice. */
#define SHORT_TEXT 256

static void *copy(void *to, const void *from, size_t bytes)
{
	return to && bytes ? memcpy(to, from, bytes) : to;
}

void *maar_arena_memdup(struct maar_arena *arena, const void *from, size_t bytes)
{
	if (from || !bytes)
		return copy(maar_arena_alloc(arena, bytes), from, bytes);
	errno = EINVAL;
	return NULL;
}

/* `length` bytes and a NUL. */
static char *text_of(struct maar_arena *arena, const char *text, size_t length)
{
	char *to = maar_arena_nalloc(arena, length + 1);

	if (copy(to, text, length))
		to[length] = 0;
	return to;
}

char *maar_arena_strdup(struct maar_arena *arena, const char *text)
{
	if (text)
		return text_of(arena, text, strlen(text));
	errno = EINVAL;
	return NULL;
}

char *maar_arena_strndup(struct maar_arena *arena, const char *text, size_t n)
{
	if (text)
		return text_of(arena, text, strnlen(text, n));
	errno = EINVAL;
	return NULL;
}

char *maar_arena_vprintf(struct maar_arena *arena, const char *format, va_list args)
{
	char text[SHORT_TEXT], *to;
	va_list again;
	int length;

	if (!arena || !format) {
		errno = EINVAL;
		return NULL;
	}
	va_copy(again, args);
	length = vsnprintf(text, sizeof(text), format, args);
	if (length < 0) {
		to = NULL;
	} else if ((size_t)length < sizeof(text)) {
		to = text_of(arena, text, (size_t)length);
	} else {
		to = maar_arena_nalloc(arena, (size_t)length + 1);
		if (to)
			vsnprintf(to, (size_t)length + 1, format, again);
	}
	va_end(again);
	return to;
}

char *maar_arena_printf(struct maar_arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = maar_arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}
