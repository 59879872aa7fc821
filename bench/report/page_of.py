# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""For the tests of make report: what a page has to hold, worked out from the JSON alone; and what is wrong with a page.

Nothing of the generator is used here but the list of sections: the test counts by itself.
"""
import glob
import json
import re
import xml.etree.ElementTree as ET

from sections import sorted_into_sections

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
MARKS = ("ours", "peer", "loose", "machine", "win", "lose")
VOID = ("meta", "link", "br", "img")


def programs(directory):
    return [p for path in sorted(glob.glob(directory + "/*.json")) for p in json.load(open(path, encoding="utf-8"))["programs"]]


def stats(result, key):
    """A figure's median, if it may be shown."""
    if result["status"] not in ("ok", "stalled"):
        return None
    return (result if key == "value" else result["figures"].get(key, {})).get("median")


def expected(directory):
    """{(case, figures): {name: [medians]}} of each picture of a case."""
    cases = {(p["program"], c["name"]): c for p in programs(directory) for c in p["cases"]}
    found = {}
    for section, mine in sorted_into_sections(list(cases)):
        for key in mine:
            for group in section.figures:
                keys = [k for k in group if any(stats(r, k) is not None for r in cases[key]["results"])]
                if keys:
                    found[section.program, key[1], " ".join(keys)] = {
                        r["name"]: [stats(r, k) for k in keys] for r in cases[key]["results"]}
    return found


def marks_in(svg):
    """How many bars and points are drawn."""
    return sum(len(list(g.iter(SVG + "polygon"))) + len(list(g.iter(SVG + "use")))
               for g in svg.iter(SVG + "g") if g.get("data-marks") in MARKS)


def text_of(element):
    return " ".join("".join(element.itertext()).split())


def faults(path, directory):
    """What is wrong with a page that was made of the JSON in a directory: a list of sentences."""
    try:
        root = ET.parse(path).getroot()
    except ET.ParseError as e:
        return [f"not well-formed: {e}"]
    found = []
    ids = [x.get("id") for x in root.iter() if x.get("id")]
    found += [f"id {i} twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
    for x in root.iter():
        if x.tag == HTML + "script" or any(a.startswith("on") for a in x.attrib):
            found.append(f"a script: {x.tag}")
        for a in ("src", "href", "data", "poster"):
            where = x.get(a, "#")
            if where.startswith("#") and where != "#" and where[1:] not in ids:
                found.append(f"a link to {where}, which is not there")
            if not where.startswith(("#", "data:")):
                found.append(f"something outside: {where}")
    if re.search(r"url\(|@import", root.find(f"{HTML}head/{HTML}style").text):
        found.append("a style from outside")
    for svg in root.iter(SVG + "svg"):
        if svg.get("role") == "img":
            by = [x for i in svg.get("aria-labelledby", "").split() for x in svg if x.get("id") == i and text_of(x)]
            if {x.tag for x in by} != {SVG + "title", SVG + "desc"}:
                found.append("a picture without a title and a description")
    found += _figures(root, directory)
    return found


def _figures(root, directory):
    found, wanted = [], expected(directory)
    for section in root.iter(HTML + "section"):
        for figure in section.iter(HTML + "figure"):
            svg = figure.find(f".//{SVG}svg")
            if figure.get("data-overview"):
                if svg is None or marks_in(svg) != int(figure.get("data-marks")):
                    found.append(f"{figure.get('data-overview')}: marks are missing in the overview")
                continue
            key = (section.get("data-program"), figure.get("data-case"), figure.get("data-figures"))
            rows = wanted.pop(key, None)
            if rows is None:
                found.append(f"{key}: nobody asked for this picture, or it is there twice")
                continue
            should = sum(m is not None for medians in rows.values() for m in medians)
            if svg is None or marks_in(svg) != should:
                found.append(f"{key}: {0 if svg is None else marks_in(svg)} marks, {should} figures")
            if len(figure.findall(f".//{HTML}tbody/{HTML}tr")) != len(rows):
                found.append(f"{key}: the table has not each contestant")
            names = [text_of(x) for x in figure.findall(f".//{HTML}tbody/{HTML}tr/{HTML}th")]
            found += [f"{key}: {n} is not in the table" for n in rows if " ".join(n.split()) not in names]
            said = text_of(figure.find(HTML + "figcaption"))
            if not re.search("maar (loses|wins)|no difference|no peer|no figure|nobody competes", said):
                found.append(f"{key}: no word on who wins")
    found += [f"{key}: no picture" for key in wanted]
    return found
