"""The LuCI pages in Chromium: over the in-tree stand-in for LuCI, and over LuCI where it is given.

What the node says is what real engines answer (luci/scene.py). OPENWRT_LUCI names a checkout of
LuCI (modules/luci-base, themes/luci-theme-bootstrap, libs/luci-lib-uqr).
"""

import os

import pytest

from bellhop.features.mesh.heirs import SUCCEEDED
from bellhop.media import trust
from bellhop.mesh.succession import Ending
from bellhop.settings import reader
from bellhop.sip import digest

from .feed import LUCI, program
from .luci import browser, scene
from .luci.bridge import written
from .luci.household import Household
from .test_luci_package import MENU

PAGES = [
    one["action"]["path"].split("/")[1] for one in MENU.values() if one["action"]["type"] == "view"
]
# Where something of a stranger, or of somebody who fills in a form, is shown.
TOLD = ("calls", "phonebook", "phones")


@pytest.fixture(params=["stand-in", "luci"])
def router(request):
    """Return a Household whose pages are drawn by the stand-in, and by LuCI."""
    if not browser.find():
        pytest.skip("no Chromium (Debian package chromium)")
    luci = os.environ.get("OPENWRT_LUCI") if request.param == "luci" else None
    if request.param == "luci" and not luci:
        pytest.skip("OPENWRT_LUCI is not set: no LuCI to draw the pages with")
    with Household(luci) as made:
        yield made


def drawn(router, name, script="", milliseconds=8000, language="en"):
    """Return a page that was drawn without an error."""
    url = router.url("view.bellhop." + name, script, language=language)
    page = browser.visit(url, milliseconds)
    assert page.error is None
    assert page.is_done, page.text
    return page


def flat(page):
    """Return the words of a page with one blank between them."""
    return " ".join(page.text.split())


@pytest.mark.parametrize("name", PAGES)
def test_page_is_drawn_and_words_of_strangers_stay_text(router, name):
    page = drawn(router, name)
    assert "data-hurt" not in page.html
    assert "<b>bold</b>" not in page.html
    assert "undefined" not in page.text and "NaN" not in page.text
    if name in TOLD:
        assert scene.EVIL in page.text


# Calls.


def test_every_level_of_trust_has_its_sentence_and_somebody_between_is_told_first(router):
    page = flat(drawn(router, "calls"))
    for sentence in (
        "Encrypted. The first call with this contact: compare the words once",
        "Encrypted, with the same key as the earlier calls.",
        "Safe: encrypted, and the words were compared.",
        "Not encrypted between the two routers: somebody on the way could listen.",
        "Stays inside this house.",
    ):  # fmt: skip
        assert sentence in page
    now = page.index("Now")
    assert page.index("Alice → mia: Careful: another key than before.") < now
    assert page.index("Alice → ned: Not safe: somebody sits in between. Hang up.") < now
    assert "not through this node" not in page


def test_front_page_and_overview_tell_of_a_call_that_is_not_safe(router):
    assert "A call is not safe" in drawn(router, "overview").text
    if router.luci is None:
        page = browser.visit(router.url("view.status.include.45_bellhop"))
        assert page.error is None and "A call is not safe" in page.text
        assert scene.EVIL in page.text and "data-hurt" not in page.html


def test_calls_have_names_times_and_sentences(router):
    page = flat(drawn(router, "calls"))
    assert "Gran → Alice" in page and "missed" in page and "The caller gave up." in page
    for sentence in ("Busy.", "Nobody has this number.", "No phone was there.", "Nobody answered.",
                     "talked for 1 min, the caller hung up"):  # fmt: skip
        assert sentence in page
    assert "Alice → Dora" in page and "home.test" not in page


def test_page_follows_the_node_without_a_click(router):
    script = """
        click('Hang up', row('kim'));
        return until(() => [ ...document.querySelectorAll('tr') ].some(one =>
            one.textContent.includes('kim') && one.textContent.includes('Call back')));"""
    assert drawn(router, "calls", script, 20000).result


def test_trace_of_a_call_shows_its_messages_as_text_at_the_end(router):
    script = """
        click('Details', row('Gran'));
        await until(() => pick('.modal pre'));
        return pick('.modal').textContent;"""
    told = drawn(router, "calls", script).result
    assert "INVITE sip:carol@home.test SIP/2.0" in told
    assert told.index("talking for") < told.index("The SIP messages, for experts")


