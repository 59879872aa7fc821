#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# SPIN on event.pml: each scenario in every interleaving without an error, and each planted fault found.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need spin spin

model=$(cd "$srcdir" && pwd)/tests/spin/event.pml

# check FLAG...: 0 if SPIN finds no error; what it found stands in $tmp/out. A search that was cut short is an error too.
# Compiling takes longer than most searches, hence -O0; a stack of 2,000 steps and a table of 2^21 entries, as none is deeper
# than 160 steps or has more than two million states, and memory that is touched costs time.
check()
{
	rm -rf "$tmp/pan"
	mkdir "$tmp/pan"
	if ! (cd "$tmp/pan" && spin -a "$@" "$model" && ${CC:-cc} -O0 -w -DSAFETY -DSFH -DVECTORSZ=2048 -o pan pan.c &&
		./pan -m2000 -w21 -n) >"$tmp/out" 2>&1; then
		echo "not built" >>"$tmp/out"
	fi
	grep -q 'errors: 0' "$tmp/out" && ! grep -qE 'max search depth|Search not completed|not built' "$tmp/out"
}

sound()
{
	check "$@" || fail "event.pml $*: $(cat "$tmp/out")"
	echo "$*: $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$tmp/out") states"
}

# planted WHAT FLAG...: SPIN must find it, by that kind of error.
planted()
{
	what=$1
	shift
	if check "$@" || ! grep -q "errors: 1" "$tmp/out" || ! grep -q "$what" "$tmp/out"; then
		fail "control: event.pml $* is not found: $(cat "$tmp/out")"
	fi
	echo "$*: found"
}

sound -DSLEEPERS
sound -DCROWD
sound -DCLOSING
sound -DPOLLING
planted 'invalid end state' -DSLEEPERS -DNO_SECOND_LOOK
planted 'invalid end state' -DSLEEPERS -DLOADING_NOTIFY
planted 'invalid end state' -DSLEEPERS -DCARELESS_CANCEL
planted 'invalid end state' -DSLEEPERS -DCARELESS_CLEAR
planted 'invalid end state' -DCROWD -DCANCEL_WOKEN
planted 'invalid end state' -DCLOSING -DNO_SECOND_LOOK
planted 'invalid end state' -DPOLLING -DLOADING_NOTIFY
planted 'invalid end state' -DPOLLING -DARM_AFTER_LOOK
planted 'assertion violated' -DPOLLING -DFIRE_IF_ARMED
finish
