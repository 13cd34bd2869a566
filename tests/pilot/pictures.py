"""Pictures of every screen of the page, in its states, over a real house with real phones.

python -m tests.pilot.pictures FOLDER
"""

import json
import sys
from pathlib import Path

from bellhop.features.pilot import member
from bellhop.media import agreement, trust
from tests.support import chromium, netns

from .conftest import House
from .measures import KEEPING

WAYS = (
    ("390", (390, 844), False, "en"), ("390-dark", (390, 844), True, "en"),
    ("390-de", (390, 844), False, "de"), ("1280", (1280, 900), False, "en"),
    ("1280-dark", (1280, 900), True, "en"), ("1280-de", (1280, 900), False, "de"),
    ("320-fr", (320, 568), False, "fr"), ("320-de", (320, 568), True, "de"),
)  # fmt: skip
# A member who may only look.
DORA = """config user
	option name 'dora'
	option display_name 'Dora'
	option extension '204'
	option password 'secret-dora'
	option pilot 'see'
"""
# A call for each level of safety, as the node tells them.
LEVELS = (*trust.LEVELS, agreement.FAILED, *member.SAFETY)
# Texts that do not fit where they stand.
CUT = """[...document.querySelectorAll('nav span, button, b, label span, option')].filter(
    one => one.offsetParent && one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"""
# Where it is pictured how phones are added.
ADDING = ("390", "390-de", "320-fr", "1280-dark", "1280-de")
TABS = ("now", "history", "messages", "book", "wishes", "phones")


