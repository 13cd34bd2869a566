"""Figures of the members' page beside their goals, each by a real node (and a real browser).

    python -m tests.pilot.measures [memory] [flash] [live] [week] [access] [ease] [lite]

access needs axe-core: AXE=path of axe.min.js (npm package axe-core).
"""

import importlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support import chromium, lite, netns
from tests.support.exchange import register
from tests.support.members import PilotHouse
from tests.system.phones.linphone import Linphone

from .conftest import House
from .test_phones import add
from .test_web import Site

ROOT = Path(__file__).resolve().parents[2]
PILOT = ("features/pilot", "provisioning", "shell/pilot", "pilot")
PAGES = 16
CALLS = 1000


def show(what, value, goal):
    """Print one figure."""
    print("%-58s %-22s goal %s" % (what, value, goal))


# Memory.


def anonymous_kb(process):
    """Return the RssAnon of a process."""
    with open("/proc/%d/status" % process.pid) as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])


def packer():
    """Return the module that packs the pages for the package."""
    sys.path[:0] = [str(ROOT / "openwrt"), str(ROOT / "openwrt" / "bellhop")]
    return importlib.import_module("pages")


class Copied(Site):
    """A node as the packages bring it, with or without the pages."""

    def __init__(self, folder, parts):
        super().__init__(folder)
        self.source = folder / "src"
        shutil.copytree(ROOT / "src" / "bellhop", self.source / "bellhop",
                        ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
        for part in () if parts else PILOT:
            shutil.rmtree(self.source / "bellhop" / part)
        # As the package compiles it: without docstrings.
        site = self.source / "site-packages"
        site.mkdir()
        (self.source / "bellhop").rename(site / "bellhop")
        subprocess.run(
            [sys.executable, ROOT / "openwrt/bellhop/bytecode.py", self.source], check=True
        )
        for path in site.rglob("*.py"):
            if path.with_suffix(".pyc").exists():
                path.unlink()
        if parts:
            shutil.rmtree(site / "bellhop" / "pilot")
            packer().main(ROOT / "src" / "bellhop" / "pilot", site / "bellhop" / "pilot")
        self.source = site

    def start(self, *words):
        """Start it from the copy."""
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bellhop", "--config", self.config, "--state",
                 self.folder / "state"], stdout=output, stderr=output,
                env={**os.environ, "PYTHONPATH": str(self.source)},
            )  # fmt: skip
        return self


def memory():
    """What the pages take of memory, and each that is open."""
    found = {}
    for parts in (False, True):
        rows = []
        for _ in range(5):
            with tempfile.TemporaryDirectory() as folder:
                node = Copied(Path(folder), parts).start()
                node.wait_for("bellhop is running")
                time.sleep(1)
                rows.append(anonymous_kb(node.process))
                node.stop()
        found[parts] = statistics.median(rows)
    show(
        "memory of a node without / with pages (RssAnon, kB)",
        "%d / %d" % (found[False], found[True]),
        "",
    )
    show("  the pages take", "%d kB" % (found[True] - found[False]), "512 kB")
    with tempfile.TemporaryDirectory() as folder:
        node = Copied(Path(folder), True).start()
        node.wait_for("bellhop is running")
        cookie = node.cookie("alice", "secret-a")["Cookie"]
        open_page(node, cookie)
        time.sleep(1)
        before, pages = anonymous_kb(node.process), []
        for _ in range(PAGES - 1):
            pages.append(open_page(node, cookie))
        time.sleep(1)
        each = (anonymous_kb(node.process) - before) / (PAGES - 1)
        node.stop()
    show("  each open page takes", "%.1f kB" % each, "4 kB")


def open_page(node, cookie):
    """Open a stream of events; return its socket."""
    made = socket.create_connection(("127.0.0.1", node.ports["http"]))
    made.sendall(
        ("GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n" % cookie).encode()
    )
    made.recv(65536)
    return made


# Flash.


