"""Texts to groups: every member has one, who sent it has none; who asked hears of each delivery."""

import unittest

from bellhop.sip import message
from tests.support.houses import TwoHouses

GROUP = """
config group
	option name all
	option extension 300
	list member alice
	list member bob
	list member 'sip:carol@OTHER'
"""
MORE = """
config group
	option name more
	option extension 311
	list member carol
	list member dave
	list member 'sip:all@OTHER'
"""
CPIM = (
    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\nDateTime: 2026-11-21T12:16:49Z\r\n"
    "imdn.Disposition-Notification: positive-delivery, display\r\n\r\n"
    "Content-Type: text/plain\r\n\r\nsupper is ready"
)


class SpreadTest(TwoHouses):
    def text(self, name, number, body="supper is ready", kind="text/plain"):
        """Send a text; return the status, and {who got one: it}."""
        phone = self.phones[name]
        data = phone.request(
            "MESSAGE", "sip:%s@home.test" % number, ["Content-Type: " + kind], body
        )
        phone.house.receive(data, phone.flow.host)
        return self.got()

    def got(self):
        """Return (status of the sender's answer or None, {who got a text: its body})."""
        heard, status, found = self.hear(), None, {}
        for name, messages in heard.items():
            for one in messages:
                if isinstance(one, message.Response) and one.status >= 200:
                    status = one.status
                elif isinstance(one, message.Request):
                    found[name] = one.body
        return status, found

    def test_every_member_but_the_sender_has_it(self):
        self.build(GROUP)
        status, found = self.text("alice", "300")
        self.assertEqual(status, 202)
        self.assertEqual(found, {"bob": b"supper is ready", "carol": b"supper is ready"})

    def test_a_member_of_another_node_writes_to_the_group(self):
        self.build(
            GROUP, farm="config contact\n\toption number 500\n\toption address sip:all@OTHER\n"
        )
        status, found = self.text("dave", "500")
        self.assertEqual(status, 202)
        self.assertEqual(sorted(found), ["alice", "bob", "carol"])

    def test_who_is_away_has_it_later(self):
        self.build(GROUP)
        bob = self.phones["bob"]
        self.send("bob", bob.request("REGISTER", "sip:home.test", ["Expires: 0"]))
        self.send("bob", bob.proven("REGISTER"))
        self.assertEqual(sorted(self.text("alice", "300")[1]), ["carol"])
        self.barn.receive(bob.request("REGISTER", "sip:home.test"), bob.flow.host)
        self.hear()
        self.barn.receive(bob.proven("REGISTER"), bob.flow.host)
        self.assertEqual(self.got()[1]["bob"], b"supper is ready")

    def test_groups_that_hold_each_other_bring_it_once(self):
        self.build(GROUP.replace("sip:carol@", "sip:more@"), MORE)
        alice, found = self.phones["alice"], []
        data = alice.request("MESSAGE", "sip:300@home.test", [], "supper")
        self.barn.receive(data, alice.flow.host)
        for _ in range(40):
            for name, messages in self.advance(100).items():
                if [one for one in messages if isinstance(one, message.Request)]:
                    found.append(name)
                    self.answer(name, 200, "MESSAGE")
        self.assertEqual(sorted(found), ["bob", "carol", "dave"])

    def test_who_writes_to_a_group_of_another_house_gets_no_copy(self):
        self.build(
            GROUP, farm="config contact\n\toption number 500\n\toption address sip:all@OTHER\n"
        )
        self.assertEqual(sorted(self.text("carol", "500")[1]), ["alice", "bob"])

    def test_who_may_call_the_house_alone_writes_to_no_member_of_another_house(self):
        self.build(GROUP)
        self.barn.engine.node.settings.users["alice"].may_call = "house"
        self.assertEqual(self.text("alice", "300"), (202, {"bob": b"supper is ready"}))

    def test_each_delivery_and_display_is_told_to_who_sent_it(self):
        self.build(GROUP)
        self.text("alice", "300", CPIM, "message/cpim")
        self.barn.receive(self.phones["bob"].answer(200, "MESSAGE"), self.phones["bob"].flow.host)
        notice = self.got()[1]["alice"]
        self.assertIn(b"<delivered/>", notice)
        self.assertIn(b"<recipient-uri>sip:bob@home.test</recipient-uri>", notice)
        carol = self.phones["carol"]
        sender = carol.asked["MESSAGE"].from_.uri_bytes.decode()
        data = carol.request("MESSAGE", sender, ["Content-Type: message/cpim"], "<displayed/>")
        self.farm.receive(data, carol.flow.host)
        self.assertEqual(self.got()[1]["alice"], b"<displayed/>")

    def test_nobody_but_the_members_has_it_and_an_empty_group_says_so(self):
        self.build("config group\n\toption name none\n\toption extension 310\n\tlist member bob\n")
        self.assertEqual(self.text("bob", "310"), (202, {}))
        self.assertEqual(self.text("alice", "310"), (202, {"bob": b"supper is ready"}))


if __name__ == "__main__":
    unittest.main()
