# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The memory orders of C sources, one line for each way to weaken one, in columns with a tab between:
#     file, function, n-th order of the function, order, weaker order, line, n-th order of the line
# With -v apply="LINE N WEAKER" it prints the file instead, with the N-th order of that line replaced.
# SEQ_CST is weakened to RELAXED only: what it has beyond ACQ_REL, ThreadSanitizer cannot see; use the explorer.
# Orders in comments and in macro definitions are left alone.

function report(order, weaker)
{
	printf "%s\t%s\t%d\t%s\t%s\t%d\t%d\n", FILENAME, name, nth, order, weaker, FNR, here
}

BEGIN {
	if (apply)
		split(apply, at, " ")
}

FNR == 1 {
	comment = 0
	name = "-"
	nth = 0
}

{
	line = $0
	# A line that begins a function: no indentation, a name before a parenthesis.
	if (line ~ /^[A-Za-z_][^;=]*\(/ && line !~ /^MAAR_STATIC_ASSERT/) {
		head = line
		sub(/\(.*/, "", head)
		sub(/.*[^A-Za-z0-9_]/, "", head)
		name = head
		nth = 0
	}
	out = ""
	here = 0
	macro = line ~ /^[ \t]*#/
	while (line != "") {
		if (comment) {
			end = index(line, "*/")
			if (!end) {
				out = out line
				break
			}
			out = out substr(line, 1, end + 1)
			line = substr(line, end + 2)
			comment = 0
			continue
		}
		begin = match(line, /\/\*|ACQ_REL|ACQUIRE|RELEASE|SEQ_CST/)
		if (!begin) {
			out = out line
			break
		}
		word = substr(line, RSTART, RLENGTH)
		before = RSTART > 1 ? substr(line, RSTART - 1, 1) : " "
		after = substr(line, RSTART + RLENGTH, 1)
		out = out substr(line, 1, RSTART - 1)
		line = substr(line, RSTART + RLENGTH)
		if (word == "/*") {
			comment = 1
		} else if (!macro && before !~ /[A-Za-z0-9_]/ && after == ")") {
			nth++
			here++
			if (apply && FNR == at[1] && here == at[2])
				word = at[3]
			if (!apply) {
				report(word, "RELAXED")
				if (word == "ACQ_REL") {
					report(word, "ACQUIRE")
					report(word, "RELEASE")
				}
			}
		}
		out = out word
	}
	if (apply)
		print out
}
