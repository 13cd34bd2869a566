"""Phones that sleep: their binding stays, a call wakes them and waits (RFC 8599)."""

from bellhop.effects import Push
from bellhop.errors import Refusal
from bellhop.sip import message, uri
from tests.support.exchange import Phone, register
from tests.support.members import PilotHouse
from tests.support.messages import flow

URL = "https://push.test/up1234567890"


class Sleeping(PilotHouse):
    node = "list trusted 10.0.0.0/24\n"

    def setUp(self):
        super().setUp()
        self.pushes = []
        take = self.exchange.take

        def taken(effects):
            self.pushes += [one.url for one in effects if isinstance(one, Push)]
            return take(effects)

        self.exchange.take = taken

    def app(self, url=URL, connection=7, user="alice", provider="webpush"):
        """Return an app of a user that has registered by TCP and can be woken."""
        where = flow("10.0.0.30", 5090, "tcp", connection)
        self.apps = getattr(self, "apps", 0) + 1
        app = Phone("app%d" % self.apps, user, where)
        params = ";transport=tcp;pn-provider=%s;pn-prid=%s" % (
            provider,
            uri.escape(url.encode()).decode(),
        )
        app.contact = "<sip:%s@10.0.0.30:5090%s>" % (user, params)
        self.answer_lines = register(self.exchange, app)
        return app

    def only_app(self):
        """Let alice have nothing but an app, asleep."""
        alice = self.phones["alice"]
        self.exchange.receive(
            alice.request("REGISTER", "sip:home.test", ["Expires: 0"]), alice.flow
        )
        alice.hear(self.exchange.sent[-1][1].data)
        self.exchange.receive(alice.proven("REGISTER"), alice.flow)
        app = self.app()
        self.exchange.break_flow(app.flow)
        return app

    def test_it_is_told_that_it_can_be_woken_and_may_sleep_for_long(self):
        self.app()
        self.assertEqual(self.answer_lines.value(b"feature-caps"), b'*;+sip.pns="webpush"')
        self.assertIn(b"expires=3600", self.answer_lines.value(b"contact"))

    def test_its_binding_stays_when_its_stream_goes_and_that_of_others_goes(self):
        self.only_app()
        (row,) = self.ask("me", user="alice")["phones"]
        self.assertEqual((row["there"], row["asleep"]), (True, True))

    def test_a_call_that_waits_for_it_is_not_for_another_member_to_take(self):
        self.only_app()
        self.exchange.node.settings.users["carol"].pickup = ""
        self.invite("bob", "201")
        (call,) = self.ask("my-calls", user="bob")["calls"]
        del self.exchange.sent[:]
        with self.assertRaises(Refusal) as refused:
            self.ask("take", user="carol", call=call["call"])
        self.assertEqual(refused.exception.word, "not yours")
        self.assertEqual(self.arrived(b"INVITE"), {})

    def test_a_call_wakes_it_and_rings_there_when_it_is_back(self):
        self.only_app()
        del self.exchange.sent[:]
        self.invite("bob", "201")
        self.assertEqual(self.status("bob"), None)
        self.exchange.advance(1)
        self.assertEqual(self.pushes, [URL])
        self.exchange.advance(3000)
        back = self.app(connection=9)
        invite = [one for _, one in self.exchange.sent if one.flow == back.flow][-1]
        back.hear(invite.data)
        self.exchange.receive(back.answer(200, "INVITE"), back.flow)
        self.assertEqual(self.status("bob").status, 200)
        self.assertEqual(self.ask("status")["counters"]["asleep"]["woken"], 1)

    def test_one_that_does_not_wake_lets_the_caller_hear_why(self):
        self.only_app()
        self.invite("bob", "201")
        self.exchange.advance(19000)
        self.assertEqual(self.status("bob"), None)
        self.exchange.advance(2000)
        self.assertEqual(self.status("bob").status, 480)
        self.assertEqual(self.status("bob").reason, b"alice's phone is asleep and does not wake up")
        self.assertEqual(self.exchange.engine.features["asleep"].naps, {})

    def test_a_push_that_cannot_be_sent_lets_the_caller_hear_it_at_once(self):
        self.only_app()
        self.invite("bob", "201")
        self.exchange.advance(1)
        effects = self.exchange.engine.hear(
            "asleep", "pushed", URL, "no such server", self.exchange.now
        )
        self.exchange.take(effects)
        self.assertEqual(self.status("bob").status, 480)
        self.assertIn(b"no such server", self.status("bob").reason)

    def test_a_phone_that_is_awake_rings_beside_it_at_once(self):
        app = self.app()
        self.exchange.break_flow(app.flow)
        rung = self.invite("bob", "201")
        self.assertIn("alice", rung)
        self.exchange.advance(1)
        self.assertEqual(self.pushes, [URL])
        back = self.app(connection=9)
        self.assertTrue([one for _, one in self.exchange.sent if one.flow == back.flow])

    def test_forwards_go_on_after_it_did_not_wake(self):
        self.ask("set-wish", user="alice", wish="forward_noanswer", value="203")
        self.only_app()
        self.invite("bob", "201")
        self.exchange.advance(26000)
        self.assertIn("carol", self.arrived(b"INVITE"))

    def test_one_that_is_not_to_ring_is_not_woken(self):
        self.only_app()
        (row,) = self.ask("me", user="alice")["phones"]
        self.ask("ring-phone", user="alice", phone=row["id"], rings="0")
        self.invite("bob", "201")
        self.exchange.advance(1)
        self.assertEqual(self.pushes, [])
        self.assertEqual(self.status("bob").status, 480)

    def test_a_call_that_was_given_up_rings_nobody_later(self):
        self.only_app()
        self.invite("bob", "201")
        self.exchange.advance(1)
        self.exchange.receive(self.phones["bob"].cancel(), self.phones["bob"].flow)
        del self.exchange.sent[:]
        back = self.app(connection=9)
        sent = [message.parse(one.data) for _, one in self.exchange.sent if one.flow == back.flow]
        self.assertEqual([one for one in sent if getattr(one, "method", b"") == b"INVITE"], [])

    def test_a_storm_of_calls_wakes_it_each_three_seconds(self):
        self.only_app()
        for _ in range(20):
            self.invite("bob", "201")
            self.exchange.receive(self.phones["bob"].cancel(), self.phones["bob"].flow)
            self.invite("bob", "201")
            self.exchange.advance(100)
        self.assertEqual(len(self.pushes), 1)

    def test_its_registration_is_renewed_by_a_push_before_it_ends(self):
        self.only_app()
        self.exchange.advance(3480000 - 2000)
        self.assertEqual(self.pushes, [])
        self.exchange.advance(4000)
        self.assertEqual(self.pushes, [URL])

    def test_what_no_push_service_is_wakes_nobody(self):
        for url, provider in (("ftp://x", "webpush"), ("https://x/\x01", "webpush"),
                              (URL, "apns"), ("https://x/" + "y" * 600, "webpush")):  # fmt: skip
            self.app(url, 7, "bob", provider)
            pushes = [
                one.push for one in self.exchange.node.location.bindings("bob", self.exchange.now)
            ]
            self.assertEqual([one for one in pushes if one], [])
