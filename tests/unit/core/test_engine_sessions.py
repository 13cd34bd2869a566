"""Telephones that do what they like, and damage on the wire: nothing is raised, nothing is left."""

import unittest

from bellhop.errors import SipError
from tests.support.exchange import Exchange, Phone, register
from tests.support.messages import flow, settings
from tests.support.mutate import Random, mutate

NODE = "list trusted 10.0.0.2\noption max_transactions 64\noption stranger_requests_per_minute 0\n"
GROUP = (
    "config group\noption name family\noption extension 600\nlist member bob\nlist member carol\n"
)
METHODS = "INVITE INVITE INVITE ACK BYE CANCEL OPTIONS MESSAGE REGISTER SUBSCRIBE REFER NEW".split()
TARGETS = (
    "sip:bob@home.test sip:600@home.test sip:carol@home.test sip:bob@10.0.0.3:5060 sip:x@far.test "
    "tel:202 sip:home.test sip:alice@10.0.0.2:5060 urn:service:sos sip:nobody@home.test"
).split()
CODES = (100, 180, 183, 200, 200, 302, 401, 407, 408, 480, 486, 487, 503, 603)
PAUSES = (1, 100, 600, 5000, 33000, 200000)
DAMAGE = (b"Route: ,\r\n", b"Contact: <<>\r\n", b"Max-Breadth: 1\r\n", b"Path: <sip:p.test;lr>\r\n")
HOPS = ([], [flow("203.0.113.9")], [flow("203.0.113.9"), flow("203.0.113.8", transport="tcp")])
# Past calls are the last that is forgotten.
HOURS = 8 * 24 * 3600000


class Session:
    """Four telephones and a sequence of choices."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.exchange = Exchange(settings(NODE, GROUP))
        self.phones = [
            Phone("A", "alice", flow("10.0.0.2")),
            Phone("B", "bob", flow("10.0.0.3")),
            Phone("C", "carol", flow("10.0.0.4", transport="tcp", connection=5)),
            Phone("S", "sam", flow("203.0.113.7"), "far.test"),
        ]
        for phone in self.phones[:3]:
            register(self.exchange, phone)

    def words(self, phone):
        """Return what a telephone says next, or None."""
        choice = self.random.below(8)
        if choice < 3:
            return phone.request(self.random.choice(METHODS), self.random.choice(TARGETS))
        if choice == 3 and phone.dialog is not None:
            return phone.within(self.random.choice(METHODS))
        if choice == 4 and "INVITE" in phone.sent:
            return phone.cancel()
        if choice == 5 and phone.asked.get("request") is not None:
            return phone.answer(self.random.choice(CODES))
        if choice == 6 and phone.asked.get("response") is not None and phone.dialog is not None:
            return phone.acknowledge()
        return phone.last

    def spoil(self, data):
        """Return a message as it may arrive."""
        choice = self.random.below(6)
        if choice < 3:
            return data
        if choice == 3:
            start = data.find(b"\r\n") + 2
            return data[:start] + self.random.choice(DAMAGE) + data[start:]
        return mutate(self.random, [data])

    def step(self):
        """Let one thing happen."""
        choice = self.random.below(10)
        if choice < 2:
            self.exchange.advance(self.random.choice(PAUSES))
        elif choice == 2 and self.exchange.questions:
            self.exchange.resolve(self.random.choice(HOPS))
        elif choice == 3 and self.random.below(10) == 0:
            self.exchange.break_flow(self.phones[2].flow)
        else:
            phone = self.random.choice(self.phones)
            try:
                data = self.words(phone)
            except (SipError, ValueError, IndexError):
                return  # The telephone cannot make sense of what it was told.
            if data is not None:
                self.exchange.receive(self.spoil(data), phone.flow)
        self.deliver()

    def deliver(self):
        """Let the telephones hear what the node has sent."""
        for _, send in self.exchange.sent:
            for phone in self.phones:
                if phone.flow[2:4] == send.flow[2:4]:
                    try:
                        phone.hear(send.data)
                    except (SipError, ValueError):
                        continue  # An answer to damage may be damaged.
        del self.exchange.sent[:]


class SessionsTest(unittest.TestCase):
    def test_no_session_raises_or_leaves_anything(self):
        for seed in range(1, 31):
            session = Session(seed)
            for _ in range(60):
                session.step()
            session.exchange.advance(HOURS)
            node = session.exchange.node
            left = (len(node.layer), node.calls.live, node.location.size, node.deadlines.heap)
            self.assertEqual(left, (0, {}, 0, []), seed)
