#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# With MAAR_NO_INLINE the headers hold prototypes and no bodies: two files of one program link, and what they call is the
# library's.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

cat >"$tmp/one.c" <<'END'
#include <maar.h>
int other(struct maar_ring *ring);
int main(void)
{
	struct maar_pool *pool = maar_pool_create(4, 64, NULL);
	struct maar_ring *ring = maar_ring_create(4, MAAR_RING_SPSC);
	struct maar_msg *msg = maar_pool_get(pool);

	if (!ring || !msg || maar_msg_append(msg, "x", 1) || maar_mring_handle(maar_pool_mring(pool), msg) != msg->handle)
		return 1;
	if (!maar_ring_enqueue_ptr(ring, msg) || other(ring))
		return 1;
	maar_ring_destroy(ring);
	return maar_pool_destroy(pool);
}
END
cat >"$tmp/two.c" <<'END'
#include <maar.h>
int other(struct maar_ring *ring)
{
	return maar_msg_release((struct maar_msg *)maar_ring_dequeue_ptr(ring));
}
END
for file in one two; do
	# shellcheck disable=SC2086 # words
	$CC ${CFLAGS-} -DMAAR_NO_INLINE -I"$srcdir/include" -I"$builddir/include" -c "$tmp/$file.c" -o "$tmp/$file.o" ||
		fail "$file.c does not compile with MAAR_NO_INLINE"
done
for call in maar_ring_enqueue_ptr maar_msg_append maar_mring_handle; do
	nm -u "$tmp/one.o" | grep -qw "$call" || fail "$call is not left to the library"
done
# shellcheck disable=SC2086
"$builddir/libtool" --silent --tag=CC --mode=link $CC ${CFLAGS-} "$tmp/one.o" "$tmp/two.o" "$builddir/libmaar.la" \
	-o "$tmp/program" || fail "two files with MAAR_NO_INLINE do not link"
"$tmp/program" || fail "the program fails"
finish
