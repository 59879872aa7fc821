#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The man pages and the library say the same: each exported call is in the NAME section of exactly one page, and its
# prototype in that page's SYNOPSIS is the header's, argument names and all; nothing else stands in a SYNOPSIS but
# public macros, with the header's arguments; every call, constant and member of a public structure is written about.
# Wants $srcdir, $builddir (absolute, from make) and $CC.
set -eu
: "${srcdir:?} ${builddir:?} ${CC:=cc}"

here=$srcdir/doc/man
headers="$srcdir/include/maar/alloc.h $srcdir/include/maar/event.h $srcdir/include/maar/ipc_watch.h $srcdir/include/maar/wait.h $srcdir/include/maar/channel.h $srcdir/include/maar/select.h
	$srcdir/include/maar/topic.h $srcdir/include/maar/ring.h $srcdir/include/maar/record_ring.h
	$srcdir/include/maar/mring.h $srcdir/include/maar/pool.h $srcdir/include/maar/byte_ring.h $srcdir/include/maar/object_pool.h
	$builddir/include/maar/version.h $srcdir/include/maar/broadcast.h $srcdir/include/maar/slot_ring.h $srcdir/include/maar/batch_ring.h $srcdir/include/maar/queue.h $srcdir/include/maar/chain.h
	$srcdir/include/maar/typed_pool.h $srcdir/include/maar/track.h $srcdir/include/maar/arena.h $srcdir/include/maar/shared_mring.h
	$srcdir/include/maar/ipc.h $srcdir/include/maar/ipc_broadcast.h
	$srcdir/include/maar/ipc_handed.h
	$srcdir/include/maar/ipc_names.h"
work=$(mktemp -d "$builddir/man-synopsis.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What the functions that MAAR_OBJECT_POOL and MAAR_POOL_DEFINE make look like, as the compiler sees them.
cat >"$work/macros.c" <<'END'
#include <maar/object_pool.h>
MAAR_OBJECT_POOL(name, type, construct, destruct);
#include <maar/typed_pool.h>
MAAR_POOL_DEFINE(name, type);
END
# shellcheck disable=SC2086 # CC may be several words
$CC -E -P -I"$srcdir/include" -I"$builddir/include" "$work/macros.c" | tr '{};' '[\n*]' |
	sed -n 's/^.*__attribute__((.*unused)) \(.*[ *]name_[a-z_]*(.*)\) *$/MAAR_API \1;/p' >"$work/generated"

# agree MAP PAGES [HEADER]: whether they do; the headers are ours and that one.
agree()
{
	map=$1 pages=$2
	shift 2
	# What the library exports, but for what only its own headers call (maar__...).
	sed -n 's/^[[:space:]]*\(maar_[a-z0-9][a-z0-9_]*\);$/\1/p' "$map" >"$work/calls"
	# shellcheck disable=SC2086 # headers is a list of files
	awk -v from=header -f "$here/prototypes.awk" $headers "$@" "$work/generated" >"$work/declared"
	awk -v from=page -f "$here/prototypes.awk" "$pages"/*.[37] >"$work/shown"
	awk -f "$here/names.awk" "$pages"/*.3 >"$work/names"
	# shellcheck disable=SC2086 # headers is a list of files
	awk -f "$here/agree.awk" what=calls "$work/calls" what=declared "$work/declared" what=shown "$work/shown" \
		what=names "$work/names" what=page "$pages"/*.[37] what=header $headers "$@"
}

failed=0
agree "$srcdir/src/libmaar.map" "$here" || failed=1

# Control: one disagreement of each kind, planted in copies, and the words that find it.
mkdir "$work/man"
cp "$here"/*.[37] "$work/man"
printf '\tmaar_planted;\n\tmaar_twice;\n' | cat "$srcdir/src/libmaar.map" - >"$work/map"
cat >"$work/planted.h" <<'END'
#define MAAR_PLANTED 1
#define MAAR_PLANTED_MACRO(a, b) ((a) + (b))
struct maar_planted_stats {
	unsigned long planted_member;
};
MAAR_API int maar_twice(int a);
END
plant() { sed "$2" "$here/$1" >"$work/man/$1"; }
plant maar_version.3 's/^\(\.Fn maar_version\) "void"/\1 "int planted"/; s/^\.Nm maar_version/&\n.Nm maar_twice/'
plant maar_pool.3 's/^\.Sh SYNOPSIS/&\n.Ft void\n.Fn maar_nobody "int a"\n.Fn MAAR_PLANTED_MACRO a/'
plant maar_event.3 's/^\.Nd/.Nm maar_twice\n&/'
plant maar_typed_pool.3 '/^\.Fn name_get /d'
agree "$work/map" "$work/man" "$work/planted.h" >"$work/found" && failed=1
while read -r words; do
	grep -qF -- "$words" "$work/found" || { echo "the checker is blind: it did not say '$words'"; failed=1; }
done <<'END'
maar_planted: exported, and in the NAME section of no page
maar_planted: exported, and declared in no public header
maar_twice: in the NAME sections of several pages: maar_event maar_version
maar_twice: the header says "int maar_twice(int a)", the SYNOPSIS "nothing"
maar_version: the header says "const char*maar_version(void)", the SYNOPSIS "const char*maar_version(int planted)"
it defines "type*name_get(struct name_pool*pool)", which the SYNOPSIS does not show
maar_nobody: maar_pool.3 shows "void maar_nobody(int a)", which no public header declares
MAAR_PLANTED_MACRO: maar_pool.3 shows
maar_twice: maar_version(3) names it and says nothing about it
MAAR_PLANTED: in a public header and in no page
planted_member: in a public header and in no page
END
exit "$failed"
