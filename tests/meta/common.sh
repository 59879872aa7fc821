# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the scripts under tests/ share; to be sourced. make check sets srcdir, builddir, CC, CXX; by hand, from the source
# tree: srcdir=. builddir=BUILD sh tests/meta/NAME.sh
set -eu
: "${srcdir:=.}" "${builddir:=.}" "${CC:=cc}" "${CXX:=c++}" "${MAKE:=make}"
export LC_ALL=C
unset CDPATH MAKEFLAGS MFLAGS MAKELEVEL # a make that is started here is not make check's child

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

failures=0

# One more failure; the script goes on, to tell all of them.
fail()
{
	printf '%s\n' "$*"
	failures=$((failures + 1))
}

# need TOOL PACKAGE: without the tool the test is skipped, which names the package.
need()
{
	command -v "$1" >/dev/null 2>&1 && return
	echo "SKIP: no $1 here (Debian: $2)"
	exit 77
}

finish()
{
	[ "$failures" -eq 0 ] || { echo "$failures failures"; exit 1; }
}

# must_fail WHAT COMMAND...: the control of a checker: on a planted fault it has to fail, and to say the fault's name.
must_fail()
{
	what=$1
	shift
	if "$@" >"$tmp/control.out" 2>&1 || ! grep -qF "$what" "$tmp/control.out"; then
		fail "the checker is blind: it did not find the planted fault '$what'"
	fi
}

# C files without comments, each line headed by FILE:LINE: so that a word in a comment is no use of it.
code_of()
{
	awk '
		FNR == 1 { comment = 0 }
		{
			line = $0
			out = ""
			while (line != "") {
				if (comment) {
					at = index(line, "*/")
					if (!at)
						break
					line = substr(line, at + 2)
					comment = 0
				} else {
					at = match(line, /\/\*|\/\//)
					if (!at) {
						out = out line
						break
					}
					out = out substr(line, 1, at - 1)
					if (substr(line, at, 2) == "//")
						break
					line = substr(line, at + 2)
					comment = 1
				}
			}
			if (out ~ /[^ \t]/)
				print FILENAME ":" FNR ":" out
		}' "$@"
}

# The files that people wrote, as paths below $srcdir: what git knows, but for directories that were configured in, whatever
# their names; or in a release what make dist packs less what autoreconf made.
written_files()
{
	(cd "$srcdir" && for f in */config.status; do [ ! -e "$f" ] || echo "/${f%config.status}"; done) >"$tmp/built"
	if [ -e "$srcdir/.git" ] && git -C "$srcdir" ls-files -co --exclude-standard -X "$tmp/built" >"$tmp/git" 2>/dev/null; then
		(cd "$srcdir" && while read -r f; do [ ! -e "$f" ] || echo "$f"; done) <"$tmp/git"
	else
		dist_files
	fi | sort -u
}

dist_files()
{
	"$MAKE" -s --no-print-directory -C "$builddir" print-distfiles | grep -vE '^(Makefile\.in|aclocal\.m4|configure|config\.h\.in|build-aux/.*)$' |
		grep -vE '^m4/(libtool|lt[a-z~]*)\.m4$' | sort -u
}
