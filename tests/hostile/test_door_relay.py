"""A neighbour is no friend: what it sends goes along the mesh or to a user here, nowhere else."""

import pytest

from bellhop import limits
from tests.support.yard import ALICE, BOB, GRAN, HONEST, OUTSIDE, ROGUE, STRANGER, VICTIM, Yard, sip

LAN = "192.168.1.200"


def targets(yard):
    """Return where the victim sent requests to, or wanted to, but for its phones and neighbours."""
    there = {flow.host for flow, data in yard.victim.phones if data[:8] != b"SIP/2.0 "}
    keys = {house.key() for house in yard.town.houses.values()}
    return (there | set(yard.victim.asked)) - {ALICE, BOB, HONEST, ROGUE} - keys


def routes(*values):
    return ["Route: " + ", ".join("<sip:%s>" % value for value in values)]


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "BYE", "REFER", "ODD"])
@pytest.mark.parametrize("tag", ["", ";tag=made-up"])
@pytest.mark.parametrize("place", [OUTSIDE, LAN, "trunk.example"])
def test_a_member_reaches_nobody_outside_through_this_node(method, tag, place):
    yard = Yard()
    keys = [house.key() for house in (yard.rogue, yard.honest, yard.victim)]
    for key in keys:
        uri = "sip:x@" + key
        for lines in (
            routes("+49900@" + place, place + ";lr"),
            routes(place + ";lr"),
            routes(VICTIM + ";lr", place + ";lr"),
            routes(place + ";lr", HONEST + ";lr"),
            routes(place),
            routes(HONEST + ";lr", place + ";lr") if method != "INVITE" else [],
        ):
            data = sip(method, uri, "<sip:mal@elsewhere.test>", lines, to="<%s>%s" % (uri, tag))
            yard.attack(data)
            yard.say(data)
    for uri in ("sip:x@" + place, "sip:x@%s;maddr=%s" % (keys[1], place),
                "sip:x@%s:5060" % place, "sips:x@" + place, "tel:+4930123456"):  # fmt: skip
        for lines in ([], routes(VICTIM + ";lr"), routes(HONEST + ";lr")):
            data = sip(method, uri, "<sip:mal@elsewhere.test>", lines, to="<%s>%s" % (uri, tag))
            yard.attack(data)
            yard.say(data)
    yard.town.advance(40000)
    assert targets(yard) == set()
    # What went to the honest neighbour did not leave it for a stranger either.
    assert {flow.host for flow, _ in yard.honest.phones} <= {GRAN}
    assert not set(yard.honest.asked) - {VICTIM, HONEST, ROGUE}


def test_a_member_reaches_a_user_here():
    yard = Yard()
    yard.say(sip("INVITE", "sip:alice@" + yard.victim.key(), "<sip:mal@home.test>"))
    assert len(yard.asked(ALICE, b"INVITE")) == 1


def test_a_strict_route_does_not_turn_a_request_around():
    yard = Yard()
    for uri in ("sip:x@" + yard.rogue.key(), "sip:tok@%s;lr" % VICTIM):
        lines = routes("alice@home.test", OUTSIDE + ";lr")
        yard.attack(sip("INVITE", uri, "<sip:mal@elsewhere.test>", lines))
    yard.town.advance(40000)
    assert targets(yard) == set()
    assert not yard.asked(ALICE)


def sent_for(yard, data, source):
    """Return the octets that all honest nodes sent for one datagram of an attacker."""
    sent = [0]
    carry = yard.town.send

    def count(house, effect):
        if house is not yard.rogue:
            sent[0] += len(effect.data)
        carry(house, effect)

    yard.town.send = count
    yard.attack(data, source)
    yard.town.advance(40000)
    yard.town.send = carry
    return sent[0]


@pytest.mark.parametrize("source", [ROGUE, STRANGER])
def test_many_routes_are_no_lever(source):
    yard = Yard()
    uri = "sip:gran@" + yard.honest.key()
    for pair in ((VICTIM + ";lr", HONEST + ";lr"), (VICTIM + ";lr", ROGUE + ";lr")):
        lines = routes(*(pair * 34))
        data = sip("MESSAGE", uri, "<sip:mal@elsewhere.test>", lines + ["X: " + "x" * 6000])
        assert sent_for(yard, data, source) <= 3 * len(data)


def test_the_number_of_routes_has_a_bound():
    yard = Yard()
    for count in (limits.MAX_ROUTES + 1, 200):
        values = ["n%d.example;lr" % number for number in range(count)]
        data = sip("MESSAGE", "sip:alice@home.test", "<sip:a@b.test>", routes(*values))
        yard.attack(data, STRANGER)
    assert yard.statuses(STRANGER) == [400, 400]


def test_a_member_has_a_rate():
    yard = Yard()
    for _ in range(2000):
        yard.say(sip("MESSAGE", "sip:alice@" + yard.victim.key(), "<sip:m@elsewhere.test>"))
        yard.town.now += 5
    assert len(yard.asked(ALICE, b"MESSAGE")) <= 600


def test_answers_go_where_the_request_came_from():
    yard = Yard()
    for source in (ROGUE, STRANGER):
        data = sip("OPTIONS", "sip:home.test", "<sip:mal@elsewhere.test>", source=OUTSIDE)
        yard.attack(data, source)
        yard.attack(data.replace(b";rport", b";maddr=" + OUTSIDE.encode()), source)
        yard.attack(data.replace(b"z9hG4bK", b"z9hG4bKx").replace(b";rport", b""), source)
    assert {flow.host for flow, _ in yard.victim.phones} <= {STRANGER}
