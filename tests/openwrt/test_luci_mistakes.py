"""Mistakes of an owner, and what the pages and the log of a real node make of each.

BELLHOP_SCREENSHOTS names a folder to keep a picture of each page and a table of what it said.
"""

import os
import socket
from pathlib import Path

import pytest

from tests.support import lite

from .luci import browser, system
from .luci.bridge import Bridge, Hand, sections
from .test_luci_pages import Selectors, drawn, flat
from .test_luci_walk import keep, router  # noqa: F401 - a fixture

# ruff: noqa: F811

PHONES = """
config user
	option name 'ann'
	option display_name 'Ann'
	option extension '201'
	option password 'secret-ann'
config user
	option name 'ben'
	option display_name 'Ben'
	option extension '202'
	option password 'secret-ben'
config group
	option name 'all'
	option display_name 'Everybody'
	option extension '200'
	list member 'ann'
	list member 'ben'
"""
# What is done -> (what it makes of the configuration, the page, what that says, what the log says).
WRITTEN = {
    "a member of a group is not there": (
        lambda text: text.replace("list member 'ben'", "list member 'carl'"),
        "groups", "Group › Everybody › Members › carl: It names somebody who is not there", "carl",
    ),
    "a phone forwards to itself": (
        lambda text: text.replace("'202'", "'202'\n\toption forward '202'"),
        "phones", "Phone › Ben › Forward to: It forwards to itself", "forwards to itself",
    ),
    "nobody is called as the responders are": (
        lambda text: text.replace("'home.arpa'", "'home.arpa'\n\toption responders 'fire'"),
        "settings", "Node › Responders: It names somebody who is not there", "responders",
    ),
    "registrations last longest where they are shortest": (
        lambda text: text.replace("'home.arpa'", "'home.arpa'\n\toption min_expires '9000'"),
        "settings", "It does not fit the other options", "must rise in this order",
    ),
    "an option of a newer version": (
        lambda text: text.replace("'202'", "'202'\n\toption colour 'red'"),
        "phones", "Phone › Ben › colour: This version does not know it", "colour",
    ),
    "a quote that is not closed": (
        lambda text: text + "config contact\n\toption name 'Gran\n",
        "overview", "This line is no line of a configuration", "quote",
    ),
    "the file was emptied": (
        lambda text: "",
        "overview", "The configuration is empty: the last good one is in force.", "no section",
    ),
}  # fmt: skip


def note(router, what, page, words, log):
    """Add a line to the table of mistakes where pictures are kept."""
    folder = os.environ.get("BELLHOP_SCREENSHOTS")
    if folder and router.luci:
        with open(Path(folder) / "mistakes.md", "a") as table:
            table.write("| %s | %s: %s | %s |\n" % (what, page, words, log))


def line_with(router, words):
    """Return the line of the log that holds some words."""
    found = [line for line in router.log().split("\n") if words in line]
    assert found, router.log()
    return found[-1]


@pytest.fixture
def house(router):  # noqa: F811
    """Return a router with two phones and a group."""
    assert "error" not in router.edit(router.config.read_text() + PHONES)
    router.uci = sections(router.config.read_text())
    return router


@pytest.mark.parametrize("what", WRITTEN)
def test_wrong_line_is_told_on_its_page_and_in_the_log_and_phones_go_on(house, what):
    change, name, words, in_log = WRITTEN[what]
    ann = Hand("ann", "secret-ann", house.port)
    assert ann.register() == 200
    text = change(house.config.read_text())
    assert "error" not in house.edit(text)
    if text and name != "overview":
        house.uci = sections(text)
    page = drawn(house, name)
    assert words in flat(page)
    said = line_with(house, in_log)
    assert ann.register() == 200
    assert words in flat(drawn(house, "overview"))
    keep(house, name, "mistake-" + what.replace(" ", "-"))
    note(house, what, name, words, said)


