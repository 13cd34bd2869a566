"""Chromium without a window, driven as a person would: over the pipe of its DevTools protocol."""

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60
FREE_FROM = 40
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update",
    "--remote-debugging-pipe", "--hide-scrollbars", "--ignore-certificate-errors",
)  # fmt: skip
# The pipe of DevTools is descriptors 3 and 4 of the browser.
STARTER = "import os,sys; os.dup2(%d, 3); os.dup2(%d, 4); os.execvp(sys.argv[1], sys.argv[1:])"


def find():
    """Return the path of Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Browser:
    """One browser with a profile of its own. popen: starts a program, as subprocess.Popen does."""

    def __init__(self, popen=subprocess.Popen, options=()):
        self.profile = tempfile.TemporaryDirectory(
            prefix="bellhop-browser-", ignore_cleanup_errors=True
        )
        theirs_in, self.output = os.pipe()
        self.input, theirs_out = os.pipe()
        # Numbers that are free in this process, and none that the starter gives away itself.
        low, high = (fcntl.fcntl(one, fcntl.F_DUPFD, FREE_FROM) for one in (theirs_in, theirs_out))
        command = [sys.executable, "-c", STARTER % (low, high), find(), *OPTIONS, *options,
                   "--user-data-dir=" + self.profile.name, "about:blank"]  # fmt: skip
        self.process = popen(command, pass_fds=(low, high), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)  # fmt: skip
        for descriptor in (theirs_in, theirs_out, low, high):
            os.close(descriptor)
        self.numbers = itertools.count(1)
        self.buffer = b""
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.process.terminate()
        self.process.wait(PATIENCE)
        for descriptor in (self.input, self.output):
            os.close(descriptor)
        self.profile.cleanup()

    def ask(self, method, session=None, **params):
        """Return the result of a method of the protocol."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._next(deadline)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def _next(self, deadline):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.input], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            more = os.read(self.input, 1 << 20)
            assert more, "the browser has gone"
            self.buffer += more
        line, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(line)

    def page(self, width=390, height=844, dark=False, language="en", is_phone=False):
        """Return a new Page."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)
        target = target["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, target, (width, height), dark, language, is_phone)


class Page:
    """One page, with cookies of its own."""

    def __init__(self, browser, session, target, size, dark, language, is_phone):
        self.browser, self.session, self.target = browser, session, target
        self.ask("Page.enable")
        self.ask("Runtime.enable")
        self.ask("Log.enable")
        agent = self.browser.ask("Browser.getVersion")["userAgent"].replace("Headless", "")
        self.ask("Network.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        self.look(size, dark, is_phone)

    def ask(self, method, **params):
        """Return the result of a method of the protocol on this page."""
        return self.browser.ask(method, self.session, **params)

    def look(self, size, dark=False, is_phone=False):
        """Look at it in another size, light or dark."""
        self.ask("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                 deviceScaleFactor=1, mobile=is_phone)  # fmt: skip
        media = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                 {"name": "prefers-reduced-motion", "value": "reduce"}]  # fmt: skip
        self.ask("Emulation.setEmulatedMedia", features=media)

    def open(self, url):
        """Go to a URL."""
        self.ask("Page.navigate", url=url)
        self.wait("document.readyState == 'complete'")
        return self

    def run(self, script):
        """Return the value of an expression; a Promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True,
                          awaitPromise=True, userGesture=True)  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script):
        """Wait until an expression holds; return its value."""
        deadline = time.monotonic() + PATIENCE
        while True:
            value = self.run(script)
            if value:
                return value
            assert time.monotonic() < deadline, (script, self.text()[-2000:])
            time.sleep(0.02)

    def text(self):
        """Return what a person reads."""
        return self.run("document.body ? document.body.innerText : ''")

    def wait_for(self, words):
        """Wait until a person reads some words."""
        self.wait("document.body.innerText.includes(%s)" % json.dumps(words))

    def press(self, selector):
        """Press what a selector, or the words on a button, names."""
        found = "[...document.querySelectorAll('button, a')].find(one => one.offsetParent && "
        found += "(one.getAttribute('aria-label') || one.innerText).trim() == %s)"
        if selector[:1] not in "#.[":
            selector = found % json.dumps(selector)
        else:
            selector = "document.querySelector(%s)" % json.dumps(selector)
        self.wait("!!" + selector)
        self.run(selector + ".click()")

    def type(self, selector, words):
        """Type words into a field, and leave it."""
        script = "(one => { one.value = %s; one.dispatchEvent(new Event('input', {bubbles: true}));"
        script += " one.dispatchEvent(new Event('change', {bubbles: true})); })"
        script += "(document.querySelector(%s))"
        self.run(script % (json.dumps(words), json.dumps(selector)))

    def picture(self, path, is_whole=True):
        """Write what it looks like to a PNG file."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        more = {}
        if is_whole:
            clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            more = {"clip": clip, "captureBeyondViewport": True}
        data = self.ask("Page.captureScreenshot", format="png", **more)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def errors(self):
        """Return what the page's console told of errors since the last time."""
        self.run("0")
        events, self.browser.events = self.browser.events, []
        found = []
        for event in events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"])
            elif event["method"] == "Log.entryAdded":
                entry = event["params"]["entry"]
                if entry["level"] == "error":
                    found.append(entry["text"])
        return found
