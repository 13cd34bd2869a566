"""Calls go on for each reason, whoever has set it: a code, the page, the command, the owner."""

import pytest

from tests.mesh.town import wait_until
from tests.system.phones.call import REASONS, sent_on
from tests.system.test_phones_features import code

CODES = dict(zip(REASONS, ("21", "67", "61", "62")))


def by_code(house, phone):
    """Return how a reason is set (to a number), or cleared by None, by what the phone dials."""

    def change(reason, number):
        number = "#%s#" % CODES[reason] if number is None else f"*{CODES[reason]}*{number}#"
        assert "set: send" in code(phone, number)

    return change


def by_page(house, phone):
    """The same by the member's page."""
    page = house.page("alice")
    page.press("#tab-wishes")
    page.wait("!!document.getElementById('forward_always')")

    def change(reason, number):
        page.type("#" + reason, number or "")
        wanted = number or ""
        wait_until(lambda: in_force(house)[reason] == wanted, "the page has set it")

    return change


def by_command(house, phone):
    """The same by `bellhop set-wish`."""

    def change(reason, number):
        house.node.ask("set-wish", "alice", reason, *([number] if number else []))

    return change


def by_owner(house, phone):
    """The same by the option of `config user`, as an editor or LuCI writes it."""
    path = house.node.write_configuration()
    with open(path) as file:
        text = file.read()

    def change(reason, number):
        option = f"\toption {reason} '{number}'\n" if number else ""
        with open(path, "w") as file:
            file.write(
                text.replace("\toption extension '201'\n", "\toption extension '201'\n" + option)
            )
        house.node.ask("reload")

    return change


def in_force(house):
    """Return what is in force for Alice."""
    return house.node.ask("wishes", "alice")["in_force"]


@pytest.mark.parametrize("way", [by_code, by_page, by_command, by_owner])
def test_calls_go_on_for_each_reason_however_it_was_set(house, way):
    alice, bob = house.phone("linphone", "alice"), house.phone("baresip", "bob", hz=620)
    carol = house.phone("linphone", "carol", "screen")
    change = way(house, alice)
    for reason in REASONS:
        change(reason, "202")
        assert in_force(house)[reason] == "202"
        sent_on(reason, carol, alice, bob, "201")
        if reason != "forward_absent":  # She has switched her phone off.
            change(reason, None)
            assert in_force(house)[reason] == ""
