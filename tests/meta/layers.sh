#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The layers include one another one way only, and each thing that is to stand in one place stands there alone.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

# A line a layer: its name (src/NAME), the layers it may include, its public headers below include/maar.
layers='
base   -                version.h bits/cc.h bits/atomic.h bits/arch.h bits/arch_x86_64.h bits/arch_aarch64.h bits/arch_generic.h
ring   base             ring.h record_ring.h byte_ring.h bits/ring_impl.h bits/ring_moves.h bits/byte_ring_impl.h broadcast.h bits/broadcast_impl.h batch_ring.h slot_ring.h bits/slot_ring_impl.h bits/slot_ring_moves.h
wait   base,ring        event.h wait.h bits/event_impl.h bits/wait_impl.h
mring  base,ring        mring.h shared_mring.h track.h bits/mring_impl.h bits/mring_slots.h
alloc  base,ring,mring  alloc.h
queue  base,ring,mring  queue.h bits/queue_impl.h
pool   base,ring,mring  pool.h object_pool.h typed_pool.h chain.h bits/pool_impl.h bits/chain_impl.h
arena  base,ring,mring,alloc arena.h bits/arena_impl.h
malloc base,alloc       override.h
ipc    base,ring,wait,mring ipc.h ipc_names.h ipc_watch.h ipc_handed.h ipc_broadcast.h
channel base,ring,wait,mring,pool channel.h select.h topic.h
'

# Where a word may stand alone: a pattern, the files that may have it, why.
places='
\burcu[_/]|\brcu_|\bcds_               src/mring/rcu\.h                 liburcu enters at one place
__atomic_|__sync_                      include/maar/bits/[a-z0-9_]+\.h  atomics go through one layer
\b(m|c|re)alloc\(|\b(posix_)?memalign\(|\baligned_alloc\(|\bfree\(  src/(base|malloc)/[a-z_]+\.c  memory comes from one place, where a test can make it fail
\b(mmap|munmap|mremap|memfd_create)\(          src/base/[a-z_]+\.c              mappings come from one place, where a test can make them fail
\bSYS_futex|\beventfd\(|\bclock_gettime\(  src/base/sleep\.c  sleeping enters the system at one place
pthread_mutex_init|pthread_key_create  src/base/[a-z_]+\.c              locks come from one place, where a test can make them fail
'

check_includes()
{
	(cd "$1" && find include src -name '*.[ch]' -exec grep -n '^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*["<]' {} + ) |
		sed 's/^\([^:]*\):\([0-9]*\):.*include[[:blank:]]*\(["<][^">]*\).*/\1 \2 \3/' |
		awk -v layers="$layers" '
		BEGIN {
			n = split(layers, line, "\n")
			for (i = 1; i <= n; i++) {
				k = split(line[i], word, " ")
				if (k == 0)
					continue
				name = word[1]
				known[name] = 1
				allowed[name] = "," word[2] "," name ","
				for (j = 3; j <= k; j++)
					layer_of["include/maar/" word[j]] = name
			}
		}
		# The layer a file belongs to; "" if the table does not know it.
		function layer(file,    part) {
			if (file ~ /^src\//) {
				split(file, part, "/")
				return part[2] in known ? part[2] : ""
			}
			return layer_of[file]
		}
		# "a/b/../c" is "a/c"
		function plain(path) {
			while (match(path, /[^\/]+\/\.\.\//))
				path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
			return path
		}
		function wrong(what) { print $1 ":" $2 ": " what; bad = 1 }
		{
			if ($1 == "include/maar.h") {
				if ($3 !~ /^<maar\//)
					wrong("the umbrella includes more than public headers")
				next
			}
			from = layer($1)
			if (from == "") {
				wrong("this file is in no layer of the table")
				next
			}
			target = substr($3, 2)
			if ($3 ~ /^"/) {
				if ($1 ~ /^include\//) {
					wrong("a public header includes the private " target)
					next
				}
				directory = $1
				sub(/[^\/]*$/, "", directory)
				target = plain(directory target)
			} else if (target ~ /^maar(\/|\.h$)/)
				target = "include/" target
			else
				next
			to = layer(target)
			if (to == "")
				wrong(target " is in no layer of the table")
			else if (!index(allowed[from], "," to ","))
				wrong("layer " from " includes layer " to " (" target ")")
		}
		END { exit bad }'
}

check_places()
{
	find "$1/include" "$1/src" -name '*.[ch]' | sort >"$tmp/files"
	# shellcheck disable=SC2046 # a list of files
	code_of $(cat "$tmp/files") | sed "s|^$1/||" >"$tmp/code"
	printf '%s\n' "$places" | while read -r pattern files why; do
		[ -n "$pattern" ] || continue
		if grep -E "^[^:]*:[0-9]*:.*($pattern)" "$tmp/code" | grep -vE "^$files:"; then
			echo "  ^ $why"
		fi
	done >"$tmp/wrong"
	cat "$tmp/wrong"
	[ ! -s "$tmp/wrong" ]
}

check_includes "$srcdir" || fail "the layers are not one-way"
check_places "$srcdir" || fail "something stands where it may not"

# Controls: plant CHECK FILE TEXT WHAT
plant()
{
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	cp -r "$srcdir/include" "$srcdir/src" "$tmp/tree/"
	chmod -R u+w "$tmp/tree"
	echo "$3" >>"$tmp/tree/$2"
	must_fail "$4" "$1" "$tmp/tree"
}
plant check_includes src/base/memory.c '#include "../ring/ring_priv.h"' 'layer base includes layer ring'
plant check_includes src/ring/ring.c '#include <maar/pool.h>' 'layer ring includes layer pool'
plant check_includes include/maar/ring.h '#include "../../src/base/base.h"' 'includes the private'
plant check_includes include/maar/planted.h '#include <maar/ring.h>' 'in no layer of the table'
plant check_places src/mring/lane.c '#include <urcu/rculist.h>' 'liburcu enters at one place'
plant check_places src/ring/ring.c 'int planted(int *p) { return __atomic_load_n(p, 0); }' 'atomics go through one layer'
plant check_places src/pool/pool.c 'void *planted(void) { return malloc(1); }' 'memory comes from one place'
plant check_includes src/wait/wait.c '#include <maar/pool.h>' 'layer wait includes layer pool'
plant check_places src/wait/event.c 'long planted(void) { return SYS_futex; }' 'sleeping enters the system at one place'
finish
