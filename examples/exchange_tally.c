/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * exchange: what is counted on both sides of the exchange.
 */
#include "exchange.h"

#include <string.h>

/* Odd numbers with well-mixed bits: 2^64 divided by the golden ratio, and splitmix64's multipliers (S. Vigna, CC0). */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)
#define MIX_1  UINT64_C(0xbf58476d1ce4e5b9)
#define MIX_2  UINT64_C(0x94d049bb133111eb)

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * MIX_1;
	x = (x ^ (x >> 27)) * MIX_2;
	return x ^ (x >> 31);
}

/*
 * A hash of what the record says and of where it stood, so that a record that is lost, doubled, changed, or labelled as
 * another one changes the sum of all hashes. Word by word: multiplication by an odd number and xor-shift are both
 * one-to-one, so two records of one length at one place that differ in a single word never collide.
 */
uint64_t record_hash(uint64_t unit, uint64_t offset, const void *data, size_t bytes)
{
	const unsigned char *p = data;
	uint64_t h = mix(mix(unit + GOLDEN) + offset) ^ bytes;
	uint64_t word;

	for (; bytes >= sizeof(word); p += sizeof(word), bytes -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * GOLDEN;
		h ^= h >> 32;
	}
	if (bytes) {
		word = 0;
		memcpy(&word, p, bytes);
		h = (h ^ word) * GOLDEN;
		h ^= h >> 32;
	}
	return mix(h);
}

/*
 * Eight bytes at a time: in x a newline is a zero byte; adding 0x7f to its low seven bits leaves its top bit clear, and
 * that of no other byte. The product adds the eight flags up in the top byte.
 * The reader counts by memchr instead, so the two sides do not share a mistake.
 */
uint64_t newlines(const void *data, size_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), low = ones * 0x7f;
	const unsigned char *p = data;
	uint64_t n = 0, word;

	for (; bytes >= sizeof(word); p += sizeof(word), bytes -= sizeof(word)) {
		uint64_t x;

		memcpy(&word, p, sizeof(word));
		x = word ^ (ones * '\n');
		n += (((~(((x & low) + low) | x) & ~low) >> 7) * ones) >> 56;
	}
	for (; bytes; p++, bytes--)
		n += *p == '\n';
	return n;
}

void tally_add(struct tally *to, const struct tally *from)
{
	to->records += from->records;
	to->bytes += from->bytes;
	to->lines += from->lines;
	to->sum += from->sum;
}

bool tally_same(const struct tally *a, const struct tally *b)
{
	return a->records == b->records && a->bytes == b->bytes && a->lines == b->lines && a->sum == b->sum;
}
