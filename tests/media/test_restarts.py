"""A node that is stopped or killed in a call goes on with it: ports, keys, numbers, dialogs.

The figures are those of restarts.py.
"""

import signal
import struct

import pytest

from tests.mesh.handset import field, status_of
from tests.mesh.town import line, wait_until
from tests.system.phones.call import connect, hear_each_other

from .ear import call_of, last_of
from .restarts import HOWS, RESPAWN_SECONDS, TRIES, call_directly, far_apart, silence, start_anew
from .talker import call_up, hang_up
from .wire import Capture, sequence, sound_of, ssrc

# Long enough for each: a machine may be busy.
PATIENCE = 60


def change(one, two, call, answer, direction):
    """Let the phone that called change the call; return what the other end is offered."""
    (port,) = one.remote
    (other,) = two.remote
    body = one.description([port], 2, direction)
    asked = one.within(call, "INVITE", answer, body)
    one.send(asked)
    came = two.incoming("INVITE")
    two.reply(came, 200, body=two.description([other], 2))
    again = one.final(call, "INVITE")
    assert status_of(again) == 200, again
    one.confirm(call, again)
    return came


@pytest.mark.parametrize("how", HOWS, ids=["stopped", "killed"])
@pytest.mark.parametrize("number", [0, 1], ids=["caller", "called"])
def test_a_call_across_the_mesh_goes_on_with_its_sound(streets, how, number):
    town = streets.pair()
    node = town.nodes[number]
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call, answer = call_up(one, two, "201")
    before = call_of(node)
    silence(one, two, node, how)
    after = call_of(node)
    for name in ("call_id", "words", "suite", "security", "callee"):
        assert after[name] == before[name], name
    assert "a=sendonly" in change(one, two, call, answer, "sendonly")
    wait_until(lambda: call_of(node)["held"], "hold is seen", PATIENCE)
    change(one, two, call, answer, "sendrecv")
    one.hears(two, seconds=PATIENCE)
    two.hears(one, seconds=PATIENCE)
    silence(one, two, node, how)
    hang_up(one, two, call, answer)
    for other in town.nodes:
        assert last_of(other)["ending"] == "caller hung up"
        assert last_of(other)["seconds_talked"] >= RESPAWN_SECONDS


def test_a_call_inside_the_house_goes_on_by_its_relay(streets):
    town = streets.sounding("house", line(2))
    node = town.nodes[0]
    node.media_options = ["option relay 'always'"]
    node.users += [("v0", "210", [])]
    town.start([0])
    one, two = streets.talker(town, 0), streets.talker(town, 0, "second", "v0")
    call, answer = call_up(one, two, "210")
    for how in HOWS:
        silence(one, two, node, how)
    assert call_of(node)["relays"]
    hang_up(one, two, call, answer)


@pytest.mark.parametrize("number", [0, 2], ids=["caller", "called"])
def test_a_call_by_circuits_gets_new_ones(streets, number):
    town = far_apart(streets)
    node = town.nodes[number]
    one, two = streets.talker(town, 0), streets.talker(town, 2)
    call, answer = call_up(one, two, "202")
    assert call_of(node)["is_sound_through"]
    for how in HOWS:
        silence(one, two, node, how)
    hang_up(one, two, call, answer)


