"""Lamps: what watchers are told while people call, come and go."""

import unittest

from bellhop.features.lamps import GATHER_MS, LONGEST_SECONDS
from bellhop.limits import MAX_SUBSCRIPTIONS_PER_HOST
from tests.support.exchange import Phone, register
from tests.support.messages import flow
from tests.unit.features.test_wishes import House


class LampsTest(House):
    def subscribe(self, name, whom, package="dialog", lines=(), expires=600):
        """Subscribe; return the final response. The NOTIFY that follows is answered."""
        phone = self.phones[name]
        lines = ["Event: " + package, "Expires: %d" % expires] + list(lines)
        back = self.send(phone, phone.request("SUBSCRIBE", "sip:%s@home.test" % whom, lines))
        answer = [one for one in back if hasattr(one, "status")][-1]
        if answer.status == 200:
            self.wait(name)
        return answer

    def told(self, name, status=200):
        """Answer the NOTIFY that a phone has got; return its body, None where there was none."""
        phone = self.phones[name]
        notify = phone.asked.pop("NOTIFY", None)
        if notify is None:
            return None
        self.exchange.receive(phone.answer(status, "request"), phone.flow)
        self.notify = notify
        return notify.body

    def wait(self, name, ms=GATHER_MS):
        del self.exchange.sent[:]
        self.exchange.advance(ms)
        self.heard(None)
        return self.told(name)

    def answer(self, name, status):
        phone = self.phones[name]
        self.send(phone, phone.answer(status, "INVITE"))

    def test_a_call_is_told_step_by_step(self):
        self.start()
        self.assertEqual(self.subscribe("bob", "201").status, 200)
        self.assertNotIn(b"<dialog ", self.notify.body)
        self.assertIn(b'version="0"', self.notify.body)
        self.call("carol", "201")
        self.assertIsNone(self.wait("bob"))
        self.answer("alice", 180)
        body = self.wait("bob")
        self.assertIn(b"<state>early</state>", body)
        self.assertIn(b'version="1"', body)
        self.assertIn(b"sip:carol@home.test", body)
        self.answer("alice", 200)
        self.assertIn(b"<state>confirmed</state>", self.wait("bob"))
        carol = self.phones["carol"]
        self.send(carol, carol.within("BYE"))
        self.assertNotIn(b"<dialog ", self.wait("bob"))

    def test_the_caller_s_lamp_is_lit_too(self):
        self.start()
        self.subscribe("bob", "203")
        self.call("carol", "201")
        self.answer("alice", 180)
        self.assertIn(b'direction="initiator"', self.wait("bob"))

    def test_who_calls_is_shown_within_a_pickup_group_alone(self):
        self.start("option pickup parents")
        self.subscribe("bob", "201")
        self.call("carol", "201")
        self.answer("alice", 180)
        body = self.wait("bob")
        self.assertIn(b"<state>early</state>", body)
        self.assertNotIn(b"carol", body)

    def test_presence_follows_phones_calls_and_wishes(self):
        self.start(phones="bob carol")
        self.subscribe("bob", "201", "presence")
        self.assertIn(b"<basic>closed</basic>", self.notify.body)
        register(self.exchange, self.phones["alice"])
        self.assertIn(b"<note>online</note>", self.wait("bob"))
        self.call("carol", "201")
        self.answer("alice", 180)
        self.assertIn(b"<note>busy</note>", self.wait("bob"))
        carol = self.phones["carol"]
        self.send(carol, carol.cancel())
        self.answer("alice", 487)
        self.assertIn(b"<note>online</note>", self.wait("bob"))
        self.call("alice", "*26")
        self.assertIn(b"<note>dnd</note>", self.wait("bob"))

    def test_presence_follows_quiet_hours_and_a_clock_that_is_put_forward(self):
        self.start("option quiet 22:00-07:00")
        self.subscribe("bob", "201", "presence")
        self.tell_time(21 * 60 + 58)
        self.assertIsNone(self.wait("bob"))
        self.assertIn(b"<note>dnd</note>", self.wait("bob", 2 * 60000))
        self.tell_time(6 * 60 + 59)  # Somebody has set the clock, or the season has.
        self.assertIn(b"<note>online</note>", self.wait("bob", 60000 + GATHER_MS))
        self.set("alice", "quiet", "06:00-07:02")
        self.assertIn(b"<note>dnd</note>", self.wait("bob"))
        self.assertIn(b"<note>online</note>", self.wait("bob", 2 * 60000))

    def test_messages_and_phones_are_shown_to_their_owner(self):
        self.start()
        for package in ("message-summary", "reg"):
            self.assertEqual(self.subscribe("alice", "201", package).status, 200)
            self.assertEqual(self.subscribe("bob", "201", package).status, 403)
        self.assertIn(b"<uri>sip:alice@10.0.0.2:5060</uri>", self.notify.body)

    def waits(self):
        """Return how many texts alice's lamp shows once news were gathered, None for no news."""
        body = self.wait("alice")
        if body is None:
            return None
        waits, count = body.split(b"\r\n")[0], body.split(b"Text-Message: ")[1]
        self.assertEqual(waits == b"Messages-Waiting: yes", count[:2] != b"0/")
        return int(count.partition(b"/")[0])

    def text(self, status=480, lines=(), to="201"):
        """Let bob send a text; alice's phone answers with a status where it gets one."""
        bob = self.phones["bob"]
        self.send(bob, bob.request("MESSAGE", "sip:%s@home.test" % to, lines, "hello"))
        if "MESSAGE" in self.phones["alice"].asked:
            self.answer_text(status)

    def answer_text(self, status):
        alice = self.phones["alice"]
        self.send(alice, alice.answer(status, "MESSAGE"))
        del alice.asked["MESSAGE"]

    def test_a_waiting_text_is_shown_while_it_waits_and_no_longer(self):
        self.node += "config group\noption name all\noption extension 300\nlist member alice\n"
        self.start()
        self.subscribe("alice", "201", "message-summary")
        self.assertIn(b"Text-Message: 0/0", self.notify.body)
        self.text()
        self.assertEqual(self.waits(), 1)
        self.text(lines=["Expires: 60"])
        self.assertEqual(self.waits(), 2)
        body = self.wait("alice", 60000)  # The second is over, the first is tried again.
        self.assertIn(b"Text-Message: 1/0", body)
        self.answer_text(200)
        self.assertEqual(self.waits(), 0)
        self.text(to="300")
        self.assertEqual(self.waits(), 1)
        answer, effects = self.exchange.engine.answer("flush-mailbox", {"user": "alice"}, 0)
        self.exchange.take(effects)
        self.assertEqual((answer["removed"], self.waits()), (1, 0))
        self.exchange.disk_problem = "the disk is full"
        self.text()
        self.assertIsNone(self.waits())  # Nothing was kept, and nothing has changed.
        self.text(200)
        self.assertIsNone(self.waits())

    def test_strangers_may_not_watch(self):
        self.start()
        stranger = Phone("s", "mallory", flow("203.0.113.7"), "elsewhere.test")
        data = stranger.request("SUBSCRIBE", "sip:201@home.test", ["Event: dialog"])
        self.assertEqual(self.exchange.answers(data, stranger.flow)[-1], 403)

    def test_other_packages_and_publish_are_refused_with_what_there_is(self):
        self.start()
        answer = self.subscribe("bob", "201", "conference")
        self.assertEqual(answer.status, 489)
        self.assertIn(b"dialog", answer.value(b"allow-events"))
        bob = self.phones["bob"]
        back = self.send(bob, bob.request("PUBLISH", "sip:202@home.test", ["Event: presence"]))
        self.assertEqual(back[-1].status, 489)

    def test_a_refresh_is_told_at_once_and_the_end_too(self):
        self.start()
        self.subscribe("bob", "201")
        first, bob = self.notify, self.phones["bob"]
        target = first.contacts[0].uri_bytes.decode()
        own, remote = first.value(b"to").decode(), first.value(b"from").decode()
        for expires, state in ((600, b"active"), (0, b"terminated")):
            lines = ["Event: dialog", "Expires: %d" % expires]
            call_id = first.call_id.decode()
            data = bob._build("SUBSCRIBE", target, own, remote, call_id, lines, "")
            self.assertEqual(self.send(bob, data)[0].status, 200)
            if self.told("bob") is None:
                self.wait("bob")
            self.assertIn(state, self.notify.value(b"subscription-state"))
        data = bob._build("SUBSCRIBE", target, own, remote, call_id, lines, "")
        self.assertEqual(self.send(bob, data)[0].status, 481)
        self.assertEqual(self.exchange.engine.features["lamps"].watches.by_key, {})

    def test_a_phone_that_has_moved_is_told_where_it_is_now(self):
        self.start()
        self.subscribe("bob", "201")
        first, bob = self.notify, self.phones["bob"]
        bob.flow = flow("10.0.0.33")
        ends = first.contacts[0].uri_bytes, first.value(b"to"), first.value(b"from"), first.call_id
        lines = ["Event: dialog", "Expires: 600"]
        data = bob._build("SUBSCRIBE", *[one.decode() for one in ends], lines, "")
        self.assertEqual(self.send(bob, data)[0].status, 200)
        self.assertIsNotNone(self.wait("bob"))

    def test_a_call_of_before_a_restart_is_shown_at_who_took_it(self):
        self.start()
        self.call("carol", "201")
        self.answer("alice", 180)
        self.answer("alice", 200)
        (call,) = self.exchange.engine.node.calls.live.values()
        call.legs = None  # As it is put back into the list.
        self.subscribe("bob", "201")
        self.assertIn(b"<state>confirmed</state>", self.notify.body)

    def test_it_ends_by_itself_and_where_the_phone_does_not_want_it(self):
        self.start()
        self.subscribe("bob", "201")
        watches = self.exchange.engine.features["lamps"].watches
        self.exchange.advance(1000 * LONGEST_SECONDS)
        self.assertEqual(watches.by_key, {})
        self.start()
        self.subscribe("bob", "201")
        watches = self.exchange.engine.features["lamps"].watches
        self.call("carol", "201")
        self.answer("alice", 180)
        del self.exchange.sent[:]
        self.exchange.advance(GATHER_MS)
        self.heard(None)
        self.told("bob", 481)
        self.assertEqual(watches.by_key, {})

    def test_a_phone_that_begins_anew_is_told_once(self):
        self.start()
        for _ in range(3 * MAX_SUBSCRIPTIONS_PER_HOST):
            self.assertEqual(self.subscribe("bob", "201").status, 200)
            self.exchange.advance(1000)
        self.assertEqual(len(self.exchange.engine.features["lamps"].watches.by_key), 1)

    def test_a_place_for_parked_calls_has_a_lamp(self):
        self.start()
        self.assertEqual(self.subscribe("bob", "*51").status, 200)
        self.call("carol", "201")
        self.answer("alice", 200)
        carol = self.phones["carol"]
        self.send(carol, carol.acknowledge())
        self.call("carol", "*51")
        self.assertIn(b"<state>confirmed</state>", self.wait("bob"))

    def test_a_group_has_a_lamp(self):
        self.node += "config group\noption name family\noption extension 300\nlist member alice\n"
        self.start()
        self.subscribe("bob", "300")
        self.call("carol", "201")
        self.answer("alice", 180)
        self.assertIn(b"<state>early</state>", self.wait("bob"))


if __name__ == "__main__":
    unittest.main()
