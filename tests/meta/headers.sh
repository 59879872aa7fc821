#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Each public header is complete: alone it compiles as C and as C++ of both ends of the range, without a warning, in each
# of the forms users ask for. In make check a header takes each standard with one of the forms, and all forms with some
# standard, so that every pair is taken by a third of the headers; with MAAR_PROOF=1 (make check-proof) each pair by each. Each private
# header refuses to be included alone. None needs C's _Atomic.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

flags="-Wall -Wextra -pedantic -Werror -fsyntax-only -I$srcdir/include -I$builddir/include"
: "${MAAR_PROOF:=}"

# version.h stands in the build directory, or in both when they are one.
public=$(cd "$srcdir/include" && { ls maar.h maar/*.h && echo maar/version.h; } | sort -u)
private=$(cd "$srcdir/include" && ls maar/bits/*.h)
plus=$(cd "$srcdir/include" && ls maar.hpp maar/*.hpp)
mkdir -p "$tmp/maar/bits"
for header in $public $private $plus; do
	echo "#include <$header>" >"$tmp/$header.c"
done

# compile STANDARD [FLAG...] FILE...: each by itself, by one command, as starting a compiler takes longer than its work.
compile()
{
	standard=$1
	shift
	case $standard in
	c++*) compiler="$CXX -x c++" ;;
	*) compiler="$CC -x c" ;;
	esac
	# shellcheck disable=SC2086 # $compiler and $flags are lists of words
	$compiler -std="$standard" $flags "$@" 2>"$tmp/errors"
}

s=0
for standard in c11 c17 c++11 c++20; do
	f=0
	for form in -UMAAR_DEBUG -DMAAR_DEBUG -DMAAR_NO_INLINE; do
		set --
		h=0
		for header in $public; do
			if [ -n "$MAAR_PROOF" ] || [ $(((h + s + f) % 3)) -eq 0 ]; then
				set -- "$@" "$tmp/$header.c"
			fi
			h=$((h + 1))
		done
		compile "$standard" $form "$@" || fail "$standard $form: $(cat "$tmp/errors")"
		f=$((f + 1))
	done
	s=$((s + 1))
done

# The headers for C++, by each compiler that is here.
set --
for header in $plus; do
	set -- "$@" "$tmp/$header.c"
done
for CXX in "$CXX" clang++; do
	command -v "${CXX%% *}" >/dev/null || continue
	compile c++17 "$@" || fail "$CXX, c++17: $(cat "$tmp/errors")"
	compile c++20 -DMAAR_DEBUG "$@" || fail "$CXX, c++20, debug: $(cat "$tmp/errors")"
	[ -n "$MAAR_PROOF" ] || continue
	compile c++17 -DMAAR_DEBUG "$@" || fail "$CXX, c++17, debug: $(cat "$tmp/errors")"
	compile c++20 "$@" || fail "$CXX, c++20: $(cat "$tmp/errors")"
done

# The first error of each is the header's own, and ends its compilation.
set --
for header in $private; do
	set -- "$@" "$tmp/$header.c"
done
compile c11 -Wfatal-errors "$@" || :
for header in $private; do
	grep -q "/$header:.*#error.*include a header of <maar/" "$tmp/errors" ||
		fail "$header can be included alone, or fails in another way than by its #error: $(cat "$tmp/errors")"
done

if grep -rnE '_Atomic|stdatomic' "$srcdir/include"; then
	fail "a public header uses what C++ cannot read"
fi

# Control: a header with a warning in it is found.
echo 'static inline int planted(int unused) { return 0; }' >"$tmp/planted.h"
echo '#include <planted.h>' >"$tmp/planted.h.c"
compile_aloud() { compile "$@" || { cat "$tmp/errors"; return 1; }; }
must_fail 'planted.h:1' compile_aloud c11 "-I$tmp" "$tmp/maar.h.c" "$tmp/planted.h.c"
finish
