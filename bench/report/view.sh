#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The page of make report in a real browser, headless Chromium (make check-proof STEPS=report), on what the benchmarks write in
# some seconds, or on the JSON of a directory: view.sh [DIRECTORY]
set -u
here=${srcdir:-.}/bench/report
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=bench/report/sample.sh
. "$here/sample.sh"

if [ $# -gt 0 ]; then cp "$1"/*.json "$tmp" || exit 1; else sample "$tmp"; fi
python3 -B "$here/report.py" --from "$tmp" --output "$tmp/report.html" || exit 1
python3 -B "$here/view.py" "$tmp"
