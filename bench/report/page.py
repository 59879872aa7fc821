# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""The page: one HTML file that needs nothing else, neither the network nor scripts; well-formed as XML, too."""
import html
import sys
from pathlib import Path

import words
from plot import Picture, draw, factor, number
from results import FIGURES, Figure, last_of_each
from sections import SECTIONS, sorted_into_sections

KEY = (("ours", "maar"), ("peer", "other projects"), ("loose", "other projects, which keep less order than the case asks for"),
       ("machine", "what the machine itself allows"))


def e(text):
    return html.escape(str(text))


class Shown:
    """One case by one group of figures: a picture, words, a table."""

    def __init__(self, anchor, case, figures):
        self.anchor, self.case, self.figures = anchor, case, figures
        self.verdicts = [words.verdict(f) for f in figures]
        self.verdicts.sort(key=lambda v: (v[0] is not True, v[0] is None))  # losses first
        self.beside = list(dict.fromkeys(s for f in figures for s in words.beside(f)))
        self.picture = Picture(anchor, f"{case['name']}: {self.title}", " ".join(text for _, text in self.verdicts))
        self.picture.figures(figures)

    @property
    def title(self):
        what = {"enqueue_p50": "how long enqueue takes", "dequeue_p50": "how long dequeue takes"}.get(
            self.figures[0].key, self.figures[0].what)
        return self.case["title"] + (f": {what}" if what else "")

    def under(self):
        """What the harness says of the runs."""
        c = self.case
        said = [f"{c['threads']} thread{'s' if c['threads'] > 1 else ''}, {'bound' if c['pinned'] else 'not bound'} to processors"]
        if c["load"]:
            said.append(f"beside {c['load']} busy process{'es' if c['load'] > 1 else ''}")
        if "distance" in c:
            said.append(c["distance"]["text"])
        return "; ".join(said) + "."

    def html(self, svg):
        lines = "".join(f'<li class="{"loses" if loses else "wins" if loses is False else ""}">{e(text)}</li>'
                        for loses, text in self.verdicts)
        lines += "".join(f"<li>{e(text)}</li>" for text in self.beside)
        keys = " ".join(f.key for f in self.figures)
        return (f'<figure id="{self.anchor}" data-case="{e(self.case["name"])}" data-figures="{keys}" '
                f'data-marks="{self.picture.marks}">\n<h3>{e(self.title)}</h3>\n<div class="wide">{svg}</div>\n'
                f'<figcaption><ul>{lines}</ul><p class="small">{e(self.case["name"])}: {e(self.under())}</p></figcaption>\n'
                f'{self.table()}</figure>\n')

    def table(self):
        head = "".join(f'<th scope="col">{e(f.what + ", " if f.what else "")}{e(f.unit)}</th><th scope="col">least</th>'
                       '<th scope="col">most</th><th scope="col">x best peer</th>' for f in self.figures)
        by_name = [{r.name: r for r in f.rows} for f in self.figures]
        body = ""
        for row in self.figures[-1].rows:
            cells = "".join(self._cells(f, rows[row.name]) for f, rows in zip(self.figures, by_name))
            kind = dict(KEY)[row.kind] if row.kind != "ours" else "maar"
            status = ", ".join(filter(None, [row.status if row.status != "ok" else "", row.note]))
            body += (f'<tr><th scope="row">{e(row.name)}</th>{cells}<td class="text">{e(kind)}</td>'
                     f'<td class="text">{e(status)}</td></tr>\n')
        name = f'{e(self.case["name"])}, {e(self.figures[0].what or self.figures[0].unit)}'
        return (f'<details><summary>The figures of {e(self.case["name"])}</summary><div class="wide" tabindex="0" role="region" '
                f'aria-label="Figures of {name}"><table><caption>Medians, and the least and the most of the rounds; '
                f'x best peer: times as good as the best of them</caption><thead><tr>'
                f'<th scope="col">who</th>{head}<th scope="col">what</th><th scope="col">remarks</th></tr></thead>'
                f"<tbody>{body}</tbody></table></div></details>\n")

    @staticmethod
    def _cells(figure, row):
        if row.median is None:
            return "<td>-</td>" * 4
        best = figure.best("peer")
        times = figure.factor(row.median, best.median) if best and row.kind != "machine" else None
        three = (number(x / figure.divide) for x in (row.median, row.min, row.max))
        return "".join(f"<td>{x}</td>" for x in three) + f"<td>{factor(times) if times else '-'}</td>"


