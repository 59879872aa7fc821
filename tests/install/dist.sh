#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# A release can be made again: from another directory, at another time, by somebody with another umask, zone and tongue, make dist
# packs the same bytes. Here the second one is made from what the first packed; with MAAR_PROOF=1, in a clone, from two clones of the
# last commit, in which all is generated anew.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need xz xz-utils
here=$(cd "$srcdir" && pwd)

# packed DIRECTORY: make dist there; its tarball's hash
packed()
{
	"$MAKE" -s --no-print-directory -C "$1" dist >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; echo "make dist failed in $1" >&2; return 1; }
	(cd "$1" && sha256sum maar-*.tar.xz)
}

# A Makefile, and no more than that needs.
configured() { (cd "$1" && ./configure -q >"$tmp/log" 2>&1) || { cat "$tmp/log" >&2; return 1; }; }

unset SOURCE_DATE_EPOCH
mkdir "$tmp/one" "$tmp/two"
if [ -n "${MAAR_PROOF-}" ] && [ -e "$here/.git" ]; then
	for clone in one two; do
		git clone -q "$here" "$tmp/$clone/maar"
		(cd "$tmp/$clone/maar" && autoreconf -fi) >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
		[ "$clone" = two ] || first=$(configured "$tmp/one/maar" && packed "$tmp/one/maar")
		umask 077
	done
	second=$tmp/two/maar
	archive=$(echo "$tmp"/one/maar/maar-*.tar.xz)
else
	# What is there may be a release that somebody wants to keep.
	mkdir "$tmp/kept"
	for archive in "$builddir"/maar-*.tar.xz; do
		[ ! -e "$archive" ] || mv "$archive" "$tmp/kept/"
	done
	first=$(packed "$builddir")
	mv "$builddir"/maar-*.tar.xz "$tmp/one/"
	for archive in "$tmp"/kept/*; do
		[ ! -e "$archive" ] || mv "$archive" "$builddir/"
	done
	archive=$(echo "$tmp"/one/maar-*.tar.xz)
	umask 077
	tar -xf "$archive" -C "$tmp/two" -m
	second=$(echo "$tmp"/two/maar-*)
fi
again=$(TZ=Asia/Tokyo LC_ALL=C.UTF-8 && export TZ && configured "$second" && packed "$second")
[ -n "$first" ] || fail "no hash"
if [ "$first" != "$again" ]; then
	fail "make dist packs something else: $first; $again"
	mkdir "$tmp/a" "$tmp/b"
	tar -xf "$archive" -C "$tmp/a"
	tar -xf "$second"/maar-*.tar.xz -C "$tmp/b"
	diff -rq "$tmp/a" "$tmp/b" || :
	tar -tvf "$archive" >"$tmp/a.list"
	tar -tvf "$second"/maar-*.tar.xz | diff "$tmp/a.list" - | head -n 20
fi

# What it packs has one owner, modes of their own, one date; and the date can be had as the distributions want it.
tar --full-time -tvf "$archive" | awk '{ print $2, $4, $5 }' | sort -u >"$tmp/owners"
if [ "$(wc -l <"$tmp/owners")" -ne 1 ] || ! grep -q '^root/root ' "$tmp/owners"; then
	fail "owners and dates: $(cat "$tmp/owners")"
fi
tar -tvf "$archive" | awk '{ print $1 }' | sort -u | grep -vE '^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x)$' && fail "modes like these are packed"

# Control: another date makes another hash.
[ "$(SOURCE_DATE_EPOCH=1000000000 && export SOURCE_DATE_EPOCH && packed "$second")" != "$first" ] || fail "control: SOURCE_DATE_EPOCH changes nothing"
finish
