#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Stands in for the unit tests where the library they need is missing.
echo "the unit tests need the library check 0.15 or later (Debian: check; ./bootstrap check installs it)"
exit 77
