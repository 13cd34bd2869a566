"""New phones by one scan: a virgin Linphone and baresip, added on the page, call each other."""

import re

import pytest

from tests.system.phones import KINDS
from tests.system.phones.linphone import Linphone

needs_linphone = pytest.mark.skipif(
    bool(Linphone.why_unavailable()), reason=str(Linphone.why_unavailable())
)


def add(page, kind, name):
    """Add a phone on the page."""
    page.press("#tab-phones")
    page.press("Add a phone")
    page.wait("!!document.getElementById('kind')")
    page.run("document.getElementById('kind').value = '%s'" % kind)
    page.type("#called", name)
    page.press("Next")
    page.wait("!!document.querySelector('svg.qr, dl')")


@needs_linphone
def test_a_virgin_linphone_is_registered_by_what_the_page_shows_and_stays_so(house):
    page = house.page("alice")
    add(page, "linphone", "Mobile")
    (url,) = re.findall(r"http://\S+/p/\w+", page.text())
    linphone = house.virgin("alice")
    linphone.fetch(url)
    linphone.wait_registered()
    page.press("Done")
    page.wait_for("Mobile")
    page.wait_for("TCP")
    for _ in range(2):
        linphone.restart()
        linphone.wait_registered()
    assert house.node.ask("status")["counters"]["provisioning"]["fetched"] == 1
    bob = house.phone("baresip", "bob")
    bob.dial("201")
    linphone.wait_incoming()
    linphone.answer()
    bob.wait_established()
    page.press("#tab-now")
    page.wait_for("talking")
    page.wait_for("Stays inside this house.")
    page.press("Hang up")
    bob.wait_closed()
    page.wait_for("No call right now.")
    assert page.errors() == []


class Told(KINDS["baresip"]):
    """A baresip with the line of accounts that it was told."""

    def _account_line(self):
        return self.line


def test_baresip_takes_the_line_that_the_page_shows(house, tmp_path):
    if KINDS["baresip"].why_unavailable():
        pytest.skip(KINDS["baresip"].why_unavailable())
    page = house.page("bob")
    add(page, "baresip", "Desk")
    line = page.run("document.querySelector('dd').innerText")
    phone = Told(house.hosts["bob"], tmp_path / "baresip", 440)
    phone.line = line
    house.phones.append(phone)
    phone.register("bob", "", "home.test", house.node.address)
    phone.wait_registered()
    page.press("Done")
    page.wait_for("bob-baresip")
    page.wait_for("TCP")
    page.run("window.confirm = () => true")
    page.press("Forget Desk")
    page.wait("!document.body.innerText.includes('bob-baresip')")
    assert house.node.ask("registrations")["registrations"] == []


def test_a_call_rings_on_the_page_at_once_and_is_declined_there(house):
    alice, bob = house.phone("baresip", "alice"), house.phone("baresip", "bob")
    page = house.page("bob")
    page.wait_for("No call right now.")
    alice.dial("202")
    bob.wait_incoming()
    page.wait_for("calls you")
    assert "Stays inside this house." in page.text()
    page.press("Decline")
    assert "603" in alice.wait_closed() or "eclin" in str(alice.events())
    page.wait_for("No call right now.")
    page.press("#tab-history")
    page.wait_for("not taken")
    alice.dial("202")
    bob.wait_incoming()
    alice.hangup()
    page.wait_for("missed")
    assert page.errors() == []


def test_the_page_comes_back_by_itself_and_is_still_signed_in_after_a_restart(house):
    page = house.page("alice")
    page.wait_for("No call right now.")
    house.node.restart()
    page.wait("document.getElementById('away').hidden")
    bob, alice = house.phone("baresip", "bob"), house.phone("baresip", "alice")
    bob.dial("201")
    alice.wait_incoming()
    page.wait_for("calls you")
    page.open(house.node.url())
    page.wait_for("calls you")


def test_a_link_holds_once_and_a_foreign_page_gets_nothing(house):
    page = house.page("alice")
    link = house.node.ask("pilot-link", "bob")["path"]
    other = house.browser.page()
    other.open(house.node.url(link))
    other.wait_for("bob")
    third = house.browser.page()
    third.open(house.node.url(link))
    third.wait_for("This link was used already")
    assert (
        page.run("fetch('/api', {method: 'POST', body: 'verb=me'}).then(one => one.status)") == 403
    )
    page.press("#tab-phones")
    page.press("[aria-label^='Sign out']")
    page.wait_for("Sign in")


def test_a_text_goes_from_page_to_phone_and_back(house):
    alice, bob = house.phone("baresip", "alice"), house.phone("linphone", "bob")
    page = house.page("alice")
    page.press("#tab-messages")
    page.wait("!!document.getElementById('to')")
    page.type("#to", "202")
    page.type("#text", "Dinner is ready")
    page.press("Send")
    assert "Dinner is ready" in bob.wait("message", 10)
    page.wait_for("arrived")
    bob.message("alice", "Coming")
    page.wait_for("Coming")
    assert alice.wait("message", 10)


def test_a_wish_on_the_page_is_in_force_and_wrong_ones_are_told(house):
    house.phone("baresip", "alice")
    page = house.page("alice")
    page.press("#tab-wishes")
    page.wait("!!document.getElementById('forward_always')")
    page.type("#forward_always", "201")
    page.wait_for("circle")
    page.type("#quiet", "25:99")
    page.wait("!!document.querySelector('.note.bad')")
    page.type("#forward_always", "202")
    page.wait_for("Saved.")
    assert house.node.ask("wishes", "alice")["in_force"]["forward_always"] == "202"
