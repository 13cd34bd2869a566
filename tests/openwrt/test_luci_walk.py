"""From a fresh installation to a registered phone: the pages over a real node, as an owner walks.

BELLHOP_SCREENSHOTS names a folder to keep pictures of the way in.
"""

import json
import os
import re
import socket
import threading
import urllib.request
from pathlib import Path

import pytest

from tests.system.sipp.runner import free_ports
from tests.trunks.standin import Standin

from .luci import browser, system
from .luci.bridge import Bridge, Hand
from .test_luci_pages import Selectors, drawn


@pytest.fixture(params=["stand-in", "luci"])
def router(request, tmp_path):
    """Return a router with a node as the package starts it."""
    if not browser.find():
        pytest.skip("no Chromium (Debian package chromium)")
    luci = os.environ.get("OPENWRT_LUCI") if request.param == "luci" else None
    if request.param == "luci" and not luci:
        pytest.skip("OPENWRT_LUCI is not set: no LuCI to draw the pages with")
    with Bridge(tmp_path, system.answers(), luci) as made:
        try:
            assert made.start_node()
            yield made
        finally:
            made.stop_node()


def seen(router, name, step, **options):
    """Return a page, and keep a picture of it where one is wanted."""
    page = drawn(router, name, **options)
    if not options:
        keep(router, name, step)
    return page


def keep(router, name, step, script=""):
    """Keep a picture of a page where one is wanted."""
    folder = os.environ.get("BELLHOP_SCREENSHOTS")
    if folder:
        kind = "luci" if router.luci else "stand-in"
        picture = Path(folder) / ("%s-%s.png" % (kind, step))
        browser.picture(router.url("view.bellhop." + name, script), picture)


def test_two_pages_lead_from_the_installation_to_a_registered_phone(router):
    page = seen(router, "overview", "1-fresh")
    assert "No phone has an account." in page.text and "Set up the telephone" in page.text

    at = Selectors(router.luci)
    script = f"""
        await press('{at.add}');
        await enter('{at.field % "name"}', 'judy');
        await enter('{at.field % "extension"}', '203');
        const password = pick('{at.field % "_password"}').value;
        await press('{at.save}');
        await until(() => pick('#view').textContent.includes('judy'));
        await press('{at.stage}');
        await new Promise(done => setTimeout(done, 3000));
        return password;"""
    password = seen(router, "phones", "2-add", script=script, milliseconds=25000).result
    if router.luci:  # The staged change is applied by a part of LuCI's frame that is not here.
        assert router.answer("uci", "apply", {})[0] == 0

    assert Hand("judy", password, router.port).register() == 200
    page = seen(router, "overview", "3-registered")
    assert "The telephone works," in page.text and "1 of 1 accounts" in page.text
    page = seen(router, "phones", "4-phones")
    assert "127.0.0.1 port" in page.text and "UDP" in page.text


def test_first_steps_lead_from_the_installation_to_a_phone_that_rings(router):
    """Page 1 is the overview, with the link; page 2 asks, shows what to enter, and rings."""
    assert "/start" in seen(router, "overview", "0-fresh").html
    fill = """
        const name = await until(() => pick('input[type=text]'));
        name.value = 'Judy';
        name.dispatchEvent(new Event('input'));
        click('Set up the telephone');
        await until(() => pick('[data-person]'));"""
    entered = fill + "return [ ...document.querySelectorAll('code') ].map(one => one.textContent);"
    server, account, password = drawn(router, "start", entered, 25000).result
    assert server.endswith(":%d" % router.port) and account == "judy"
    assert router.answer("uci", "apply", {})[0] == 0
    keep(router, "start", "0-entered", fill)

    phone = Hand(account, password, router.port)
    assert phone.register() == 200
    script = """
        click('Ring it', row('judy'));
        return until(() => pick('.modal') && pick('.modal').textContent.includes('rings'));"""
    answering = threading.Thread(target=phone.ring)
    answering.start()
    assert drawn(router, "phones", script, 20000).result
    answering.join()


def test_backup_by_one_button_is_taken_over_by_another_router_s(router, tmp_path):
    router.ask("import-phonebook", csv="name,number,address\nGran,71,sip:gran@far.test\n")
    press = """
        let kept;
        URL.createObjectURL = blob => { kept = blob; return '#'; };
        (await until(() => pick('input[type=password]'))).value = 'correct horse battery';
        click('Make a backup');
        return (await until(() => kept)).text();"""
    sealed = drawn(router, "security", press, 20000).result
    assert sealed.startswith("bellhop-backup-")
    (tmp_path / "second").mkdir()
    with Bridge(tmp_path / "second", system.answers(), router.luci) as second:
        try:
            assert second.start_node()
            press = """
                const file = await until(() => pick('input[type=file]'));
                const given = new DataTransfer();
                given.items.add(new File([ %s ], 'bellhop-backup.txt'));
                file.files = given.files;
                const words = document.querySelectorAll('input[type=password]')[1];
                words.value = 'correct horse battery';
                file.parentNode.querySelector('input[type=checkbox]').checked = true;
                click('Restore');
                return until(() => document.body.textContent.includes('Taken over'));"""
            assert drawn(second, "security", press % json.dumps(sealed), 20000).result
            keep(second, "security", "7-restored", press % json.dumps(sealed))
            assert "Gran" in [one["display"] for one in second.ask("phonebook")["phonebook"]]
            second.stop_node()
            assert second.start_node()
            assert second.ask("identity")["key"] == router.ask("identity")["key"]
        finally:
            second.stop_node()


