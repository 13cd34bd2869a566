"""Two people compare the words of their call on their pages, each at a router of their own."""

import os

import pytest

from tests.support import chromium
from tests.system.phones.call import connect

from .steps import hang_up

PICTURES = os.environ.get("BELLHOP_SCREENSHOTS")


@pytest.fixture
def pages(streets):
    """open(node, user): a page at a node on which a user is signed in."""
    if chromium.find() is None:
        pytest.skip("no Chromium (Debian package chromium)")
    browsers = []

    def opened(node, user, **options):
        browsers.append(chromium.Browser(node.host.popen))
        page = browsers[-1].page(**options)
        link = node.ask("pilot-link", user=user)["path"]
        page.open("http://%s:8086%s" % (node.lan_address, link))
        page.wait("!!document.querySelector('#now .empty')")
        return page

    yield opened
    for browser in browsers:
        browser.__exit__()


def shot(page, name):
    """Keep a picture where somebody wants them."""
    if PICTURES:
        for width, dark in ((390, False), (390, True), (1280, False)):
            page.look((width, 844), dark)
            page.picture("%s/%s-%d%s.png" % (PICTURES, name, width, "-dark" if dark else ""))


def test_the_same_words_are_on_both_pages_and_make_the_call_safe(streets, pages):
    town = streets.pair()
    one, two = streets.phones_of(town, "baresip", "linphone")
    near = pages(town.nodes[0], "u0", language="de" if PICTURES else "en")
    far = pages(town.nodes[1], "u1")
    one.dial("201")
    two.wait_incoming()
    far.wait_for("calls you")
    shot(far, "ringing-far")
    two.answer()
    one.wait_established()
    words = [
        page.wait("(document.querySelector('.words') || {}).innerText") for page in (near, far)
    ]
    assert words[0] == words[1] and words[0].count(" ") == 1
    assert "compare the words" in far.text()
    shot(near, "compare-de")
    for page in (near, far):
        page.press("[data-id^=same]")
        page.wait("!!document.querySelector('.safe.good')")
    shot(far, "safe")
    levels = [node.ask("calls")["calls"][0]["security"] for node in town.nodes]
    assert levels == ["words compared"] * 2
    hang_up(one, two)
    far.wait_for("No call right now.")
    connect(one, two, "201")
    far.wait_for("you have compared the words")
    hang_up(one, two)
    assert near.errors() == far.errors() == []


def test_words_that_differ_say_hang_up(streets, pages):
    town = streets.pair()
    one, two = streets.phones_of(town, "baresip", "linphone")
    page = pages(town.nodes[0], "u0")
    connect(one, two, "201")
    page.wait("!!document.querySelector('.words')")
    page.press("They differ")
    page.wait_for("Not safe. Somebody sits in between. Hang up.")
    shot(page, "differ")
    page.press("Hang up")
    two.wait_closed()
    page.wait_for("No call right now.")