def test_call_is_hung_up_and_its_words_are_judged(router):
    script = """
        click('They are the same', row('kim'));
        click('Hang up', row('mia'));
        await new Promise(done => setTimeout(done, 1000));"""
    drawn(router, "calls", script, 15000)
    live = {call["callee"]: call["security"] for call in router.scene.ask("calls")["calls"]}
    assert live["kim@home.test"] == trust.COMPARED and "mia@home.test" not in live


def test_strangers_have_a_tab_of_their_own_and_can_be_blocked(router):
    page = drawn(router, "calls")
    family, strangers = flat(page).split("Who came from outside and was refused.")
    assert "203.0.113.66" not in family and "scan" not in family
    assert "203.0.113.66 3 0 201 The call was not allowed." in strangers
    script = """
        click('Block', row('203.0.113.66'));
        await new Promise(done => setTimeout(done, 1500));
        click('Block', row('missed'));
        await until(() => document.body.textContent.includes('is blocked'));
        await new Promise(done => setTimeout(done, 1500));"""
    drawn(router, "calls", script, 20000)
    (node,) = [one for one in router.uci.values() if one[".type"] == "node"]
    caller = next(
        one["caller"] for one in router.scene.ask("history")["history"] if one["status"] == 487
    )
    assert node["blocked"] == ["203.0.113.66", caller]
    settings = reader.parse(written(router.uci), "test")
    assert not settings.problems
    router.scene.home.engine.reload(settings, router.scene.town.now)
    carol = router.scene.rooms["carol"]
    carol.dial("sip:201@home.test")
    assert carol.phone.asked["response"].status == 603


# The overview.


def test_overview_says_in_one_line_each_what_works(router):
    page = flat(drawn(router, "overview"))
    assert "✓ The telephone works, for" in page
    assert "2 of 3 accounts have a phone that is there." in page
    assert "Other nodes in reach: 2." in page
    assert "cannot be reached from the Internet" in page


def test_overview_of_a_stopped_node_tells_its_last_words_and_what_to_do(router):
    router.is_running = False
    words = "bellhop: UDP port 5060 is taken by process asterisk (pid 77)"
    router.answers["file", "exec"] = {"code": 0, "stdout": words + "\n"}
    page = drawn(router, "overview")
    assert "The node does not run." in page.text and words in page.text


def test_overview_names_what_is_wrong_in_plain_words(router):
    router.answers["file", "stat"] = {"path": "/sys/module/nf_conntrack_sip"}
    router.answers["network.interface", "dump"] = {"interface": []}
    router.answers["system", "info"] = {"localtime": 0}
    router.files["firewall"]["bellhop_sip_lan"]["src"] = "wan"
    page = drawn(router, "overview")
    for words in ("kmod-nf-nathelper-extra", "no way to the Internet", "more than a day apart",
                  "can be reached from the Internet"):  # fmt: skip
        assert words in page.text


def test_firewall_that_leaves_sip_alone_is_no_reason_to_warn(router):
    router.answers["file", "stat"] = {"path": "/sys/module/nf_conntrack_sip"}
    router.files["firewall"]["cfg0"]["auto_helper"] = "0"
    assert "kmod-nf-nathelper-extra" not in drawn(router, "overview").text


def test_overview_without_a_phone_leads_to_the_first_steps(router):
    router.uci = {name: one for name, one in router.uci.items() if one[".type"] != "user"}
    page = drawn(router, "overview")
    assert "No phone has an account." in page.text and "Set up the telephone" in page.text
    assert 'href="/admin/services/bellhop/start"' in page.html.replace("/cgi-bin/luci", "")


def test_each_page_tells_what_the_node_thinks_of_its_sections(router):
    for one in router.uci.values():
        if one.get("name") == "family":
            one["member"] = ["alice", "nobody"]
        if one.get("name") == "dora":
            one["forward"] = "203"
            one["colour"] = "red"
        if one[".type"] == "node":
            one["sip_port"] = "many"
    said = {
        "groups": ["Group › Family › Members › nobody: It names somebody who is not there"],
        "phones": [
            "Phone › Dora › Forward to: It forwards to itself",
            "Phone › Dora › colour: This version",
        ],
        "settings": ["SIP port › many: This is not accepted"],
    }
    for name in said:
        page = flat(drawn(router, name))
        for words in said[name]:
            assert words in page
    page = flat(drawn(router, "overview"))
    assert all(words in page for name in said for words in said[name])
    assert page.count("Mend it") == 4


# Phones and keys.


def test_phone_rings_and_the_page_follows(router):
    script = """
        click('Ring it', row('Yealink'));
        await until(() => pick('.modal') && pick('.modal').textContent.includes('rings'));
        return true;"""
    alice = router.scene.rooms["alice"]
    ask = router.scene.ask

    def answered(verb, **given):
        told = ask(verb, **given)
        if verb == "ring":
            alice.answer(180)
        return told

    router.scene.ask = answered
    assert drawn(router, "phones", script, 20000).result


