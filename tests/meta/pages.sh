#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# What people read is right as far as a machine can tell: man pages, links, and the commands that README.md names.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need mandoc mandoc

pages=$(ls "$srcdir"/doc/man/*.[1-9] 2>/dev/null) || fail "there is no man page in doc/man"
for page in $pages; do
	mandoc -T lint -W warning "$page" || fail "$page: mandoc warns"
done
printf '.Dd\n.Sh planted\n.Xx\n' >"$tmp/planted.3"
must_fail planted.3 mandoc -T lint -W warning "$tmp/planted.3"

# What README.md and its kind and the pages of doc/ link to is there.
links_of() { grep -oE '\]\([^)#:]+\)' "$1" | sed 's/^](//; s/)$//'; }
for text in README.md CONTRIBUTING.md SECURITY.md doc/compare.md doc/design.md doc/memory-model.md doc/lineage.md; do
	for link in $(links_of "$srcdir/$text"); do
		[ -e "$srcdir/$(dirname "$text")/$link" ] || fail "$text links to $link, which is not there"
	done
done

# Every "make TARGET" in their code, in backquotes or in indented lines, is a target. (make -n would not do: it runs the
# parts of distcheck that call make.)
is_target() { grep -qE "^([a-z][a-zA-Z_-]* )*$1( [a-z][a-zA-Z_-]*)*:" "$builddir/Makefile"; }
# shellcheck disable=SC2016 # backquotes are what it looks for
targets_of() { grep -oE '`[^`]*`|^    .*' "$1" | grep -oE '\bmake [a-z][a-z-]*' | sed 's/make //' | sort -u; }
for text in README.md CONTRIBUTING.md SECURITY.md doc/compare.md; do
	for target in $(targets_of "$srcdir/$text"); do
		is_target "$target" || fail "$text names 'make $target', which is no target"
	done
done
[ -n "$(targets_of "$srcdir/README.md")" ] || fail "control: README.md names no target"
is_target check || fail "control: 'check' is not found"
is_target planted && fail "control: 'planted' is found"

# Every man page is reached from maar(7).
if [ -e "$srcdir/doc/man/maar.7" ]; then
	for page in $pages; do
		name=$(basename "$page" | sed 's/\.\([1-9]\)$/ \1/')
		[ "$name" = "maar 7" ] || grep -q "^\.Xr $name" "$srcdir/doc/man/maar.7" || fail "maar(7) does not name $name"
	done
fi
finish
