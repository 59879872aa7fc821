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
headers="$srcdir/include/maar/alloc.h $srcdir/include/maar/event.h $srcdir/include/maar/wait.h $srcdir/include/maar/channel.h $srcdir/include/maar/select.h
	$srcdir/include/maar/topic.h $srcdir/include/maar/ring.h $srcdir/include/maar/record_ring.h
	$srcdir/include/maar/mring.h $srcdir/include/maar/pool.h $srcdir/include/maar/byte_ring.h $srcdir/include/maar/object_pool.h
	$builddir/include/maar/version.h $srcdir/include/maar/broadcast.h $srcdir/include/maar/slot_ring.h $srcdir/include/maar/batch_ring.h $srcdir/include/maar/queue.h $srcdir/include/maar/chain.h
	$srcdir/include/maar/typed_pool.h $srcdir/include/maar/track.h $srcdir/include/maar/arena.h $srcdir/include/maar/shared_mring.h"
work=$(mktemp -d "$builddir/man-synopsis.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

failed=0
wrong()
{
	echo "$*"
	failed=1
}

# What the library exports, but for what only its own headers call (maar__...).
sed -n 's/^[[:space:]]*\(maar_[a-z0-9][a-z0-9_]*\);$/\1/p' "$srcdir/src/libmaar.map" | sort >"$work/calls"
[ -s "$work/calls" ] || wrong "src/libmaar.map: no calls found in it"

# shellcheck disable=SC2086 # headers is a list of files
awk -v from=header -f "$here/prototypes.awk" $headers >"$work/header"
# The functions that MAAR_OBJECT_POOL makes and that it calls, as the compiler sees them.
printf '#include <maar/object_pool.h>\nMAAR_OBJECT_POOL(name, type, construct, destruct);\n' >"$work/macro.c"
# shellcheck disable=SC2086 # CC may be several words
$CC -E -P -I"$srcdir/include" -I"$builddir/include" "$work/macro.c" | tr '{};' '[\n*]' |
	sed -n 's/^.*__attribute__((.*unused)) \(.*name_pool_[a-z]*(.*)\) *$/\1;/p' | sed 's/^/MAAR_API /' |
	awk -v from=header -f "$here/prototypes.awk" >>"$work/header"
# And those of MAAR_POOL_DEFINE.
printf '#include <maar/typed_pool.h>\nMAAR_POOL_DEFINE(name, type);\n' >"$work/typed.c"
# shellcheck disable=SC2086 # CC may be several words
$CC -E -P -I"$srcdir/include" -I"$builddir/include" "$work/typed.c" | tr '{};' '[\n*]' |
	sed -n 's/^.*__attribute__((.*unused)) \(.*[ *]name_[a-z_]*(.*)\) *$/\1;/p' | sed 's/^/MAAR_API /' |
	awk -v from=header -f "$here/prototypes.awk" >>"$work/header"
grep -q '[ *]name_get_bulk(' "$work/header" || wrong "MAAR_POOL_DEFINE: found no functions in its expansion"
grep -q 'name_pool_get(' "$work/header" || wrong "MAAR_OBJECT_POOL: found no functions in its expansion"

: >"$work/pages"
for page in "$here"/*.[37]; do
	awk -v from=page -f "$here/prototypes.awk" "$page" | sed "s|^|$(basename "$page"):|" >>"$work/pages"
done
for page in "$here"/*.3; do
	awk -f "$here/names.awk" "$page" | sed "s|^|$(basename "$page"):|"
done >"$work/names"

prototype() { sed -n "/[ *]$1(/p" "$2"; }

while read -r call; do
	owners=$(sed -n "s/:$call\$//p" "$work/names" | tr '\n' ' ')
	case $owners in
	'') wrong "$call: exported, and in the NAME section of no page" ;;
	*' '?*) wrong "$call: in the NAME sections of several pages: $owners" ;;
	esac
	declared=$(prototype "$call" "$work/header")
	documented=$(prototype "$call" "$work/pages" | sed 's/^[^:]*://')
	[ -n "$declared" ] || wrong "$call: exported, and declared in no public header"
	[ "$declared" = "$documented" ] ||
		wrong "$call: the header says \"$declared\", the SYNOPSIS \"${documented:-nothing}\""
done <"$work/calls"

sed -n '/[ *]name_/p' "$work/header" >"$work/macro"
while read -r declared; do
	sed 's/^[^:]*://' "$work/pages" | grep -qxF -- "$declared" ||
		wrong "MAAR_OBJECT_POOL or MAAR_POOL_DEFINE: it defines \"$declared\", which the SYNOPSIS does not show"
done <"$work/macro"

# The other way round: what a SYNOPSIS shows exists, as a function or as a macro with these arguments.
while IFS=: read -r page shown; do
	name=$(printf '%s\n' "$shown" | sed 's/(.*//; s/.*[ *]//')
	grep -qxF -- "$shown" "$work/header" && continue
	arguments=$(printf '%s\n' "$shown" | sed 's/^[^(]*(//; s/)$//' | tr ',' '\n' | sed 's/.*[ *]//' | tr '\n' ',')
	# shellcheck disable=SC2086 # headers is a list of files
	macro=$(sed -n "s/^#define $name(\([^)]*\)).*/\1,/p" $headers | tr -d ' ')
	# The two functions that the user of MAAR_OBJECT_POOL writes are named as its arguments.
	case $name in construct | destruct) continue ;; esac
	if [ -z "$macro" ] || [ "$macro" != "$arguments" ]; then
		wrong "$name: $page shows \"$shown\", which no public header declares"
	fi
done <"$work/pages"

# Written about: each name of a page, in its DESCRIPTION.
while IFS=: read -r page name; do
	# the page's own name, where it is no call
	[ "$page" = "$name.3" ] && ! grep -qx "$name" "$work/calls" && continue
	awk '/^\.Sh / { body = ($2 == "DESCRIPTION") } body' "$here/$page" >"$work/body"
	grep -qE "^\.(.* )?Fn $name( |\$)" "$work/body" ||
		wrong "$name: $page names it and says nothing about it"
done <"$work/names"

# Constants and members of structures.
cat "$here"/*.[37] | grep -E '^\.(.* )?(Dv|Va) ' >"$work/all"
# shellcheck disable=SC2086 # headers is a list of files
sed -n 's/^[[:space:]]*\(MAAR_[A-Z0-9_]*\) = .*/\1/p; s/^#define \(MAAR_[A-Z0-9_]*\)[ 	].*/\1/p' $headers |
	grep -vE '^MAAR_(BITS_OK|[A-Z]*_H)$' | sort -u >"$work/constants"
# shellcheck disable=SC2086 # headers is a list of files
sed -n '/^struct maar_\(msg\|[a-z_]*options\|[a-z_]*stats\) {/,/^}/p' $headers |
	sed -n 's|^\t[a-z0-9_]*[a-z0-9_ ]*[ *]\([a-z_][a-z0-9_]*\)\(\[[0-9]*\]\)*;.*|\1|p' |
	grep -v '^reserved' | sort -u >"$work/members"
for list in constants members; do
	[ -s "$work/$list" ] || wrong "found no $list in the headers"
	while read -r name; do
		grep -qw -- "$name" "$work/all" || wrong "$name: in a public header and in no page"
	done <"$work/$list"
done

[ "$failed" = 0 ] && echo "$(wc -l <"$work/calls") calls, $(wc -l <"$work/constants") constants and" \
	"$(wc -l <"$work/members") members agree"
exit "$failed"