def test_key_is_judged(router):
    script = """
        await until(() => row('carol@farm'));
        click('Compared', row('carol@farm'));
        click('Forget', row('lee@farm'));
        await new Promise(done => setTimeout(done, 1000));"""
    drawn(router, "security", script, 15000)
    levels = {row["contact"]: row["level"] for row in router.scene.ask("trust")["trust"]}
    assert levels["carol@farm"] == trust.COMPARED and "lee@farm" not in levels


# The mesh.


def test_mesh_has_names_words_for_its_quality_and_grey_nodes_that_are_gone(router):
    town = router.scene.town
    page = flat(drawn(router, "mesh"))
    assert "farm directly ✓ good" in page and "shed over farm, 2 hops ✓ good" in page
    del town.houses[scene.SHED]
    town.advance(60000)
    page = drawn(router, "mesh")
    assert "shed not now gone" in flat(page) and 'opacity="0.35"' in page.html


def test_new_key_of_a_contact_is_confirmed_on_the_page(router):
    ask, home, farm = router.scene.ask, router.scene.home, router.scene.farm
    old = home.engine.features["mesh"].mesh.node_of(farm.key())
    heirs = home.engine.features["mesh heirs"]
    home.perform(heirs._follow(Ending(old, b"n" * 32, False), SUCCEEDED, router.scene.town.now))
    assert "has a new key" in flat(drawn(router, "mesh"))
    script = """
        await until(() => row('Gran'));
        click('Yes', row('Gran'));
        await new Promise(done => setTimeout(done, 1000));"""
    drawn(router, "mesh", script, 15000)
    assert [row["is_seen"] for row in ask("pins")["pins"] if row["name"] == "Gran"] == [True]


def test_a_box_shows_its_address_and_gets_another_one(router):
    ask = router.scene.ask
    (before,) = ask("boxes")["boxes"]
    page = flat(drawn(router, "privacy"))
    assert before["address"] in page and "not open: no way by three other routers" in page
    script = """
        await until(() => row('sip:box@'));
        window.confirm = () => true;
        click('Another address', row('sip:box@'));
        await new Promise(done => setTimeout(done, 1000));"""
    drawn(router, "privacy", script, 15000)
    (after,) = ask("boxes")["boxes"]
    assert after["address"] != before["address"]


# Forms.


class Selectors:
    """Where a page has its buttons and fields, in the stand-in or in LuCI."""

    def __init__(self, is_luci):
        self.add = ".cbi-button-add" if is_luci else ".add"
        self.edit = ".cbi-button-edit" if is_luci else ".edit"
        self.delete = ".cbi-button-remove" if is_luci else ".delete"
        self.save = ".modal .cbi-button-positive.important" if is_luci else ".modal .save"
        self.field = '.modal [data-name="%s"] input' if is_luci else '.modal [data-option="%s"]'
        self.stage = ".cbi-button-save" if is_luci else ".save-apply"


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


def test_new_phone_shows_what_to_enter_once_and_only_hashes_are_kept(router, at):
    script = f"""
        await press('{at.add}');
        await enter('{at.field % "name"}', 'erin');
        await enter('{at.field % "extension"}', '205');
        const password = pick('{at.field % "_password"}').value;
        await until(() => pick('.modal svg'));
        const modal = pick('.modal').textContent;
        await press('{at.save}');
        await until(() => pick('#view').textContent.includes('erin'));
        await press('{at.stage}');
        await new Promise(done => setTimeout(done, 1000));
        return [ password, modal, document.body.textContent.includes(password) ];"""
    password, modal, is_still_shown = drawn(router, "phones", script, 20000).result
    assert len(password) == 12 and not is_still_shown
    assert "10.0.1.1:5060" in drawn(router, "phones").text
    assert modal.index("Server") < modal.index("Account") < modal.index("Password")
    user = written_users(router)["erin"]
    assert user["extension"] == "205" and "password" not in user
    parts = b"erin", b"home.test", password.encode()
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


@pytest.mark.parametrize(
    ("option", "text"),
    [("extension", "202"), ("extension", "112"), ("extension", "71"), ("name", "Family")],
)
def test_name_or_number_that_is_not_free_is_refused(router, at, option, text):
    filled = {"name": "erin", option: text}
    fields = "".join([f"await enter('{at.field % one}', '{filled[one]}');" for one in filled])
    script = f"""
        await press('{at.add}');
        {fields}
        await press('{at.save}');
        await new Promise(done => setTimeout(done, 1500));
        return Boolean(pick('.modal'));"""
    page = browser.visit(router.url("view.bellhop.phones", script), 20000)
    assert page.result is True, page.error
    assert not written_users(router)


