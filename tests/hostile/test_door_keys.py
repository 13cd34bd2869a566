"""Where the owner asks for encryption, no other name, no other words, no full table get around."""

import pytest

from bellhop.media import trust
from bellhop.media.effects import SECURE
from tests.support.yard import (
    ALICE,
    BOB,
    GRAN,
    STRANGER,
    Yard,
    reply,
    sip,
)  # fmt: skip
from tests.unit.features.media.test_calls import SoundHouse
from tests.unit.media.calls import (
    ALICE_PHONE,
    AUDIO,
    BOB_PHONE,
    SAVP_AUDIO,
    Pair,
)  # fmt: skip
from tests.unit.media.calls import sdp as described

KIND = "Content-Type: application/sdp"
CLEAR = "m=audio 4000 RTP/AVP 0\r\n"
PRINT = "a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n"
DTLS = "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n"
SEALED_IN_NAME = (
    DTLS, "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n", "m=audio 4000 RTP/SAVP 0\r\n",
    "m=audio 4000 RTP/SAVPF 0\r\n", DTLS + PRINT + CLEAR, CLEAR, "m=audio 4000 RTP/AVPF 0\r\n",
    DTLS + PRINT + "m=video 4002 RTP/SAVP 96\r\n",
)  # fmt: skip


def sdp(streams, host=GRAN):
    where = "IN IP4 " + host
    return "v=0\r\no=- 1 1 %s\r\ns=-\r\nc=%s\r\nt=0 0\r\n%s" % (where, where, streams)


def yard(media=(), more="", node="\toption strangers allow\n"):
    return Yard(node, more, house=SoundHouse, media=media)


def contact(address, policy="require"):
    words = address.replace("%", "%%"), policy
    return "\nconfig contact\n\toption address %s\n\toption encryption %s\n" % words


def call(made, streams=CLEAR, user="gran", house=None, **fields):
    """Let a far user call bob, as the far node says; return what bob's phone got."""
    uri, caller = "sip:bob@" + made.victim.key(), "<sip:%s@home.test>" % user
    data = sip("INVITE", uri, caller, [KIND], sdp(streams), **fields)
    made.say(data, house or made.honest)
    return made.asked(BOB, b"INVITE")


KEY = yard().honest.key()


@pytest.mark.parametrize("address", [
    "sip:gran@" + KEY, "sip:GRAN@" + KEY.upper(), "sip:%67ran@" + KEY, "sip:301@" + KEY,
    "sip:gran@%s;transport=udp" % KEY, "sip:gran@far", "sip:gran@FAR.", "sip:301@far",
])  # fmt: skip
@pytest.mark.parametrize("user", ["gran", "301", "GRAN"])
def test_a_contact_is_held_to_its_policy_however_it_is_written(address, user):
    assert not call(yard(more=contact(address)), user=user)


def test_others_are_not():
    made = yard(more=contact("sip:gran@" + KEY))
    assert call(made, house=made.rogue)


def known(made):
    """Let gran's key be known, as after an encrypted call."""
    keys = made.victim.engine.features["media"].relays.keying
    node = made.honest.engine.features["mesh"].mesh.id
    keys.trust.see("gran@far", node)


def rename(made, house, name):
    """Let a node call itself otherwise."""
    house.engine.node.settings.mesh.node_name = name
    house.perform(house.engine.start(made.town.now))
    made.town.advance(12000)
    names = [row["name"] for row in made.victim.engine.features["mesh"].mesh.routes()]
    assert name in names


def test_a_node_that_calls_itself_otherwise_is_still_known():
    made = yard()
    known(made)
    rename(made, made.honest, "farm")
    assert not call(made)


def test_another_node_of_that_name_is_not_the_one_that_is_known():
    made = yard()
    known(made)
    rename(made, made.rogue, "far")
    assert not call(made, house=made.rogue, user="gran")


@pytest.mark.parametrize("streams", SEALED_IN_NAME)
def test_what_is_sealed_in_name_only_does_not_ring(streams):
    made = yard(("encryption require",))
    assert not call(made, streams)
    made.attack(
        sip("INVITE", "sip:bob@home.test", "<sip:gran@far.test>", [KIND], sdp(streams, STRANGER),
            source=STRANGER), STRANGER,
    )  # fmt: skip
    assert not made.asked(BOB, b"INVITE")


def sealed(made):
    """Return the INVITE of a call whose phones encrypt by DTLS, answered and acknowledged."""
    (invite,) = call(made, DTLS + PRINT, call_id="sealed")
    body = sdp(DTLS + PRINT, BOB).encode()
    made.attack(reply(invite, 200, [KIND, "Contact: <sip:bob@%s>" % BOB], body, b"bob"), BOB)
    return invite


def test_phones_that_encrypt_themselves_ring_and_may_not_stop():
    made = yard(("encryption require",))
    invite = sealed(made)
    to = "<sip:bob@%s>;tag=%s" % (made.victim.key(), made.outside(b"bob"))
    for number, streams in enumerate(SEALED_IN_NAME):
        made.forget()
        data = sip(
            "INVITE", "sip:bob@" + BOB, invite.value(b"from").decode(), [KIND], sdp(streams),
            to=to, call_id="sealed", cseq=5 + number,
        )  # fmt: skip
        made.say(data, made.honest)
        assert not made.asked(BOB, b"INVITE"), streams


