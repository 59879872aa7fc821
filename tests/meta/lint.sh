#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# What other people's tools say of the code: how it is set (clang-format), what looks like a fault (cppcheck, clang-tidy), and
# whether libmaar.so is still what programs were linked with (abidiff, against tests/meta/libmaar.abi). Some minutes: a step of
# make check-proof. After a change of the ABI that is meant: srcdir=. builddir=BUILD sh tests/meta/lint.sh --renew
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need clang-format clang-format
need clang-tidy clang-tidy
need cppcheck cppcheck
need abidiff abigail-tools

# The public interface as the debug information has it: without what a build, or a line that moved, changes.
baseline=tests/meta/libmaar.abi
abi() { abidw --no-corpus-path --no-comp-dir-path --no-elf-needed --no-show-locs --no-write-default-sizes --type-id-style hash \
	--headers-dir "$srcdir/include/maar" --drop-private-types "$builddir/.libs/libmaar.so"; }
if [ "${1-}" = --renew ]; then
	abi >"$srcdir/$baseline"
	exit
fi

cd "$srcdir"
builddir=$(cd "$OLDPWD" && cd "$builddir" && pwd) srcdir=.
written_files >"$tmp/files"
grep -E '\.(c|h|cc|hpp)$' "$tmp/files" >"$tmp/code"

xargs clang-format --dry-run -Werror <"$tmp/code" 2>"$tmp/said" || fail "clang-format -i mends this: $(grep error: "$tmp/said")"

# Not minded: NULL at the end of variable arguments, a pointer here; an index that is of another array than the limit beside it;
# a queue on the stack that knows where its end is to be told; what a benchmark that ends leaves; variables in registers of a
# system call; a table that is never empty; a variable set by placement new.
cpp="cppcheck -q --enable=warning,portability --error-exitcode=1 --std=c11 -D__x86_64__ -D__GNUC__=12 -D__linux__ -D_GNU_SOURCE
	-D__SIZEOF_SIZE_T__=8 -D__SIZE_TYPE__=long -Iinclude -I. -I$builddir/include --suppress=varFuncNullUB
	--suppress=legacyUninitvar:include/maar/*.hpp --suppress=arrayIndexThenCheck --suppress=autoVariables:src/ipc/names.c --suppress=preprocessorErrorDirective
	--suppress=memleak:bench/* --suppress=constStatement:bench/ipc/calls.c --suppress=nullPointerRedundantCheck:bench/shapes/run.c"
set -f
# shellcheck disable=SC2086 # words
$cpp -j "$(getconf _NPROCESSORS_ONLN)" src tools examples bench 2>"$tmp/said" || fail "cppcheck: $(cat "$tmp/said")"

tidy() { clang-tidy --quiet --warnings-as-errors='*' "$@" -- -std=gnu11 -D_GNU_SOURCE -Iinclude -I. -I"$builddir/include" >"$tmp/said" 2>&1; }
set +f
for file in src/*/*.c; do
	tidy "$file" || fail "clang-tidy: $(grep -E 'error:|warning:' "$tmp/said")"
done

abi >"$tmp/libmaar.abi"
abidiff "$baseline" "$tmp/libmaar.abi" >"$tmp/said" || fail "the ABI is another one (if that is meant: --renew): $(cat "$tmp/said")"

# Controls.
printf 'int  planted;\n' >"$tmp/planted.c"
must_fail planted.c clang-format --dry-run -Werror "$tmp/planted.c"
printf 'int planted(int n)\n{\n\tint a[2] = { 0, 1 };\n\n\treturn a[2] + n;\n}\n' >"$tmp/planted.c"
# shellcheck disable=SC2086 # words
must_fail planted.c $cpp "$tmp/planted.c"
printf 'int planted(int n);\nint planted(int n)\n{\n\treturn n == n;\n}\n' >"$tmp/planted.c"
cp .clang-tidy "$tmp"
tidied() { tidy "$1" || { cat "$tmp/said"; false; }; }
must_fail redundant tidied "$tmp/planted.c"
sed '/<elf-symbol name=.maar_ring_create./d' "$tmp/libmaar.abi" >"$tmp/planted.abi"
must_fail maar_ring_create abidiff "$tmp/libmaar.abi" "$tmp/planted.abi"
finish