def test_phone_that_is_named_elsewhere_is_deleted_there_too(router, at):
    script = f"""
        row('alice').querySelector('{at.delete}').click();
        const told = (await until(() => pick('.modal'))).textContent;
        click('Delete it everywhere', pick('.modal'));
        await until(() => !pick('#view').textContent.includes('alice'));
        await press('{at.stage}');
        await new Promise(done => setTimeout(done, 1000));
        return told;"""
    assert "Group Family" in drawn(router, "phones", script, 20000).result
    left = {one.get("name"): one for one in router.uci.values()}
    assert "alice" not in left and left["family"]["member"] == ["bob"]


def test_port_that_is_none_is_refused(router):
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


def test_first_steps_make_phones_and_show_what_to_enter(router):
    router.uci = {name: one for name, one in router.uci.items() if one[".type"] != "user"}
    script = """
        const names = document.querySelectorAll('input[type=text]');
        [ 'Zoë B.', 'Max' ].forEach((name, i) => {
            names[i].value = name;
            names[i].dispatchEvent(new Event('input'));
        });
        click('Set up the telephone');
        await until(() => document.querySelectorAll('#view svg').length == 2);
        return [ ...document.querySelectorAll('code') ].map(one => one.textContent);"""
    told = drawn(router, "start", script, 20000).result
    assert told[0::3] == ["10.0.1.1:5060"] * 2 and told[1::3] == ["zoe-b", "max"]
    users = {one["name"]: one for one in router.uci.values() if one[".type"] == "user"}
    assert (users["zoe-b"]["extension"], users["max"]["extension"]) == ("201", "202")
    for name, password in zip(told[1::3], told[2::3]):
        parts = name.encode(), b"home.test", password.encode()
        assert users[name]["ha1_md5"] == digest.ha1(digest.MD5, *parts).decode()
    (node,) = [one for one in router.uci.values() if one[".type"] == "node"]
    assert node["internet"] == "0"


def test_first_provider_is_set_up_from_what_its_letter_says(router):
    field = '[id="%s.%%s"]' % ("widget.cbid.json.provider" if router.luci else "provider")
    filled = {"domain": "sip.example.org", "username": "49301", "password": "secret"}
    fields = "".join([f"await fill('{field % one}', '{filled[one]}');" for one in filled])
    script = f"""
        const fill = (place, text) => enter(place, text).then(() => {{
            pick(place).dispatchEvent(new Event('keyup'));
            pick(place).dispatchEvent(new Event('blur'));
        }});
        await fill('{field % "domain"}', 'no domain');
        click('Set up the provider');
        await until(() => pick('.alert-message.warning'));
        {fields}
        click('Set up the provider');
        await new Promise(done => setTimeout(done, 1500));"""
    browser.visit(router.url("view.bellhop.numbers", script), 15000)
    (provider,) = [one for one in router.uci.values() if one.get("username")]
    assert provider[".type"] == "provider" and provider["name"] == "sip-example-org"
    assert {name: provider[name] for name in filled} == filled


def test_door_to_the_internet_is_one_switch(router):
    field = (
        '[data-name="_reachable"] input[type=checkbox]'
        if router.luci
        else '[data-option="_reachable"]'
    )
    script = f"""
        const box = await until(() => pick('{field}'));
        box.click();
        box.dispatchEvent(new Event('change'));
        await press('{Selectors(router.luci).stage}');
        await new Promise(done => setTimeout(done, 1000));"""
    drawn(router, "security", script, 15000)
    (node,) = [one for one in router.uci.values() if one[".type"] == "node"]
    assert node["internet"] == "1"


# Languages.


@pytest.mark.parametrize(("language", "words"), [("de", "Das Telefon"), ("fr", "Le téléphone")])
def test_pages_speak_the_language_of_the_owner(router, language, words):
    assert words in drawn(router, "overview", language=language).text


@pytest.mark.parametrize("language", ["de", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_no_english_sentence_is_left_on_a_page(router, name, language):
    said = program("translations").read(LUCI / "po" / language / "bellhop.po")
    lines = {line.strip(" .:") for line in drawn(router, name, language=language).text.split("\n")}
    assert (
        lines & {text.strip(" .:") for text in said if said[text] != text and " " in text} == set()
    )
