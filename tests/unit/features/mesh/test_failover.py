"""Calls that outlive their way: ringing ones find another, requests inside a dialog go around."""

import unittest

from bellhop.sip import message
from tests.support.town import House, Town
from tests.unit.features.mesh.test_member import CALLER, register, request

CALLEE = "10.0.9.3"


def diamond():
    """Return a town in which barn and farm are joined by mill and by forge; carol is at farm."""
    town = Town()
    barn = House(town, "10.0.1.1", "barn", [("alice", "201")])
    mill = House(town, "10.0.2.1", "mill", [("ben", "301")])
    forge = House(town, "10.0.4.1", "forge", [("dora", "501")])
    farm = House(town, "10.0.3.1", "farm", [("carol", "401")])
    for house in (mill, forge, farm):
        house.engine.node.settings.trusted = ()
    for one, other in ((barn, mill), (mill, farm), (barn, forge), (forge, farm)):
        town.cable(one, other)
    register(farm, "carol", CALLEE)
    town.advance(4000)
    return town, barn, farm, {"10.0.2.1": mill, "10.0.4.1": forge}


def in_dialog(method, invite, answer, cseq):
    """Return a request of the caller inside the dialog that an answer to its INVITE began."""
    routes = ["Route: " + value.decode() for value in reversed(answer.items(b"record-route"))]
    head = [
        "%s %s SIP/2.0" % (method, answer.contacts[0].uri_bytes.decode()),
        "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport" % (CALLER, method, cseq),
        "From: " + invite.value(b"from").decode(),
        "To: " + answer.value(b"to").decode(),
        "Call-ID: " + invite.call_id.decode(),
        "CSeq: %d %s" % (cseq, method),
        "Max-Forwards: 70",
    ]
    return "\r\n".join(head + routes + ["Content-Length: 0"]).encode() + b"\r\n\r\n"


def answer_to(asked, status):
    """Return a response of the called phone."""
    contact = b"Contact: <sip:carol@" + CALLEE.encode() + b":5060>"
    response = message.response_to(asked, status, None, (contact,), b"callee")
    for value in reversed(asked.items(b"record-route")):
        response.insert(b"record-route", b"Record-Route: " + value)
    return response.write()