class Part:
    """A section, its overview, its cases."""

    def __init__(self, n, section, cases):
        self.section, self.shown, self.compared = section, [], []
        for case in cases:
            for group in section.figures:
                figures = [f for f in (Figure(case, key) for key in group) if f]
                if not figures:
                    continue
                shown = Shown(f"p{n}-{len(self.shown) + 1}".replace("-", "x"), case, figures)
                self.shown.append(shown)
                c = figures[-1].verdict()
                if c:
                    name = case["name"] + (f", {figures[-1].what}" if figures[-1].what else "")
                    self.compared.append((name, c, shown))
        self.compared.sort(key=lambda x: (not x[1].loses, x[1].factor or 0))
        drawable = [(name, c) for name, c, _ in self.compared if c.factor is not None]
        self.overview = None
        if drawable:
            self.overview = Picture(f"p{n}x0", f"{section.title}: maar beside the best peer of each case", self.score())
            self.overview.factors([(short(name), c) for name, c in drawable])

    @property
    def losses(self):
        return [x for x in self.compared if x[1].loses]

    def score(self):
        n, lost = len(self.compared), len(self.losses)
        if not n:
            return "Nobody to compare with."
        return f"maar loses in {lost} of {n} and wins in {n - lost}."

    def pictures(self):
        return ([self.overview] if self.overview else []) + [s.picture for s in self.shown]

    def html(self, drawn):
        s = self.section
        parts = [f'<section aria-labelledby="{s.anchor}" data-program="{e(s.program)}">\n<h2 id="{s.anchor}">{e(s.title)}</h2>\n'
                 f'<p>{e(s.question)}. <span class="small">bench/{e(s.program)}</span></p>\n']
        if self.overview:
            parts.append(f'<figure class="overview" id="{self.overview.anchor}" data-overview="{s.anchor}" '
                         f'data-marks="{self.overview.marks}">\n<div class="wide">{drawn[self.overview.anchor]}</div>\n'
                         f'<figcaption><p>{e(self.score())} Whiskers: the least and the most of the ratios of single rounds.</p><ul>')
            parts += [line(name, c, shown) for name, c, shown in self.compared]
            parts.append("</ul></figcaption></figure>\n")
        parts.append('<div class="pictures">\n')
        parts += [shown.html(drawn[shown.anchor]) for shown in self.shown]
        parts.append("</div>\n</section>\n")
        return "".join(parts)


def short(name):
    return name.replace(FIGURES["stalled_percent"][0], "nobody got anything").replace("half of the calls", "50 %")


def line(name, c, shown):
    first, second = (c.theirs, c.ours) if c.loses else (c.ours, c.theirs)
    return (f'<li><a href="#{shown.anchor}">{e(short(name))}</a>: <span class="{"loses" if c.loses else "wins"}">maar '
            f'{"loses" if c.loses else "wins"}{e(words.by(c))}</span>: {e(first.name)} before {e(second.name)}</li>')


