"""A house at real providers: it registers, calls and is called, holds, is refused, gives up."""

import pytest

from tests.trunks.line import TYPE
from tests.trunks.servers import SERVERS
from tests.trunks.town import Town


@pytest.fixture(params=SERVERS, ids=[kind.name for kind in SERVERS])
def town(request, tmp_path):
    why = request.param.why_unavailable()
    if why is not None:
        pytest.skip("%s: %s" % (request.param.name, why))
    made = Town(request.param, tmp_path)
    yield made
    made.close()


def _out(town):
    """Let alice talk to the network; return (alice, the network's INVITE)."""
    alice = town.house.phone("alice").dial("030987654")
    invite = town.network.wait("INVITE")
    alice.talk_to(town.network, invite)
    return alice, invite


def test_it_calls_out_and_hangs_up(town):
    alice, invite = _out(town)
    assert b"+4930987654" in invite.uri
    alice.say(alice.within("BYE"))
    town.network.take(town.network.wait("BYE"))
    assert alice.wait("final").status == 200


def test_the_other_end_hangs_up(town):
    alice, _ = _out(town)
    town.network.say(town.network.within("BYE"))
    alice.take(alice.wait("BYE"))
    assert town.network.wait("final").status == 200


def test_it_is_called(town):
    bob, network = town.house.phone("bob"), town.network
    target = "sip:+49301234567@%s:%d" % town.server.place
    network.say(network.request("INVITE", target, [TYPE], network.sdp(5000)))
    invite = bob.wait("INVITE")
    assert invite.from_.uri.user == b"+4989222"
    network.talk_to(bob, invite)
    assert bob.hang_up_by(network).status == 200


def test_busy_is_told(town):
    alice = town.house.phone("alice").dial("030987654")
    invite = town.network.wait("INVITE")
    town.network.take(invite, 486)
    assert alice.wait("final").status == 486


def test_the_caller_gives_up(town):
    alice = town.house.phone("alice").dial("030987654")
    invite = town.network.wait("INVITE")
    town.network.take(invite, 180)
    alice.wait(180)
    alice.say(alice.cancel())
    town.network.take(town.network.wait("CANCEL"))
    town.network.take(invite, 487)
    assert alice.wait(487)


def test_a_call_is_held_and_goes_on(town):
    alice, _ = _out(town)
    for attribute in ("sendonly", "sendrecv"):
        body = alice.sdp() + "a=%s\r\n" % attribute
        alice.say(alice.within("INVITE", [TYPE], body))
        if town.server.name == "kamailio":
            town.network.take(town.network.wait("INVITE"), 200)
        assert alice.wait("final").status == 200
        alice.say(alice.acknowledge())


def test_what_is_heard_before_the_answer_is_passed_on(town):
    alice = town.house.phone("alice").dial("030987654")
    invite = town.network.wait("INVITE")
    town.network.take(invite, 183, ["P-Early-Media: sendonly"])
    early = alice.wait(183)
    assert early.body.count(b"m=audio")
    if town.server.name == "kamailio":
        assert early.value(b"p-early-media") == b"sendonly"
    town.network.take(invite, 200)
    assert alice.wait("final").status == 200


def test_ringing_is_acknowledged_where_the_provider_wants_that(town):
    alice = town.house.phone("alice").dial("030987654", ["Supported: 100rel"])
    invite = town.network.wait("INVITE")
    is_proxy = town.server.name == "kamailio"
    town.network.take(invite, 183, ["Require: 100rel", "RSeq: 7"] if is_proxy else [])
    early = alice.wait(183)
    assert b"100rel" in early.tokens(b"require")
    number = early.value(b"rseq").decode()
    alice.say(alice.within("PRACK", ["RAck: %s %d INVITE" % (number, early.cseq[0])]))
    if is_proxy:
        prack = town.network.wait("PRACK")
        assert prack.value(b"rack") == b"7 %d INVITE" % invite.cseq[0]
        town.network.take(prack, 200)
    assert alice.wait("final").cseq[1] == b"PRACK"
    town.network.take(invite, 200)
    assert alice.wait("final").status == 200


