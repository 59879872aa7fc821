# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Every access of C sources that names a memory order, one a line, in columns with a tab between:
#     file, first line, last line, access (load, store, ...), order, the address as written, without blanks
# An order that is no literal token is a parameter, as in the macros that define the accesses, and is left out.

function judge(	text, at, here, depth, i, c, first, last, order, from, to)
{
	at = 1
	while (match(substr(text, at), /maar_a_[a-z0-9]+\(/)) {
		here = at + RSTART - 1
		from = here + RLENGTH
		depth = 1
		first = last = 0
		for (i = from; depth && i <= length(text); i++) {
			c = substr(text, i, 1)
			if (c == "(" || c == "[" || c == "{")
				depth++
			else if (c == ")" || c == "]" || c == "}")
				depth--
			else if (c == "," && depth == 1) {
				if (!first)
					first = i
				last = i
			}
		}
		to = i - 2 # before the closing parenthesis
		order = substr(text, last + 1, to - last)
		gsub(/[ \t\n\\]/, "", order)
		if (first && order ~ /^(RELAXED|ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)$/)
			report(here, i - 1, substr(text, here + 7, from - here - 8), order, substr(text, from, first - from))
		at = from
	}
}

function report(from, to, access, order, address)
{
	gsub(/[ \t\n\\]/, "", address)
	printf "%s\t%d\t%d\t%s\t%s\t%s\n", file, line_of(from), line_of(to), access, order, address
}

function line_of(at)
{
	return split(substr(whole, 1, at), parts, "\n")
}

FNR == 1 {
	if (file)
		judge(whole)
	file = FILENAME
	whole = ""
	comment = 0
}

# The text without comments, but with its lines.
{
	line = $0
	while (line != "") {
		if (comment) {
			end = index(line, "*/")
			if (!end)
				break
			line = substr(line, end + 2)
			comment = 0
		} else {
			begin = index(line, "/*")
			if (!begin) {
				whole = whole line
				break
			}
			whole = whole substr(line, 1, begin - 1)
			line = substr(line, begin + 2)
			comment = 1
		}
	}
	whole = whole "\n"
}

END { judge(whole) }