def measured_on(runs):
    """Machine, flags, commit, date of each run; and what makes figures doubtful."""
    rows, doubts, missing = "", [], {}
    for run in runs:
        m, b, s = run.all["machine"], run.all["build"], run.all["settings"]
        length = f"{s['count']:,} messages" if s["count"] else f"{s['time_ms']} ms"
        rows += "<tr>" + f'<th scope="row">{e(run.program)}</th>' + "".join(
            f'<td class="text">{e(x)}</td>' for x in (
                m["time"].replace("T", " "), f"{b['maar']}, {b['commit']}", b["compiler"], b["cflags"], b["cxxflags"],
                f"{m['cpu']}, {m['cpus_used']} of {m['cpus']} processors", f"{m['system']} {m['kernel']}, governor {m['governor']}",
                f"{m['load_at_start']:.1f}", f"{s['rounds']} of {length}", s["options"] or "-")) + "</tr>\n"
        if not b["optimized"]:
            doubts.append(f"{run.program} was compiled without optimization: its figures mean nothing.")
        if m["load_at_start"] > 0.25 * m["cpus"]:
            doubts.append(f"When {run.program} started, others kept {m['load_at_start']:.1f} of {m['cpus']} processors busy: its "
                          "figures are too slow, and ratios less sure.")
        if s["rounds"] < 5:
            doubts.append(f"{run.program} had fewer than 5 rounds: the spread says little.")
        for peer in run.all.get("missing", []):
            missing.setdefault(peer["name"], peer.get("package"))
    head = "".join(f'<th scope="col">{h}</th>' for h in ("program", "date", "maar, commit", "compiler", "CFLAGS", "CXXFLAGS", "machine",
                                                        "system", "load before", "rounds", "options"))
    table = ('<div class="wide" tabindex="0" role="region" aria-label="On what was measured"><table id="measured-on"><thead><tr>'
             f"{head}</tr></thead><tbody>{rows}</tbody></table></div>\n")
    if missing:
        doubts.append("Not installed where this was measured, so not beside maar: " + ", ".join(
            name + (f" ({package})" if package else "") for name, package in missing.items()) + ".")
    return table + ("<ul>" + "".join(f"<li>{e(d)}</li>" for d in doubts) + "</ul>\n" if doubts else "")


def build(runs, say):
    """The page's text, and its parts."""
    found, again = last_of_each(runs)
    parts = []
    for n, (section, cases) in enumerate(sorted_into_sections(list(found)), 1):
        part = Part(n, section, [found[key][1] for key in cases])
        if part.shown:
            parts.append(part)
    pictures = [p for part in parts for p in part.pictures()]
    say(f"drawing {len(pictures)} pictures in {len(parts)} sections")
    drawn, shared = draw(pictures)
    used = {id(run): run for run, _ in found.values()}
    return _page(parts, drawn, shared, list(used.values()), again), parts


def _page(parts, drawn, shared, runs, again):
    style = (Path(sys.path[0]) / "style.css").read_text(encoding="utf-8")
    build_ids = " and ".join(dict.fromkeys(f"{r.all['build']['maar']} ({r.all['build']['commit']})" for r in runs))
    losses = sorted((x for part in parts for x in part.losses), key=lambda x: x[1].factor or 0)
    compared = sum(len(part.compared) for part in parts)
    absent = [s.title for s in SECTIONS if s.anchor not in {part.section.anchor for part in parts}]
    lost = "".join(line(*x) for x in losses)
    contents = "".join(f'<li><a href="#{p.section.anchor}">{e(p.section.title)}</a>: {e(p.score())}</li>' for p in parts)
    notes = ""
    if absent:
        notes += f"<p>Not measured here: {e(', '.join(absent))}.</p>"
    if again:
        notes += f"<p>{again} cases were measured more than once: the last time counts.</p>"
    key = "".join(f'<li><span class="k-{k}"></span>{e(text)}</li>' for k, text in KEY)
    return f"""<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/>
<link rel="icon" href="data:,"/>
<title>maar: what was measured</title>
<style>
{style}</style>
</head>
<body>
<svg class="shapes" xmlns="http://www.w3.org/2000/svg" aria-hidden="true">{shared}</svg>
<header>
<h1>maar: what was measured</h1>
<p>maar {e(build_ids)} beside other projects and the limits of the machine, by its own benchmarks (<code>make bench</code>), drawn by
<code>make report</code>. Each contestant took turns with the others in the same run; what came out was checked; medians are shown, and
whiskers from the least to the most of the rounds. In a picture the best stands at the top.</p>
<ul class="key">{key}</ul>
</header>
<main>
<section aria-labelledby="losses" data-losses="{len(losses)}">
<h2 id="losses">Where maar loses</h2>
<p>The best of maar's forms loses to the best peer in {len(losses)} of {compared} comparisons, the worst first:</p>
<ul>{lost or "<li>nowhere here</li>"}</ul>
</section>
<section aria-labelledby="contents">
<h2 id="contents">Pictures</h2>
<ul>{contents}</ul>
{notes}
</section>
{"".join(part.html(drawn) for part in parts)}
<section aria-labelledby="measured">
<h2 id="measured">On what</h2>
{measured_on(runs)}</section>
</main>
</body>
</html>
"""
