"""The LuCI pages in Chromium: over the in-tree stand-in for LuCI, and over LuCI where it is given.

OPENWRT_LUCI names a checkout of LuCI (modules/luci-base and themes/luci-theme-bootstrap).
"""

import copy
import os
import time

import pytest

from bellhop.sip import digest

from .luci import browser, node
from .luci.router import Router
from .test_luci_package import MENU, translations

PAGES = [
    one["action"]["path"].split("/")[1] for one in MENU.values() if one["action"]["type"] == "view"
]


@pytest.fixture(params=["stand-in", "luci"])
def router(request):
    """Return the router; `answers` and `uci` may be changed before a page is drawn."""
    if not browser.find():
        pytest.skip("no Chromium (Debian package chromium)")
    luci = os.environ.get("OPENWRT_LUCI") if request.param == "luci" else None
    if request.param == "luci" and not luci:
        pytest.skip("OPENWRT_LUCI is not set: no LuCI to draw the pages with")
    answers = dict(node.ANSWERS)
    answers["system", "info"] = {"localtime": time.time()}
    with Router(answers, copy.deepcopy(node.configuration()), luci) as made:
        yield made


def drawn(router, name, script="", milliseconds=8000):
    """Return a page that was drawn without an error."""
    page = browser.visit(router.url("view.bellhop." + name, script), milliseconds)
    assert page.error is None
    assert page.is_done, page.text
    return page


@pytest.mark.parametrize("name", PAGES)
def test_page_is_drawn_and_words_of_strangers_stay_text(router, name):
    page = drawn(router, name)
    assert "data-hurt" not in page.html
    assert "<b>bold</b>" not in page.html
    # An attribute of the page's own may hold the words too; as text they must be readable.
    if name not in ("overview", "groups", "settings"):
        assert node.EVIL in page.text


def test_overview_of_a_working_node_says_so(router):
    page = drawn(router, "overview")
    assert "The telephone works." in page.text
    assert "2 (accounts: 2)" in page.text and "✓ firewall" in page.text


def test_overview_of_a_stopped_node_tells_its_last_words_and_what_to_do(router):
    for key in [key for key in router.answers if key[0] == "bellhop"]:
        del router.answers[key]
    words = "bellhop: UDP port 5060 is taken by process asterisk (pid 77)"
    router.answers["file", "exec"] = {"code": 0, "stdout": words + "\n"}
    page = drawn(router, "overview")
    assert "The node does not run." in page.text and words in page.text


def test_overview_names_what_is_wrong_in_plain_words(router):
    router.answers["file", "stat"] = {"path": "/sys/module/nf_conntrack_sip"}
    router.answers["network.interface", "dump"] = {"interface": []}
    router.answers["system", "info"] = {"localtime": 0}
    router.answers["bellhop", "registrations"] = {
        "registrations": [node.registration("alice", behind_nat=True)]
    }
    router.answers["bellhop", "status"] = node.status(problems=["TLS port 5061 is taken"])
    page = drawn(router, "overview")
    for words in ("kmod-nf-nathelper-extra", "no way to the Internet", "more than a day apart",
                  "only one way: alice", "TLS port 5061 is taken"):  # fmt: skip
        assert words in page.text


def test_overview_tells_of_a_configuration_that_is_not_in_force(router):
    words = "/etc/config/bellhop:9: the name 'judy' is taken"
    router.answers["bellhop", "check-config"] = {"error": {"message": words}}
    page = drawn(router, "overview")
    assert "the one before it stays in force" in page.text and words in page.text


def test_overview_without_a_phone_sends_to_the_page_phones(router):
    router.uci = {name: one for name, one in router.uci.items() if one[".type"] != "user"}
    router.answers["bellhop", "status"] = node.status(users=0, registrations=0)
    page = drawn(router, "overview")
    assert "No phone has an account." in page.text and "The telephone works." not in page.text


def test_page_follows_the_node_without_a_click(router):
    calls = iter([[node.call(7)], []])
    router.answers["bellhop", "calls"] = lambda given: {"calls": next(calls, [])}
    page = drawn(
        router, "calls", "return until(() => pick('#view').textContent.includes('Nobody'))", 20000
    )
    assert "Nobody is on the phone." in page.text


def test_trace_of_a_call_shows_its_messages_as_text(router):
    script = """
        await until(() => pick('td .btn'));
        pick('td .btn').click();
        await until(() => pick('.modal pre'));"""
    page = drawn(router, "calls", script)
    assert "202 is the number of bob" in page.text and "Subject: " + node.EVIL in page.text
    assert "data-hurt" not in page.html


def test_call_is_hung_up_and_its_words_are_judged(router):
    script = """
        await until(() => pick('td .btn'));
        click('Hang up');
        const rows = [ ...document.querySelectorAll('tr') ];
        click('Details', rows.find(one => one.textContent.includes('known key')));
        await until(() => pick('.modal strong'));
        click('They are the same', pick('.modal'));
        await new Promise(done => setTimeout(done, 1000));"""
    page = drawn(router, "calls", script, 15000)
    assert "encrypted, known key" in page.text
    asked = [call[1:] for call in router.calls if call[1] in ("hangup", "verify")]
    assert ("hangup", {"call": "7"}) in asked
    assert ("verify", {"call": "9", "verdict": "same"}) in asked


def test_overview_suspects_one_way_sound_and_tells_whose(router):
    router.answers["bellhop", "calls"] = {"calls": [node.heard(9, 0, caller="gran@far.test")]}
    page = drawn(router, "overview")
    assert "Nothing is heard of gran@far.test" in page.text


