#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# examples/exchange against wc, split and awk: what it says went through it is what is in its input. And the control:
# broken on purpose (--sabotage), it notices each time. Each run may take 300 s: enough for a machine that stalls.
set -eu
export LC_ALL=C

exchange=${builddir:-.}/examples/exchange
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
failures=0

ok()
{
	echo "ok: $1"
}

failed()
{
	echo "FAILED: $1"
	sed 's/^/    /' out err
	failures=$((failures + 1))
}

# run ARGS: an exchange; its status in $rc, its words in the files out and err
run()
{
	rc=0
	timeout 300 "$exchange" "$@" >out 2>err || rc=$?
	read_out
}

# What the last run said: came_out_records, _bytes, _lines and _checksum; accounted is yes if it was, and ended well.
read_out()
{
	accounted='' still_out='' came_out_records='' came_out_bytes='' came_out_lines='' came_out_checksum=''
	while IFS= read -r said; do
		case $said in
		'  accounted for: yes') accounted=yes ;;
		*'still out 0') still_out=0 ;;
		'  came out '*)
			# shellcheck disable=SC2086 # words: came out N records, N bytes, N lines, checksum X
			set -- $said
			came_out_records=$3 came_out_bytes=$5 came_out_lines=$7 came_out_checksum=${10}
			;;
		esac
	done <out
	[ "$rc$still_out" = 00 ] || accounted=''
}

accounted()
{
	[ "$accounted" = yes ]
}

# saw NAME BYTES LINES [RECORDS]: the last run is accounted for and counted so much
saw()
{
	if accounted && [ "$came_out_bytes" = "$2" ] && [ "$came_out_lines" = "$3" ] &&
		[ "$came_out_records" = "${4:-$came_out_records}" ]; then
		ok "$1"
	else
		failed "$1: expected $2 bytes, $3 lines, ${4:-any number of} records"
	fi
}

# holds NAME COMMAND...: the command is true
holds()
{
	name=$1
	shift
	if "$@"; then
		ok "$name"
	else
		failed "$name: not true: $*"
	fi
}

# refused NAME WORDS: the last run failed, by itself, and said why
refused()
{
	if [ "$rc" -ne 0 ] && [ "$rc" -lt 124 ] && grep -q -e "$2" err; then
		ok "$1"
	else
		failed "$1: expected a failure that says '$2', not status $rc"
	fi
}

bytes_of()
{
	echo $(($(cat "$@" | wc -c)))
}

lines_of()
{
	echo $(($(cat "$@" | wc -l)))
}

# records_of LONGEST FILE: as many whole lines as fit a record, counted in another way; exchange begins anew at each MiB
records_of()
{
	rm -f piece.*
	split -b 1048576 "$2" piece.
	for piece in piece.*; do
		awk -v most="$1" -v size="$(bytes_of "$piece")" '
			{
				n = length($0) + 1
				if (n > size - done) n = size - done # the piece ends without a newline
				done += n
				if (n > most || have + n > most) { records += have > 0; have = 0 }
				while (n > most) { records++; n -= most }
				have += n
			}
			END { print records + (have > 0) }' "$piece"
	done | awk '{ n += $1 } END { print n }'
}

awk 'BEGIN { for (i = 0; i < 60000; i++) printf "%d %s\n", i, substr("the quick brown fox jumps over it", 1, i % 34) }' >text
cat text text text >long
cat /bin/sh /bin/sh >binary
long_bytes=$(bytes_of long) long_lines=$(lines_of long) text_bytes=$(bytes_of text) text_lines=$(lines_of text)

# ---- known counts -------------------------------------------------------------------------------------------------------
for record in 40 100 2048; do
	run -p 3 -c 2 --record=$record --verify long
	saw "a text in records of $record" "$long_bytes" "$long_lines" "$(records_of $record long)"
done
holds "the second pass" grep -q ' 5 pieces the same, 0 different, 0 left out' out

run --record=1 -p 2 -c 2 --limit=100000 text
saw "records of one byte, and a limit" 100000 "$(head -c 100000 text | lines_of)" 100000

run --verify -r /dev/null
saw "nothing at all" 0 0 0
: >empty
run empty
saw "an empty file" 0 0 0
mkdir nothing
run -r nothing
saw "an empty directory" 0 0 0

printf 'one\ntwo' >unended
run unended
saw "no newline at the end" 7 1 1
run --record=4 unended
saw "no newline at the end, a record for each line" 7 1 2

awk 'BEGIN { for (i = 0; i < 1000; i++) printf "x" }' >line
run --record=64 line
saw "a line longer than a record" 1000 0 16
printf '%s\n%s\n' "$(cat line)" 'short' >lines
run --record=64 lines
saw "a line longer than a record, and a short one" 1007 2 16

run -p 4 -c 4 --record=512 --verify binary
saw "binary bytes" "$(bytes_of binary)" "$(lines_of binary)"
run /proc/self/status
holds "a file that does not know its size" accounted
holds "and its lines" [ "$came_out_lines" -gt 10 ]

# ---- standard input -----------------------------------------------------------------------------------------------------
rc=0
cat long binary | timeout 300 "$exchange" -p 4 -c 3 >out 2>err || rc=$?
read_out
saw "a pipe" "$(bytes_of long binary)" "$(lines_of long binary)"
rc=0
timeout 300 "$exchange" -p 4 -c 3 --slots=2 text - binary <long >out 2>err || rc=$?
read_out
saw "standard input among files" "$(bytes_of long text binary)" "$(lines_of long text binary)"
rc=0
for line in a b c d; do echo $line; sleep 0.1; done | timeout 300 "$exchange" -p 2 -c 2 --slots=1 - text >out 2>err || rc=$?
read_out
saw "a slow pipe, a file, and one message" $((8 + text_bytes)) $((4 + text_lines))

