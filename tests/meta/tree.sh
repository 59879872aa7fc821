#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The tree as a whole, in a clone as in a release: licences, shell scripts, spelling, and that a release has every file.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need reuse reuse
need shellcheck shellcheck
need codespell codespell

# A copy of what people wrote, so that what configure, make and tests left in the tree is not judged.
written_files >"$tmp/files"
mkdir "$tmp/tree"
(cd "$srcdir" && tar cf - -T "$tmp/files") | (cd "$tmp/tree" && tar xf -)
cd "$tmp/tree"

reuse lint >"$tmp/reuse" 2>&1 || fail "reuse lint: $(cat "$tmp/reuse")"

grep -lE '^#!.*\b(ba)?sh\b|^# shellcheck shell=' -r . | sort >"$tmp/scripts"
for script in ./bootstrap ./.ci/run ./tests/meta/common.sh ./tests/meta/tree.sh; do
	grep -qxF "$script" "$tmp/scripts" || fail "control: $script is not among the scripts to check"
done
xargs shellcheck -x <"$tmp/scripts" || fail "shellcheck warns"

# Nd and Fo are words of mdoc, the language of man pages; stap is one of gdb's.
xargs codespell --skip=./LICENSES --ignore-words-list=nd,fo,stap <"$tmp/files" || fail "codespell finds misspellings"

grep -nE '[[:blank:]]+$' -r . && fail "blanks at the ends of lines"

# Each says in its first ten lines what it is, beside its licence. Pages for people begin with their title, and data has no comments.
silent() { ! head -n 10 "$1" | grep -vE 'SPDX|^#!|shellcheck' | grep -qE '^( \*|/\*|//|#|dnl) .{15}|^""".{15}'; }
grep -vE '(\.md|\.[1-9]|\.json|\.abi)$|^(debian|LICENSES|\.reuse)/|^NEWS$' "$tmp/files" | while read -r file; do
	! silent "$file" || echo "$file"
done >"$tmp/silent"
[ ! -s "$tmp/silent" ] || fail "these do not say what they are: $(tr '\n' ' ' <"$tmp/silent")"

# Every file is in the release. (A release has no .gitignore.)
cd "$OLDPWD"
dist_files >"$tmp/dist"
grep -vE '(^|/)\.gitignore$' "$tmp/files" | comm -23 - "$tmp/dist" >"$tmp/absent"
[ ! -s "$tmp/absent" ] || fail "make dist leaves these out (EXTRA_DIST): $(tr '\n' ' ' <"$tmp/absent")"

# Controls.
mkdir "$tmp/planted"
echo 'int planted;' >"$tmp/planted/planted.c"
must_fail planted.c reuse --root "$tmp/planted" lint
silent "$tmp/planted/planted.c" || fail "control: a file without a word on what it is passes"
# shellcheck disable=SC2016 # the dollar is the point
printf '#!/bin/sh\necho $planted\n' >"$tmp/planted/planted.sh"
must_fail planted shellcheck "$tmp/planted/planted.sh"
printf 't%s end\n' eh >"$tmp/planted/text" # put together here, as codespell reads this file too
must_fail '==> the' codespell "$tmp/planted/text"
finish