class CallTest(unittest.TestCase):
    def setUp(self):
        self.town, self.barn, self.farm, self.relays = diamond()
        self.barn.receive(request("INVITE", "sip:carol@home.test"), CALLER)
        (self.invite,) = self.arrived("INVITE")
        middle = self.invite.items(b"record-route")[1]
        self.used = [self.relays[host] for host in self.relays if host.encode() in middle][0]
        self.other = [one for one in self.relays.values() if one is not self.used][0]

    def arrived(self, method):
        """Return the requests of a method that reached the called phone, each once."""
        found = {}
        for one in self.farm.to_phone(CALLEE):
            if getattr(one, "method", b"") == method.encode():
                found[one.value(b"via")] = one
        return list(found.values())

    def heard(self):
        """Return the statuses that reached the caller."""
        return [one.status for one in self.barn.to_phone(CALLER) if not hasattr(one, "method")]

    def lose(self, house):
        """A relay is gone, and its cables tell."""
        del self.town.houses[house.host]
        for number, ends in list(self.town.cables.items()):
            if house.host in ends:
                del self.town.cables[number]
                for host in ends:
                    if host in self.town.houses:
                        kept = self.town.houses[host]
                        kept.hear("mesh", "link", number, None)
        self.town.advance(1000)

    def answered(self):
        """Let the phone answer; return the 200 as the caller has it."""
        self.farm.receive(answer_to(self.invite, 200), CALLEE)
        (answer,) = [m for m in self.barn.to_phone(CALLER) if getattr(m, "status", 0) == 200]
        self.barn.receive(in_dialog("ACK", self.invite, answer, 1), CALLER)
        return answer

    def test_a_ringing_call_is_answered_over_the_other_way(self):
        self.farm.receive(answer_to(self.invite, 180), CALLEE)
        self.lose(self.used)
        self.assertEqual(self.barn.engine.features["mesh failover"].counts["rerouted"], 1)
        self.assertEqual(self.farm.engine.features["mesh failover"].counts["joined"], 1)
        self.assertEqual(len(self.arrived("INVITE")), 1)
        answer = self.answered()
        self.assertIn(self.other.host.encode(), b" ".join(answer.items(b"record-route")))
        self.assertEqual(len(self.arrived("ACK")), 1)

    def test_hanging_up_goes_around_a_relay_that_is_gone(self):
        answer = self.answered()
        self.lose(self.used)
        self.barn.receive(in_dialog("BYE", self.invite, answer, 2), CALLER)
        (bye,) = self.arrived("BYE")
        self.farm.receive(message.response_to(bye, 200).write(), CALLEE)
        self.assertEqual(self.heard()[-1], 200)
        self.assertEqual(self.barn.engine.features["mesh failover"].counts["around"], 1)

    def test_hanging_up_goes_around_a_relay_whose_death_nobody_has_noticed(self):
        answer = self.answered()
        del self.town.houses[self.used.host]
        self.barn.receive(in_dialog("BYE", self.invite, answer, 2), CALLER)
        self.assertEqual(self.arrived("BYE"), [])
        self.town.advance(2500)
        (bye,) = self.arrived("BYE")
        self.farm.receive(message.response_to(bye, 200).write(), CALLEE)
        self.assertEqual(self.heard()[-1], 200)

    def test_a_living_relay_keeps_its_dialogs(self):
        answer = self.answered()
        self.barn.receive(in_dialog("BYE", self.invite, answer, 2), CALLER)
        (bye,) = self.arrived("BYE")
        self.farm.receive(message.response_to(bye, 200).write(), CALLEE)
        self.town.advance(5000)
        (bye,) = self.arrived("BYE")
        self.assertIn(self.used.host.encode(), b" ".join(bye.values(b"via")))
        self.assertEqual(self.barn.engine.features["mesh failover"].counts["around"], 0)


class RelayTest(unittest.TestCase):
    def setUp(self):
        self.town, self.barn, self.farm, relays = diamond()
        self.mill = relays["10.0.2.1"]

    def ask(self, method="INVITE", route="10.0.3.1", extra=()):
        """Let barn give mill a request for carol; return the status of the final answer."""
        data = request(method, "sip:carol@" + self.farm.key(), ["Route: <sip:%s;lr>" % route])
        for old, new in extra:
            data = data.replace(old, new)
        self.mill.phones = []
        self.town.houses.pop("10.0.1.1")
        self.mill.receive(data, "10.0.1.1")
        self.town.houses["10.0.1.1"] = self.barn
        statuses = [m.status for m in self.mill.to_phone("10.0.1.1")]
        return [status for status in statuses if status != 100]

    def test_a_way_whose_next_node_is_gone_is_refused_at_once(self):
        number = [n for n, ends in self.town.cables.items() if ends == ("10.0.2.1", "10.0.3.1")][0]
        self.mill.hear("mesh", "link", number, None)
        self.assertEqual(self.ask(), [503])

    def test_a_node_passes_requests_inside_dialogs_between_neighbours_only(self):
        tagged = ((b"To: <sip:carol", b"To: <sip:x"), (b">\r\nCall-ID", b">;tag=7\r\nCall-ID"))
        strange = ((b"sip:carol@" + self.farm.key().encode() + b" ", b"sip:carol@10.0.9.3 "),)
        changes = tagged + strange + ((b"alice@home.test", b"alice@far.test"),)
        self.assertEqual(self.ask("BYE", "192.0.2.9", changes), [403])
        # It comes to the far end, which knows no such dialog.
        self.assertEqual(self.ask("INFO", "10.0.3.1", changes), [403])


if __name__ == "__main__":
    unittest.main()