def test_checks_of_the_overview_follow_the_real_node(router):
    router.uci["cfgff"] = system.section("cfgff", "user", 9, True, name="dave", password="secret-d")
    router.answer("uci", "apply", {})
    page = drawn(router, "overview")
    assert "0 of 1 accounts" in page.text
    assert Hand("dave", "secret-d", router.port).register() == 200
    assert "The telephone works," in drawn(router, "overview").text
    router.stop_node()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("127.0.0.1", router.port))
        assert router.start_node()
        page = seen(router, "overview", "5-taken")
    assert str(router.port) in page.text and "Another program has this port." in page.text


def test_every_page_is_drawn_from_the_real_node_s_words(router):
    for name in ("calls", "phonebook", "groups", "mesh", "security", "settings"):
        page = seen(router, name, "6-" + name)
        assert "undefined" not in page.text and "NaN" not in page.text, name


KEYS = """
    window.confirm = () => true;
    const box = await until(() => [ ...document.querySelectorAll('details') ].find(one =>
        one.textContent.includes('Make a revocation')));
    box.open = true;
    const words = box.querySelectorAll('input[type=password]');
    const said = text => until(() => document.body.textContent.includes(text));"""


def anew(router):
    """Start the node anew; return its key."""
    router.stop_node()
    assert router.start_node()
    return router.ask("identity")["key"]


def test_a_revocation_is_put_away_and_published_by_buttons(router):
    script = """
        let kept;
        URL.createObjectURL = blob => { kept = blob; return '#'; };
        words[0].value = 'short';
        click('Make a revocation', box);
        await said('too short');
        words[0].value = words[1].value = 'correct horse battery';
        click('Make a revocation', box);
        const text = await (await until(() => kept)).text(), given = new DataTransfer();
        given.items.add(new File([ text ], 'bellhop-revocation.txt'));
        box.querySelector('input[type=file]').files = given.files;
        click('Revoke the key', box);
        await said('The revocation is published.');
        return text;"""
    before = router.ask("identity")["key"]
    sealed = drawn(router, "security", KEYS + script, 40000).result
    assert sealed.startswith("bellhop-revocation-")
    after = anew(router)
    assert after != before
    script = """
        click('Change the key', box);
        await said('The new key is made.');
        box.querySelector('input[type=text]').value = 'nobody';
        click('Take its place', box);
        await said('is no other node that is known here');
        return true;"""
    assert drawn(router, "security", KEYS + script, 40000).result
    keep(router, "security", "8-keys", KEYS + "return 1;")
    assert anew(router) not in (before, after)


def test_a_person_s_page_is_shown_with_a_code_and_its_link_lets_in(router):
    (port,) = free_ports(1)
    (node,) = [one for one in router.uci.values() if one[".type"] == "node"]
    node["http_port"] = str(port)
    router.uci["cfgff"] = system.section("cfgff", "user", 9, True, name="dave", password="secret-d")
    assert router.answer("uci", "apply", {})[0] == 0
    script = """
        click('Show the page', await until(() => row('dave')));
        const box = await until(() => pick('.modal code') && pick('.modal'));
        return [ box.querySelector('code').textContent, box.querySelectorAll('svg').length ];"""
    link, codes = drawn(router, "phones", script, 20000).result
    keep(router, "phones", "9-page", script)
    assert re.fullmatch(r"http://192\.168\.1\.1:%d/#in=\w{24}" % port, link)
    if router.luci:
        assert codes == 1
    body = json.dumps({"verb": "sign-in", "arguments": {"token": link.rpartition("=")[2]}})
    asked = urllib.request.Request("http://127.0.0.1:%d/api" % port, body.encode(),
                                   {"Content-Type": "application/json"})  # fmt: skip
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert json.load(answer)["result"]["user"] == "dave"


def test_a_provider_is_set_up_registers_and_is_called_by_buttons(router):
    provider = Standin("tel", "127.0.0.1")
    router.uci["cfgff"] = system.section("cfgff", "user", 9, True, name="dave", password="secret-d")
    assert router.answer("uci", "apply", {})[0] == 0
    assert "No provider yet." in seen(router, "numbers", "10-no-provider").text
    field = '[id="%s.%%s"]' % ("widget.cbid.json.provider" if router.luci else "provider")
    filled = {"domain": "tel.test", "username": "user1", "password": "secret", "ring": "dave"}
    fields = "".join(["await fill('%s', '%s');" % (field % one, filled[one]) for one in filled])
    script = """
        const fill = (place, text) => enter(place, text).then(() => {
            pick(place).dispatchEvent(new Event('keyup'));
            pick(place).dispatchEvent(new Event('blur'));
        });
        %s
        click('Set up the provider');
        await new Promise(done => setTimeout(done, 1500));"""
    browser.visit(router.url("view.bellhop.numbers", script % fields), 15000)
    (made,) = [one for one in router.uci.values() if one[".type"] == "provider"]
    assert {name: made[name] for name in filled} == filled
    # What no letter of a provider says: where this one is, which no DNS names.
    made.update({"proxy": "127.0.0.1:%d" % provider.place[1], "number": ["+49301234567"]})
    assert router.answer("uci", "apply", {})[0] == 0
    provider.let_in()
    page = seen(router, "numbers", "11-provider")
    assert "registered" in page.text and "+49301234567" in page.text
    script = """
        click('Test call', await until(() => row('tel-test')));
        return until(() => document.body.textContent.includes('ring in a moment'));"""
    called = []
    answering = threading.Thread(target=lambda: called.append(provider.called()))
    answering.start()
    assert drawn(router, "numbers", script, 20000).result
    answering.join()
    assert b"+49301234567" in called[0].uri
    provider.refuse(called[0], 486)
