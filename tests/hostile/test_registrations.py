"""Registrations, removals and time in any order: the registrar agrees with a small model."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bellhop.limits import MAX_BINDINGS_PER_USER
from tests.hostile.node import check_bounds
from tests.vectors.home import Home, requests, udp

USERS = st.sampled_from([b"alice", b"bob"])
DEVICES = st.integers(1, MAX_BINDINGS_PER_USER + 2)
SECONDS = st.sampled_from([60, 600, 7200])


def contact_of(device):
    return b"sip:phone@198.51.100.%d:5070" % device


def flow_of(device):
    return udp("198.51.100.%d" % device, 5070)


class Registrations(RuleBasedStateMachine):
    """model: user -> device -> when it ends."""

    @initialize()
    def begin(self):
        self.node = Home()
        self.number = 0
        self.model = {b"alice": {}, b"bob": {}}

    def register(self, user, contact, device, more=()):
        self.number += 2
        answer = self.node.register(user, contact, flow_of(device), self.number, more)
        assert answer.status == 200
        return [one.uri_bytes for one in answer.addresses(b"contact")]

    def live(self, user):
        found = {d: until for d, until in self.model[user].items() if until > self.node.now}
        self.model[user] = found
        return found

    @rule(user=USERS, device=DEVICES, seconds=SECONDS)
    def add(self, user, device, seconds):
        mine = self.live(user)
        if device not in mine and len(mine) >= MAX_BINDINGS_PER_USER:
            del mine[min(mine, key=mine.get)]
        mine[device] = self.node.now + seconds * 1000
        found = self.register(user, b"<" + contact_of(device) + b">;expires=%d" % seconds, device)
        assert contact_of(device) in found
        assert len(found) == len(mine)
        # Which of several that end together was evicted is the registrar's choice.
        self.model[user] = {d: mine.get(d, self.until(user, d)) for d in self.devices(found)}

    def devices(self, contacts):
        return [d for d in range(1, MAX_BINDINGS_PER_USER + 3) if contact_of(d) in contacts]

    def until(self, user, device):
        for binding in self.node.engine.node.location.users[user.decode()]:
            if binding.contact == contact_of(device):
                return binding.until
        raise AssertionError("the answer names a binding that is not there")

    @rule(user=USERS, device=DEVICES)
    def remove(self, user, device):
        self.live(user).pop(device, None)
        found = self.register(user, b"<" + contact_of(device) + b">;expires=0", device)
        assert self.devices(found) == sorted(self.model[user])

    @rule(user=USERS)
    def remove_all(self, user):
        self.model[user] = {}
        assert self.register(user, b"*", 1, (b"Expires: 0",)) == []

    @rule(user=USERS)
    def query(self, user):
        assert self.devices(self.register(user, None, 1)) == sorted(self.live(user))

    @rule(user=USERS, device=DEVICES, bad=st.sampled_from([b";q=2", b";expires=1", b";q=0.x"]))
    def add_two_of_which_one_is_wrong(self, user, device, bad):
        self.number += 2
        good = b"<" + contact_of(device) + b">, <sip:other@198.51.100.99>" + bad
        answer = self.node.register(user, good, flow_of(device), self.number)
        assert answer.status in (400, 423)

    @rule(seconds=st.sampled_from([1, 59, 61, 600, 8000]))
    def wait(self, seconds):
        for flow, ping in requests(self.node.wait(seconds * 1000)):
            assert ping.method == b"OPTIONS", (flow, ping)

    @invariant()
    def the_table_holds_what_the_model_holds(self):
        total = sum(len(self.live(user)) for user in self.model)
        assert len(self.node.engine.node.location.all(self.node.now)) == total
        check_bounds(self.node)


TestRegistrations = Registrations.TestCase
TestRegistrations.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, derandomize=True
)
