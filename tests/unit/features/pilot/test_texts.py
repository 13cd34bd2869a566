"""Texts on the page: those that phones send, those that the page sends, those that wait."""

from bellhop.errors import BellhopError
from tests.support.members import PilotHouse

LINES = ("Content-Type: text/plain",)


class Texts(PilotHouse):
    def text(self, sender, target, body):
        phone = self.phones[sender]
        data = phone.request("MESSAGE", "sip:%s@home.test" % target, LINES, body)
        return self.exchange.receive(data, phone.flow)

    def bodies(self, user):
        rows = self.ask("my-messages", user=user)["messages"]
        return [(row["incoming"], row["text"], row["state"]) for row in rows]

    def test_a_text_of_a_phone_is_on_both_pages_and_on_no_third(self):
        self.text("alice", "202", "Come home")
        self.assertEqual(self.bodies("bob"), [(True, "Come home", "taken")])
        self.assertEqual(self.bodies("alice"), [(False, "Come home", "taken")])
        self.assertEqual(self.bodies("carol"), [])
        (row,) = self.ask("my-messages", user="bob")["messages"]
        self.assertEqual(row["name"], "Alice A.")

    def test_the_page_sends_to_every_phone_and_tells_what_became_of_it(self):
        self.ask("send", user="alice", to="202", text="Come!")
        (request,) = self.arrived(b"MESSAGE").values()
        self.assertEqual(request.body, b"Come!")
        self.assertEqual(request.from_.uri.user, b"alice")
        self.assertEqual(self.bodies("alice"), [(False, "Come!", "sent")])
        self.exchange.receive(self.phones["bob"].answer(200, "MESSAGE"), self.phones["bob"].flow)
        self.assertEqual(self.bodies("alice"), [(False, "Come!", "taken")])

    def test_what_no_phone_takes_waits_and_is_delivered_when_one_comes(self):
        bob = self.phones["bob"]
        self.exchange.receive(bob.request("REGISTER", "sip:home.test", ["Expires: 0"]), bob.flow)
        bob.hear(self.exchange.sent[-1][1].data)
        self.exchange.receive(bob.proven("REGISTER"), bob.flow)
        self.ask("send", user="alice", to="bob", text="Later")
        self.assertEqual(self.bodies("alice")[-1][2], "waits")
        self.assertEqual(self.bodies("bob"), [(True, "Later", "waits")])
        self.assertEqual(self.ask("me", user="bob")["unread"], 1)
        (row,) = self.ask("my-messages", user="bob")["messages"]
        self.ask("delete-message", user="alice", id=row["id"])
        self.assertEqual(len(self.bodies("bob")), 1)

    def test_what_a_phone_refuses_waits(self):
        self.ask("send", user="alice", to="202", text="Come!")
        self.arrived(b"MESSAGE")
        self.exchange.receive(self.phones["bob"].answer(480, "MESSAGE"), self.phones["bob"].flow)
        self.assertEqual(self.bodies("alice"), [(False, "Come!", "waits")])

    def test_nobody_far_and_nothing_long(self):
        for to in ("sip:eve@elsewhere.test", "999999", "", "a b@@"):
            with self.assertRaises(BellhopError):
                self.ask("send", user="alice", to=to, text="Hello")
        with self.assertRaises(BellhopError):
            self.ask("send", user="alice", to="202", text="x" * 1001)

    def test_old_texts_go_for_new_ones(self):
        for number in range(250):
            self.text("alice", "202", "text %d" % number)
        rows = self.bodies("bob")
        self.assertEqual(len(rows), 200)
        self.assertEqual(rows[-1][1], "text 249")
        texts = self.exchange.engine.features["texts"]
        self.assertEqual(texts.bytes, sum([row.size() for row in texts.rows]))

    def test_one_that_is_deleted_is_gone_from_ones_own_page_alone(self):
        self.text("alice", "202", "secret")
        (row,) = self.ask("my-messages", user="alice")["messages"]
        self.ask("delete-message", user="alice", id=row["id"])
        self.assertEqual(self.bodies("alice"), [])
        self.assertEqual(len(self.bodies("bob")), 1)

    def test_pages_are_told_that_there_is_a_text(self):
        self.text("alice", "202", "hello")
        self.exchange.advance(1)
        told = [one.fields["user"] for one in self.exchange.events if one.kind == "text"]
        self.assertEqual(sorted(told), ["alice", "bob"])

    def test_one_that_waits_since_before_the_start_is_deleted_for_good(self):
        bob = self.phones["bob"]
        self.text("alice", "202", "Later")
        bob.hear(self.exchange.sent[-1][1].data)
        self.exchange.receive(bob.answer(480, "MESSAGE"), bob.flow)
        self.exchange.engine.features["texts"].rows.clear()
        (row,) = self.ask("my-messages", user="bob")["messages"]
        self.assertEqual((row["id"][0], row["text"]), ("w", "Later"))
        self.ask("delete-message", user="bob", id=row["id"])
        self.assertEqual(self.bodies("bob"), [])
        mailbox = self.exchange.engine.features["messages"].mailbox
        self.assertEqual((mailbox.messages, mailbox.dump(0)), ([], []))

    def test_only_plain_text_is_shown(self):
        phone = self.phones["alice"]
        for kind in ("application/im-iscomposing+xml", "text/html"):
            data = phone.request("MESSAGE", "sip:202@home.test", ("Content-Type: " + kind,), "<x/>")
            self.exchange.receive(data, phone.flow)
        self.assertEqual(self.bodies("bob"), [])