def test_phone_rings_and_the_page_follows(router):
    script = """
        await until(() => pick('[data-account=alice] .btn'));
        click('Ring it');
        await until(() => (pick('.modal') || {}).textContent?.includes('rings'));"""
    page = drawn(router, "phones", script, 20000)
    assert ("bellhop", "ring", {"user": "alice"}) in router.calls
    assert ("bellhop", "rung", {"user": "alice"}) in router.calls
    assert "data-hurt" not in page.html and "3 messages wait" in page.text


def test_key_is_judged_and_the_identity_is_copied(router):
    script = """
        (await until(() => pick('input[type=password]'))).value = 'a long passphrase';
        [ 'Make a sealed copy', 'Compared', 'Forget' ].forEach(title => click(title));
        await until(() => document.body.textContent.includes('bellhop-identity-1:'));"""
    drawn(router, "security", script, 15000)
    told = [call[2] for call in router.calls if call[1] in ("set-trust", "export-identity")]
    assert {"passphrase": "a long passphrase"} in told
    assert {"contact": node.EVIL, "verdict": "compared"} in told
    assert {"contact": node.EVIL, "verdict": "forget"} in told


def test_picture_of_the_mesh_has_a_circle_for_each_node_and_a_line_for_each_link(router):
    page = drawn(router, "mesh")
    assert page.html.count("<circle") == 5 and page.html.count("<line") == len(node.EDGES)
    assert "NaN" not in page.html


def test_mesh_that_is_off_says_how_to_switch_it_on(router):
    router.answers["bellhop", "mesh"] = {"error": {"message": "the mesh is off: option enabled 1"}}
    assert "the mesh is off" in drawn(router, "mesh").text


class Selectors:
    """Where the buttons and fields are, in the stand-in and in LuCI."""

    def __init__(self, is_luci):
        self.add = ".cbi-button-add" if is_luci else ".add"
        self.edit = ".cbi-button-edit" if is_luci else ".edit"
        self.save = ".modal .cbi-button-positive.important" if is_luci else ".modal .save"
        self.field = '.modal [data-name="%s"] input' if is_luci else '.modal [data-option="%s"]'
        self.stage = ".cbi-button-save" if is_luci else ".save-apply"
        self.written = "add" if is_luci else "set"


@pytest.fixture
def at(router):
    return Selectors(router.luci)


def written_users(router):
    """Return the users that were staged on the router, by name."""
    return {
        given["values"]["name"]: given["values"]
        for name, method, given in router.calls
        if name == "uci" and method in ("add", "set") and "name" in given.get("values", {})
    }


def test_new_phone_shows_its_password_once_and_only_hashes_are_kept(router, at):
    script = f"""
        await press('{at.add}');
        await enter('{at.field % "name"}', 'carol');
        await enter('{at.field % "extension"}', '203');
        const password = pick('{at.field % "_password"}').value;
        await press('{at.save}');
        await until(() => pick('#view').textContent.includes('carol'));
        await press('{at.stage}');
        await until(() => true);
        await new Promise(done => setTimeout(done, 1000));
        return [ password, document.body.textContent.includes(password) ];"""
    password, is_still_shown = drawn(router, "phones", script, 20000).result
    assert len(password) == 12 and not is_still_shown
    user = written_users(router)["carol"]
    assert user["extension"] == "203" and "password" not in user
    parts = b"carol", b"home.arpa", password.encode()
    assert user["ha1_md5"] == digest.ha1(digest.MD5, *parts).decode()
    assert user["ha1_sha256"] == digest.ha1(digest.SHA256, *parts).decode()


def test_new_name_of_a_phone_needs_a_new_password(router, at):
    script = f"""
        await press('{at.edit}');
        const before = (await until(() => pick('{at.field % "_password"}'))).value;
        await enter('{at.field % "name"}', 'alice2');
        await press('{at.save}');
        await new Promise(done => setTimeout(done, 1500));
        return [ before, Boolean(pick('.modal .cbi-input-invalid')) ];"""
    assert drawn(router, "phones", script, 20000).result == ["", True]
    assert not written_users(router)


def test_number_that_another_phone_has_is_refused(router, at):
    script = f"""
        await press('{at.add}');
        await enter('{at.field % "name"}', 'carol');
        await enter('{at.field % "extension"}', '202');
        await press('{at.save}');
        await new Promise(done => setTimeout(done, 1500));
        return Boolean(pick('.modal'));"""
    page = browser.visit(router.url("view.bellhop.phones", script), 20000)
    assert page.result is True or "another phone or group" in page.error
    assert "carol" not in written_users(router)


def test_port_that_is_none_is_refused(router, at):
    if router.luci:
        script = """
            const field = await until(() => pick('[data-name="sip_port"] input'));
            field.value = '70000';
            field.dispatchEvent(new Event('keyup')); field.dispatchEvent(new Event('blur'));
            await press('.cbi-button-save');"""
    else:
        script = """
            await enter('[data-option="sip_port"]', '70000');
            await press('.save-apply');"""
    page = browser.visit(router.url("view.bellhop.settings", script), 15000)
    assert "SIP port" in page.error
    assert not [call for call in router.calls if call[:2] == ("uci", "set")]


def test_pages_speak_german(router):
    if router.luci:
        pytest.skip("LuCI reads its translations from a compiled form")
    module = translations()
    router.translations = module.read(module.PACKAGE / "po" / "de" / "bellhop.po")
    assert "Das Telefon funktioniert." in drawn(router, "overview").text


def test_block_on_the_front_page_shows_phones_and_calls(router):
    if router.luci:
        pytest.skip("the front page of LuCI needs more of a router than this one has")
    block = "view.status.include.45_bellhop"
    page = browser.visit(router.url(block))
    assert page.error is None and page.is_done
    assert (
        "2 (accounts: 2)" in page.text and node.EVIL in page.text and "data-hurt" not in page.html
    )
