# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""Tests make report on what the benchmarks just wrote: test_report.py DIRECTORY (test_report.sh fills it)."""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from page_of import faults, programs, stats  # noqa: E402
from results import Figure  # noqa: E402
from sections import SECTIONS, sorted_into_sections  # noqa: E402

HERE = Path(__file__).resolve().parent
failures = 0


def check(good, what):
    global failures
    if not good:
        print(what)
        failures += 1


def report(directory, page, **environment):
    return subprocess.run([sys.executable, str(HERE / "report.py"), "--from", str(directory), "--output", str(page)], text=True,
                          capture_output=True, env={**os.environ, **environment}, check=False)


def page_is_right(directory, page):
    done = report(directory, page, LC_ALL="C")
    check(done.returncode == 0, f"report.py failed: {done.stderr}")
    check("drawing" in done.stdout, "no word of what it does")
    for fault in faults(page, directory):
        check(False, f"the page: {fault}")


def the_best_peer_is_the_harness_s(directory):
    seen = 0
    for p in programs(directory):
        for c in p["cases"]:
            if "best_peer" not in c:  # bench_bridge has no harness
                continue
            best = Figure(c, "value").best("peer")
            check((best and best.name) == c["best_peer"], f"{c['name']}: best peer {best and best.name}, not {c['best_peer']}")
            seen += best is not None
    check(seen > 1, "no case had a peer")


def said_of(directory, page, factor):
    """What the page says of slot/64/64 if maar's figures are so many times those of the best peer."""
    path = Path(directory) / "bench.json"
    all_ = json.loads(path.read_text(encoding="utf-8"))
    case = next(c for p in all_["programs"] for c in p["cases"] if c["name"] == "slot/64/64")
    peers = [stats(r, "value") for r in case["results"] if r["peer"] not in ("maar", "machine")]
    for r in case["results"]:
        if r["peer"] == "maar":
            r["median"] = r["min"] = r["max"] = max(peers) * factor
            r["rounds"] = []
    other = Path(directory) / "edited"
    other.mkdir(exist_ok=True)
    (other / "bench.json").write_text(json.dumps(all_), encoding="utf-8")
    check(report(other, page).returncode == 0, "an edited file is not taken")
    whole = page.read_text(encoding="utf-8")
    text = re.sub("<[^>]+>", "", re.search(r'<figure id="\w+" data-case="slot/64/64".*?</figcaption>', whole, re.S)[0])
    listed = re.search(r'id="losses">.*?</section>', whole, re.S)[0]
    shutil.rmtree(other)
    return text, ">slot/64/64</a>" in listed


def losses_are_said(directory, page):
    text, listed = said_of(directory, page, 0.5)
    check("maar loses by a factor of 2.00" in text, f"a loss is not said: {text}")
    check(listed, "a loss is not in the list of losses")
    text, listed = said_of(directory, page, 3)
    check("maar wins by a factor of 3.00" in text, f"a win is not said: {text}")
    check(not listed, "a win is in the list of losses")


def wrong_ones_have_no_figure(page):
    text = re.search(r'<figure id="\w+" data-case="control/1p1c".*?</figure>', page.read_text(encoding="utf-8"), re.S)[0]
    for name, status in (("loses", "WRONG"), ("dies", "crashed"), ("unopened", "cannot")):
        check(f"{name} ({status})" in text, f"{name}: the page does not say {status}")


def readme_has_each_section():
    readme = (HERE.parent.parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `([a-z_]+)", readme[readme.index("## Pictures"):].split("\n## ")[0], re.M)
    check(rows == [(s.title, s.program) for s in SECTIONS], f"README.md has other pictures: {rows}")


def each_case_has_a_section(build):
    seen = 0
    for program in sorted({s.program for s in SECTIONS}):
        path = Path(build) / "bench" / program
        if not path.exists() or program == "bench_bridge":
            continue
        listed = subprocess.run([str(path), "--list"], text=True, capture_output=True, check=True).stdout
        cases = [(program, name) for name in re.findall(r"^([^\s:]+/[^\s:]+): ", listed, re.M)]
        seen += len(cases)
        for section, mine in sorted_into_sections(cases):
            check(not section.anchor.startswith("other-"), f"in no section: {mine}")
    check(seen > 100, f"only {seen} cases are known")


def errors_say_what_to_do(directory, page):
    place = Path(directory) / "errors"

    def said(what, content, *words, **environment):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if content is not None:
            (place / "bench.json").write_text(content, encoding="utf-8")
        done = report(place, page, **environment)
        check(done.returncode == 1 and all(w in done.stderr for w in words) and "Traceback" not in done.stderr,
              f"{what}: status {done.returncode}, {done.stderr}")

    whole = (Path(directory) / "bench.json").read_text(encoding="utf-8")
    lacking = json.loads(whole)
    del lacking["programs"][0]["cases"][0]["results"][0]["order"]
    said("nothing there", None, "make bench")
    said("JSON of another kind", '{"a": 1}', "bench.json", "make bench")
    said("half a file", whole[: len(whole) // 2], "bench.json", "line", "Remove it")
    said("another format", '{"maar_bench": 99, "programs": []}', "format 99")
    said("no result at all", '{"maar_bench": 1, "programs": []}', "make bench")
    said("a member is missing", json.dumps(lacking), "order", "measure again")
    said("no gnuplot", whole, "gnuplot-nox", PATH="/nowhere")
    done = report(Path(directory) / "absent", page)
    check(done.returncode == 1 and "REPORT_FROM" in done.stderr, f"no directory: {done.stderr}")
    done = report(directory, Path(directory) / "absent" / "page.html")
    check(done.returncode == 1 and "page.html" in done.stderr, f"cannot be written: {done.stderr}")
    shutil.rmtree(place)


def faults_are_found(directory, page):
    """Controls: a page that is wrong in one place is found out."""
    good = page.read_text(encoding="utf-8")
    bad = Path(directory) / "bad.html"
    bar = re.search(r'<(polygon|use)\b[^>]*class="[fc]-(ours|peer)"[^>]*/>', good)[0]
    picture = re.search(r'<figure id="\w+" data-case.*?</figure>', good, re.S)[0]
    for what, text in (("a bar is missing", good.replace(bar, "", 1)), ("a picture is missing", good.replace(picture, "", 1)),
                       ("a script", good.replace("</body>", "<script>1</script></body>")),
                       ("something outside", good.replace("</body>", '<img src="https://example.org/x.png"/></body>')),
                       ("not well-formed", good.replace("</main>", "", 1)),
                       ("no title", re.sub(r"<title id=[^>]*>[^<]*</title>", "", good, count=1))):
        check(text != good, f"control: {what}: nothing was changed")
        bad.write_text(text, encoding="utf-8")
        check(faults(bad, directory), f"control: not found: {what}")


def main():
    directory, build = sys.argv[1:]
    page = Path(directory) / "report.html"
    page_is_right(directory, page)
    faults_are_found(directory, page)
    wrong_ones_have_no_figure(page)
    the_best_peer_is_the_harness_s(directory)
    losses_are_said(directory, Path(directory) / "edited.html")
    readme_has_each_section()
    each_case_has_a_section(build)
    errors_say_what_to_do(directory, Path(directory) / "none.html")
    print(f"{failures} failures")
    return 1 if failures else 0


sys.exit(main())
