"""What the page of a member shows and does; nobody sees what is another's."""

import json

from bellhop.effects import Listener
from bellhop.errors import BellhopError, Refusal
from bellhop.features import catalogue
from bellhop.tu.calls import ANSWERED
from tests.support.carrier import Carrier, exchange, provider
from tests.support.members import PilotHouse

SIX = 10
ROUTES = """config route
	option prefix +49
	option minute 1.9
	option call 0
config route
	option prefix +33
	option refuse 1
"""


class Entering(PilotHouse):
    def test_a_link_lets_in_once_and_for_ten_minutes(self):
        token = self.ask("pilot-link", user="alice")["token"]
        self.assertEqual(len(token), 24)
        self.assertEqual(self.ask("pilot-enter", token=token, host="10.0.0.9")["user"], "alice")
        with self.assertRaises(BellhopError):
            self.ask("pilot-enter", token=token, host="10.0.0.9")
        late = self.ask("pilot-link", user="alice")["token"]
        self.exchange.advance(600001)
        with self.assertRaises(BellhopError):
            self.ask("pilot-enter", token=late, host="10.0.0.9")

    def test_a_link_is_whole_with_the_address_that_people_in_the_house_reach(self):
        hosts = ["2001:db8::5", "127.0.0.1", "203.0.113.5", "fe80::1%eth0", "192.168.1.1"]
        wanted = ["192.168.1.1", "203.0.113.5", "[2001:db8::5]", "127.0.0.1"]
        for shown in wanted:
            self.exchange.node.listen([Listener("udp", host, 5060) for host in hosts] + [None])
            told = self.ask("pilot-link", user="alice")
            self.assertEqual(told["url"], "http://%s:8086/#in=%s" % (shown, told["token"]))
            hosts.remove(shown.strip("[]"))
        self.exchange.node.listen([])
        self.assertEqual(self.ask("pilot-link", user="alice")["url"], "")

    def test_a_link_is_by_tls_where_the_page_is_by_tls_alone(self):
        self.exchange.node.settings.http_port = 0
        told = self.ask("add-phone", user="alice", kind="linphone", name="")
        self.assertEqual(told["url"][:8], "https://")
        self.assertTrue(told["url"].endswith(":8443" + told["path"]))

    def test_name_or_number_and_the_password_of_the_phone_let_in(self):
        for name in ("alice", "Alice", " 201 "):
            found = self.ask("pilot-enter", user=name, password="wonderland", host="10.0.0.9")
            self.assertEqual(found, {"user": "alice", "rights": "full"})

    def test_who_has_no_page_gets_neither_link_nor_in(self):
        with self.assertRaises(BellhopError):
            self.ask("pilot-link", user="carol")
        with self.assertRaises(BellhopError):
            self.ask("pilot-enter", user="carol", password="christmas", host="10.0.0.9")

    def test_ten_wrong_passwords_in_an_hour_are_all_for_an_address(self):
        for _ in range(SIX):
            with self.assertRaises(BellhopError):
                self.ask("pilot-enter", user="alice", password="wrong", host="10.0.0.9")
        with self.assertRaises(BellhopError) as refused:
            self.ask("pilot-enter", user="alice", password="wonderland", host="10.0.0.9")
        self.assertIn("an hour", str(refused.exception))
        self.ask("pilot-enter", user="alice", password="wonderland", host="172.16.3.1")
        self.exchange.advance(3600000)
        self.ask("pilot-enter", user="alice", password="wonderland", host="10.0.0.9")

    def test_ten_thousand_guesses_fill_no_table(self):
        for number in range(10000):
            with self.assertRaises(BellhopError):
                host = "10.%d.%d.9" % (number // 250, number % 250)
                self.ask("pilot-enter", token="guess%d" % number, host=host)
        self.assertLessEqual(len(self.exchange.node.rates.buckets), 1024)
        self.assertEqual(self.ask("status")["counters"]["page"]["refused"], 10000)


class Calling(PilotHouse):
    def test_both_see_a_call_that_rings_and_nobody_else(self):
        self.invite("alice", "202")
        self.answer("bob", 180)
        (mine,) = self.ask("my-calls", user="alice")["calls"]
        (his,) = self.ask("my-calls", user="bob")["calls"]
        self.assertEqual(
            (mine["incoming"], mine["state"], mine["number"]), (False, "ringing", "202")
        )
        self.assertEqual(
            (his["incoming"], his["state"], his["name"]), (True, "ringing", "Alice A.")
        )
        self.assertEqual(his["safety"], "house")
        self.assertEqual(self.ask("my-calls", user="carol")["calls"], [])

    def test_a_call_that_was_declined_on_the_page_finds_its_callee_busy(self):
        self.ask("set-wish", user="bob", wish="forward_busy", value="203")
        self.invite("alice", "202")
        self.answer("bob", 180)
        call = self.ask("my-calls", user="bob")["calls"][0]["call"]
        self.ask("decline", user="bob", call=call)
        self.assertIn("bob", self.arrived(b"CANCEL"))
        self.answer("bob", 487)
        self.assertIn("carol", self.arrived(b"INVITE"))

    def test_without_a_forward_the_caller_hears_that_it_was_declined(self):
        self.invite("alice", "202")
        self.answer("bob", 180)
        self.ask("my-hangup", user="bob", call=self.ask("my-calls", user="bob")["calls"][0]["call"])
        self.answer("bob", 487)
        self.assertEqual(self.status("alice").status, 603)
        (row,) = self.ask("my-history", user="bob")["history"]
        self.assertEqual((row["how"], row["incoming"]), ("declined", True))

    def test_nobody_ends_or_declines_the_call_of_others(self):
        self.invite("alice", "202")
        self.answer("bob", 180)
        call = self.ask("my-calls", user="alice")["calls"][0]["call"]
        for verb in ("my-hangup", "decline"):
            with self.assertRaises(BellhopError):
                self.ask(verb, user="carol", call=call)
        with self.assertRaises(BellhopError):
            self.ask("decline", user="alice", call=call)

    def test_a_call_is_ended_at_both_phones(self):
        self.invite("alice", "202")
        self.answer("bob", 200)
        (row,) = self.ask("my-calls", user="bob")["calls"]
        self.assertEqual(row["state"], ANSWERED)
        self.ask("my-hangup", user="alice", call=row["call"])
        self.assertEqual(set(self.arrived(b"BYE")), {"alice", "bob"})
        (past,) = self.ask("my-history", user="bob")["history"]
        self.assertEqual(past["how"], "talked")

    def test_a_missed_call_is_one_for_the_called_alone(self):
        self.invite("alice", "202")
        self.answer("bob", 486)
        (his,) = self.ask("my-history", user="bob", missed="1")["history"]
        self.assertEqual(his["how"], "missed")
        (mine,) = self.ask("my-history", user="alice")["history"]
        self.assertEqual(mine["how"], "not answered")
        self.assertEqual(self.ask("my-history", user="alice", missed="1")["history"], [])
        self.assertEqual(self.ask("my-history", user="carol")["history"], [])

    def test_history_is_read_in_pages(self):
        for _ in range(120):
            self.invite("alice", "202")
            self.answer("bob", 486)
        first = self.ask("my-history", user="bob")["history"]
        rest = self.ask("my-history", user="bob", before=str(first[-1]["id"]))["history"]
        self.assertEqual((len(first), len(rest)), (100, 20))
        self.assertEqual(len({row["id"] for row in first + rest}), 120)
        for before in (5000 * "9", "\xb2", "-1", "x"):
            self.assertEqual(self.ask("my-history", user="bob", before=before)["history"], [])


class Groups(PilotHouse):
    more = """
config group
	option name all
	option extension 300
	list member bob
	list member carol
"""

    def test_who_was_rung_along_learns_that_it_was_taken_elsewhere_and_no_more(self):
        self.invite("alice", "300")
        self.answer("bob", 180)
        self.answer("carol", 180)
        self.assertEqual(len(self.ask("my-calls", user="carol")["calls"]), 1)
        self.answer("bob", 200)
        self.assertEqual(self.ask("my-calls", user="carol")["calls"], [])
        call = self.ask("my-calls", user="bob")["calls"][0]["call"]
        self.ask("my-hangup", user="bob", call=call)
        (row,) = self.ask("my-history", user="carol")["history"]
        self.assertEqual(
            (row["how"], row["talked"], row["safety"]), ("answered elsewhere", None, None)
        )
        self.assertNotIn("bob", json.dumps(row))


class People(PilotHouse):
    def test_own_contacts_stand_first_and_are_nobody_elses(self):
        self.ask("set-contact", user="alice", name="Zoë", number="0301234")
        names = [row["name"] for row in self.ask("book", user="alice")["book"]]
        self.assertEqual(names, ["Zoë", "Alice A.", "bob", "carol", "Gran"])
        self.assertNotIn("Zoë", [row["name"] for row in self.ask("book", user="bob")["book"]])
        (own,) = [row["own"] for row in self.ask("book", user="alice", search="zo")["book"]]
        self.ask("set-contact", user="alice", id=own)
        self.assertEqual(self.ask("book", user="alice", search="zo")["book"], [])

    def test_own_contacts_outlive_a_restart(self):
        self.ask("set-contact", user="alice", name="Zoë", number="0301234")
        pilot = self.exchange.engine.features["pilot"]
        rows = json.loads(json.dumps(pilot._dump(0)))
        pilot.contacts = {}
        self.exchange.engine.restore("contacts", rows, self.exchange.now)
        self.assertEqual(
            self.ask("book", user="alice", search="zo")["book"][0]["number"], "0301234"
        )

    def test_a_contact_without_a_number_is_refused_and_there_is_a_bound(self):
        with self.assertRaises(BellhopError):
            self.ask("set-contact", user="alice", name="Zoë", number="")
        for number in range(200):
            self.ask("set-contact", user="alice", name="n%d" % number, number=str(number))
        with self.assertRaises(BellhopError):
            self.ask("set-contact", user="alice", name="more", number="1")

    def test_wishes_are_ones_own_and_loops_are_refused_in_words(self):
        self.ask("set-my-wishes", user="alice", wish="forward_always", value="202")
        self.assertEqual(self.ask("my-wishes", user="alice")["in_force"]["forward_always"], "202")
        self.assertEqual(self.ask("my-wishes", user="bob")["in_force"]["forward_always"], "")
        with self.assertRaises(BellhopError) as refused:
            self.ask("set-my-wishes", user="bob", wish="forward_always", value="201")
        self.assertEqual(
            str(refused.exception), "calls would go in a circle: alice forwards to 202"
        )

    def test_without_a_provider_what_is_free_is_free_and_the_rest_goes_nowhere(self):
        free = {"provider": "", "minute": 0, "call": 0}
        for number in ("202", "sip:bob@home.test", "71", "112", "carol", "sip:x@far.test"):
            self.assertEqual(self.ask("price", user="alice", to=number), free)
        for verb, given, word in (
            ("price", {"to": "+49891"}, "no provider"),
            ("price", {"to": "@"}, "no number"),
            ("price", {}, "no number"),
            ("balance", {}, "no provider"),
            ("my-voice", {}, "no voice"),
        ):
            with self.assertRaises(Refusal) as refused:
                self.ask(verb, user="alice", **given)
            self.assertEqual(refused.exception.word, word)

    def test_the_price_is_that_of_the_provider_that_would_be_asked_first(self):
        made = exchange(provider() + ROUTES)
        catalogue.join_pilot(made.engine)
        Carrier(made).register()

        def ask(verb, **given):
            return made.engine.answer(verb, dict(given, user="alice"), made.now)[0]

        known = {"provider": "tel", "minute": 1900, "call": 0}
        self.assertEqual(ask("price", to="+49 (89) 22 22"), known)
        self.assertEqual(ask("price", to="089-2222"), known)
        unknown = {"provider": "tel", "minute": None, "call": None}
        self.assertEqual(ask("price", to="+12125551234"), unknown)
        self.assertEqual(ask("price", to="bob")["provider"], "")
        for verb, word in (("price", "no provider"), ("balance", "no balance")):
            with self.assertRaises(Refusal) as refused:
                ask(verb, **({"to": "+33122334455"} if verb == "price" else {}))
            self.assertEqual(refused.exception.word, word)

    def test_a_call_that_nobody_took_says_why_in_one_of_a_few_words(self):
        for status, why in ((404, "nobody has it"), (486, "busy"), (480, "not there"),
                            (408, "no answer"), (603, "refused"), (500, "failed")):  # fmt: skip
            self.invite("alice", "202")
            self.answer("bob", status)
            row = self.ask("my-history", user="alice")["history"][0]
            self.assertEqual((row["how"], row["why"]), ("not answered", why))
            self.assertEqual(self.ask("my-history", user="bob")["history"][0]["why"], "")
