#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# A program built with AddressSanitizer, on a library that is not: a use of a slot after its put and a write beyond its end
# are found, and the report names the place of the misuse, who took the slot, and who put it.
# shellcheck source=tests/tools/common.sh
. "${srcdir:-.}/tests/tools/common.sh"

echo 'int main(void) { return 0; }' >"$tmp/empty.c"
# shellcheck disable=SC2086 # words
if ! $CC -fsanitize=address "$tmp/empty.c" -o "$tmp/empty" 2>"$tmp/errors" || ! "$tmp/empty"; then
	echo "SKIP: $CC has no AddressSanitizer (Debian: libgcc-12-dev for gcc, libclang-rt-14-dev for clang)"
	exit 77
fi
build -fsanitize=address || fail "misuse.c does not build"
unset ASAN_OPTIONS
unset MAAR_OPTIONS

run_it 0 right env
[ ! -s "$tmp/said" ] || fail "the right program is not silent: $(cat "$tmp/said")"

after='which is free: used after put'
run_it bad read-after-put env
says 'ERROR: AddressSanitizer: use-after-poison' 'READ of size 1' '#0 .* in reader' 'in main' \
	"is byte 17 of slot 0 of pool .*, $after" 'taken by thread [0-9]+ at taker\+' 'from main\+' \
	'put by thread [0-9]+ at putter\+' 'from main\+'
run_it bad write-after-put env
says 'use-after-poison' 'WRITE of size 1' 'in writer' "$after" 'taken by .* taker' 'put by .* putter'
run_it bad slot-after-put env
says 'use-after-poison' 'in reader' "is byte 17 of slot 0 of mring .*, $after" 'slot_taker' 'slot_putter'
run_it bad overflow env
says 'WRITE of size 1' 'in writer' 'byte 100 of slot 0 of pool .*, which is out: beyond its end' 'taken by .* taker'
run_it bad slot-overflow env
says 'WRITE of size 1' 'in writer' 'byte 100 of slot 0 of mring .*, which is out: beyond its end' 'slot_taker'
run_it bad never-got env
says 'READ of size 1' 'in reader' 'byte 0 of slot 1 of mring'

run_it 0 arena-right env
[ ! -s "$tmp/said" ] || fail "the right use of an arena is not silent: $(cat "$tmp/said")"
run_it bad arena-overflow env
says 'use-after-poison' 'WRITE of size 1' 'in writer'
run_it bad arena-text-overflow env
says 'use-after-poison' 'WRITE of size 1' 'in writer'
run_it bad arena-after-reset env
says 'use-after-poison' 'READ of size 1' 'in reader'
run_it bad arena-after-rollback env
says 'use-after-poison' 'READ of size 1' 'in reader'

run_it 0 block-right env
[ ! -s "$tmp/said" ] || fail "the right use of blocks is not silent: $(cat "$tmp/said")"
for how in after-free after-realloc after-a-while; do
	run_it bad block-$how env
	says 'use-after-poison' 'READ of size 1' 'in reader'
done
run_it bad block-write-after-free env
says 'use-after-poison' 'WRITE of size 1' 'in writer'
for how in overflow large-overflow underflow; do
	run_it bad block-$how env
	says 'use-after-poison' 'WRITE of size 1' 'in writer'
done
run_it bad block-twice env
says 'use-after-poison' 'in block_putter'
run_it 0 heap-right env
[ ! -s "$tmp/said" ] || fail "the right use of a heap is not silent: $(cat "$tmp/said")"
run_it bad heap-overflow env
says 'use-after-poison' 'in writer'
for how in after-free after-destroy; do
	run_it bad heap-$how env
	says 'use-after-poison' 'in reader'
done

# Control: it is the library that tells AddressSanitizer. Without, the same program passes.
run_it 0 read-after-put env MAAR_OPTIONS=tools=0
run_it 0 slot-overflow env MAAR_OPTIONS=tools=0
run_it 0 arena-overflow env MAAR_OPTIONS=tools=0
run_it 0 block-after-free env MAAR_OPTIONS=tools=0
run_it 0 heap-overflow env MAAR_OPTIONS=tools=0
finish