def flash():
    """What the pages take on flash."""
    packed = packer().packed(ROOT / "src" / "bellhop" / "pilot")
    words = [len(packed[name]) for name in packed if name.startswith("words/")]
    words.remove(len(packed["words/keys.json.gz"]))
    total = sum(map(len, packed.values()))
    show("the page as it is stored, with %d languages" % len(words), "%d octets" % total, "16384")
    show("  of these a language", "%d octets" % statistics.mean(words), "")
    code = importlib.import_module("packages").compiled_python("bellhop-pilot")
    show("  byte code of the package", "%d kB" % (sum(map(len, code.values())) // 1000), "")


# The lite node.

# What it would have to load for its members' page; the last two would be written anew for its loop.
OF_PAGE = ("features/pilot/*.py", "provisioning/*.py", "shell/pilot/s*.py", "shell/http.py")
HEAP = """
import gc
from bellhop.features import catalogue
gc.collect()
before = gc.mem_alloc()
from bellhop.features.pilot import asleep, devices, guests, member, provision, texts
from bellhop.provisioning import brands
gc.collect()
print(gc.mem_alloc() - before)
"""


def on_a_lite_node():
    """What the page would take of a lite node, which has none and says so."""
    if lite.why_unavailable():
        print("the lite node: " + lite.why_unavailable())
        return
    compiled, source = lite.Compiled(keep=True), ROOT / "src" / "bellhop"
    try:
        sizes = []
        for path in [one for pattern in OF_PAGE for one in sorted(source.glob(pattern))]:
            made = compiled.folder / "bellhop" / path.relative_to(source).with_suffix(".mpy")
            made.parent.mkdir(parents=True, exist_ok=True)
            plain = made.with_suffix(".py")  # MicroPython knows no [*a]; the size is the same.
            plain.write_text(re.sub(r"([\[,] ?)\*(?=\w)", r"\1", path.read_text()))
            words = [*lite.compiler().MPY_CROSS, *lite.compiler().OPTIONS, "-o", made, plain]
            subprocess.run(words, check=True)
            plain.unlink()
            sizes.append(made.stat().st_size)
        done = subprocess.run(
            [lite.micropython(), "-X", "heapsize=8M", "-c", HEAP], check=True, capture_output=True,
            env={"MICROPYPATH": str(compiled.folder)}, text=True,
        )  # fmt: skip
        heap = int(done.stdout.split()[-1])
    finally:
        compiled.remove()
    shipped = lite.Compiled()
    whole = sum(path.stat().st_size for path in shipped.folder.rglob("*.mpy"))
    shipped.remove()
    told = "%d / %d kB" % (sum(sizes) // 1000, whole // 1000)
    show("a page on the lite node: .mpy / all it has now", told, "11 kB")
    told = "%d kB" % (heap // 1024)
    show("  its heap, without server and sessions", told, "beside all else in 512 to 2048")


# Live.


def live():
    """How soon a call is seen, and a page is back after a restart."""
    with netns.Network("live") as network:
        house = House(network)
        try:
            house.node.start()
            alice, bob = house.phone("baresip", "alice"), house.phone("baresip", "bob")
            page = house.page("bob")
            page.wait_for("No call right now.")
            page.run("new MutationObserver(() => { if (document.querySelector('.call.rings') && "
                     "!window.seen) window.seen = Date.now(); }).observe(document.body, "
                     "{childList: true, subtree: true})")  # fmt: skip
            times = []
            for _ in range(10):
                page.run("window.seen = 0")
                alice.dial("202")
                bob.wait_incoming()
                rang = time.time() * 1000
                times.append(page.wait("window.seen") - rang)
                alice.hangup()
                alice.wait_closed()
                page.wait_for("No call right now.")
            show("a ringing call is on the page after it rings", "p50 %d ms, most %d ms" % (
                statistics.median(times), max(times)), "300 ms")  # fmt: skip
            house.node.stop()
            page.wait("!document.getElementById('away').hidden")
            house.node.start()
            began = time.monotonic()
            page.wait("document.getElementById('away').hidden")
            show(
                "a page is back after the node answers again",
                "%.1f s" % (time.monotonic() - began),
                "3 s",
            )
        finally:
            house.close()


# A week.


def week():
    """A page that is left open for a simulated week with 1,000 calls: the node's side."""
    life = type("Life", (PilotHouse,), {"runTest": None})()
    life.setUp()
    sizes = []
    for number in range(CALLS):
        for phone in life.phones.values():
            register(life.exchange, phone)
        life.invite("alice", "202")
        life.answer("bob", 180 if number % 3 else 486)
        if number % 3:
            call = life.ask("my-calls", user="bob")["calls"][0]["call"]
            life.ask("my-hangup", user="alice", call=call)
            life.answer("bob", 487)
        for name in ("alice", "bob"):
            for verb in ("me", "my-calls", "my-messages", "my-history"):
                life.ask(verb, user=name)
        life.exchange.advance(7 * 86400000 // CALLS)
        del life.exchange.sent[:], life.exchange.events[:]
        if number in (CALLS // 2, CALLS - 1):
            features = life.exchange.engine.features
            tables = (
                ("pilot", "links"),
                ("texts", "rows"),
                ("asleep", "naps"),
                ("devices", "rows"),
            )
            calls = life.exchange.node.calls
            found = [len(features[one].__dict__[what]) for one, what in tables]
            sizes.append([*found, len(calls.live), len(calls.history)])
    show("tables of the node after 500 and 1,000 calls", "grow: %s" % (sizes[0] != sizes[1]), "no")
    print("  links, texts, naps, devices, live calls, history: %s, %s" % tuple(sizes))


# Keeps the source of events for the script below, which tells the page what the node would.
KEEPING = """const Made = EventSource;
window.EventSource = function(...given) { return window.source = new Made(...given); };"""
CALLING = """(async () => {
    const row = n => ({ call: String(n), name: 'Caller ' + n, number: '20' + n, address: 'x',
        hidden: false, incoming: true, state: 'ringing', rings: true, safety: 'house', words: null,
        talked: null, seconds: 0 });
    const tell = calls => window.source.dispatchEvent(
        new MessageEvent('calls', { data: JSON.stringify({ calls: calls }) }));
    for (let n = %d; n < %d; n++) {
        tell([ row(n) ]);
        tell([]);
        if (n %% 50 == 0)
            await new Promise(done => setTimeout(done, 20));
    }
})()"""


def week_in_a_browser():
    """1,000 calls on an open page: nodes and listeners of the DOM, and its heap."""
    with netns.Network("week") as network:
        house = House(network)
        try:
            house.node.start()
            page = house.page("bob")
            page.wait_for("No call right now.")
            page.ask("Page.addScriptToEvaluateOnNewDocument", source=KEEPING)
            page.open(house.node.url())
            page.wait_for("No call right now.")
            found = []
            for first in range(0, 3 * CALLS, CALLS):
                page.run(CALLING % (first, first + CALLS))
                for _ in range(3):
                    time.sleep(1)  # What is drawn once a second is let go with the next drawing.
                    page.ask("HeapProfiler.collectGarbage")
                counters = page.ask("Memory.getDOMCounters")
                heap = page.ask("Runtime.getHeapUsage")["usedSize"] // 1024
                found.append((counters["nodes"], counters["jsEventListeners"], heap))
            show("DOM after 1,000, 2,000 and 3,000 calls", "%s, %s, %s" % tuple(found), "the same")
            print("  nodes, listeners, kB of the heap")
        finally:
            house.close()


# Ease.


def ease():
    """From "Add a phone" on the page to a Linphone, new from the shop, that rings."""
    reason = Linphone.why_unavailable()
    if reason:
        print("ease: " + str(reason))
        return
    with netns.Network("ease") as network:
        house = House(network)
        try:
            house.node.start()
            bob, page = house.phone("baresip", "bob"), house.page("alice")
            began = time.monotonic()
            add(page, "linphone", "Mobile")
            (url,) = re.findall(r"http://\S+/p/\w+", page.text())
            phone = house.virgin("alice")
            phone.fetch(url)
            phone.wait_registered()
            bob.dial("201")
            phone.wait_incoming()
            show("a new Linphone rings after \"Add a phone\"", "%.1f s" % (
                time.monotonic() - began), "60 s, and a scan")  # fmt: skip
        finally:
            house.close()


# Access.


def access():
    """Faults that axe-core finds on each screen (WCAG 2.2 A and AA)."""
    path = os.environ.get("AXE")
    if not path:
        print("access: AXE is not set: path of axe.min.js (npm package axe-core)")
        return
    axe = Path(path).read_text()
    with netns.Network("access") as network:
        house = House(network)
        try:
            house.node.start()
            house.phone("baresip", "alice")
            house.node.ask("send", "bob", "201", "Hello")
            bob = house.phone("linphone", "bob")
            bob.dial("201")
            for dark in (False, True):
                page = house.page("alice", dark=dark)
                found = {}
                for tab in ("now", "history", "messages", "book", "wishes", "phones"):
                    page.press("#tab-" + tab)
                    time.sleep(0.5)
                    found[tab] = faults(page, axe)
                page.press("Add a phone")
                page.press("Next")
                page.wait("!!document.querySelector('svg.qr')")
                found["add a phone"] = faults(page, axe)
                page.ask("Network.clearBrowserCookies")
                page.open(house.node.url())
                page.wait("!!document.querySelector('.sign')")
                found["sign in"] = faults(page, axe)
                total = sum(map(len, found.values()))
                show(
                    "axe, %s: faults on %d screens" % ("dark" if dark else "light", len(found)),
                    total,
                    "0",
                )
                for screen in found:
                    for fault in found[screen]:
                        print("  %s: %s" % (screen, fault))
        finally:
            house.close()


def faults(page, axe):
    """Return what axe finds on a page."""
    page.run(axe + "; 0")
    return page.run(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        ".then("
        "found => found.violations.map(one => one.id + ' ' + one.nodes[0].html.slice(0, 120)))"
    )


ALL = {"memory": (memory,), "flash": (flash,), "live": (live,), "week": (week, week_in_a_browser),
       "access": (access,), "ease": (ease,), "lite": (on_a_lite_node,)}  # fmt: skip


def main(wanted):
    """Print the figures."""
    if chromium.find() is None or netns.why_unavailable():
        print("no Chromium, or no namespaces: what needs them is left out")
        wanted = [name for name in wanted or ALL if name in ("memory", "flash", "lite")]
    for name in wanted or ALL:
        for work in ALL[name]:
            work()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