def test_a_session_has_a_timer(town):
    lines = ["Supported: timer", "Session-Expires: 1800"]
    alice = town.house.phone("alice").dial("030987654", lines)
    invite = town.network.wait("INVITE")
    timer = ["Require: timer", "Session-Expires: 1800;refresher=uas"]
    town.network.take(invite, 200, timer)
    answer = alice.wait("final")
    assert answer.value(b"session-expires").startswith(b"1800;refresher=")
    alice.say(alice.acknowledge())
    town.network.wait("ACK")
    if town.server.name == "kamailio":
        town.network.say(town.network.within("UPDATE", timer[1:] + ["Supported: timer"]))
        alice.take(alice.wait("UPDATE"), 200, timer[1:])
        assert town.network.wait("final").status == 200
    else:
        alice.say(alice.within("UPDATE", lines))
        assert alice.wait("final").status == 200


def test_who_calls_is_what_the_provider_asserts(town):
    bob, network = town.house.phone("bob"), town.network
    target = "sip:+49301234567@%s:%d" % town.server.place
    lines = [TYPE, "P-Asserted-Identity: <sip:+4940555@net.test>"]
    network.say(network.request("INVITE", target, lines, network.sdp(5000)))
    assert bob.wait("INVITE").from_.uri.user == b"+4940555"


def test_digits_are_passed_as_events_and_as_info(town):
    alice, invite = _out(town)
    assert invite.body.count(b"telephone-event/8000")
    relay = ["Content-Type: application/dtmf-relay"]
    alice.say(alice.within("INFO", relay, "Signal=5\r\nDuration=160\r\n"))
    if town.server.name == "kamailio":
        info = town.network.wait("INFO")
        assert info.body == b"Signal=5\r\nDuration=160\r\n"
        town.network.take(info, 200)
    assert alice.wait("final").status == 200


def test_a_fax_is_passed_where_the_provider_takes_it(town):
    alice, _ = _out(town)
    fax = alice.sdp().partition("m=")[0] + "m=image 4200 udptl t38\r\na=T38FaxVersion:0\r\n"
    alice.say(alice.within("INVITE", [TYPE], fax))
    if town.server.name == "kamailio":
        again = town.network.wait("INVITE")
        assert again.body.count(b"a=T38FaxVersion:0")
        town.network.take(again, 200, body=fax)
    told = alice.wait("final")
    # This Asterisk has no T.38: its refusal is told, and the call goes on.
    assert told.status == (200 if town.server.name == "kamailio" else 488)
    alice.say(alice.acknowledge())
    alice.say(alice.within("BYE"))
    town.network.take(town.network.wait("BYE"))
    assert alice.wait("final").status == 200


def test_a_call_that_is_sent_on_goes_on(town):
    if town.server.name == "asterisk":
        pytest.skip("Asterisk answers a 302 by its own dial plan: no customer sees one")
    alice = town.house.phone("alice").dial("030987654")
    place = "Contact: <sip:+4930111222@%s>" % town.server.domain
    town.network.take(town.network.wait("INVITE"), 302, [place])
    again = town.network.wait("INVITE")
    assert b"+4930111222" in again.uri
    town.network.take(again, 200)
    assert alice.wait("final").status == 200


def test_a_transfer_stays_in_the_house(town):
    alice, _ = _out(town)
    carol = town.house.phone("carol")
    lines = ["Refer-To: <sip:203@house.test>", "Contact: " + alice.contact]
    alice.say(alice.within("REFER", lines))
    assert alice.wait("final").status == 202
    alice.take(alice.wait("NOTIFY"), 200)
    carol.take(carol.wait("INVITE"), 200, body=carol.sdp(4100))
    if town.server.name == "kamailio":
        moved = town.network.wait("INVITE")
        assert moved.body.count(b"m=audio 4100")
        town.network.take(moved, 200)
    assert carol.wait("ACK").body.count(b"m=audio")
    alice.take(alice.wait("BYE"), 200)
    carol.say(carol.within("BYE"))
    town.network.take(town.network.wait("BYE"))
    assert carol.wait("final").status == 200
    assert not town.network.heard("REFER")
