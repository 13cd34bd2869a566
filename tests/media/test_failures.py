"""Media that fails: no library, no ports, a node that starts anew, a side that says nothing."""

from tests.mesh.handset import status_of
from tests.mesh.town import line, wait_until
from tests.system.phones.call import connect, hear_each_other

from .ear import call_of, last_of, reload
from .steps import hang_up
from .talker import call_up

DEAD_SECONDS = 30


def test_node_without_the_library_says_so_and_carries_plain_calls(streets):
    town = streets.sounding("bare", line(2), routed=True)
    node = town.nodes[0]
    node.libraries = ""
    town.start()
    town.wait_reach()
    (problem,) = node.ask("status")["problems"]
    assert "no sound can pass this node or be encrypted" in problem and "make native" in problem
    one, two = streets.phones_of(town, "baresip", "linphone")
    connect(one, two, "201")
    hear_each_other(one, two)
    call = call_of(node)
    assert call["relays"] == [] and call["words"] is None
    hang_up(one, two)
    node.media_options = ["option encryption 'require'"]
    reload(node)
    one.dial("201")
    words = one.wait_closed()
    assert "must be encrypted, and this node cannot: its status says what is missing" in words
    assert last_of(node)["ended_by"] in words
    two.dial("200")
    assert "must be encrypted" in two.wait_closed()
    node.media_options = []
    reload(node)
    town.nodes[1].media_options = ["option encryption 'require'"]
    reload(town.nodes[1])
    two.dial("200")
    assert "must be encrypted, and this node cannot" in two.wait_closed()


def test_calls_past_the_last_port_go_on_without_or_are_refused(streets):
    town = streets.sounding("ports", line(2), routed=True)
    node = town.nodes[0]
    node.users += [("v0", "210", [])]
    node.media_options = ["option port_low '20000'", "option port_high '20003'"]
    town.nodes[1].users += [("v1", "211", [])]
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call_up(one, two, "201")
    three = streets.talker(town, 0, "third", "v0")
    four = streets.talker(town, 1, "fourth", "v1")
    call_up(three, four, "211")
    securities = {call["callee"]: call["security"] for call in node.ask("calls")["calls"]}
    assert securities == {"201@home.test": "encrypted", "211@home.test": "clear"}
    call = three.invite("201", three.description(three.ears))
    refused = three.final(call, "INVITE")
    assert status_of(refused) == 488
    assert "must be encrypted, and this node cannot: all UDP ports for sound are in use" in refused
    one.hears(two)


def test_node_that_starts_anew_ends_the_sound_and_not_the_signalling(streets):
    town = streets.pair()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call, answer = call_up(one, two, "201")
    ear = streets.ear(town.nodes[1])
    town.nodes[0].stop()
    assert "the sound of calls ends with this process (streams: 1)" in town.nodes[0].log()
    town.start([0])
    town.wait_reach()
    assert town.nodes[0].ask("trust")["trust"][0]["contact"] == "u1@node1"
    ear.wait(lambda event: event["what"] == "silence from the caller")
    one.send(one.within(call, "INVITE", answer, one.description(one.ears, 2)))
    assert "this call is encrypted and would not be any more" in one.final(call, "INVITE")
    one.send(one.within(call, "BYE", answer))
    two.reply(two.incoming("BYE"), 200)
    assert status_of(one.final(call, "BYE")) == 200
    assert "caller hung up" in last_of(town.nodes[1])["ended_by"]


def test_side_that_falls_silent_is_reported_and_its_call_ended(streets):
    town = streets.sounding("silent", line(2))
    for node in town.nodes:
        node.media_options = [f"option dead_seconds '{DEAD_SECONDS}'"]
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    ear = streets.ear(town.nodes[0])
    call_up(one, two, "201")
    one.remote.clear()
    event = ear.wait(lambda event: event.get("what") == "silence from the caller")
    assert event["level"] == "encrypted"
    for phone in (one, two):
        phone.reply(phone.incoming("BYE", DEAD_SECONDS + 5), 200)
    wait_until(lambda: not town.nodes[0].ask("calls")["calls"], "the call is over")
    words = [last_of(node)["ended_by"] for node in town.nodes]
    assert "nothing was heard for too long" in words, words
