"""Calls for help are answered by those who were meant; short numbers belong to nobody's claim."""

import pytest

from tests.support.yard import ALICE, BOB, GRAN, MAL, STRANGER, Yard, reply, sip

TRUSTED = "\tlist trusted 192.168.1.0/24\n"
CALLER = "<sip:alice@home.test>"


def pinned(yard_key):
    return "\nconfig contact\n\toption name far\n\toption address sip:gran@%s\n" % yard_key


def helped(responders, more=""):
    """Return a Yard where alice dials 112, and what each responder's phone got."""
    yard = Yard(responders=responders, more=more)
    yard.attack(sip("INVITE", "sip:112@home.test", CALLER, source=ALICE, call_id="help"), ALICE)
    return yard


def rung(yard, host, house):
    """Return the INVITEs that came to a phone, each once."""
    found = yard.asked(host, b"INVITE", house)
    return list({one.value(b"via"): one for one in found}.values())


def test_unknown_responders_ring_after_three_seconds_without_an_answer():
    yard = helped(("bob", "", "mal"))
    yard.attack(reply(yard.asked(BOB, b"INVITE")[0], 180), BOB)
    yard.town.advance(2500)
    assert not rung(yard, MAL, yard.rogue)
    yard.town.advance(1500)
    assert len(rung(yard, MAL, yard.rogue)) == 1
    # The own ones ring on.
    assert not yard.asked(BOB, b"CANCEL")
    yard.attack(reply(yard.asked(BOB, b"INVITE")[0], 200, ["Contact: <sip:bob@%s>" % BOB]), BOB)
    assert yard.statuses(ALICE) == [200]


def test_unknown_responders_ring_at_once_where_there_is_no_other():
    for responders in (("", "", "mal"), ("nobody-registered", "", "mal")):
        users = "\nconfig user\n\toption name nobody-registered\n\toption password x\n"
        yard = helped(responders, users if responders[0] else "")
        assert len(rung(yard, MAL, yard.rogue)) == 1, responders


@pytest.mark.parametrize("status", [603, 600, 486, 480, 404])
def test_a_refusal_of_one_responder_ends_nothing(status):
    yard = helped(("bob", "", "mal"))
    yard.town.advance(4000)
    (invite,) = rung(yard, MAL, yard.rogue)
    yard.rogue.receive(reply(invite, status), MAL)
    yard.town.advance(1000)
    assert not yard.asked(BOB, b"CANCEL")
    assert yard.statuses(ALICE) == []
    yard.attack(reply(yard.asked(BOB, b"INVITE")[0], 200, ["Contact: <sip:bob@%s>" % BOB]), BOB)
    assert yard.statuses(ALICE) == [200]


def test_a_decline_in_the_house_rings_the_others_at_once():
    yard = helped(("bob", "", "mal"))
    yard.attack(reply(yard.asked(BOB, b"INVITE")[0], 603), BOB)
    assert len(rung(yard, MAL, yard.rogue)) == 1
    assert yard.statuses(ALICE) == []


def test_when_all_have_declined_the_caller_is_told_to_try_another_way():
    yard = helped(("bob", "", ""))
    yard.attack(reply(yard.asked(BOB, b"INVITE")[0], 603), BOB)
    assert yard.statuses(ALICE) == [480]
    assert b"call another way" in yard.heard(ALICE)[-1].reason


def test_the_caller_and_the_history_are_told_who_answered():
    yard = helped(("", "", "mal"))
    (invite,) = rung(yard, MAL, yard.rogue)
    yard.rogue.receive(reply(invite, 200, ["Contact: <sip:mal@%s>" % MAL]), MAL)
    answered = [one for one in yard.heard(ALICE) if one.status == 200][0]
    assert b"mallory" in answered.value(b"p-asserted-identity")
    (call,) = yard.victim.engine.answer("calls", {}, yard.town.now)[0]["calls"]
    assert "mallory" in call["answered_by"]


@pytest.mark.parametrize("number", ["sip:112@home.test", "urn:service:sos", "sip:112@10.0.1.1",
                                    "urn:service:sos.fire", "tel:911"])  # fmt: skip
