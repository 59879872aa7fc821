# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the scripts of this directory share: the list of probes, and programs that are watched.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

# "name(argument, argument)", one a line, sorted: of src/base/probe.h, which is the list.
listed() { sed -n 's/^ \* \([a-z]*_[a-z_]*([a-z, ]*)\) .*/\1/p' "$srcdir/src/base/probe.h" | sort; }

# program NAME LIBRARY: $tmp/NAME of NAME.c, linked with the library as it is in the build tree.
program()
{
	# shellcheck disable=SC2086 # words
	"$builddir/libtool" --silent --tag=CC --mode=link $CC -g -O1 -fno-omit-frame-pointer -pthread -I"$srcdir/include" \
		-I"$builddir/include" "$srcdir/tests/trace/$1.c" "$builddir/$2" -no-install -o "$tmp/$1"
}
