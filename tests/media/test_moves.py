"""A node gets another address in a call, and while it rings: the sound goes on, and the call ends.

The figures are those of moves.py.
"""

import pytest

from tests.mesh.handset import status_of

from .moves import FAMILIES, Internet, silence


@pytest.mark.parametrize("family", FAMILIES)
def test_sound_goes_on_whichever_node_moves(streets, family):
    world = Internet(streets, family)
    talkers = [streets.talker(world.town, number) for number in (0, 2)]
    for number in (0, 2):
        silence(world, *talkers, number)


@pytest.mark.parametrize("number", [0, 2])
def test_a_node_moves_while_it_rings(streets, number):
    world = Internet(streets, 4)
    one, two = [streets.talker(world.town, number) for number in (0, 2)]
    port, other = one.open(), two.open()
    call = one.invite("202", one.description([port]))
    came = two.incoming()
    two.reply(came, 180, "Ringing")
    one.wait_ringing(call)
    world.move(number)
    two.reply(came, 200, body=two.description([other]))
    two.talk_to(came, [other])
    answer = one.final(call, "INVITE")
    one.talk_to(answer, [port])
    one.confirm(call, answer)
    one.hears(two)
    two.hears(one)
    one.send(one.within(call, "BYE", answer))
    two.reply(two.incoming("BYE"), 200)
    assert status_of(one.final(call, "BYE")) == 200