def test_a_stranger_rings_no_responder(number):
    yard = Yard(responders=("bob", "gran", ""))
    for sender in (
        "<sip:police@elsewhere.test>", CALLER, "<sip:bob@home.test>",
        '"Police" <sip:110@home.test>', "<sip:anonymous@anonymous.invalid>",
    ):  # fmt: skip
        yard.attack(sip("INVITE", number, sender, source=STRANGER), STRANGER)
    yard.town.advance(5000)
    assert not yard.asked(BOB)
    assert not rung(yard, GRAN, yard.honest)


def test_the_owner_may_let_strangers_ring_the_responders():
    yard = Yard("\toption help_for_strangers 1\n", responders=("bob", "", ""))
    sender = "<sip:walker@elsewhere.test>"
    yard.attack(sip("INVITE", "sip:112@home.test", sender, source=STRANGER), STRANGER)
    assert len(yard.asked(BOB, b"INVITE")) == 1


def test_a_known_phone_needs_no_password_for_help():
    yard = helped(("bob", "", ""))
    assert len(yard.asked(BOB, b"INVITE")) == 1


def claim(yard, number):
    """Let the rogue's user have a number, and tell the mesh so."""
    settings = yard.rogue.engine.node.settings
    settings.users["mal"].extension = number
    settings.names[number.encode()] = settings.users["mal"]
    yard.rogue.perform(yard.rogue.engine.start(yard.town.now))
    yard.town.advance(12000)


SHORT = ("110", "117", "118", "119", "122", "999", "000", "111", "116117", "116000", "112", "911")


@pytest.mark.parametrize("number", SHORT)
def test_a_short_number_is_nobodys_claim(number):
    yard = Yard(TRUSTED)
    claim(yard, number)
    for uri in (
        "sip:%s@home.test" % number,
        "tel:" + number,
        "sip:%s@home.test;user=phone" % number,
    ):
        yard.attack(sip("INVITE", uri, CALLER, source=ALICE), ALICE)
        yard.town.advance(3000)
    assert not rung(yard, MAL, yard.rogue)


def test_a_pinned_node_may_have_a_short_number():
    key = Yard().rogue.key()
    yard = Yard(more=pinned(key), node=TRUSTED)
    claim(yard, "110")
    yard.attack(sip("INVITE", "sip:110@home.test", CALLER, source=ALICE), ALICE)
    assert len(rung(yard, MAL, yard.rogue)) == 1


def test_any_other_number_is_who_claims_it():
    yard = Yard(TRUSTED)
    claim(yard, "667")
    yard.attack(sip("INVITE", "sip:667@home.test", CALLER, source=ALICE), ALICE)
    assert len(rung(yard, MAL, yard.rogue)) == 1


@pytest.mark.parametrize("uri", [
    "sip:112;phone-context=+49@home.test", "tel:112;phone-context=+49", "tel:1-1-2",
    "sip:112;phone-context=+49@home.test;user=phone", "sip:1-1-2@home.test;user=phone",
    "tel:112;phone-context=home.test", "sip:%31%31%32@home.test", "sips:112@home.test",
])  # fmt: skip
def test_every_spelling_of_a_number_for_help_asks_for_help(uri):
    yard = Yard(responders=("bob", "", ""))
    transport = "tcp" if uri.startswith("sips") else "udp"
    if transport == "udp":
        yard.attack(sip("INVITE", uri, CALLER, source=ALICE), ALICE)
        assert len(yard.asked(BOB, b"INVITE")) == 1


def test_a_member_rings_the_responders_and_is_shown_as_what_it_is():
    yard = Yard(responders=("bob", "", ""))
    uri = "sip:sos@" + yard.victim.key()
    yard.say(sip("INVITE", uri, '"Alice" <sip:alice@home.test>'))
    (invite,) = yard.asked(BOB, b"INVITE")
    assert b"mallory" in invite.value(b"from")
    assert b"home.test" not in invite.value(b"from")
