"""What a restart does to calls: those it broke are ended at both phones, the others come back."""

import json
import unittest

from bellhop.effects import Send, Store
from bellhop.features import restart
from bellhop.sip import message
from bellhop.tu.calls import NAME
from tests.support.exchange import Exchange, telephone
from tests.support.messages import LISTENERS, settings

STAYS = "option record_route always\n"


class Kept(Exchange):
    """An Exchange with a RAM disk. rows: Call-ID -> row; is_relayed: its sound passes the node."""

    def __init__(self, *arguments):
        self.rows, self.kept_later = {}, None
        self.is_relayed = False
        super().__init__(settings(STAYS), *arguments)
        hooks = self.engine.node.hooks
        hooks.seen += (lambda call: {"relays": [1] if self.is_relayed else []},)

    def take(self, effects):
        for effect in effects:
            if isinstance(effect, Store) and effect.name == NAME:
                if effect.changes is None:
                    self.rows = {row["id"]: row for row in effect.read(self.now)}
                else:
                    self.kept_later = effect.changes
        return super().take(effects)

    def write(self):
        """Keep what is to be kept, as the shell does a moment later."""
        if self.kept_later is not None:
            self.rows.update(self.kept_later(self.now))
            self.kept_later = None

    def again(self, listeners=LISTENERS):
        """Return the node after a restart, and the requests and responses that it begins with."""
        self.write()
        other = Kept(listeners)
        rows = [row for row in self.rows.values() if row is not None]
        other.engine.restore(NAME, json.loads(json.dumps(rows)), other.now)
        return other, other.begin()

    def begin(self):
        """Start; return what it says, parsed, with the Flow of each."""
        del self.sent[:]
        self.take(self.engine.start(self.now))
        return self.said()

    def said(self):
        """Return the messages that were sent since, with the Flow of each."""
        return [(message.parse(one.data), one.flow) for _, one in self.sent]

    def history(self):
        answer, _ = self.engine.answer("history", {}, self.now)
        return answer["history"]


class RestartTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Kept()
        self.alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.3")

    def ring(self):
        """Let bob's phone ring."""
        exchange, alice, bob = self.exchange, self.alice, self.bob
        (asked,) = exchange.receive(alice.request("INVITE", "sip:202@home.test"), alice.flow)
        alice.hear(asked.data)
        exchange.receive(alice.proven("INVITE"), alice.flow)
        bob.hear(exchange.sent[-1][1].data)
        for send in exchange.receive(bob.answer(180, "INVITE"), bob.flow):
            alice.hear(send.data)

    def call(self):
        """Let bob answer, and alice's phone confirm it."""
        self.ring()
        for send in self.exchange.receive(self.bob.answer(200, "INVITE"), self.bob.flow):
            self.alice.hear(send.data)
        self.exchange.receive(self.alice.within("ACK"), self.alice.flow)

    def test_a_call_whose_sound_went_through_the_node_is_ended_at_both_phones(self):
        self.exchange.is_relayed = True
        self.call()
        other, said = self.exchange.again()
        self.assertEqual([one.method for one, _ in said], [b"BYE", b"BYE"])
        self.assertEqual({flow.host for _, flow in said}, {"10.0.0.2", "10.0.0.3"})
        for bye, flow in said:
            phone = self.alice if flow.host == "10.0.0.2" else self.bob
            self.assertEqual(bye.value(b"to"), phone.dialog.local.encode())
            self.assertEqual(bye.value(b"from"), phone.dialog.remote.encode())
            self.assertIn(restart.BROKEN.encode(), bye.value(b"reason"))
            self.assertTrue(bye.cseq[0] > self.alice.cseq)
        (past,) = other.history()
        self.assertEqual((past["state"], past["ended_by"]), ("ended", restart.BROKEN))
        self.assertEqual((past["caller"], past["seconds_talked"]), ("alice@home.test", 0))
        self.assertEqual(other.rows, {})

    def test_a_call_of_which_the_phones_carry_the_sound_goes_on_and_ends_in_the_history(self):
        self.call()
        other, said = self.exchange.again()
        self.assertEqual(said, [])
        answer, _ = other.engine.answer("calls", {}, other.now)
        self.assertEqual([row["callee"] for row in answer["calls"]], ["202@home.test"])
        self.assertEqual(len(other.rows), 1)
        sends = other.receive(self.alice.within("BYE"), self.alice.flow)
        self.assertEqual([send.flow for send in sends], [self.bob.flow])
        self.assertEqual(other.history()[0]["ended_by"], "the caller hung up")
        other.write()
        self.assertEqual([row for row in other.rows.values() if row is not None], [])

    def test_a_call_that_rings_is_refused_and_its_phones_fall_silent(self):
        self.ring()
        other, said = self.exchange.again()
        (cancel, to_bob), (refusal, to_alice) = said
        self.assertEqual((cancel.method, to_bob), (b"CANCEL", self.bob.flow))
        invite = self.bob.asked["INVITE"]
        self.assertEqual(cancel.uri, invite.uri)
        self.assertEqual(cancel.value(b"via"), invite.items(b"via")[0])
        self.assertEqual((refusal.status, to_alice), (480, self.alice.flow))
        self.assertEqual(refusal.cseq, self.alice.sent["INVITE"].cseq)
        self.assertEqual(other.history()[0]["ended_by"], restart.RANG)
        self.assertEqual(other.history()[0]["status"], 480)

    def test_what_has_ended_is_not_ended_again(self):
        self.call()
        self.exchange.write()
        self.assertEqual(len(self.exchange.rows), 1)
        self.exchange.receive(self.alice.within("BYE"), self.alice.flow)
        self.exchange.write()
        self.assertEqual(list(self.exchange.rows.values()), [None])
        self.ring()
        self.exchange.receive(self.bob.answer(486, "INVITE"), self.bob.flow)
        self.exchange.write()
        self.assertEqual(list(self.exchange.rows.values()), [None])
        self.assertEqual(self.exchange.again()[1], [])

    def test_a_call_waits_for_the_address_of_its_phones_and_not_for_ever(self):
        self.exchange.is_relayed = True
        self.call()
        other, said = self.exchange.again(LISTENERS[1:])
        self.assertEqual((said, len(other.rows)), ([], 1))
        other.take(other.engine.listen(LISTENERS, other.now))
        self.assertEqual([one.method for one, _ in other.said()], [b"BYE", b"BYE"])
        late, _ = self.exchange.again(LISTENERS[1:])
        late.now += restart.PATIENCE_MS
        late.take(late.engine.listen(LISTENERS[1:], late.now))
        self.assertEqual(late.said(), [])
        self.assertEqual(late.history()[0]["ended_by"], restart.BROKEN)

    def test_a_node_that_ends_says_so_and_the_next_one_again(self):
        self.exchange.is_relayed = True
        self.call()
        del self.exchange.sent[:]
        effects = self.exchange.engine.hear("restart", "leave", self.exchange.now)
        self.exchange.take(effects)
        methods = [message.parse(one.data).method for one in effects if isinstance(one, Send)]
        self.assertEqual(methods, [b"BYE", b"BYE"])
        self.assertEqual(len(self.exchange.again()[1]), 2)

    def test_what_ended_just_before_the_node_is_not_ended_again(self):
        self.exchange.is_relayed = True
        self.call()
        self.exchange.write()
        self.exchange.receive(self.alice.within("BYE"), self.alice.flow)
        self.assertEqual(self.exchange.engine.hear("restart", "leave", self.exchange.now), [])
        self.assertEqual(self.exchange.again()[1], [])

    def test_changes_are_asked_for_after_all_was_written_too(self):
        self.ring()
        effects = self.exchange.engine.start(self.exchange.now)
        self.assertEqual([one for one in effects if getattr(one, "name", "") == NAME], [])
        rows = self.exchange.engine.features["restart"].rows(self.exchange.now)
        self.exchange.rows, self.exchange.kept_later = {row["id"]: row for row in rows}, None
        self.exchange.receive(self.bob.answer(486, "INVITE"), self.bob.flow)
        self.exchange.write()
        self.assertEqual(list(self.exchange.rows.values()), [None])

    def test_a_node_that_ends_lets_the_other_calls_go_on(self):
        self.call()
        self.assertEqual(self.exchange.engine.hear("restart", "leave", self.exchange.now), [])

    def test_what_is_too_long_to_be_kept_is_not(self):
        exchange, alice = self.exchange, self.alice
        lines = ["Via: SIP/2.0/UDP proxy-%d.test;branch=z9hG4bK-%050d" % (n, n) for n in range(100)]
        for send in exchange.receive(
            alice.request("INVITE", "sip:202@home.test", lines), alice.flow
        ):
            alice.hear(send.data)
        exchange.receive(alice.proven("INVITE"), alice.flow)
        exchange.write()
        self.assertEqual(exchange.rows, {})