def test_no_number_is_used_twice_and_none_taken_twice(streets):
    town = streets.pair()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call_directly(one, two, "201", town.nodes[0])
    capture = Capture(town.nodes[1].host, "eth0", town.folder)
    for node in (town.nodes[0], town.nodes[1], town.nodes[0]):
        silence(one, two, node, signal.SIGKILL)
    sent = {}
    packets = sound_of(capture.stop())
    for packet in packets:
        place = packet.source, ssrc(packet), sequence(packet)
        assert sent.setdefault(place, packet.data) == packet.data
        assert len(sent) < 65536  # Longer calls begin again with their sequence.
    assert len({place[0] for place in sent}) == 2
    # Somebody says again what he has recorded, from the same address.
    node = town.nodes[0]
    to_it = [packet for packet in packets if packet.target[0] == node.towards[1]]
    source, target = to_it[-1].source, to_it[-1].target
    start_anew(town.nodes[1], signal.SIGKILL)
    wait_until(town.nodes[1].is_up, "the node answers", PATIENCE)
    start_anew(node, signal.SIGKILL)
    wait_until(node.is_up, "the node answers", PATIENCE)
    one.hears(two, seconds=PATIENCE)
    refused = sum(side["replayed"] for side in call_of(node)["sound"][0])
    packets = [packet.data for packet in to_it]
    town.nodes[1].host.popen(
        ["python3", "-c", FORGER, *source_words(source), *source_words(target)],
        stdin=-1,
    ).communicate(b"".join(struct.pack("!H", len(data)) + data for data in packets))
    wait_until(
        lambda: sum(side["replayed"] for side in call_of(node)["sound"][0]) > refused,
        "old packets are refused",
        PATIENCE,
    )
    one.hears(two, seconds=PATIENCE)


# Sends packets from an address and port that another program has.
FORGER = """
import socket, struct, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.bind((sys.argv[1], 0))
data = sys.stdin.buffer.read()
while data:
    size = struct.unpack("!H", data[:2])[0]
    head = struct.pack("!HHHH", int(sys.argv[2]), int(sys.argv[4]), 8 + size, 0)
    raw.sendto(head + data[2:2 + size], (sys.argv[3], 0))
    data = data[2 + size:]
"""


def source_words(place):
    """Return an address and port as words of a command."""
    return [place[0], str(place[1])]


def test_real_phones_that_encrypt_notice_nothing_of_a_kill(streets):
    town = streets.pair()
    one, two = phones_that_encrypt(streets, town)
    for _ in range(TRIES):  # Until the two nodes have found out that they reach each other.
        connect(one, two, "201")
        if not call_of(town.nodes[0])["is_sound_through"]:
            break
        one.hangup()
        two.wait_closed()
        one.wait_closed()
    outlive_kills(town, one, two)


def test_real_phones_that_encrypt_go_on_by_new_circuits(streets):
    town = far_apart(streets)
    one, two = phones_that_encrypt(streets, town)
    connect(one, two, "202")
    assert call_of(town.nodes[0])["is_sound_through"]
    outlive_kills(town, one, two)


def phones_that_encrypt(streets, town):
    """Return registered phones, at the first and at the last node."""
    phones = (
        streets.phone("baresip", town, 0, "srtp"),
        streets.phone("linphone", town, len(town.nodes) - 1, "srtp"),
    )
    for phone in phones:
        phone.wait_registered()
    return phones


def outlive_kills(town, one, two):
    """Kill both end nodes in a call, one after the other; the phones hear each other each time."""
    hear_each_other(one, two)
    for node in (town.nodes[0], town.nodes[-1]):
        start_anew(node, signal.SIGKILL)
        wait_until(node.is_up, "the node answers", PATIENCE)
        hear_each_other(one, two)
    one.hangup()
    two.wait_closed()
    assert last_of(town.nodes[0])["seconds_talked"] >= RESPAWN_SECONDS


def test_a_call_whose_ports_were_taken_meanwhile_is_ended_at_both_phones(streets):
    town = streets.pair()
    node = town.nodes[0]
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    capture = Capture(node.host, "eth0", town.folder)
    call_directly(one, two, "201", node)
    packet = sound_of(capture.stop())[-1]
    mine = packet.source if packet.source[0] == node.towards[1] else packet.target
    node.stop(signal.SIGKILL)
    taken = node.host.socket(2, 2)
    taken.bind(mine)
    node.start()
    wait_until(node.is_up, "the node answers", PATIENCE)
    for talker in (one, two):
        bye = talker.incoming("BYE", PATIENCE)
        assert "the exchange was started anew" in field(bye, "Reason")
        talker.reply(bye, 200)
    taken.close()
    assert "went through it" in last_of(node)["ended_by"]
