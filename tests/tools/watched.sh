#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The allocator's test, in a library that is built with AddressSanitizer, once more as such a library is not by itself: blocks shown
# to the tool (tools=1). ThreadSanitizer watches no blocks; the option changes nothing there.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

rc=0
CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent MAAR_OPTIONS=tools=1 "$builddir/tests/unit/test_alloc" >"$tmp/said" 2>&1 || rc=$?
[ "$rc" -eq 0 ] || fail "tools=1: $rc: $(grep -v '^ok' "$tmp/said")"
grep -q '^ok' "$tmp/said" || fail "tools=1: nothing was tested: $(cat "$tmp/said")"
finish