def test_phone_that_a_group_names_is_deleted_there_too(house):
    at = Selectors(house.luci)
    click = "row('Ben').querySelector('%s').click(); await until(() => pick('.modal'));" % at.delete
    script = (
        click
        + f"""
        const told = pick('.modal').textContent;
        click('Delete it everywhere', pick('.modal'));
        await until(() => !pick('#view').textContent.includes('Ben'));
        await press('{at.stage}');
        await new Promise(done => setTimeout(done, 2000));
        return told;"""
    )
    keep(house, "phones", "mistake-delete", click)
    told = drawn(house, "phones", script, 20000).result
    assert "Group Everybody" in told
    assert house.answer("uci", "apply", {})[0] == 0
    found = {problem["kind"] for problem in house.ask("problems")["problems"]}
    assert not found & {"user", "group"}
    assert [one["members"] for one in house.ask("groups")["groups"]] == [["ann"]]
    note(
        house, "a phone is deleted that a group names", "phones", told.split("Close")[0], "nothing"
    )


def test_number_for_help_is_refused_in_the_form(house):
    at = Selectors(house.luci)
    fill = f"""
        await press('{at.add}');
        await enter('{at.field % "name"}', 'carl');
        await enter('{at.field % "extension"}', '112');
        await press('{at.save}');
        await new Promise(done => setTimeout(done, 1500));"""
    page = browser.visit(house.url("view.bellhop.phones", fill + "return true"), 20000)
    keep(house, "phones", "mistake-112", fill)
    words = "a number for calls for help"
    assert words in page.html + (page.error or "")
    note(house, "a phone gets the number 112", "phones", words, "nothing")


def test_taken_port_is_told_with_the_port(house):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("127.0.0.1", 0))
        port = str(thief.getsockname()[1])
        text = house.config.read_text().replace(str(house.port), port)
        assert "error" not in house.edit(text)
        house.uci = sections(text)
        page = flat(drawn(house, "settings"))
        words = "SIP port › %s: Another program has this port." % port
        assert words in page
        said = line_with(house, "port " + port)
        keep(house, "settings", "mistake-port")
    note(house, "another program has the port", "settings", words, said)


def test_wrong_password_of_a_phone_is_counted_on_a_tab_of_its_own(house):
    assert Hand("ann", "secret-bob", house.port).register() == 401
    words = "127.0.0.1 1 1"
    assert words in flat(drawn(house, "calls"))
    said = line_with(house, "wrong password")
    tab = """[ ...document.querySelectorAll('a') ].filter(one => one.textContent == 'Strangers')
        .forEach(one => one.click());"""
    keep(house, "calls", "mistake-password", tab)
    note(house, "a phone has the wrong password", "calls, Strangers", words, said)


def test_short_passphrase_makes_no_backup_and_a_long_one_does(house):
    give = """
        const field = (await until(() => pick('input[type=password]')));
        field.value = '%s';
        click('Make a backup');
        await new Promise(done => setTimeout(done, 3000));"""
    page = drawn(house, "security", give % "abcde", 15000)
    words = "at least 12 letters"
    assert words in page.text
    keep(house, "security", "mistake-passphrase", give % "abcde")
    note(house, "five letters as a passphrase", "security", words, "nothing")
    drawn(house, "security", give % "correct horse battery", 15000)
    asked = [call for call in house.calls if call[:2] == ("bellhop", "backup")]
    assert house.ask("backup", **asked[-1][2])["sealed"].startswith("bellhop-backup-")


def test_pages_of_a_lite_node_offer_what_it_can_do(tmp_path):
    reason = lite.why_unavailable() or (None if browser.find() else "no Chromium")
    if reason:
        pytest.skip(reason)
    compiled = lite.Compiled()
    with Bridge(tmp_path, system.answers(), os.environ.get("OPENWRT_LUCI"), compiled) as made:
        try:
            assert made.start_node()
            made.edit(made.config.read_text() + PHONES)
            made.uci = sections(made.config.read_text())
            assert Hand("ann", "secret-ann", made.port).register() == 200
            for name in ("overview", "calls", "phones", "groups", "phonebook", "mesh", "start"):
                page = drawn(made, name)
                assert "undefined" not in page.text and "does not answer" not in page.text
            for name in ("settings", "security"):
                page = drawn(made, name)
                assert "SIP port" in page.text or "Who may call" in page.text
                for words in ("TLS port", "First port of sound", "GnuPG folder", "Proof"):
                    assert words not in page.text
                keep(made, name, "lite-" + name)
            told = made.ask("backup", passphrase="correct horse battery")
            assert told["sealed"].startswith("bellhop-backup-")
        finally:
            made.stop_node()
            compiled.remove()
