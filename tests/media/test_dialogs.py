"""What happens inside an encrypted call; after each, both sides hear each other."""

import pytest

from tests.mesh.handset import status_of
from tests.mesh.town import line, wait_until
from tests.system.phones.call import connect, hear_each_other

from .ear import call_of, wait_level
from .talker import EVENT, call_up


@pytest.fixture
def pair(streets):
    """Return a started town of two nodes."""
    return streets.pair()


def test_hold_resume_and_digits_of_real_phones(streets, pair):
    one, two = streets.phones_of(pair, "linphone", "pjsua")
    connect(one, two, "201")
    hear_each_other(one, two)
    for holder, held in ((one, two), (two, one)):
        holder.hold()
        held.hear_nothing_of(holder.hz)
        holder.resume()
        hear_each_other(one, two)
    one.dtmf("7")
    assert two.wait("dtmf", 5) == "7"
    two.dtmf("4")
    assert one.wait("dtmf", 5) == "4"
    calls = [wait_level(node, "encrypted") for node in pair.nodes]
    assert calls[0]["words"] == calls[1]["words"]
    two.hangup()
    one.wait_closed()


def test_called_phone_transfers_the_caller_to_a_third_node(streets):
    town = streets.sounding("transfer", line(3))
    town.start()
    town.wait_reach()
    one, three, two = streets.phones_of(town, "baresip", "baresip", "linphone")
    connect(one, two, "202")
    hear_each_other(one, two)
    two.transfer("201")
    three.wait_incoming()
    three.answer()
    three.wait_established()
    hear_each_other(one, three)
    calls = [wait_level(town.nodes[number], "encrypted") for number in (0, 1)]
    assert calls[0]["words"] == calls[1]["words"]


def test_two_phones_behind_the_far_node_ring_and_one_takes_the_call(streets, pair):
    one = streets.phone("linphone", pair, 0)
    two, three = (
        streets.phone("baresip", pair, 1),
        streets.phone("linphone", pair, 1, name="phone2"),
    )
    for phone in (one, two, three):
        phone.wait_registered()
    one.dial("201")
    for phone in (two, three):
        phone.wait_incoming()
    three.answer()
    for phone in (one, three):
        phone.wait_established()
    two.wait_closed()
    hear_each_other(one, three)
    calls = [wait_level(node, "encrypted") for node in pair.nodes]
    assert calls[0]["words"] == calls[1]["words"]


def test_user_with_a_phone_here_and_one_at_another_node(streets):
    town = streets.sounding("also", line(2))
    town.nodes[0].users = [("u0", "200", []), ("v0", "210", ["list also_at 'node1'"])]
    town.nodes[1].users = [("v0", "210", [])]
    town.start()
    town.wait_reach()
    one = streets.talker(town, 0)
    here = streets.talker(town, 0, "here", "v0")
    there = streets.talker(town, 1, "there", "v0")
    for taker, other in ((there, here), (here, there)):
        port, own = one.open(), taker.open()
        call = one.invite("210", one.description([port]))
        came = taker.incoming()
        rings = other.incoming()
        other.reply(rings, 180, "Ringing")
        taker.reply(came, 200, body=taker.description([own]))
        taker.talk_to(came, [own])
        answer = one.final(call, "INVITE")
        one.talk_to(answer, [port])
        one.confirm(call, answer)
        other.reply(other.incoming("CANCEL"), 200)
        other.reply(rings, 487, "Request Terminated")
        one.hears(taker, port)
        taker.hears(one, own)
        assert call_of(town.nodes[0])["security"] == ("encrypted" if taker is there else None)
        one.remote.clear()
        taker.remote.clear()
        one.send(one.within(call, "BYE", answer))
        taker.reply(taker.incoming("BYE"), 200)
        one.final(call, "BYE")


