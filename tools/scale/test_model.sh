#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The model of doc/scale.md foretells figures of the run beside it within 20 %; and one of another machine does not pass.
here=${srcdir:-.}/tools/scale
command -v python3 >/dev/null || { echo "MISSING: python3 (Debian: python3)"; exit 77; }

python3 "$here/model.py" check || { echo "the model does not foretell $here/bench.json"; exit 1; }
for factor in 0.4 2; do
	if python3 "$here/model.py" check --cas-factor $factor >/dev/null; then
		echo "a machine whose locked instructions cost $factor times as much passes too: the check cannot fail"
		exit 1
	fi
done
python3 "$here/model.py" table >/dev/null && python3 "$here/model.py" hosts >/dev/null || exit 1
python3 "$here/model.py" check --json /dev/null 2>/dev/null
[ $? -eq 2 ] || { echo "an empty file is not said to be wrong"; exit 1; }
