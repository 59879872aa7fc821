# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""Looks at the page of make report in a real browser: view.py DIRECTORY, which holds report.html and the JSON it was made of.

Wide and narrow, light and dark: no complaint on the console, nothing asked of the network, each picture there and as large as
its figures want, no text cut off, colours that can be read, pixels of the colour of ours. Then pages with a fault, each of
which must be found.
"""
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from browser import Browser  # noqa: E402
from page_of import MARKS, expected  # noqa: E402

# Of each figure: its picture's box, its marks (which row, where they end), texts that are cut off; and the page's own width and
# contrasts, by the formula of WCAG 2.
MEASURE = """(() => {
	const light = c => c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const paper = light(getComputedStyle(document.body).backgroundColor);
	const contrast = c => { const x = light(c); return (Math.max(x, paper) + 0.05) / (Math.min(x, paper) + 0.05); };
	const shown = e => e.getClientRects().length > 0;
	const figures = [...document.querySelectorAll('figure')].map(f => {
		const svg = f.querySelector('svg'), box = svg.getBoundingClientRect(), marks = [], cut = [];
		for (const g of svg.querySelectorAll('g[data-marks]'))
			if (%s.includes(g.dataset.marks))
				for (const m of g.querySelectorAll('polygon, use')) {
					const r = m.getBoundingClientRect();
					const end = m.localName === 'use' ? (r.left + r.right) / 2 : r.right;
					marks.push({y: r.y + r.height / 2 - box.y, from: r.left - box.left, to: end - box.left, height: r.height});
				}
		for (const t of svg.querySelectorAll('text')) {
			const r = t.getBoundingClientRect();
			if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1 || !r.width)
				cut.push(t.textContent);
		}
		return {program: f.closest('section').dataset.program, name: f.dataset.case || null, figures: f.dataset.figures || null, width: box.width,
			height: box.height, x: box.x + scrollX, y: box.y + scrollY, marks: marks, wanted: +f.dataset.marks, cut: cut,
			hidden: getComputedStyle(svg).visibility !== 'visible'};
	});
	const texts = [...document.querySelectorAll('p, li, li span, td, th, a, h1, h2, h3, summary, svg text')].filter(shown);
	return {figures: figures, width: document.documentElement.scrollWidth, room: innerWidth,
		contrast: Math.min(...texts.map(t => contrast(t.matches('svg text') ? getComputedStyle(t).fill : getComputedStyle(t).color))),
		ours: getComputedStyle(document.querySelector('.k-ours')).backgroundColor, language: document.documentElement.lang};
})()""" % list(MARKS)


def colour(text):
    return tuple(int(float(x)) for x in re.findall(r"[\d.]+", text)[:3])


def order_is_right(f, wanted):
    """The better stand above, and bars and points go as far as their figures say: falling or rising from the top to the bottom."""
    at = [m["to"] for m in sorted(f["marks"], key=lambda m: m["y"])]
    values = sorted(m[0] for m in wanted.values() if m[0] is not None)
    up, down = (all(b - a > -0.6 for a, b in zip(x, x[1:])) for x in (at, at[::-1]))
    return (up or down) and (values[0] == values[-1] or abs(at[0] - at[-1]) > 0.5 or values[-1] < 1.01 * values[0])


def faults(browser, page, directory, width=1280, dark=False):
    """What is wrong with a page, as sentences."""
    complaints, asked = browser.open(page.as_uri(), width=width, dark=dark)
    seen = browser.ask(MEASURE)
    found = [f"the console: {c}" for c in complaints] + [f"asks for {a}" for a in asked]
    wanted = expected(str(directory))
    for f in seen["figures"]:
        key = (f["program"], f["name"], f["figures"])
        rows = wanted.pop(key, None) if f["name"] else None
        should = f["wanted"] if not f["name"] else sum(m is not None for medians in (rows or {}).values() for m in medians)
        if f["width"] < 200 or f["height"] < 40 or f["hidden"]:
            found.append(f"{key}: not to be seen, {f['width']} x {f['height']}")
        if len(f["marks"]) != should or any(m["height"] < 1 or m["to"] - m["from"] < 0 for m in f["marks"]):
            found.append(f"{key}: {len(f['marks'])} marks of {should}, or some without a body")
        elif rows and " " not in f["figures"] and not order_is_right(f, rows):
            found.append(f"{key}: marks do not go as far as their figures")
        if f["cut"]:
            found.append(f"{key}: cut off: {f['cut'][:3]}")
    found += [f"{key}: no picture" for key in wanted]
    if seen["width"] > seen["room"]:
        found.append(f"the page is {seen['width']} wide in a window of {seen['room']}")
    if seen["contrast"] < 4.5:
        found.append(f"a text has a contrast of {seen['contrast']:.2f}; 4.5 is what can be read")
    names = browser.names_of_pictures()
    if len(names) != len(seen["figures"]) or not all(names):
        found.append(f"a screen reader is told of {len(names)} pictures, of {names.count('')} without a name, and there are "
                     f"{len(seen['figures'])}")
    first = next((f for f in seen["figures"] if f["name"] and f["name"].startswith("slot/")), seen["figures"][0])
    painted = browser.pixels(first["x"], first["y"], max(first["width"], 1), max(first["height"], 1))
    if not any(pixel == colour(seen["ours"]) for row in painted for pixel in row):
        found.append(f"{first['name']}: no pixel has the colour of ours")
    browser.close_page()
    return found


def controls(good):
    """(what, page, what must be said of it)."""
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", good)
    mark = re.search(r'<(polygon|use)\b[^>]*class="[fc]-(ours|peer)"[^>]*/>', good)[0]
    yield "a script that fails", free.replace("</body>", "<script>planted()</script></body>"), "planted"
    yield "a script, where none is allowed", good.replace("</body>", "<script>1</script></body>"), "the console"
    yield "a picture from elsewhere", free.replace("</body>", '<img src="absent.png"/></body>'), "absent.png"
    yield "a mark that is missing", good.replace(mark, "", 1), "marks of"
    yield "a picture that is not shown", good.replace("</style>", "figure:nth-of-type(1) svg { display: none; }</style>"), "not to be seen"
    yield "nothing painted", good.replace("</style>", "svg * { visibility: hidden; }</style>"), "no pixel"
    yield "text cut off", good.replace('viewBox="0 0 640 ', 'viewBox="0 0 300 '), "cut off"
    yield "wider than the window", good.replace("</body>", '<div style="width: 2000px">wide</div></body>'), "wide in a window"
    yield "grey on grey", good.replace("</style>", "h1 { color: #888; }</style>"), "contrast"
    nameless = re.sub(r' role="img" aria-labelledby="[^"]*"', ' role="img"', re.sub(r"<(title|desc) id=.*?</\1>", "", good))
    yield "a picture without a name", nameless, "screen reader"


def main():
    directory = Path(sys.argv[1]).resolve()
    page, bad, failures = directory / "report.html", directory / "bad.html", 0
    with Browser() as browser:
        for width in (1280, 400):
            for dark in (False, True):
                for fault in faults(browser, page, directory, width, dark):
                    print(f"{width} wide, {'dark' if dark else 'light'}: {fault}")
                    failures += 1
        good = page.read_text(encoding="utf-8")
        for what, text, word in controls(good):
            bad.write_text(text, encoding="utf-8")
            said = faults(browser, bad, directory)
            if text == good or not any(word in s for s in said):
                print(f"control: {what}: not found: {said[:3]}")
                failures += 1
    print(f"{failures} failures")
    return 1 if failures else 0


sys.exit(main())
