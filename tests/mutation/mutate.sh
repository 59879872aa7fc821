#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Order mutation: weakens each memory order of the library in turn and demands that some check notices. A check that
# notices none of them would be no check; an order whose loss nobody notices is either stronger than needed or needs a
# better check, and stands in survivors.txt with its reason.
set -eu
export LC_ALL=C
unset CDPATH

usage()
{
	cat <<END
usage: mutate.sh [--list | --help]
  Builds tests/mutation/mutant*.c with the library under ThreadSanitizer once for each way to weaken one memory order of
  the files that tests/model/unreached.txt leaves to it, runs it, and compares what survives with survivors.txt.
  --list    print the mutants, and build nothing
environment: srcdir, builddir (default: .), CC, URCU_CFLAGS, URCU_LIBS, JOBS (default: the number of processors)
             MUTANTS=PATTERN only those whose line in --list matches
ends with 0: as survivors.txt says; 1: not so; 77: a tool is missing
END
}

srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
: "${CC:=cc}" "${URCU_CFLAGS:=}" "${URCU_LIBS:=-lurcu-bp -lurcu-cds}" "${JOBS:=$(getconf _NPROCESSORS_ONLN)}" "${MUTANTS:=.}"
export CC URCU_CFLAGS URCU_LIBS srcdir builddir
here=$srcdir/tests/mutation
work=$builddir/proof/mutation # make clean takes proof/ away

# Seeds that a mutant has to get through before it counts as a survivor, and the unchanged library as sound.
SEEDS='1 2 3 4 5'
SOUND_SEEDS='1 2 3 4 5 6 7 8 9 10'

# A run takes a second; a mutant that hangs has failed.
PATIENCE=120

# The files: those that the explorer does not run, and says so; it weakens the orders of all others itself.
# The mutants: file, function, n-th order of it, the order, what to weaken it to, line, n-th order of the line.
list()
{
	# shellcheck disable=SC2046 # a list of files
	(cd "$srcdir" && awk -f "$here/orders.awk" $(sed -n 's/^\([^# |]*\) *| *\* *| *mutation$/\1/p' tests/model/unreached.txt)) |
		grep -E "$MUTANTS"
}

# build DIRECTORY: the program from the sources there, but for the drop-in malloc: malloc is the sanitizer's here.
build()
{
	# shellcheck disable=SC2046,SC2086 # lists of words
	(cd "$1" && $CC -std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=thread -pthread -DMAAR_ATOMIC_BACKEND='"backend.h"' -Itests/mutation \
		-Iinclude -I"$builddir/include" $URCU_CFLAGS -o mutant tests/mutation/mutant*.c \
		src/[!m]*/*.c src/mring/*.c $URCU_LIBS) >"$1/build.log" 2>&1
}

# run DIRECTORY SEED...: 0 if the program noticed nothing.
run()
{
	at=$1
	shift
	for seed; do
		MAAR_SEED=$seed TSAN_OPTIONS='halt_on_error=1 exitcode=66' timeout -k 5 "$PATIENCE" "$at/mutant" \
			>"$at/run.log" 2>&1 || return 1
	done
}

copy_tree()
{
	mkdir -p "$1/include" "$1/tests/mutation"
	cp -R "$srcdir/include/." "$1/include"
	cp -R "$srcdir/src" "$1/src"
	cp "$here"/*.[ch] "$1/tests/mutation"
	chmod -R u+w "$1"
}

# one N: makes the N-th mutant and prints its verdict.
one()
{
	line=$(sed -n "${1}p" "$work/list")
	tab=$(printf '\t')
	IFS=$tab read -r file function nth order weaker row column <<END
$line
END
	dir=$work/$1
	copy_tree "$dir"
	# RELAXED means something else in the library itself: see backend.h.
	[ "$weaker" = RELAXED ] && token=WEAKENED || token=$weaker
	awk -v apply="$row $column $token" -f "$here/orders.awk" "$srcdir/$file" >"$dir/$file"
	# shellcheck disable=SC2086 # lists of words
	if cmp -s "$srcdir/$file" "$dir/$file"; then
		verdict=unchanged
	elif ! build "$dir"; then
		verdict=unbuilt
		cp "$dir/build.log" "$work/$1.log"
	elif run "$dir" $SEEDS; then
		verdict=survived
	else
		verdict=killed
	fi
	echo "$verdict $file $function $nth $order $weaker"
	rm -rf "$dir"
}

case ${1-} in
--help) usage; exit 0 ;;
--list) list; exit 0 ;;
--one) one "$2"; exit 0 ;;
'') ;;
*) usage >&2; exit 2 ;;
esac

rm -rf "$work"
mkdir -p "$work"
echo 'int main(void) { return 0; }' >"$work/try.c"
if ! $CC -fsanitize=thread -o "$work/try" "$work/try.c" >"$work/try.log" 2>&1 || ! "$work/try"; then
	echo "SKIP: $CC cannot build for ThreadSanitizer here (Debian: gcc with libtsan2, or clang)"
	exit 77
fi

copy_tree "$work/sound"
build "$work/sound" || { cat "$work/sound/build.log"; echo "the unchanged library does not build"; exit 1; }
# shellcheck disable=SC2086 # a list of words
run "$work/sound" $SOUND_SEEDS || { cat "$work/sound/run.log"; echo "the unchanged library fails"; exit 1; }
rm -rf "$work/sound"

list >"$work/list"
count=$(wc -l <"$work/list")
echo "$count mutants, $JOBS at a time; the unchanged library passes"
i=0
while [ "$i" -lt "$count" ]; do
	i=$((i + 1))
	echo "$i"
done | xargs -P "$JOBS" -n 1 "${SHELL:-/bin/sh}" "$here/mutate.sh" --one | tee "$work/results"

# What survivors.txt says of the mutants at hand, against what happened.
sed -n 's/^\([^#|]*[^#| ]\) *|.*/\1/p' "$here/survivors.txt" | sort >"$work/known"
cut -f 1-5 "$work/list" | tr '\t' ' ' | sort >"$work/all"
sed -n 's/^survived //p' "$work/results" | sort >"$work/survived"
failures=0
complain()
{
	[ -s "$2" ] || return 0
	sed "s/^/$1: /" "$2"
	failures=1
}
comm -23 "$work/survived" "$work/known" >"$work/new"
complain "not noticed, and not in survivors.txt" "$work/new"
comm -12 "$work/known" "$work/all" | comm -23 - "$work/survived" >"$work/dead"
complain "in survivors.txt, but noticed (take it out)" "$work/dead"
grep -E '^(unbuilt|unchanged) ' "$work/results" >"$work/broken" || true
complain "no mutant" "$work/broken"
if [ "$MUTANTS" = . ]; then
	comm -23 "$work/known" "$work/all" >"$work/gone"
	complain "in survivors.txt, but no such order" "$work/gone"
fi
killed=$(grep -c '^killed ' "$work/results") || true
echo "$killed of $count mutants noticed, $(wc -l <"$work/survived") not (survivors.txt: $(wc -l <"$work/known"))"
[ "$failures" -eq 0 ]
