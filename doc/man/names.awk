# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The names that a man page stands for: every .Nm of its NAME section, one a line. With -v but=X all but X, which are
# the names that need a link to the page X.
/^\.Sh / { in_name = ($2 == "NAME") }
in_name && $1 == ".Nm" && NF > 1 && $2 != but { print $2 }
