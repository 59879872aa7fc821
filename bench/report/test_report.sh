#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# make report, on what the benchmarks write in some seconds: a picture and a table for each case, who wins said in words,
# errors that say what to do. What it looks like in a browser is seen in make check-proof (view.sh).
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # a make that is started here is not make check's child
here=${srcdir:-.}/bench/report
for tool in python3:python3 gnuplot:gnuplot-nox; do
	command -v "${tool%:*}" >/dev/null || { echo "MISSING: ${tool%:*} (Debian: ${tool#*:}); ./bootstrap installs it"; exit 77; }
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=bench/report/sample.sh
. "$here/sample.sh"

sample "$tmp"
python3 -B "$here/test_report.py" "$tmp" "${builddir:-.}" || exit 1
# As make calls it; and when nothing was measured there, and none is to be.
make=${MAKE:-make}
"$make" -s -C "${builddir:-.}" report REPORT_FROM="$tmp" REPORT="$tmp/made.html" >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
cmp -s "$tmp/made.html" "$tmp/report.html" || { echo "make report makes another page than report.py"; exit 1; }
mkdir "$tmp/empty"
if "$make" -s -C "${builddir:-.}" report REPORT_FROM="$tmp/empty" REPORT="$tmp/none.html" >"$tmp/log" 2>&1 || ! grep -q 'make bench' "$tmp/log"; then
	cat "$tmp/log"
	echo "make report is content with a directory where there is nothing"
	exit 1
fi
