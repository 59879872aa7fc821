# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""A headless Chromium that opens one page at a time and answers questions about it, by the DevTools protocol over a pipe.

The page itself has no script and allows none; what is asked is evaluated by the browser beside it.
"""
import base64
import json
import os
import shutil
import struct
import subprocess
import tempfile
import zlib

PATIENCE = 300  # seconds for one answer: beyond any machine's bad day


class Browser:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="maar-report-")
        to_browser, self.to = os.pipe()
        self.from_browser, answers = os.pipe()
        flags = ["--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                 "--user-data-dir=" + self.home]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium's own has nobody to become

        def fds():  # the browser reads 3 and writes 4
            read, write = os.dup(to_browser), os.dup(answers)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.log = open(os.path.join(self.home, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(["chromium", *flags], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        preexec_fn=fds, close_fds=True, pass_fds=(3, 4))
        os.close(to_browser)
        os.close(answers)
        self.number, self.rest, self.events, self.session = 0, b"", [], None

    def __enter__(self):
        return self

    def __exit__(self, *what):
        try:
            self.call("Browser.close", session=None)
        except (OSError, EOFError):
            pass
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.from_browser)
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _message(self):
        while b"\0" not in self.rest:
            piece = os.read(self.from_browser, 1 << 20)
            if not piece:
                self.log.seek(0)
                raise EOFError("chromium ended: " + self.log.read()[-2000:])
            self.rest += piece
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, session="", **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session == "" and self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            got = self._message()
            if got.get("id") == self.number:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']['message']}")
                return got["result"]
            if "method" in got:
                self.events.append(got)

    def open(self, url, width=1280, height=900, dark=False):
        """Loads a page in a tab of its own; returns what it complained of and what it asked for, when all is there."""
        target = self.call("Target.createTarget", session=None, url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", session=None, targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.events = []
        self.call("Page.navigate", url=url)
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            got = self._message()
            if "method" in got:
                self.events.append(got)
        self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        complaints, asked = [], []
        for e in self.events:
            p = e["params"]
            if e["method"] == "Log.entryAdded":
                complaints.append(p["entry"]["text"])
            elif e["method"] == "Runtime.consoleAPICalled":
                complaints.append(f"console.{p['type']}: " + " ".join(str(a.get("value", a.get("description"))) for a in p["args"]))
            elif e["method"] == "Runtime.exceptionThrown":
                d = p["exceptionDetails"]
                complaints.append(d.get("exception", {}).get("description") or d["text"])
            elif e["method"] == "Network.requestWillBeSent" and p["request"]["url"].split("#")[0] != url:
                if not p["request"]["url"].startswith("data:"):
                    asked.append(p["request"]["url"])
        return complaints, asked

    def ask(self, expression):
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise RuntimeError(got["exceptionDetails"].get("exception", {}).get("description", "evaluation failed"))
        return got["result"].get("value")

    def close_page(self):
        self.call("Page.close")
        self.session = None

    def names_of_pictures(self):
        """What a screen reader is told of each: [(name, description)]."""
        self.call("Accessibility.enable")
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [n.get("name", {}).get("value", "") for n in nodes
                if not n.get("ignored") and n.get("role", {}).get("value") in ("img", "image", "graphics-document", "SvgRoot")]

    def pixels(self, x, y, width, height):
        """The page there, as rows of (red, green, blue)."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                         clip={"x": x, "y": y, "width": width, "height": height, "scale": 1})["data"]
        return png(base64.b64decode(data))


def png(data):
    """Rows of (red, green, blue) of a PNG of 8 bits, not interlaced, which is what browsers write."""
    at, packed, header = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    width, height, depth, colour, _, _, interlaced = header
    if depth != 8 or colour not in (2, 6) or interlaced:
        raise ValueError("a PNG of another kind")
    n = 3 if colour == 2 else 4
    raw, before, rows = zlib.decompress(packed), bytearray(width * n), []
    for y in range(height):
        how = raw[y * (width * n + 1)]
        line = bytearray(raw[y * (width * n + 1) + 1:(y + 1) * (width * n + 1)])
        for i in range(width * n):
            left = line[i - n] if i >= n else 0
            up, corner = before[i], before[i - n] if i >= n else 0
            if how == 1:
                line[i] = (line[i] + left) & 255
            elif how == 2:
                line[i] = (line[i] + up) & 255
            elif how == 3:
                line[i] = (line[i] + (left + up) // 2) & 255
            elif how == 4:
                guess = left + up - corner
                off = (abs(guess - left), abs(guess - up), abs(guess - corner))
                line[i] = (line[i] + (left, up, corner)[off.index(min(off))]) & 255
        rows.append([tuple(line[i:i + 3]) for i in range(0, width * n, n)])
        before = line
    return rows
