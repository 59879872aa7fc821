#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# A program under valgrind: a use of a slot or a block after its put and a write beyond its end are found, with the stacks of
# the misuse, the taking and the putting; and one that is out when nobody knows it any more is a leak.
# shellcheck source=tests/tools/common.sh
. "${srcdir:-.}/tests/tools/common.sh"
need valgrind valgrind

echo '#include <valgrind/memcheck.h>' >"$tmp/header.c"
# shellcheck disable=SC2086 # words
if ! $CC -fsyntax-only "$tmp/header.c" 2>"$tmp/errors"; then
	echo "SKIP: no valgrind/memcheck.h here (Debian: valgrind), so the library was built without"
	exit 77
fi
build -fno-omit-frame-pointer || fail "misuse.c does not build"
unset MAAR_OPTIONS
# A function that valgrind translates together with its caller would be told as the caller.
vg="valgrind -q --error-exitcode=9 --vex-guest-chase=no"

# shellcheck disable=SC2086 # words
{
run_it 0 right $vg --leak-check=full
[ ! -s "$tmp/said" ] || fail "the right program is not silent: $(cat "$tmp/said")"

run_it 0 neighbour $vg
[ ! -s "$tmp/said" ] || fail "memory before an mring is hidden: $(cat "$tmp/said")"

run_it bad 'read-after-put write-after-put slot-after-put overflow slot-overflow never-got' $vg
says 'Invalid read of size 1' 'reader' 'main' "17 bytes inside a block of size 100 free'd" 'putter' 'main' \
	"Block was alloc'd at" 'taker' 'main' \
	'Invalid write of size 1' 'writer' "17 bytes inside a block of size 100 free'd" 'putter' "alloc'd" 'taker' \
	'Invalid read of size 1' 'reader' "17 bytes inside a block of size 100 free'd" 'slot_putter' "alloc'd" 'slot_taker' \
	'Invalid write of size 1' 'writer' "0 bytes after a block of size 100 client-defined" 'taker' \
	'Invalid write of size 1' 'writer' "0 bytes after a block of size 100 client-defined" 'slot_taker' \
	'Invalid read of size 1' 'reader'
run_it bad leak $vg --leak-check=full
says '100 bytes in 1 blocks are definitely lost' 'taker'

run_it 0 arena-right $vg --leak-check=full
[ ! -s "$tmp/said" ] || fail "the right use of an arena is not silent: $(cat "$tmp/said")"
run_it bad 'arena-overflow arena-text-overflow arena-after-reset arena-after-rollback' $vg
says 'Invalid write of size 1' 'writer' 'Invalid write of size 1' 'writer' 'Invalid read of size 1' 'reader' \
	'Invalid read of size 1' 'reader'

# Blocks of maar/alloc.h; and of libmaar-malloc.so, preloaded, which tells of them itself, or leaves the names to valgrind.
synonyms='--soname-synonyms=somalloc=libmaar-malloc.so'
grep -qF -e "$synonyms" "$srcdir/doc/man/libmaar-malloc.7" || fail "libmaar-malloc(7) gives another line than is tested here"
malloc=$builddir/.libs/libmaar-malloc.so
[ -e "$malloc" ] || { echo "SKIP: libmaar-malloc.so is not built (configure --enable-shared)"; exit 77; }
blocks()
{
	names=$1
	shift
	run_it 0 "$names-right" "$@" --leak-check=full
	[ ! -s "$tmp/said" ] || fail "the right use of blocks is not silent: $(cat "$tmp/said")"
	run_it bad "$names-after-free $names-overflow" "$@"
	says 'Invalid read of size 1' 'reader' "17 bytes inside a block of size 100 free'd" 'block_putter' "Block was alloc'd at" \
		'block_taker' 'Invalid write of size 1' 'writer' '0 bytes after a block of size 100' 'block_taker'
	run_it bad "$names-leak" "$@" --leak-check=full
	says '100 bytes in 1 blocks are definitely lost' 'block_taker' 'block_loser'
}
blocks block $vg
run_it bad 'block-after-realloc block-large-overflow block-twice' $vg
says 'Invalid read of size 1' 'reader' "17 bytes inside a block of size 100 free'd" \
	'Invalid write of size 1' 'writer' '0 bytes after a block of size 5,242,880' 'block_taker' \
	'Invalid free' 'block_putter' "0 bytes inside a block of size 100 free'd" 'block_putter' 'block_taker'
blocks malloc env "LD_PRELOAD=$malloc" $vg
run_it bad malloc-after-free env "LD_PRELOAD=$malloc" $vg $synonyms
says 'Invalid read of size 1' 'reader' "17 bytes inside a block of size 100 free'd" '(vg_replace_malloc|vgpreload)' 'block_putter' \
	"Block was alloc'd at" 'block_taker'
run_it 0 heap-right $vg --leak-check=full
[ ! -s "$tmp/said" ] || fail "the right use of a heap is not silent: $(cat "$tmp/said")"
run_it bad heap-after-free $vg # valgrind tells two reads with one stack once
says 'Invalid read of size 1' 'reader' "17 bytes inside a block of size 999 free'd"
run_it bad heap-after-destroy $vg
says 'Invalid read of size 1' 'reader' "17 bytes inside a block of size 999 free'd"

# Control: it is the library that tells valgrind. Without, the same program passes.
run_it 0 'read-after-put slot-overflow block-after-free' env MAAR_OPTIONS=tools=0 $vg
}
finish
