# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Prototypes in one form, so that two sources can be compared: one a line, C without needless white space and without
# MAAR_* marks. -v from=page reads the SYNOPSIS of man pages (.Ft, .Fn, .Fo/.Fa/.Fc) and puts the page's file name and a
# colon before each, -v from=header reads what public headers declare with MAAR_API or MAAR_INLINE.
function emit(text)
{
	gsub(/MAAR_(API|INLINE|NODISCARD|MALLOC_LIKE|V?PRINTF_LIKE|COLD)/, " ", text)
	gsub(/[ \t]+/, " ", text)
	gsub(/ ?\* ?/, "*", text)
	gsub(/ ?, ?/, ",", text)
	gsub(/ ?\( ?/, "(", text)
	gsub(/ ?\) ?/, ")", text)
	sub(/^ /, "", text)
	sub(/ $/, "", text)
	print page text
}

# ---- pages ----

# The words of a macro line into out[]; quotes hold a word together.
function words(line, out,    n, i, c, quoted, word)
{
	n = quoted = 0
	word = ""
	for (i = 1; i <= length(line) + 1; i++) {
		c = substr(line, i, 1)
		if (c == "\"") {
			quoted = !quoted
		} else if (c == "" || (c == " " && !quoted)) {
			if (word != "")
				out[++n] = word
			word = ""
		} else {
			word = word c
		}
	}
	return n
}
# Words first..n of w, as arguments.
function arguments(first, n,    i, text)
{
	for (i = first; i <= n; i++)
		text = text (i > first ? "," : "") w[i]
	return text
}
from == "page" && FNR == 1 { page = FILENAME ":"; sub(/.*\//, "", page); inside = 0; type = "" }
from == "page" && /^\.Sh / { inside = ($2 == "SYNOPSIS") }
from == "page" && inside { n = words(substr($0, 5), w) }
from == "page" && inside && $1 == ".Ft" { type = arguments(1, n); gsub(/,/, " ", type) }
from == "page" && inside && $1 == ".Fn" { emit(type " " w[1] "(" arguments(2, n) ")"); type = "" }
from == "page" && inside && $1 == ".Fo" { name = w[1]; held = "" }
from == "page" && inside && $1 == ".Fa" { held = held (held == "" ? "" : ",") arguments(1, n) }
from == "page" && inside && $1 == ".Fc" { emit(type " " name "(" held ")"); type = "" }

# ---- headers ----

# The line without comments, which may span lines.
function bare(line,    out, at)
{
	while (line != "") {
		at = index(line, comment ? "*/" : "/*")
		if (!comment)
			out = out (at ? substr(line, 1, at - 1) " " : line)
		if (!at)
			break
		line = substr(line, at + 2)
		comment = !comment
	}
	return out
}
from == "header" && FNR == 1 { comment = directive = 0; text = "" }
from == "header" { line = bare($0) }
# preprocessor lines with their continuations, and the brackets for C++, are no declarations
from == "header" && (directive || line ~ /^[ \t]*#/) { directive = (line ~ /\\$/); next }
from == "header" && line ~ /^MAAR_(BEGIN|END)_DECLS/ { next }
from == "header" {
	text = text " " line
	while ((at = index(text, ";")) > 0) {
		statement = substr(text, 1, at - 1)
		text = substr(text, at + 1)
		if (statement ~ /(^|[ \t])MAAR_(API|INLINE)[ \t]/)
			emit(statement)
	}
}
