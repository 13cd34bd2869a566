"""Property: no member ever sees calls, texts, devices or contacts of another on a page.

A house lives at random: people call, decline, forward, text, add phones and contacts. Everything
that is somebody's own carries a mark; no page of another shows it, in no verb and at no moment.
"""

import json
import random
import unittest

import pytest

from bellhop.errors import BellhopError, Refusal
from bellhop.shell.pilot.site import STATES, VERBS
from tests.support.members import HOSTS, PilotHouse

ROUNDS, STEPS = 12, 60
READING = ("me", "my-calls", "my-history", "my-messages", "my-wishes", "book", "new-phones")


class Life(PilotHouse):
    """Three members; `marks`: mark -> who may see it."""

    node = "list trusted 10.0.0.0/24\n"

    def runTest(self):
        """Nothing: it is driven from outside."""

    def begin(self, seed):
        """Begin anew."""
        self.setUp()
        for name in HOSTS:
            self.exchange.node.settings.users[name].pilot = "full"
            # The owner does not let them take each other's calls, as he may by one group.
            self.exchange.node.settings.users[name].pickup = name
        self.random = random.Random(seed)
        self.marks = {}
        self.parties = {}

    def mark(self, *names):
        """Return a new mark that these may see."""
        mark = "mark%dx" % len(self.marks)
        self.marks[mark] = set(names)
        return mark

    def pair(self):
        """Return two members."""
        return self.random.sample(sorted(HOSTS), 2)

    def step(self):
        """Let something happen."""
        one, other = self.pair()
        work = self.random.choice(
            (self.call, self.call, self.answer_one, self.end_one, self.text, self.page_text,
             self.add, self.contact, self.wish, self.pass_time)
        )  # fmt: skip
        try:
            work(one, other)
        except BellhopError:
            pass  # It has no such call now, or there are enough devices.

    def call(self, one, other):
        """A phone calls."""
        phone, mark = self.phones[one], self.mark()
        to = "<sip:%s@home.test>" % other
        data = phone._build("INVITE", to[1:-1], '"%s" <sip:%s@home.test>;tag=1' % (mark, one), to,
                            "call-" + mark, ["X-Mark: " + mark], "")  # fmt: skip
        self.exchange.receive(data, phone.flow)
        self.arrived(b"INVITE")
        calls = self.exchange.node.calls
        for call in list(calls.live.values()) + calls.history:
            if call.call_id == b"call-" + mark.encode():
                self.parties[call.number] = {one, other}

    def answer_one(self, one, other):
        """A phone answers, or says that it is busy."""
        if "INVITE" in self.phones[one].asked:
            self.answer(one, self.random.choice((180, 200, 486, 603)))

    def end_one(self, one, other):
        """A member ends or declines a call on the page."""
        for row in self.ask("my-calls", user=one)["calls"]:
            self.ask(self.random.choice(("my-hangup", "decline")), user=one, call=row["call"])

    def text(self, one, other):
        """A phone sends a text."""
        phone, mark = self.phones[one], self.mark(one, other)
        target = "sip:%s@home.test" % other
        data = phone.request("MESSAGE", target, ("Content-Type: text/plain",), mark)
        self.exchange.receive(data, phone.flow)

    def page_text(self, one, other):
        """A page sends a text."""
        self.ask("send", user=one, to=other, text=self.mark(one, other))

    def add(self, one, other):
        """A member adds a phone."""
        made = self.ask("add-phone", user=one, kind="other", name=self.mark(one))
        self.marks[made["login"]] = {one}
        self.marks[made["password"]] = set()

    def contact(self, one, other):
        """A member keeps a contact."""
        self.ask("set-contact", user=one, name=self.mark(one), number="0301234")

    def wish(self, one, other):
        """A member blocks somebody."""
        self.ask("set-my-wishes", user=one, wish="block", value=self.mark(one))

    def pass_time(self, one, other):
        """Time goes on."""
        self.exchange.advance(self.random.choice((1, 500, 40000)))

    def seen(self, name):
        """Return all that the page of a member shows, and all that it is told by events."""
        shown = [self.ask(verb, user=name) for verb in READING]
        shown += [self.ask(verb, user=name) for _, verb in STATES]
        shown.append(self.ask("my-history", user=name, missed="1"))
        return json.dumps(shown)

    def check(self):
        """Find no mark on a page that is not for it; return how many were where they belong."""
        found = 0
        for name in HOSTS:
            text = self.seen(name)
            shown = json.loads(text)
            for row in shown[1]["calls"] + shown[2]["history"]:
                assert name in self.parties[int(row.get("call") or row["id"])]
                found += 1
            for mark in self.marks:
                if mark in text:
                    assert name in self.marks[mark], (mark, name, self.marks[mark])
                    found += 1
        return found


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nothing_of_one_member_is_on_the_page_of_another(seed):
    life = Life()
    life.begin(seed)
    found = 0
    for _ in range(STEPS):
        life.step()
        found += life.check()
    assert found > STEPS


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nobody_does_anything_to_calls_texts_and_devices_of_another(seed):
    life = Life()
    life.begin(seed)
    for _ in range(STEPS // 2):
        life.step()
    one, other = life.pair()
    before = life.seen(one)
    rows = json.loads(before)
    calls = [row["call"] for row in rows[1]["calls"]]
    texts = [row["id"] for row in rows[3]["messages"]]
    phones = [row["id"] for row in rows[0]["phones"]]
    own_calls = [row["call"] for row in life.ask("my-calls", user=other)["calls"]]
    contacts = [row["own"] for row in rows[5]["book"] if row["own"]]
    others = [one_ for one_ in calls if one_ not in own_calls]
    for verb, given in (
        *((verb, {"call": one_}) for one_ in others for verb in ("my-hangup", "decline", "take")),
        *(("my-verify", {"call": one_, "verdict": "same"}) for one_ in others),
        *(("set-contact", {"id": one_}) for one_ in contacts),
        *(("set-contact", {"id": one_, "name": "x", "number": "1"}) for one_ in contacts),
        *(("delete-message", {"id": one_}) for one_ in texts),
        *(("forget-phone", {"phone": one_}) for one_ in phones),
        *(("ring-phone", {"phone": one_, "rings": "0"}) for one_ in phones),
    ):
        try:
            life.ask(verb, user=other, **given)
        except BellhopError:
            continue
    assert life.seen(one) == before
    assert own_calls == [row["call"] for row in life.ask("my-calls", user=other)["calls"]]


def test_no_number_tells_whether_others_have_a_call():
    life = Life()
    life.begin(0)
    phone = life.phones["alice"]  # The address of whom she calls is looked up.
    life.exchange.receive(phone.request("INVITE", "sip:x@far.test"), phone.flow)
    (call,) = life.ask("my-calls", user="alice")["calls"]
    refused = []
    for number in (call["call"], "77", "alice-1"):
        with pytest.raises(Refusal) as problem:
            life.ask("take", user="bob", call=number)
        refused.append((problem.value.word, str(problem.value).replace(number, "N", 1)))
    assert refused == [refused[0]] * 3 and refused[0][0] == "not yours"
    assert not life.arrived(b"INVITE")


def test_every_verb_of_the_page_takes_the_user_first():
    life = Life()
    life.begin(0)
    rows = life.exchange.engine.verbs.rows
    for verb in VERBS.values():
        assert rows[verb].arguments[0] == "user", verb
    assert isinstance(life, unittest.TestCase)
