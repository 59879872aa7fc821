/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A fuzz target reads a sequence of operations from bytes, does each on the real thing and on a model too simple to be
 * wrong, and compares. One source serves twice: tests/fuzz/driver.c feeds it bytes from a printed seed (make check), and
 * libFuzzer feeds it bytes it has bred for coverage (make check-proof STEPS=fuzz).
 *
 * A target is tests/fuzz/fuzz_NAME.c and defines LLVMFuzzerTestOneInput. It must be able to fail: see fuzz_must.
 */
#ifndef MAAR_TEST_FUZZ_H
#define MAAR_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rest of the input. Reading beyond its end gives zeros, so that a target needs no test for it but fuzz_more. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

static inline int fuzz_more(const struct fuzz_input *in)
{
	return in->size != 0;
}

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

static inline uint64_t fuzz_word(struct fuzz_input *in, unsigned bytes)
{
	uint64_t word = 0;

	while (bytes--)
		word = word << 8 | fuzz_byte(in);
	return word;
}

/* 0 to n - 1; n = 0 gives 0. */
static inline size_t fuzz_below(struct fuzz_input *in, size_t n)
{
	return n ? (size_t)(fuzz_word(in, n > 256 ? 4 : 1) % n) : 0;
}

/* Ends the program, loudly, when the real thing and the model differ: libFuzzer then keeps and shrinks the input. */
#define fuzz_must(cond)                                                                                                \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                             \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

#endif
