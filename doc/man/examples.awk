# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The programs in man pages: every literal display that contains main(), as C, each in a file of its own: -v to=DIRECTORY
# gives DIRECTORY/PAGE-1.c, DIRECTORY/PAGE-2.c, ... Prints their names.
function plain(line)
{
	sub(/^\\&/, "", line)
	gsub(/\\e/, "\\", line)
	gsub(/\\-/, "-", line)
	gsub(/\\\(dq/, "\"", line)
	gsub(/\\\(aq/, "'", line)
	return line
}
FNR == 1 { page = FILENAME; sub(/.*\//, "", page); n = inside = 0 }
/^\.Bd / { inside = 1; text = ""; first = FNR + 1; next }
/^\.Ed/ {
	if (inside && text ~ /[ \t*]main\(/) {
		file = to "/" page "-" (++n) ".c"
		printf "#line %d \"%s\"\n%s", first, FILENAME, text > file
		close(file)
		print file
	}
	inside = 0
}
inside { text = text plain($0) "\n" }
