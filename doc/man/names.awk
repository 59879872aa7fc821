# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The names that man pages stand for: "PAGE NAME" for every .Nm of a NAME section, PAGE without its .3. With -v links=1 all
# but a page's own name, which are the names that need a link to it.
FNR == 1 { page = FILENAME; sub(/.*\//, "", page); sub(/\.3$/, "", page); in_name = 0 }
/^\.Sh / { in_name = ($2 == "NAME") }
in_name && $1 == ".Nm" && NF > 1 && !(links && $2 == page) { print page, $2 }
