import unittest

from bellhop.effects import Flow
from bellhop.sip import message
from bellhop.tu import registrar
from tests.support.town import House, Town

CPIM = (
    "DateTime: 2026-11-21T12:16:49Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
    "imdn.Message-ID: 34jk324j\r\nimdn.Disposition-Notification: positive-delivery\r\n\r\n"
    "Content-Type: text/plain\r\n\r\nhello"
)
LIMITS = (60, 7200, 3600)
CALLER = "10.0.9.1"


def lines(*parts):
    return "\r\n".join(parts).encode() + b"\r\n\r\n"


def request(method, uri, extra=(), body=""):
    head = lines(
        "%s %s SIP/2.0" % (method, uri),
        "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s1;rport" % (CALLER, method),
        "From: <sip:alice@home.test>;tag=1",
        "To: <%s>" % uri,
        "Call-ID: call-1",
        "CSeq: 1 " + method,
        "Contact: <sip:alice@%s>" % CALLER,
        "Max-Forwards: 70",
        *(list(extra) + ["Content-Length: %d" % len(body)]),
    )
    return head + body.encode()


def register(house, user, host):
    """Put a phone on the register, as after a good password."""
    engine = house.engine
    asked = message.parse(
        lines(
            "REGISTER sip:home.test SIP/2.0",
            "Via: SIP/2.0/UDP %s;branch=z9hG4bKr;rport" % host,
            "From: <sip:%s@home.test>;tag=1" % user,
            "To: <sip:%s@home.test>" % user,
            "Call-ID: " + host,
            "CSeq: 1 REGISTER",
            "Contact: <sip:%s@%s:5060>" % (user, host),
            "Content-Length: 0",
        )
    )
    flow = Flow("udp", 0, host, 5060, 0, "")
    location, now = engine.node.location, house.town.now
    added, removed = registrar.register(asked, flow, user, location, LIMITS, now)
    house.perform(engine.registrations.changed(added, removed, now))


def book(house):
    """Return the entries of a house's phone book."""
    return house.engine.answer("phonebook", {}, house.town.now)[0]["phonebook"]


def line_of_three():
    """Return a town with alice at one end of a line and carol at the other."""
    town = Town()
    one = House(town, "10.0.1.1", "barn", [("alice", "201")])
    two = House(town, "10.0.2.1", "mill", [("ben", "301")])
    three = House(town, "10.0.3.1", "farm", [("carol", "401")])
    town.cable(one, two)
    town.cable(two, three)
    town.advance(4000)
    return town, one, two, three


