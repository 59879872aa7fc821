#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Every complete program in the man pages compiles without a warning against the library just built, and runs. A page
# of a family without one fails. Wants $srcdir, $builddir (absolute, from make) and $CC.
set -eu
: "${srcdir:?} ${builddir:?} ${CC:=cc}"

here=$srcdir/doc/man
work=$(mktemp -d "$builddir/man-examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What configure chose, sanitizers for one: the program has to match the library.
setting() { sed -n "s/^$1 = //p" "$builddir/Makefile" | head -n 1; }
cflags="$(setting CFLAGS) $(setting PTHREAD_CFLAGS) -Wall -Wextra -Werror"
ldflags=$(setting LDFLAGS)

# A stalled machine is slow, a program that waits for ever is wrong: a limit far beyond what any example needs.
limit=300
failed=0
ran=0
for page in "$here"/*.[37]; do
	name=$(basename "$page")
	programs=$(awk -v to="$work/$name" -f "$here/examples.awk" "$page")
	if [ -z "$programs" ]; then
		echo "$name: no complete program in it"
		failed=1
	fi
	for program in $programs; do
		binary=${program%.c}
		# shellcheck disable=SC2086 # CC and the flags are lists of words
		if ! "$builddir/libtool" --silent --tag=CC --mode=link $CC $cflags -I"$srcdir/include" \
			-I"$builddir/include" -o "$binary" "$program" "$builddir/libmaar.la" $ldflags; then
			echo "$name: an example does not compile"
			failed=1
			continue
		fi
		rc=0
		timeout "$limit" "$binary" >"$binary.out" 2>&1 || rc=$?
		if [ "$rc" != 0 ]; then
			cat "$binary.out"
			echo "$name: an example exits with $rc: $(head -n 1 "$program")"
			failed=1
		fi
		ran=$((ran + 1))
	done
done
echo "$ran examples ran"
exit "$failed"
