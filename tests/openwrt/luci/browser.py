"""Chromium without a window, once for each page."""

import html
import json
import re
import shutil
import subprocess
import tempfile

SECONDS = 90
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find():
    """Return the path of Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _run(url, *options, milliseconds=8000):
    with tempfile.TemporaryDirectory(prefix="bellhop-browser-") as profile:
        command = [
            find(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-extensions", "--disable-background-networking",
            "--disable-component-update", "--user-data-dir=" + profile,
            "--virtual-time-budget=%d" % milliseconds, *options, url,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, timeout=SECONDS)
    return done.stdout.decode()


class Page:
    """What a page became. text: its words; html; result: what its script returned."""

    def __init__(self, dumped):
        self.html = dumped
        body = dumped[dumped.find("<body") :]
        error = re.search(r'<body[^>]* data-error="([^"]*)"', body)
        self.error = html.unescape(error.group(1)) if error else None
        done = re.search(r'<body[^>]* data-done="([^"]*)"', body)
        self.result = json.loads(html.unescape(done.group(1))) if done else None
        self.is_done = bool(done)
        shown = re.sub(r"<script.*?</script>", "", body, flags=re.DOTALL)
        self.text = html.unescape(re.sub(r"<[^>]+>", "\n", shown))


def visit(url, milliseconds=8000):
    """Return the Page at a URL after its scripts have run for a virtual time."""
    return Page(_run(url, "--dump-dom", milliseconds=milliseconds))


def picture(url, path, width=1100, height=1000):
    """Write what the page looks like to a PNG file."""
    size = "--window-size=%d,%d" % (width, height), "--screen-info={%dx%d}" % (width, height)
    _run(url, "--hide-scrollbars", *size, "--screenshot=%s" % path)