class DiallingTest(unittest.TestCase):
    def invites(self, house, host):
        return [m for m in house.to_phone(host) if getattr(m, "method", b"") == b"INVITE"]

    def test_a_name_number_node_and_key_reach_the_far_phone(self):
        town, one, two, three = line_of_three()
        register(three, "carol", "10.0.9.3")
        town.advance(500)
        prefix = [
            e["mesh_number"]
            for e in one.engine.features["mesh"].mesh.phonebook()
            if e["mesh_number"]
        ]
        numbers = [number for number in prefix if number.endswith("401")]
        for dialled in (
            "sip:carol@home.test",
            "sip:401@home.test",
            "sip:carol@farm",
            "sip:carol@" + three.key(),
            "sip:%s@home.test" % numbers[0],
        ):
            three.phones = []
            data = request("INVITE", dialled).replace(b"call-1", dialled.encode())
            one.receive(
                data.replace(b"z9hG4bK", b"z9hG4bK" + bytes([97 + len(one.phones)])), CALLER
            )
            invite = self.invites(three, "10.0.9.3")[0]
            self.assertEqual(invite.uri, b"sip:carol@10.0.9.3:5060")
            self.assertEqual(len(invite.items(b"via")), 2)
            self.assertEqual(len(invite.items(b"record-route")), 1)
            town.advance(40000)

    def test_a_speed_dial_and_a_forward_to_a_key_go_through_the_mesh(self):
        town, one, two, three = line_of_three()
        register(three, "carol", "10.0.9.3")
        address = "sip:carol@" + three.key()
        settings = one.engine.node.settings
        settings.dial_also([{"number": "71", "address": address}])
        settings.users["alice"].forward = address
        town.advance(500)
        for count, dialled in enumerate(("sip:71@home.test", "sip:alice@home.test")):
            data = request("INVITE", dialled).replace(b"call-1", b"call-%d" % count)
            one.receive(data.replace(b"z9hG4bK", b"z9hG4bK%d" % count), CALLER)
            self.assertEqual(len(self.invites(three, "10.0.9.3")), count + 1)

    def test_the_own_mesh_number_is_shown_and_rings_here(self):
        town, one, two, three = line_of_three()
        register(one, "alice", "10.0.9.8")
        (row,) = one.engine.answer("users", {}, town.now)[0]["users"]
        seen = [e["number"] for e in book(two) if e["display"] == "alice"]
        self.assertEqual([row["mesh_number"]], seen)
        self.assertEqual(row["mesh_number"][-3:], "201")
        one.receive(request("INVITE", "sip:%s@home.test" % row["mesh_number"]), CALLER)
        self.assertEqual(len(self.invites(one, "10.0.9.8")), 1)

    def test_help_stands_in_the_phone_book_once(self):
        town = Town()
        houses = [
            House(town, "10.0.%d.1" % at, "house%d" % at, [("u%d" % at, "20%d" % at)],
                  responders="u%d" % at)
            for at in range(3)
        ]  # fmt: skip
        town.cable(houses[0], houses[1])
        town.cable(houses[0], houses[2])
        register(houses[2], "u2", "10.0.9.2")
        town.advance(4000)
        (entry,) = [e for e in book(houses[0]) if e["number"] == "112"]
        self.assertEqual((entry["place"], entry["registered"]), ("2 nodes", True))

    def test_who_is_cut_off_stays_in_the_phone_book_and_is_marked(self):
        town, one, two, three = line_of_three()
        town.cables.clear()
        town.advance(30000)
        (entry,) = [e for e in book(one) if e["display"] == "carol"]
        self.assertEqual((entry["registered"], entry["in_reach"]), (False, False))
        self.assertEqual(entry["place"], "farm, not in reach now")
        shown = one.engine.answer("phonebook", {"format": "yealink"}, town.now)[0]["text"]
        self.assertIn("carol (not in reach)", shown)

    def test_a_stranger_cannot_use_the_mesh_as_relay(self):
        town, one, two, three = line_of_three()
        data = request("INVITE", "sip:carol@" + three.key(), ["Route: <sip:10.0.3.1;lr>"])
        flow = Flow("udp", 0, "203.0.113.5", 5060, 0, "")
        effects = two.engine.receive(data.replace(b"home.test", b"evil.test"), flow, town.now)
        self.assertEqual(
            [message.parse(e.data).status for e in effects if hasattr(e, "data")], [403]
        )

    def test_two_people_of_one_number_are_offered_for_choice(self):
        town = Town()
        one = House(town, "10.0.1.1", "barn", [("alice", "201")])
        two = House(town, "10.0.2.1", "mill", [("ben", "301")])
        three = House(town, "10.0.3.1", "farm", [("carol", "301")])
        town.cable(one, two)
        town.cable(two, three)
        town.advance(4000)
        one.receive(request("INVITE", "sip:301@home.test"), CALLER)
        (answer,) = [m for m in one.to_phone(CALLER) if m.status != 100]
        self.assertEqual(answer.status, 485)
        words = answer.reason.split()
        numbers = [word for word in words if word.endswith(b"301") and len(word) > 3]
        self.assertEqual(len(set(numbers)), 2)
        for number, house in zip(numbers, (two, three)):
            asked = request("INVITE", "sip:%s@home.test" % number.decode())
            register(house, "ben" if house is two else "carol", "10.0.9.7")
            one.receive(
                asked.replace(b"call-1", number).replace(b"z9hG4bK", b"z9hG4bK" + number), CALLER
            )
            self.assertEqual(len(self.invites(house, "10.0.9.7")), 1)

    def test_an_emergency_call_rings_the_responders_of_another_node(self):
        town = Town()
        one = House(town, "10.0.1.1", "barn", [("alice", "201")])
        two = House(town, "10.0.2.1", "mill", [("ben", "301")], responders="ben")
        town.cable(one, two)
        register(two, "ben", "10.0.9.2")
        town.advance(4000)
        one.receive(request("INVITE", "sip:112@home.test"), CALLER)
        invite = self.invites(two, "10.0.9.2")[0]
        self.assertEqual(invite.value(b"resource-priority"), b"esnet.4")

    def test_a_user_with_phones_on_two_nodes_hears_both(self):
        town = Town()
        one = House(town, "10.0.1.1", "barn", [("alice", "201")])
        two = House(town, "10.0.2.1", "mill", [("ben", "301")])
        one.engine.node.settings.users["alice"].also_at = ("mill",)
        two.engine.node.settings.names[b"alice"] = two.engine.node.settings.users["ben"]
        town.cable(one, two)
        register(one, "alice", "10.0.9.8")
        register(two, "ben", "10.0.9.2")
        town.advance(4000)
        one.receive(request("INVITE", "sip:alice@home.test"), CALLER)
        self.assertEqual(len(self.invites(one, "10.0.9.8")), 1)
        self.assertEqual(len(self.invites(two, "10.0.9.2")), 1)

    def test_a_message_waits_at_the_router_of_the_absent(self):
        town, one, two, three = line_of_three()
        text = ["Content-Type: text/plain"]
        one.receive(request("MESSAGE", "sip:carol@home.test", text, "come home"), CALLER)
        self.assertEqual([m.status for m in one.to_phone(CALLER)], [202])
        register(three, "carol", "10.0.9.3")
        (letter,) = three.to_phone("10.0.9.3")
        self.assertEqual((letter.method, letter.body), (b"MESSAGE", b"come home"))

    def test_who_asks_is_told_at_another_node_when_the_message_is_delivered(self):
        town, one, two, three = line_of_three()
        register(one, "alice", CALLER)
        town.advance(3000)
        asked = request("MESSAGE", "sip:carol@home.test", ["Content-Type: message/cpim"], CPIM)
        one.receive(asked, CALLER)
        register(three, "carol", "10.0.9.3")
        (letter,) = three.to_phone("10.0.9.3")
        three.receive(message.response_to(letter, 200, to_tag=b"9").write(), "10.0.9.3")
        notice = one.to_phone(CALLER)[-1]
        self.assertEqual((notice.method, notice.uri), (b"MESSAGE", b"sip:alice@10.0.9.1:5060"))
        self.assertEqual(notice.from_.uri.host, b"home.test")
        self.assertEqual(notice.from_.uri.user[-3:], b"401")
        self.assertIn(b"<message-id>34jk324j</message-id>", notice.body)
        self.assertIn(b"<delivered/>", notice.body)

    def test_a_stranger_who_asks_is_not_told(self):
        town, one, two, three = line_of_three()
        three.receive(
            request("MESSAGE", "sip:carol@home.test", ["Content-Type: message/cpim"], CPIM).replace(
                b"From: <sip:alice@home.test>", b"From: <sip:eve@far.test>"
            ),
            CALLER,
        )
        register(three, "carol", "10.0.9.3")
        (letter,) = three.to_phone("10.0.9.3")
        three.phones = []
        three.receive(message.response_to(letter, 200, to_tag=b"9").write(), "10.0.9.3")
        self.assertEqual(three.phones, [])