def test_sound_before_the_answer_is_heard_of_each_of_two_phones(streets, pair):
    one = streets.talker(pair, 0)
    phones = [streets.talker(pair, 1, name) for name in ("left", "right")]
    port = one.open()
    call = one.invite("201", one.description([port]))
    for number, phone in enumerate(phones):
        own = phone.open()
        came = phone.incoming()
        phone.reply(came, 183, "Session Progress", phone.description([own]))
        phone.talk_to(came, [own])
        answer = one.take(lambda text: status_of(text) == 183)
        one.talk_to(answer, [port])
        one.hears(phone)
        phone.hears(one)
        if number == 0:
            phone.remote.clear()
    phone.reply(came, 200, body=phone.description([own]))
    answer = one.final(call, "INVITE")
    one.talk_to(answer, [port])
    one.confirm(call, answer)
    one.hears(phone)
    phone.hears(one)
    wait_level(pair.nodes[0], "encrypted")
    wait_level(pair.nodes[1], "encrypted")


def test_called_phone_offers_and_the_caller_answers_in_its_ack(streets, pair):
    one, two = streets.talker(pair, 0), streets.talker(pair, 1)
    port, other = one.open(), two.open()
    call = one.invite("201")
    came = two.incoming()
    assert "m=audio" not in came
    two.reply(came, 200, body=two.description([other]))
    answer = one.final(call, "INVITE")
    one.talk_to(answer, [port])
    one.confirm(call, answer, one.description([port]))
    two.talk_to(two.incoming("ACK"), [other])
    one.hears(two)
    two.hears(one)
    assert wait_level(pair.nodes[0], "encrypted")["words"] == call_of(pair.nodes[1])["words"]


def test_update_with_and_without_a_description_leaves_the_sound(streets, pair):
    one, two = streets.talker(pair, 0), streets.talker(pair, 1)
    call, answer = call_up(one, two, "201")
    timer = ["Session-Expires: 1800;refresher=uac", "Supported: timer"]
    one.send(one.within(call, "UPDATE", answer, lines=timer))
    two.reply(two.incoming("UPDATE"), 200)
    assert status_of(one.final(call, "UPDATE")) == 200
    one.hears(two)
    offer = one.description(one.ears, 2)
    one.send(one.within(call, "UPDATE", answer, offer))
    two.reply(two.incoming("UPDATE"), 200, body=two.description(two.ears, 2))
    assert status_of(one.final(call, "UPDATE")) == 200
    one.hears(two)
    two.hears(one)


def test_video_has_keys_of_its_own_and_can_be_taken_away(streets, pair):
    one, two = streets.talker(pair, 0), streets.talker(pair, 1)
    ports, others = [one.open(), one.open()], [two.open(), two.open()]
    call = one.invite("201", one.description(ports[:1], video=ports[1]))
    came = two.incoming()
    two.reply(came, 200, body=two.description(others[:1], video=others[1]))
    two.talk_to(came, others)
    answer = one.final(call, "INVITE")
    one.talk_to(answer, ports)
    one.confirm(call, answer)
    for own, other in zip(ports, others):
        one.hears(two, own)
        two.hears(one, other)
    assert len(call_of(pair.nodes[0])["relays"]) == 2
    one.send(one.within(call, "INVITE", answer, one.description(ports[:1], 2, video=0)))
    came = two.incoming()
    two.reply(came, 200, body=two.description(others[:1], 2, video=0))
    again = one.final(call, "INVITE")
    one.confirm(call, again)
    one.hears(two, ports[0])
    assert len(call_of(pair.nodes[0])["relays"]) == 1


def test_digits_between_the_sound_come_as_they_are(streets, pair):
    one, two = streets.talker(pair, 0), streets.talker(pair, 1)
    call_up(one, two, "201")
    ((port, remote),) = one.remote.items()
    (other,) = two.ears
    digit = b"\x07\x80\x06\x40"
    one.say(port, remote, EVENT, digit)
    wait_until(lambda: (other, EVENT, digit) in two.heard, "the digit comes")
    two.hears(one)
