"""A member's phone on the road: by TLS, from one network to the other, in one call.

The figures are those of roads.py.
"""

from .roads import Journey


def test_a_call_outlives_the_way_from_wifi_to_lte_and_back(streets):
    journey = Journey(streets)
    journey.call()
    for number in range(1, 4):
        journey.move(number)
    assert len(journey.node.ask("calls")["calls"]) == 1
    assert len(journey.node.ask("registrations", user="away")["registrations"]) == 1
    journey.end()