class PeopleTest(unittest.TestCase):
    def test_a_person_who_moves_is_reached_by_the_same_address(self):
        town, one, two, three = line_of_three()
        seed = bytes([7]) * 32
        three.hear("mesh", "take_people", {"carol": (seed, 0), "nobody": (seed, 0)})
        register(three, "carol", "10.0.9.3")
        town.advance(6000)
        address = three.engine.features["mesh"].address_of("carol")
        one.receive(request("INVITE", address), CALLER)
        self.assertEqual(len(self.invites(three, "10.0.9.3")), 1)
        three.receive(request("INVITE", address).replace(b"call-1", b"call-2"), "10.0.9.3")
        self.assertEqual(len(self.invites(three, "10.0.9.3")), 2)
        three.hear("mesh", "take_people", {})
        two.engine.node.settings.names[b"carol"] = two.engine.node.settings.users["ben"]
        two.engine.node.settings.users["carol"] = two.engine.node.settings.users["ben"]
        two.hear("mesh", "take_people", {"carol": (seed, 0)})
        register(two, "ben", "10.0.9.2")
        town.advance(6000)
        self.assertEqual(two.engine.features["mesh"].address_of("carol"), address)
        moved = request("INVITE", address).replace(b"call-1", b"call-3")
        one.receive(moved.replace(b"z9hG4bK", b"z9hG4bKmoved"), CALLER)
        self.assertEqual(len(self.invites(two, "10.0.9.2")), 1)

    def test_a_node_without_the_key_cannot_claim_the_person(self):
        town, one, two, three = line_of_three()
        three.hear("mesh", "take_people", {"carol": (bytes([7]) * 32, 0)})
        (carol,) = three.engine.features["mesh"].mesh.own.people
        two.engine.features["mesh"].mesh.own.people = [carol]
        two.perform(two.engine.features["mesh"].started(town.now))
        town.advance(6000)
        places = one.engine.features["mesh"].mesh.person(carol.key)
        self.assertEqual(places, [(three.engine.features["mesh"].mesh.id, b"carol")])

    def invites(self, house, host):
        return [m for m in house.to_phone(host) if getattr(m, "method", b"") == b"INVITE"]


class SipCarrierTest(unittest.TestCase):
    def test_a_peer_that_only_sip_reaches_gets_everything(self):
        town = Town()
        one = House(town, "10.0.1.1", "barn", [("alice", "201")])
        peer = "\tlist sip_peer 'sip:10.0.1.1;transport=tcp'\n"
        two = House(town, "10.0.2.1", "mill", [("ben", "301")], mesh=peer)
        town.advance(8000)
        for house, other in ((one, two), (two, one)):
            self.assertEqual(
                [row["node"] for row in house.engine.features["mesh"].mesh.routes()], [other.key()]
            )

    def test_datagrams_carry_no_records(self):
        town = Town()
        one = House(town, "10.0.1.1", "barn", [("alice", "201")])
        data = request("SUBSCRIBE", "sip:10.0.1.1", ["Event: bellhop-routes"])
        one.receive(data, CALLER)
        self.assertEqual([m.status for m in one.to_phone(CALLER)], [403])


if __name__ == "__main__":
    unittest.main()