def every_way(pages, name, folder, errors):
    """Picture what each page shows now; note what runs over the edge."""
    for way, size, dark, _ in WAYS:
        page = pages[way]
        page.look(size, dark)
        page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        wide = page.run("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            errors.append("%s at %s: %d pixels too wide" % (name, way, wide))
        cut = page.run(CUT)
        if cut:
            errors.append("%s at %s: cut: %s" % (name, way, ", ".join(cut)))
        page.picture(folder / ("%s-%s.png" % (name, way)))
        errors += ["%s at %s: %s" % (name, way, one) for one in page.errors()]


def on_all(pages, work):
    """Do the same on every page."""
    for page in pages.values():
        work(page)


def press_tab(pages, tab):
    """Open a tab on every page."""
    on_all(pages, lambda page: page.run("document.getElementById('tab-%s').click()" % tab))
    on_all(
        pages,
        lambda page: page.wait("!document.getElementById('%s').hidden || innerWidth > 959" % tab),
    )


def walk(house, folder):
    """Bring the house into each state and picture it; return what went wrong."""
    errors = []
    pages = {way: house.page("alice", width=size[0], height=size[1], dark=dark, language=language)
             for way, size, dark, language in WAYS}  # fmt: skip
    every_way(pages, "1-nothing", folder, errors)
    press_tab(pages, "phones")
    every_way(pages, "1-no-phone", folder, errors)
    alice, bob = house.phone("baresip", "alice"), house.phone("linphone", "bob")
    house.node.ask("send", "bob", "201", "Shall I bring bread?")
    house.node.ask("send", "alice", "202", "Yes, and milk")
    house.node.ask(
        "send", "carol", "201", "The cellar door is open again, somebody should look after it."
    )
    house.node.ask("set-contact", "alice", "", "Zoë Köhler", "+49 30 901820")
    bob.dial("201")
    alice.wait_incoming()
    press_tab(pages, "now")
    on_all(pages, lambda page: page.wait("!!document.querySelector('.call.rings')"))
    every_way(pages, "2-ringing", folder, errors)
    bob.hangup()
    bob.wait_closed()
    bob.dial("201")
    alice.wait_incoming()
    alice.answer()
    bob.wait_established()
    on_all(pages, lambda page: page.wait("!!document.querySelector('.call:not(.rings)')"))
    every_way(pages, "3-talking", folder, errors)
    press_tab(pages, "book")
    on_all(pages, lambda page: page.wait("!!document.querySelector('#book .rows')"))
    every_way(pages, "4-book", folder, errors)
    bob.hangup()
    alice.wait_closed()
    alice.dial("203")
    alice.wait_closed()
    for tab in ("history", "messages", "wishes", "phones"):
        press_tab(pages, tab)
        on_all(pages, lambda page: page.run("new Promise(done => setTimeout(done, 300))"))
        every_way(pages, "5-" + tab, folder, errors)
    for way in ADDING:
        adding(house, pages[way], way, folder)
    desk_phone(house, pages, folder, errors)
    press_tab(pages, "wishes")
    on_all(pages, lambda page: page.wait("!!document.getElementById('forward_always')"))
    on_all(pages, lambda page: page.type("#forward_always", "201"))
    on_all(pages, lambda page: page.wait("!!document.querySelector('.note.bad')"))
    every_way(pages, "7-refused", folder, errors)
    levels(house, pages, folder, errors)
    looking(house, folder)
    house.node.stop()
    on_all(pages, lambda page: page.wait("!document.getElementById('away').hidden"))
    every_way(pages, "8-away", folder, errors)
    house.node.start()
    on_all(pages, lambda page: page.wait("document.getElementById('away').hidden"))
    for page in pages.values():
        page.ask("Network.clearBrowserCookies")
        page.open(house.node.url())
        page.wait("!!document.querySelector('.sign')")
    every_way(pages, "9-sign-in", folder, errors)
    on_all(pages, wrong_password)
    every_way(pages, "9-wrong", folder, errors)
    return [one for one in errors if "ERR_" not in one and "401" not in one]


def adding(house, page, way, folder):
    """Picture how phones of three kinds are added; they are forgotten again."""
    for kind in ("linphone", "other", "yealink"):
        page.run("[...document.querySelectorAll('#phones button.main')][0].click()")
        page.wait("!!document.getElementById('kind')")
        page.run("document.getElementById('kind').value = '%s'" % kind)
        page.type("#called", "Kitchen")
        if kind == "linphone":
            page.picture(folder / ("6-add-%s.png" % way))
        page.run("document.querySelector('#phones form button.main').click()")
        page.wait("!!document.querySelector('svg.qr, dl')")
        page.picture(folder / ("6-add-%s-%s.png" % (kind, way)))
        page.run("document.querySelector('#phones .card .acts button.main').click()")
        page.wait("!document.querySelector('svg.qr, dl')")
    for phone in house.node.ask("me", "alice")["phones"]:
        if phone["own"]:
            house.node.ask("forget-phone", "alice", phone["login"])


def desk_phone(house, pages, folder, errors):
    """Picture a desk phone that asks, is taken in on one page, and is gone from the others."""
    house.node.ask("phone-asks", "00156512ab34", "yealink", "SIP-T46S", "66.84", "10.9.0.9")
    press_tab(pages, "history")
    press_tab(pages, "phones")
    shown = "document.getElementById('phones').innerText.includes('T46S')"
    on_all(pages, lambda page: page.wait(shown))
    every_way(pages, "6-new-phone", folder, errors)
    page = pages["390-de"]
    page.press("Das ist meines")
    page.wait("!!document.querySelector('.note.good')")
    page.picture(folder / "6-new-phone-mine-390-de.png")


def wrong_password(page):
    """Try a wrong password."""
    page.type("input[name=user]", "alice")
    page.type("input[name=password]", "wrong")
    page.run("document.querySelector('form button.main').click()")
    page.wait("!!document.querySelector('.note.bad')")


def levels(house, pages, folder, errors):
    """Picture a call of each level of safety."""
    for page in pages.values():
        page.ask("Page.addScriptToEvaluateOnNewDocument", source=KEEPING)
        page.open(house.node.url())
        page.wait("!!window.source && !!document.getElementById('now')")
    for part in range(0, len(LEVELS), 4):
        rows = [
            {"call": str(number), "name": "", "said": "", "number": "sip:gran@far.test",
             "address": "gran@far.test", "hidden": number == 2, "incoming": True,
             "state": ("answered", "ringing", "held")[number % 3], "rings": True,
             "safety": level, "words": "topmost Istanbul" if number % 3 == 0 else None,
             "through": 3 if number % 4 == 0 else 0,
             "privacy": number % 3 if number > 3 else 0, "talked": 71, "seconds": 80}
            for number, level in enumerate(LEVELS)
        ][part:part + 4]  # fmt: skip
        told = json.dumps(json.dumps({"calls": rows}))
        for page in pages.values():
            page.run("document.getElementById('tab-now').click(); window.source.dispatchEvent("
                     "new MessageEvent('calls', { data: %s }))" % told)  # fmt: skip
        every_way(pages, "7-levels-%d" % (part // 4), folder, errors)


def looking(house, folder):
    """Picture the page of who may only look, and of a search that finds nothing."""
    page = house.page("dora", width=390, height=844)
    for tab in TABS:
        page.run("document.getElementById('tab-%s').click()" % tab)
        page.run("new Promise(done => setTimeout(done, 500))")
        page.picture(folder / ("7-see-%s-390.png" % tab))
    page.run("document.getElementById('tab-book').click()")
    page.type("#search", "xyz")
    page.wait("!!document.querySelector('#book .empty')")
    page.picture(folder / "7-nobody-390.png")


def main(folder):
    """Write the pictures; print what went wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    reason = netns.why_unavailable() or (None if chromium.find() else "no Chromium")
    if reason:
        return reason
    with netns.Network("pictures") as network:
        house = House(network)
        house.node.more = DORA
        try:
            house.node.start()
            errors = walk(house, folder)
        finally:
            house.close()
    for error in errors:
        print(error)
    print("%d pictures in %s" % (len(list(folder.glob("*.png"))), folder))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
