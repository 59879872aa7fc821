#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Every behaviour of tests/malloc/behave and operators, with the C library's malloc, which shows that the tests are right,
# and with ours: preloaded, and linked. MAAR_TEST_SCALE=100 for whole counts (make check-long); a fifth
# with MAAR_PROOF=1 (make check-proof; births and deaths of threads whole), a twentieth otherwise.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

ours=$builddir/.libs/libmaar-malloc.so
behave=$builddir/tests/malloc/behave operators=$builddir/tests/malloc/operators replaced=$builddir/tests/malloc/replaced
[ -e "$ours" ] || { echo "SKIP: libmaar-malloc.so is not built (configure --enable-shared)"; exit 77; }
: "${MAAR_TEST_SCALE:=${MAAR_PROOF:+20}}"
: "${MAAR_TEST_SCALE:=5}"
MAAR_TEST_MODULE=$builddir/.libs/libmaar_test_module.so
export MAAR_TEST_SCALE MAAR_TEST_MODULE
unset MAAR_OPTIONS

# run WHAT PRELOAD WHOSE COMMAND...: it has to end well
run()
{
	what=$1 preload=$2 whose=$3
	shift 3
	rc=0
	LD_PRELOAD=$preload MAAR_TEST_MALLOC=$whose timeout -k 10 900 "$@" >"$tmp/said" 2>&1 || rc=$?
	[ "$rc" -eq 0 ] || fail "$what, with $whose: ends with $rc: $(tail -n 5 "$tmp/said")"
}

# Births, whole, are a matter of seconds; forks are not.
scale_of()
{
	case ${MAAR_PROOF-},$1 in
	?*,births) echo 100 ;;
	*) echo "$MAAR_TEST_SCALE" ;;
	esac
}

for name in $("$behave"); do
	case $name in
	interrupted*) ;; # the C library's malloc may not be called there
	*) run "$name" '' libc env MAAR_TEST_SCALE=2 "$behave" "$name" ;;
	esac
	run "$name" "$ours" libmaar-malloc env MAAR_TEST_SCALE="$(scale_of "$name")" "$behave" "$name"
done
run operators '' '' "$operators"
run operators "$ours" libmaar-malloc "$operators"
run 'operators of the program' '' '' "$replaced"
run 'operators of the program' "$ours" libmaar-malloc "$replaced"

# Control: a malloc that does not mind its signals is found out.
if "$behave" | grep -qx interrupted && MAAR_TEST_MALLOC=libc timeout -k 10 900 "$behave" interrupted >"$tmp/said" 2>&1; then
	fail "the checker is blind: the C library's malloc passes inside a signal handler"
fi

# It says that it is in place, once, and only when asked.
LD_PRELOAD=$ours MAAR_VERBOSE=1 /bin/true 2>"$tmp/said"
[ "$(grep -c '^maar: malloc of maar .* is in place in process' "$tmp/said")" -eq 1 ] ||
	fail "MAAR_VERBOSE=1 does not say in one line that it is in place: $(cat "$tmp/said")"
[ "$(wc -l <"$tmp/said")" -eq 1 ] || fail "MAAR_VERBOSE=1 says more than one line"
LD_PRELOAD=$ours /bin/true 2>"$tmp/said"
[ ! -s "$tmp/said" ] || fail "it is not silent: $(cat "$tmp/said")"

# Linked, not preloaded; and loaded late, by a program that has another malloc.
cat >"$tmp/linked.c" <<'END'
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	Dl_info info;
	void *block = malloc(100), *late = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

	if (!block || (argc > 1 && !late))
		return 1;
	memset(block, 1, 100);
	free(block);
	if (late) {
		void *(*get)(size_t);
		void (*put)(void *);
		*(void **)&get = dlsym(late, "malloc");
		*(void **)&put = dlsym(late, "free");
		block = get(1000);
		if (!block || get == malloc)
			return 2;
		memset(block, 2, 1000);
		put(block);
		return dlclose(late) != 0;
	}
	return !dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) || puts(info.dli_fname) < 0;
}
END
# shellcheck disable=SC2086 # words
$CC ${CFLAGS-} "$tmp/linked.c" -o "$tmp/linked" -Wl,--no-as-needed "$ours" "-Wl,-rpath,$builddir/.libs" ||
	fail "a program does not link with it"
# shellcheck disable=SC2086 # words
$CC ${CFLAGS-} "$tmp/linked.c" -o "$tmp/late" || fail "a program does not link"
"$tmp/linked" >"$tmp/said" || fail "a program that is linked with it fails"
grep -q libmaar-malloc "$tmp/said" || fail "a program that is linked with it has another malloc: $(cat "$tmp/said")"
"$tmp/late" "$ours" || fail "a program that loads it late fails: $?"

# What it exports is malloc's kind, as its map lists, and it needs the C library alone.
nm -D --defined-only "$ours" | awk '{ print $3 }' | sort >"$tmp/exported"
sed -n 's/^\t\t\([^*]*\);$/\1/p' "$srcdir/src/libmaar-malloc.map" | while read -r name; do
	case $name in
	_Zn\[wa\]*) printf '%s\n' "_Znw${name#*]}" "_Zna${name#*]}" ;;
	_Zd\[la\]*) printf '%s\n' "_Zdl${name#*]}" "_Zda${name#*]}" ;;
	*) echo "$name" ;;
	esac
done | sort >"$tmp/mapped"
diff "$tmp/mapped" "$tmp/exported" >"$tmp/difference" || fail "its map (<) and its exports (>): $(cat "$tmp/difference")"
readelf -d "$ours" | grep NEEDED | grep -v 'libc\.so\|ld-linux' && fail "it needs more than the C library"
finish
