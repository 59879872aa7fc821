# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""Pictures by gnuplot, as SVG elements that take part in a page: the page's colours, titles for who cannot see, no ids that
two of them share.

gnuplot writes colours as numbers. So each role has a number of its own that nothing else uses, and becomes a class.
"""
import math
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"

WIDTH = 640
ROW = 19  # of a contestant, pixels
ABOVE, BELOW = 4, 46  # the first and the last row; below are the axis and its name
LETTER = 6.7  # of a name in the tick labels, at most, on average
MARKS = ("ours", "peer", "loose", "machine", "win", "lose")
ROLES = MARKS + ("whisker", "label", "grid")
SAID = {"ours": "maar", "peer": "another project", "loose": "another project, which keeps less order",
        "machine": "the machine itself", "win": "maar is better", "lose": "maar is worse"}
COLOUR = {role: f"#0{i + 1}0{i + 1}0{i + 1}" for i, role in enumerate(ROLES)}
LOG_FROM = 12  # times between the best and the worst: beyond that, bars hide what is small
POINTS = (7, 9, 13)  # gnuplot's: a disc, a triangle, a diamond


class NoGnuplot(Exception):
    """It is missing, or failed; says what to do."""


def need_gnuplot():
    if not shutil.which("gnuplot"):
        raise NoGnuplot("there is no gnuplot, which draws the pictures (Debian: gnuplot-nox); ./bootstrap installs it")


def quoted(text):
    return "'" + re.sub(r"\s+", " ", text).replace("'", "''") + "'"


def number(x):
    """Three digits that say something, and no exponents."""
    if x is None:
        return "-"
    if abs(x) >= 1000:
        return f"{x:,.0f}"
    text = f"{x:.3g}"
    return f"{x:.6f}".rstrip("0") if "e" in text else text


def factor(x):
    """Two decimals, where a factor is near 1."""
    return f"{x:.2f}" if 0.095 < x < 9.995 else number(x)


def tics(names, at):
    """For gnuplot, which takes a label for a format."""
    return "(" + ", ".join(f"{quoted(name.replace('%', '%%'))} {x:.9g}" for name, x in zip(names, at)) + ")"


def steps(low, high):
    """Round numbers on a logarithmic axis: three to ten of them, more or less."""
    decades = math.log10(high / low)
    every = max(1, round(decades / 8))
    found = [10.0**k * m for k in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
             for m in ((1, 2, 5) if decades < 2.2 else (1,)) if k % every == 0]
    return [x for x in found if low <= x <= high / (high / low) ** 0.03]  # a label at the very end would be cut off


class Picture:
    """One SVG to be: the script that draws it, how many marks it is to show, what it is called."""

    def __init__(self, anchor, title, text):
        self.anchor, self.title, self.text = anchor, title, text
        self.script, self.marks, self.groups = [], 0, []

    def _begin(self, names, rows, label, log, span):
        left = max(map(len, names)) * LETTER + 14
        height = rows * ROW + ABOVE + BELOW
        self.script = [
            "reset",
            f"set terminal svg size {WIDTH},{height} dynamic noenhanced font ',11' name '{self.anchor}'",
            f"set output '{self.anchor}.svg'",
            "set encoding utf8",
            f"set lmargin at screen {left / WIDTH:.4f}",
            "set rmargin at screen 0.97",
            f"set tmargin at screen {1 - ABOVE / height:.4f}",
            f"set bmargin at screen {BELOW / height:.4f}",
            "set border 1",
            "set key off",
            "set style fill solid 1.0 noborder",
            f"set grid x lt 1 lw 1 lc rgb '{COLOUR['grid']}'",
            "set xtics nomirror scale 0.5",
            # from the right, so that what is longer than the axis goes on below the names
            f"set label 1 {quoted(label)} at screen 0.97, screen {10 / height:.4f} right",
            f"set xrange [{span[0]:.9g}:{span[1]:.9g}]",
            f"set yrange [{rows + 0.5}:0.5]",
            f"set ytics nomirror scale 0 {tics(names, range(1, rows + 1))}",
        ]
        if log:
            at = steps(*span)
            self.script += ["set logscale x", f"set xtics {tics(map(number, at), at)}"]
        self.plots = []

    def _data(self, what, lines, how):
        if lines:
            name = f"${self.anchor}_{len(self.plots)}"
            self.script += [f"{name} << E", *lines, "E"]
            self.plots.append(f"{name} using {how}")
            self.groups.append(what)

    def _end(self):
        self.script += ["plot " + ", \\\n  ".join(self.plots), "unset output"]

    def figures(self, figures):
        """The rows of a case by one figure, as bars; or by several, or over a wide range, as points on a logarithmic axis."""
        first = figures[0]
        names = [r.name for r in figures[-1].rows]
        values = [(i, k, f, r) for i, f in enumerate(figures) for r in f.rows if r.median is not None for k in [names.index(r.name)]]
        ends = [v / f.divide for _, _, f, r in values for v in (r.median, r.min, r.max)]
        low, high = min(ends), max(ends)
        log = low > 0 and (len(figures) > 1 or high > LOG_FROM * low)
        span = (low / 1.5, high * (high / low) ** 0.22 * 1.5) if log else (0, high * 1.17 or 1)
        what = "more is better" if first.more else "less is better"
        if len(figures) > 1:
            what += "; disc 50 %, triangle 99 %, diamond 99.9 % of the calls"
        self._begin(names, len(names), f"{first.unit}, {what}{', logarithmic' if log else ''}", log, span)
        for i, f in enumerate(figures):
            self._marks(f, i, len(figures), names, log)
        missing = [(k + 1, f"{span[0]:.9g}", r.status) for k, r in enumerate(figures[-1].rows) if r.median is None]
        self._data("no figure", [f"{k} {x} \"{s}\"" for k, x, s in missing],
                   f"2:1:3 with labels left offset 0.5,0 tc rgb '{COLOUR['lose']}'")
        self._end()

    def _marks(self, figure, i, of, names, log):
        rows = [(names.index(r.name) + 1 + (i - (of - 1) / 2) * 0.28, r) for r in figure.rows if r.median is not None]
        d = figure.divide
        for kind in ("ours", "peer", "loose", "machine"):
            mine = [(y, r.median / d) for y, r in rows if r.kind == kind]
            self.marks += len(mine)
            points = [f"{y:.3f} {x:.9g}" for y, x in mine if log or x == 0]  # a bar of nothing is not seen
            bars = [f"{y:.3f} {x:.9g}" for y, x in mine if not log and x != 0]
            self._data(kind, points, f"2:1 with points pt {POINTS[i]} ps 0.75 lc rgb '{COLOUR[kind]}'")
            self._data(kind, bars, f"(0):1:(0):2:($1-0.36):($1+0.36) with boxxyerror lc rgb '{COLOUR[kind]}'")
        self._data("least and most of the rounds",
                   [f"{y:.3f} {r.median / d:.9g} {r.min / d:.9g} {r.max / d:.9g}" for y, r in rows],
                   f"2:1:3:4 with xerrorbars pt 0 lc rgb '{COLOUR['whisker']}'")
        if i == of - 1:
            self._data("medians", [f"{y:.3f} {r.max / d:.9g} \"{number(r.median / d)}\"" for y, r in rows],
                       f"2:1:3 with labels left offset 0.6,0 tc rgb '{COLOUR['label']}'")

    def factors(self, compared):
        """[(name, Comparison)]: by what factor ours is better, or worse, than the best peer; the worst at the top."""
        names = [name for name, _ in compared]
        ends = [v for _, c in compared for v in (c.low, c.high)]
        low, high = min(ends + [0.8]) / 1.2, max(ends + [1.25])
        self._begin(names, len(names), "times as good as the best peer, logarithmic: left of 1 maar loses", True,
                    (low, high * (high / low) ** 0.12 * 1.2))
        self.script.append(f"set arrow from 1,{len(names) + 0.5} to 1,0.5 nohead lw 1.5 lc rgb '{COLOUR['whisker']}'")
        rows = list(enumerate((c for _, c in compared), 1))
        for kind, loses in (("lose", True), ("win", False)):
            lines = [f"{y} {c.factor:.9g}" for y, c in rows if c.loses is loses]
            self.marks += len(lines)
            self._data(kind, lines, f"2:1 with points pt 7 ps 0.75 lc rgb '{COLOUR[kind]}'")
        self._data("least and most of the rounds", [f"{y} {c.factor:.9g} {c.low:.9g} {c.high:.9g}" for y, c in rows],
                   f"2:1:3:4 with xerrorbars pt 0 lc rgb '{COLOUR['whisker']}'")
        self._data("factors", [f"{y} {c.high:.9g} \"{factor(c.factor)}\"" for y, c in rows],
                   f"2:1:3 with labels left offset 0.6,0 tc rgb '{COLOUR['label']}'")
        self._end()


def draw(pictures):
    """{anchor: SVG element as text}, and what they share, to stand in the page once."""
    need_gnuplot()
    with tempfile.TemporaryDirectory() as directory:
        script = "\n".join(line for p in pictures for line in p.script) + "\n"
        # In the locale C it complains of characters that it never has to draw.
        done = subprocess.run(["gnuplot"], input=script, encoding="utf-8", capture_output=True, cwd=directory, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        if done.returncode or done.stderr.strip():
            raise NoGnuplot(f"gnuplot failed ({done.returncode}): {done.stderr.strip()}")
        ET.register_namespace("", SVG[1:-1])
        drawn, shared = {}, ""
        for p in pictures:
            root = ET.fromstring((Path(directory) / f"{p.anchor}.svg").read_text(encoding="utf-8"))
            shared = _shared(root) or shared
            drawn[p.anchor] = _in_page(root, p)
    return drawn, shared


def _shared(root):
    """The shapes of points, which all pictures use, without what no point is."""
    for defs in root.iter(SVG + "defs"):
        for child in list(defs):
            if child.tag == SVG + "filter":
                defs.remove(child)
        for e in defs.iter():
            if LINK in e.attrib:
                e.set("href", e.attrib.pop(LINK))
        return ET.tostring(defs, encoding="unicode")
    return ""


def _in_page(root, picture):
    names = iter(picture.groups)
    parents = {child: parent for parent in root.iter() for child in parent}
    for defs in list(root.iter(SVG + "defs")):
        parents[defs].remove(defs)
    for e in root.iter():
        _colours(e)
        if LINK in e.attrib:
            e.set("href", e.attrib.pop(LINK))
        e.attrib.pop("font-family", None)
        if e.attrib.get("id", "").startswith(picture.anchor + "_plot"):
            e.set("data-marks", next(names))
            del e.attrib["id"]
            e.find(SVG + "title").text = SAID.get(e.get("data-marks"), e.get("data-marks"))
        elif e.attrib.get("id") == "gnuplot_canvas":
            del e.attrib["id"]
    _drop_empty(root)
    for tag, text in (("title", picture.title), ("desc", picture.text)):
        e = root.find(SVG + tag)
        e.text = text
        e.set("id", f"{picture.anchor}-{tag}")
    root.set("role", "img")
    root.set("aria-labelledby", f"{picture.anchor}-title {picture.anchor}-desc")
    return re.sub(r'[ \t]*\n[ \t\n]*', "\n", ET.tostring(root, encoding="unicode"))


def _colours(e):
    for attribute in ("fill", "stroke", "color"):
        value = e.attrib.get(attribute, "").replace(" ", "")
        if value in ("black", "rgb(0,0,0)", "#000000"):
            del e.attrib[attribute]
            if attribute != "color":
                e.set(attribute, "currentColor")
            continue
        three = re.fullmatch(r"rgb\((\d+),(\d+),(\d+)\)", value)
        value = "#{:02X}{:02X}{:02X}".format(*map(int, three.groups())) if three else value.upper()
        for role, colour in COLOUR.items():
            if value == colour.upper():
                del e.attrib[attribute]
                e.set("class", (e.attrib.get("class", "") + f" {attribute[0]}-{role}").strip())


def _drop_empty(e):
    for child in list(e):
        _drop_empty(child)
        if child.tag == SVG + "g" and not len(child) and not (child.text or "").strip():
            e.remove(child)