# ---- many files ---------------------------------------------------------------------------------------------------------
mkdir -p tree/a/b tree/c
split -b 3000 text tree/a/b/f.
split -b 7001 binary tree/c/f.
: >tree/empty
ln -s ../tree tree/loop
mkfifo tree/fifo
run -r -p 4 -c 4 --verify tree
saw "many files, a link in a circle, a fifo nobody writes to" "$(bytes_of text binary)" "$(find tree -type f -exec cat {} + | lines_of)"
run tree
refused "a directory without -r" 'is a directory: give -r'
run --at-least=3M --limit=3M text
saw "round again" 3145728 "$(cat text text text text text text text text text | head -c 3145728 | lines_of)"

run missing text
saw "a missing file is passed over" "$text_bytes" "$text_lines"
holds "a missing file is reported" grep -q 'missing: No such file' err
run --strict missing text
refused "a missing file with --strict" '--strict'
run missing /proc/self/mem
refused "nothing can be read" 'none of the input can be read'

# ---- files that change meanwhile: whatever is read goes in and comes out -----------------------------------------------------
cp long changing
(while :; do : >changing; cat text >>changing; cat long >>changing; done) &
writer=$!
changed=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	run -p 2 -c 2 --record=$((i * 50)) --verify changing
	accounted || changed=$i
done
kill "$writer"
wait "$writer" 2>/dev/null || :
holds "a file that shrinks and grows (0, or the run that went wrong)" [ "$changed" -eq 0 ]

# ---- each kind of ring, few messages, many threads: the same sum every time ---------------------------------------------------
run -p 1 -c 1 long
sum=$came_out_checksum
for kind in mpmc ticket mpsc spmc spsc; do
	for shape in '1 1 1024' '8 8 1' '8 8 3' '5 3 64' '3 5 5000'; do
		# shellcheck disable=SC2086 # three words on purpose
		set -- $shape
		run --ring=$kind -p "$1" -c "$2" --slots="$3" --verify long
		if accounted && [ "$came_out_checksum" = "$sum" ]; then
			ok "$kind, $1 x $2, $3 messages"
		else
			failed "$kind, $1 x $2, $3 messages: expected the checksum $sum"
		fi
	done
	run --ring=$kind -p 4 -c 4 --entries=1 --burst=1 long
	saw "$kind of one entry" "$long_bytes" "$long_lines"
done
{ echo b; echo a; } >two
{ echo a; echo b; } >two_swapped
run --record=2 two
sum=$came_out_checksum
run --record=2 two_swapped
holds "the checksum knows what stood where" [ "$sum" != "$came_out_checksum" ]

# ---- the table ------------------------------------------------------------------------------------------------------------
run --table -r --verify --at-least=1M tree
holds "the table" [ "$rc" -eq 0 ]
holds "the table's rows" grep -q '^10 of 10 rows accounted for$' out
run --table --sabotage=drop text
refused "a table with a lost message" 'NOT accounted for'
holds "each row says so" grep -q '^0 of 10 rows accounted for$' out
run --table
refused "a table of standard input" '--table reads its input several times'

# ---- the control: what is broken must be noticed ------------------------------------------------------------------------------
# One pair and many messages, so that a message put twice is still free the second time. A debug build of the library
# stops the program there, and names both putters: that is noticing, too.
for how in drop twice corrupt double-put leak; do
	run -p 1 -c 1 --sabotage=$how text
	if [ "$rc" -ne 0 ] && [ "$rc" -ne 124 ] && grep -q -e 'NOT accounted for' -e 'is free already' err; then
		ok "sabotage: $how is noticed"
	else
		failed "sabotage: $how is not noticed"
	fi
done
run --sabotage=drop empty
refused "no message to sabotage" 'no message to sabotage'

# ---- options ----------------------------------------------------------------------------------------------------------------
run --help
holds "--help ends well" [ "$rc" -eq 0 ]
holds "--help teaches" grep -q 'Examples:' out
run -q text
holds "--quiet ends well" [ "$rc" -eq 0 ]
holds "--quiet is quiet" [ "$(bytes_of out err)" -eq 0 ]
while read -r option words; do
	run "$option" text
	refused "$option" "$words"
done <<LIST
--producers=0 out of range
--consumers=257 out of range
--slots=0 out of range
--slots=-1 is no number
--slots=many is no number
--slots=99999999999999999999 out of range
--slots=17179869184G out of range
--record=0 out of range
--record=17M out of range
--record=1Q is no number
--record= is no number
--burst=1000 out of range
--entries=0 out of range
--ring=square give mpmc, ticket
--sabotage=politely give drop
--limit=0 out of range
--no-such-option unrecognized option
LIST
run --slots=2147483648 --record=16M text
refused "a pool beyond the address space" 'lower --slots or --record'
run --at-least=2M --limit=1M text
refused "--at-least beyond --limit" 'raise the limit'
run --at-least=1M empty
refused "nothing to go round" 'no file with anything in it'
run - -
refused "standard input twice" 'can be read once'
run --sabotage=leak --slots=1 text
refused "a leak of the only message" 'give --slots=2'
rc=0
timeout 300 "$exchange" text >/dev/full 2>err || rc=$?
refused "a report that cannot be written" 'cannot write the report'

[ "$failures" -eq 0 ] || echo "$failures failed"
[ "$failures" -eq 0 ]
