/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target without libFuzzer: on random inputs from the program's seed (MAAR_SEED), of lengths from nothing to
 * a few thousand operations. MAAR_FUZZ_INPUTS says how many (default FUZZ_INPUTS, fixed: sized by count, never by a clock).
 * A failing input is one number: MAAR_SEED and the input's number, which the failure names, bring it back.
 */
#include "fuzz.h"

#include "../unit/common.h"

/* As many as a second or two has room for; a target may say that it takes longer. */
#ifndef FUZZ_INPUTS
#define FUZZ_INPUTS 4000
#endif

#define BATCH 100u /* inputs of one test: a failure names one of them */

/* Biased, as operations need it: half of the bytes small, so that short sequences of likely operations come up often. */
static size_t make_input(struct unit_rng *rng, uint8_t *data, size_t most)
{
	const size_t size = (size_t)unit_random_below(rng, (uint64_t)1 << (1 + unit_random_below(rng, 12)));
	size_t i;

	for (i = 0; i < size && i < most; i++) {
		const uint64_t r = unit_random(rng);

		data[i] = (uint8_t)(r & 0x100 ? r : r & 15);
	}
	return i;
}

static unsigned inputs(void)
{
	const char *text = getenv("MAAR_FUZZ_INPUTS");

	return text ? (unsigned)strtoul(text, NULL, 0) : FUZZ_INPUTS;
}

START_TEST(test_random_inputs)
{
	static uint8_t data[4096];
	unsigned i;

	for (i = 0; i < BATCH; i++) {
		const unsigned number = (unsigned)_i * BATCH + i;
		struct unit_rng rng = unit_rng(number);
		const size_t size = make_input(&rng, data, sizeof(data));

		/* In memory of its own exact size, so that a sanitizer sees reads beyond its end. */
		uint8_t *copy = malloc(size ? size : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, data, size);
		LLVMFuzzerTestOneInput(copy, size);
		free(copy);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("fuzz");

	tcase_add_loop_test(unit_tcase(suite, "inputs"), test_random_inputs, 0, (int)((inputs() + BATCH - 1) / BATCH));
	return suite;
}
