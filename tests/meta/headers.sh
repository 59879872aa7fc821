#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Each public header is complete: alone it compiles as C and as C++ of both ends of the range, without a warning, in each
# of the forms users ask for. Each private header refuses to be included alone. None needs C's _Atomic.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

flags="-Wall -Wextra -pedantic -Werror -fsyntax-only -I$srcdir/include -I$builddir/include"

# compile STANDARD HEADER [FLAG...]
compile()
{
	standard=$1 header=$2
	shift 2
	case $standard in
	c++*) compiler="$CXX -x c++" ;;
	*) compiler="$CC -x c" ;;
	esac
	echo "#include <$header>" >"$tmp/alone.c"
	# shellcheck disable=SC2086 # $compiler and $flags are lists of words
	$compiler -std="$standard" $flags "$@" "$tmp/alone.c" 2>"$tmp/errors"
}

# version.h stands in the build directory, or in both when they are one.
public=$(cd "$srcdir/include" && ls maar.h maar/*.h && echo maar/version.h)
for header in $(printf '%s\n' "$public" | sort -u); do
	for standard in c11 c17 c++11 c++20; do
		for form in '' -DMAAR_DEBUG -DMAAR_NO_INLINE; do
			# shellcheck disable=SC2086 # no form, no word
			compile $standard "$header" $form || fail "$header, $standard $form: $(cat "$tmp/errors")"
		done
	done
done

# The header for C++, by each compiler that is here.
for CXX in "$CXX" clang++; do
	command -v "${CXX%% *}" >/dev/null || continue
	for standard in c++17 c++20; do
		compile "$standard" maar.hpp || fail "maar.hpp, $CXX, $standard: $(cat "$tmp/errors")"
		compile "$standard" maar.hpp -DMAAR_DEBUG || fail "maar.hpp, $CXX, $standard, debug: $(cat "$tmp/errors")"
	done
done

for header in $(cd "$srcdir/include" && ls maar/bits/*.h); do
	if compile c11 "$header"; then
		fail "$header can be included alone"
	elif ! grep -q '#error.*include a header of <maar/' "$tmp/errors"; then
		fail "$header alone fails in another way than by its #error: $(cat "$tmp/errors")"
	fi
done

if grep -rnE '_Atomic|stdatomic' "$srcdir/include"; then
	fail "a public header uses what C++ cannot read"
fi

# Control: a header with a warning in it is found.
mkdir -p "$tmp/include"
echo 'static inline int planted(int unused) { return 0; }' >"$tmp/include/planted.h"
compile_aloud() { compile "$@" || { cat "$tmp/errors"; return 1; }; }
must_fail planted compile_aloud c11 planted.h "-I$tmp/include"
finish
