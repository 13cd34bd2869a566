"""A node that loses its power on cables without addresses: calls and texts go on afterwards."""

import signal

import pytest

from tests.mesh.handset import field, status_of
from tests.mesh.town import line, wait_until
from tests.support.netns import ip


def call_works(one, two, target):
    """Tell whether a call comes to the other phone; the call is hung up."""
    dialled = one.dial(target)
    try:
        came = two.incoming(seconds=1)
    except AssertionError:
        answer = one.take(lambda text: field(text, "Call-ID") == dialled and status_of(text) > 299)
        one.acknowledge_refusal(one.sent[dialled], answer)
        return False
    two.respond(came, 200)
    answer = one.final(dialled, "INVITE")
    one.acknowledge(dialled, answer)
    two.incoming("ACK")
    one.hang_up_at(two, dialled, answer)
    return True


@pytest.mark.parametrize("number", [0, 1, 2])
def test_calls_and_texts_after_a_power_cut(streets, see, number):
    town = streets.town("power", line(3))
    for node in town.nodes:
        for street in range(len(node.towards)):
            ip("-n", node.host.namespace, "-4", "addr", "flush", "dev", f"eth{street}")
    town.start()
    town.wait_reach()
    one, two = streets.handset(town, 0), streets.handset(town, 2)
    see(town.nodes[0], "u2")
    plain = ["Content-Type: text/plain"]
    assert status_of(one.ask("MESSAGE", "sip:u2@home.test", plain, "before")) == 202
    two.respond(two.incoming("MESSAGE"), 200)
    town.nodes[number].stop(signal.SIGKILL)
    town.start([number])
    wait_until(lambda: call_works(one, two, "202"), "a call comes")
    assert status_of(one.ask("MESSAGE", "sip:u2@home.test", plain, "after")) == 202
    came = two.incoming("MESSAGE")
    two.respond(came, 200)
    assert came.endswith("after")
