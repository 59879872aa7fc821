# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Whether man pages and headers say the same; synopsis.sh says what that is. Prints a line for each disagreement, then how
# much agrees. Reads files of six kinds, each headed by what=KIND on the command line: "calls" (exported, one a line),
# "declared" (prototypes of the headers), "shown" (PAGE:prototype), "names" (PAGE NAME), "page" and "header" (themselves).
BEGIN { FS = "[ ]" } # as mdoc's macros have them: one blank
function wrong(text)
{
	print text
	failed = 1
}
function name_in(prototype)
{
	sub(/\(.*/, "", prototype)
	sub(/.*[ *]/, "", prototype)
	return prototype
}
# A prototype that stands in two places is there twice.
function add(list, name, prototype)
{
	if (name in list)
		list[name] = list[name] "\n" prototype
	else
		list[name] = prototype
}
# Every one of the names that the prototype's arguments have, each with a comma behind it.
function argument_names(prototype,    n, i, part, text)
{
	sub(/^[^(]*\(/, "", prototype)
	sub(/\)$/, "", prototype)
	n = split(prototype, part, ",")
	for (i = 1; i <= n; i++) {
		sub(/.*[ *]/, "", part[i])
		text = text part[i] ","
	}
	return text
}
# Whether the line is of this macro, at its head or within; the word after it is word[].
function words_of(macro,    i, n)
{
	for (i = 1; i < NF; i++)
		if (i == 1 ? $1 == "." macro : $i == macro && $1 ~ /^\./)
			word[++n] = $(i + 1)
	return n
}
what == "calls" { call[++calls] = $0; exported[$0] = 1 }
what == "declared" {
	name = name_in($0)
	add(declared, name, $0)
	is_declared[$0] = 1
	if (name ~ /^name_/)
		generated[++n_generated] = $0
}
what == "shown" {
	at = index($0, ":")
	text = substr($0, at + 1)
	name = name_in(text)
	add(shown, name, text)
	is_shown[text] = 1
	shown_on[++n_shown] = substr($0, 1, at - 1)
	shown_text[n_shown] = text
}
what == "names" { page_of[++n_names] = $1; named[n_names] = $2; owners[$2] = owners[$2] " " $1; n_owners[$2]++ }
what == "page" && FNR == 1 {
	page = FILENAME
	sub(/.*\//, "", page)
	sub(/\.3$/, "", page)
	in_body = 0
}
what == "page" && /^\.Sh / { in_body = ($2 == "DESCRIPTION") }
what == "page" && in_body && /^\./ {
	for (n = words_of("Fn"); n; n--)
		about[page, word[n]] = 1
}
what == "page" && /^\./ && (words_of("Dv") || words_of("Va")) {
	n = split($0, part, /[^A-Za-z0-9_]+/)
	for (i = 1; i <= n; i++)
		mentioned[part[i]] = 1
}
what == "header" && /^#define [A-Za-z0-9_]+\([^)]*\)/ {
	name = $2
	sub(/\(.*/, "", name)
	text = $0
	sub(/^[^(]*\(/, "", text)
	sub(/\).*/, "", text)
	gsub(/ /, "", text)
	macro[name] = macro[name] text ","
	is_macro[name] = 1
}
what == "header" && (/^[ \t]*MAAR_[A-Z0-9_]* = / || /^#define MAAR_[A-Z0-9_]*[ \t]/) {
	name = $0
	sub(/^(#define|[ \t]*) */, "", name)
	sub(/[ \t].*/, "", name)
	if (name !~ /^MAAR_(BITS_OK|[A-Z]*_H)$/ && !(name in constant)) {
		constant[name] = 1
		constants++
		public[++n_public] = name
	}
}
what == "header" && /^struct maar_(msg|[a-z_]*options|[a-z_]*stats) \{/ { in_struct = 1 }
what == "header" && /^}/ { in_struct = 0 }
what == "header" && in_struct && /^\t[a-z0-9_ ]+[ *]+[a-z_][a-z0-9_]*(\[[0-9]*\])*;/ {
	name = $0
	sub(/(\[[0-9]*\])*;.*/, "", name)
	sub(/.*[ *]/, "", name)
	if (name !~ /^reserved/ && !(name in member)) {
		member[name] = 1
		members++
		public[++n_public] = name
	}
}
END {
	if (!calls)
		wrong("src/libmaar.map: no calls found in it")
	if (!("name_get_bulk" in declared))
		wrong("MAAR_POOL_DEFINE: found no functions in its expansion")
	if (!("name_pool_get" in declared))
		wrong("MAAR_OBJECT_POOL: found no functions in its expansion")
	for (i = 1; i <= calls; i++) {
		name = call[i]
		if (!(name in owners))
			wrong(name ": exported, and in the NAME section of no page")
		else if (n_owners[name] > 1)
			wrong(name ": in the NAME sections of several pages:" owners[name])
		if (!(name in declared))
			wrong(name ": exported, and declared in no public header")
		if (declared[name] != shown[name])
			wrong(name ": the header says \"" declared[name] "\", the SYNOPSIS \"" \
			      (name in shown && shown[name] != "" ? shown[name] : "nothing") "\"")
	}
	for (i = 1; i <= n_generated; i++)
		if (!(generated[i] in is_shown))
			wrong("MAAR_OBJECT_POOL or MAAR_POOL_DEFINE: it defines \"" generated[i] \
			      "\", which the SYNOPSIS does not show")
	# The other way round: what a SYNOPSIS shows exists, as a function or as a macro with these arguments. The two
	# functions that the user of MAAR_OBJECT_POOL writes are named as its arguments.
	for (i = 1; i <= n_shown; i++) {
		name = name_in(shown_text[i])
		if (shown_text[i] in is_declared || name == "construct" || name == "destruct")
			continue
		if (!(name in is_macro) || macro[name] != argument_names(shown_text[i]))
			wrong(name ": " shown_on[i] " shows \"" shown_text[i] "\", which no public header declares")
	}
	# But for the page's own name, where that is no call.
	for (i = 1; i <= n_names; i++)
		if ((page_of[i] != named[i] || named[i] in exported) && !((page_of[i], named[i]) in about))
			wrong(named[i] ": " page_of[i] "(3) names it and says nothing about it")
	if (!constants || !members)
		wrong("found no constants or no members in the headers")
	for (i = 1; i <= n_public; i++)
		if (!(public[i] in mentioned))
			wrong(public[i] ": in a public header and in no page")
	if (!failed)
		print calls " calls, " constants " constants and " members " members agree"
	exit failed
}
