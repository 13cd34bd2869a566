"""From the letter of a provider to the first bill: the page "Numbers" over a real node."""

import threading

from tests.trunks.line import Line
from tests.trunks.standin import Standin

from .luci import browser, system
from .test_luci_walk import drawn, keep, router  # noqa: F401 - a fixture

# ruff: noqa: F811

NUMBER, PROVIDER, PHONE = ("+49301234567", "127.0.0.50", "127.0.0.2")
SECONDS = 60
WIZARD = """
    const fill = (name, text) => enter(`[id="%s.${name}"]`, text).then(() => {
        pick(`[id="%s.${name}"]`).dispatchEvent(new Event('keyup'));
        pick(`[id="%s.${name}"]`).dispatchEvent(new Event('blur'));
    });
    await fill('domain', '%s');
    await fill('username', 'user1');
    await fill('password', 'secret');
    await fill('number', '%s');
    const more = pick('[id="cbid.json.provider.number"] .cbi-button-add');
    if (more)
        more.click();
    await fill('ring', 'dave');
    click('Set up the provider');
    await new Promise(done => setTimeout(done, 1500));"""


class Network(threading.Thread):
    """A provider that registers the node, and carries one test call out and in again."""

    def __init__(self):
        super().__init__(daemon=True)
        self.tel = Standin("tel", PROVIDER, port=5060)
        self.back = Standin("tel", PROVIDER)
        self.problem = None
        self.is_in = threading.Event()

    def run(self):
        try:
            self.tel.let_in(self.tel.challenged("REGISTER"))
            self.is_in.set()
            self._carry()
        except AssertionError as error:
            self.problem = error

    def _carry(self):
        tel, back = self.tel, self.back
        invite = tel.called()
        assert invite.uri.startswith(b"sip:" + NUMBER.encode())
        back.there, back.contact_uri = tel.there, tel.contact_uri
        back.ring()
        assert back.wait("final", SECONDS).status == 200
        back.say(back.acknowledge())
        tel.take(invite, 200)
        tel.take(tel.wait("BYE", SECONDS))
        back.say(back.within("BYE"))
        assert back.wait("final", SECONDS).status == 200

    def close(self):
        """End it; what went wrong is raised."""
        self.join(SECONDS)
        self.tel.close()
        self.back.close()
        if self.problem:
            raise self.problem
        assert not self.is_alive()


def test_a_provider_s_letter_leads_to_a_test_call_and_the_bill(router):
    router.uci["cfgff"] = system.section("cfgff", "user", 9, True, name="dave", password="secret-d")
    place = {"country": "49", "area": "30"}
    router.uci["cfgfe"] = system.section("cfgfe", "telephone", 8, True, **place)
    assert router.answer("uci", "apply", {})[0] == 0
    phone = Line("dave", "dave", "home.arpa", PHONE, ("127.0.0.1", router.port), b"secret-d")
    network = Network()
    network.start()
    try:
        phone.register()
        at = "widget.cbid.json.provider" if router.luci else "provider"
        script = WIZARD % (at, at, at, PROVIDER, NUMBER)
        browser.visit(router.url("view.bellhop.numbers", script), 30000)  # It loads itself anew.
        (provider,) = [one for one in router.uci.values() if one.get("username")]
        assert provider["ring"] == "dave" and NUMBER in provider["number"]
        if router.luci:  # Applied by a part of LuCI's frame that is not here.
            assert router.answer("uci", "apply", {})[0] == 0
        assert network.is_in.wait(SECONDS)
        keep(router, "numbers", "10-provider")
        answering = threading.Thread(target=_answer, args=(phone,), daemon=True)
        answering.start()
        press = """
            await until(() => document.body.textContent.includes('registered'));
            click('Test call');
            return until(() => document.body.textContent.includes('The phones of dave ring'));"""
        assert drawn(router, "numbers", press, 30000).result
        answering.join(SECONDS)
        network.close()
        told = "return until(() => document.body.textContent.includes('2 calls, '));"
        assert drawn(router, "numbers", told, 20000).result
        keep(router, "numbers", "11-bill")
        (row,) = router.ask("bill")["bill"]
        assert (row["calls_out"], row["calls_in"]) == (1, 1)
    finally:
        phone.close()


def _answer(phone):
    phone.take(phone.wait("INVITE", SECONDS), 200)
    phone.wait("ACK", SECONDS)
    phone.take(phone.wait("BYE", SECONDS))