def test_an_answer_in_the_clear_ends_a_sealed_call():
    made = yard(("encryption require",))
    (invite,) = call(made, DTLS + PRINT)
    body = sdp(CLEAR, BOB).encode()
    made.attack(reply(invite, 200, [KIND, "Contact: <sip:bob@%s>" % BOB], body, b"bob"), BOB)
    assert made.asked(BOB, b"BYE")


def test_a_call_for_help_is_encrypted_where_it_can_be_and_carried_where_it_cannot():
    made = Yard("", house=SoundHouse, responders=("", "gran", ""))
    between = made.overhear()
    data = sip("INVITE", "sip:112@home.test", "<sip:alice@home.test>", [KIND], sdp(CLEAR, ALICE),
               source=ALICE)  # fmt: skip
    made.attack(data, ALICE)
    assert b"bellhop-key" in between[0]
    assert len(made.asked(GRAN, b"INVITE", made.honest)) == 1
    for suites in ((), None):
        made = Yard("", house=SoundHouse, responders=("", "gran", ""), suites=suites,
                    media=("encryption require",))  # fmt: skip
        made.attack(data, ALICE)
        assert len(made.asked(GRAN, b"INVITE", made.honest)) == 1


def test_a_key_that_was_taken_out_on_the_way_is_shown():
    (invite,) = call(yard())
    assert invite.from_.display.startswith(b'"(not encrypted) ')
    (invite,) = call(yard(("encryption allow",)))
    assert b"encrypted" not in invite.from_.display
    (invite,) = call(yard(), DTLS + PRINT)
    assert b"encrypted" not in invite.from_.display


def test_a_strangers_from_pins_no_key():
    pair = Pair()
    pair.invite(described(ALICE_PHONE))
    (session,) = pair.two.relays.sessions.by_user.values()
    session.doubt()
    pair.reply(200, described(BOB_PHONE, AUDIO % 5000))
    pair.acknowledge()
    assert pair.two.relays.keying.trust.contacts == {}
    assert pair.two.events[-1]["level"] == trust.ENCRYPTED


@pytest.mark.parametrize(
    "more, is_doubted", [("", True), ("\tlist trusted %s\n" % STRANGER, False)]
)
def test_calls_of_strangers_are_doubted_and_those_of_nodes_and_trusted_proxies_are_not(
    more, is_doubted
):
    made = yard(("relay always",), node="\toption strangers allow\n" + more)
    made.attack(
        sip("INVITE", "sip:bob@home.test", "<sip:gran@far.test>", [KIND], sdp(CLEAR, STRANGER),
            source=STRANGER), STRANGER,
    )  # fmt: skip
    call(made)
    sessions = made.victim.engine.features["media"].relays.sessions.by_user.values()
    assert sorted((one.contact, one.is_claimed) for one in sessions) == [
        ("gran@far", False), ("gran@far.test", is_doubted),
    ]  # fmt: skip


@pytest.mark.parametrize("srtp", ["must", "offer"])
def test_a_stream_that_was_off_comes_back_as_it_was(srtp):
    pair = Pair(bob_srtp=srtp)
    pair.call(answered=described(BOB_PHONE, SAVP_AUDIO % 5000))
    assert pair.two.told[(1, 1)]["kind"] == SECURE
    bob = described(BOB_PHONE, SAVP_AUDIO % 5000)
    off = described(ALICE_PHONE, AUDIO % 0)
    there, _ = pair.change("INVITE", off, described(BOB_PHONE, AUDIO % 0), 2)
    there, _ = pair.change("INVITE", described(ALICE_PHONE), bob, 3)
    assert b"a=crypto:" in there.body
    assert (b"RTP/SAVP" in there.body) is (srtp == "must" or b"RTP/SAVP" in bob.encode())


# Ports.


def test_strangers_do_not_use_up_the_ports_of_the_house():
    made = yard()
    many = "".join("m=audio %d RTP/AVP 0\r\n" % (4000 + 2 * n) for n in range(8))
    for number in range(160):
        source = (STRANGER, "203.0.113.67", "198.51.100.9", "198.51.100.10")[number % 4]
        made.attack(
            sip("INVITE", "sip:bob@home.test", "<sip:s%d@far.test>" % number, [KIND],
                sdp(many, "10.9.9.9"), source=source), source,
        )  # fmt: skip
        if not number % 40:
            made.town.advance(60000)
    relays = made.victim.engine.features["media"].relays
    places = (relays.settings.port_high - relays.settings.port_low + 1) // 4
    assert 0 < len(relays.sessions.by_number) <= places // 2
    made.victim.engine.node.settings.trusted = ((bytes([192, 168, 1, 0]), 24),)
    made.forget()
    sent = made.overhear()
    made.attack(
        sip("INVITE", "sip:gran@" + made.honest.key(), "<sip:alice@home.test>", [KIND],
            sdp(CLEAR, ALICE), source=ALICE), ALICE,
    )  # fmt: skip
    assert [octets for octets in sent if b"bellhop-key" in octets]


def test_a_call_that_finds_no_place_and_goes_in_the_clear_says_so():
    made = yard()
    made.victim.problem = "none left"
    made.victim.engine.node.settings.trusted = ((bytes([192, 168, 1, 0]), 24),)
    made.attack(
        sip("INVITE", "sip:gran@" + made.honest.key(), "<sip:alice@home.test>", [KIND],
            sdp(CLEAR, ALICE), source=ALICE), ALICE,
    )  # fmt: skip
    (invite,) = made.asked(GRAN, b"INVITE", made.honest)
    assert invite.from_.display.startswith(b'"(not encrypted) ')
    told = [one.fields["what"] for one in made.victim.events if one.kind == "media"]
    assert "not encrypted: none left" in told
