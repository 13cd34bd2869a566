"""Calls go on for each reason as LuCI's page has set it, by real phones on this machine."""

import os

import pytest

from tests.support import chromium
from tests.support.netns import Here
from tests.system.phones import KINDS
from tests.system.phones.call import REASONS, sent_on

from .luci import system
from .luci.bridge import Bridge, sections
from .test_luci_pages import Selectors, drawn

PEOPLE = (("alice", "201", 440), ("bob", "202", 620), ("carol", "203", 930))
USER = "config user\n\toption name '%s'\n\toption extension '%s'\n\toption password 'secret'\n"


@pytest.fixture(params=["stand-in", "luci"])
def router(request, tmp_path):
    """Return a router with three members of the house, whose node runs."""
    if not chromium.find():
        pytest.skip("no Chromium (Debian package chromium)")
    for kind in ("baresip", "linphone"):
        if KINDS[kind].why_unavailable():
            pytest.skip(KINDS[kind].why_unavailable())
    luci = os.environ.get("OPENWRT_LUCI") if request.param == "luci" else None
    if request.param == "luci" and not luci:
        pytest.skip("OPENWRT_LUCI is not set: no LuCI to draw the pages with")
    with Bridge(tmp_path, system.answers(), luci) as made:
        text = made.config.read_text() + "".join([USER % one[:2] for one in PEOPLE])
        made.config.write_text(text)
        made.uci = sections(text)
        try:
            assert made.start_node()
            yield made
        finally:
            made.stop_node()


@pytest.fixture
def phones(router, tmp_path):
    """Return the phones of alice, bob and carol."""
    made = []
    try:
        for kind, (name, _, hz) in zip(("linphone", "baresip", "linphone"), PEOPLE):
            phone = KINDS[kind](Here, tmp_path / name, hz)
            made.append(phone)
            phone.register(name, "secret", "home.arpa", Here.address, router.port)
        for phone in made:
            phone.wait_registered()
        yield made
    finally:
        for phone in made:
            phone.close()


def set_forward(router, reason, number):
    """Set a reason of alice on the page, and put it in force."""
    at = Selectors(router.luci)
    enter, is_shut = "await enter('%%s', '%s')" % number, "!pick('.modal')"
    if router.luci:  # There it is a list with a field in it, and the window is but hidden.
        enter = "L.dom.findClassInstance(await until(() => pick('%%s'))).setValue('%s')" % number
        is_shut = "!document.body.classList.contains('modal-overlay-active')"
    script = f"""
        (await until(() => row('alice') && row('alice').querySelector('{at.edit}'))).click();
        {enter % (at.field % reason).replace(" input", " .cbi-dropdown")};
        await press('{at.save}');
        await until(() => {is_shut});
        await press('{at.stage}');
        await new Promise(done => setTimeout(done, 2000));
        return true;"""
    assert drawn(router, "groups", script, 25000).result
    if router.luci:  # The staged change is applied by a part of LuCI's frame that is not here.
        assert router.answer("uci", "apply", {})[0] == 0
    assert router.ask("wishes", user="alice")["in_force"][reason] == number


def test_calls_go_on_for_each_reason_that_the_page_has_set(router, phones):
    alice, bob, carol = phones
    for reason in REASONS:
        set_forward(router, reason, "202")
        sent_on(reason, carol, alice, bob, "201")
        if reason != "forward_absent":  # She has switched her phone off.
            set_forward(router, reason, "")
