#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""make report: one HTML page with a picture of each table that the benchmarks printed, from the JSON that they wrote.

Of a directory it takes every *.json that is theirs: bench.json of make bench, ladder.json of make ladder, bench_bridge.json of
bench_bridge, or what was measured on another machine and copied here.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True  # a source tree may be read-only, and is kept clean in any case

from page import build  # noqa: E402
from plot import NoGnuplot, need_gnuplot  # noqa: E402
from results import Unusable, read_directory  # noqa: E402


def say(text):
    print(f"report: {text}", flush=True)


def main():
    p = argparse.ArgumentParser(prog="report.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--from", dest="directory", default=".", help="where the JSON lies (default: here)")
    p.add_argument("--output", default="report.html", help="the page to write (default: report.html)")
    p.add_argument("--check", action="store_true", help="only look whether what this needs is installed")
    o = p.parse_args()
    try:
        need_gnuplot()
        if o.check:
            return 0
        runs, others = read_directory(o.directory)
        for name in others:
            say(f"{name} holds no results of benchmarks: left out")
        for run in runs:
            say(f"{os.path.basename(run.file)}: {run.program}, {len(run.all['cases'])} cases, {run.time}, "
                f"commit {run.all['build']['commit']}")
        text, parts = build(runs, say)
        part = o.output + ".part"  # a reader never sees half a page
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(part, o.output)
    except (Unusable, NoGnuplot) as e:
        print(f"report: {e}", file=sys.stderr)
        return 1
    except OSError as e:
        print(f"report: {e.filename or o.output}: {e.strerror}", file=sys.stderr)
        return 1
    lost = sum(len(x.losses) for x in parts)
    say(f"maar loses in {lost} of {sum(len(x.compared) for x in parts)} comparisons: the page says where, first of all")
    say(os.path.abspath(o.output))
    return 0


if __name__ == "__main__":
    sys.exit(main())
