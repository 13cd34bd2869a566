"""Numbers that are looked up without the directory's seeing which: when, how often, what counts."""

import unittest

from bellhop.effects import Ask, Errand
from bellhop.errors import BellhopError
from bellhop.features.dns.accounts import Accounts
from bellhop.features.dns.blindly import AT_ONCE, KEPT_DAYS, Blindly
from bellhop.features.dns.directories import Directories
from bellhop.features.dns.errands import MOST, Errands
from bellhop.features.dns.numbers import Numbers
from bellhop.features.dns.questions import Questions
from bellhop.features.dns.reach import Reach
from bellhop.names import keys, statement
from bellhop.names.answer import SECURE, Answer
from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings
from tests.unit.features.test_dns import USERS
from tests.unit.mesh.network import TOY

SEED, TODAY = b"d" * 32, 20000
GRAN, NOBODY = "+49301234", "+49309999"
BOOK = "config contact\n	option name Gran\n	option number '%s'\n" % GRAN
BOOK += "config contact\n	option name Nobody\n	option number '%s'\n" % NOBODY
PRIVATE, WANTED = "	option lookup private\n", "	option book 1\n"


def said(name, address=b"sip:gran@far.test", until=TODAY + 30):
    one = statement.Statement(b"dir.test", until, b"k" * 32, name.encode(), 0, address, b"")
    return statement.write(one, lambda data: TOY.sign(SEED, data))


class Asking(Exchange):
    """A house of which a user is published in a directory, and its errands."""

    def __init__(self, more=""):
        self.asked, self.errands = [], []
        Exchange.__init__(self, settings("list trusted 10.0.0.0/24\n", users=USERS + more))
        questions, book = Questions(), self.engine.features["phonebook"].entries
        directories = Directories(self.node, questions, TOY)
        directories.known[b"dir.test"] = TOY.public_key(SEED)
        about = statement.Directory(TOY.public_key(SEED), b"https://dir.test", b"t" * 32)
        directories.about[b"dir.test"] = about
        directories.own["bob"] = said("+49301111")
        directories.today = TODAY
        self.directories = directories
        self.blindly = Blindly(self.node, directories, Errands())
        numbers = Numbers(self.node, questions, lambda number: False, [self.blindly])
        self.accounts = Accounts(self.node, self.blindly.errands)
        self.reach = Reach(self.node, questions, numbers, book)
        for one in (directories, self.blindly, self.blindly.errands, numbers, self.reach):
            self.engine.join(one)
        self.engine.join(self.accounts)
        telephone(self, "bob", "bob", "10.0.0.3")
        del self.sent[:]

    def take(self, effects):
        self.asked += [one for one in effects if isinstance(one, Ask)]
        self.errands += [one for one in effects if isinstance(one, Errand)]
        return Exchange.take(self, effects)

    def dial(self, number):
        target = "sip:%s@home.test" % number
        data = request("INVITE", target, to="<%s>" % target)
        self.receive(data, flow("10.0.0.3", 5060))

    def answer(self, **fields):
        """Answer the oldest errand."""
        number = self.errands.pop(0).number
        self.take(self.engine.hear("errands", "told", number, fields, self.now))

    def deny(self):
        """The DNS knows nothing of what it was asked."""
        for one in list(self.asked):
            found = Answer(SECURE, (), "")
            self.take(self.engine.hear("dns", "answered", one.number, found, self.now))
        del self.asked[:]


def base64(octets):
    return keys.base64(octets).decode()


class BlindlyTest(unittest.TestCase):
    def test_an_unlisted_number_is_found_after_the_dns(self):
        exchange = Asking()
        exchange.dial(GRAN)
        self.assertEqual(exchange.errands, [])
        exchange.deny()
        fields = exchange.errands[0].fields
        self.assertEqual((fields["user"], fields["names"]), ("bob", [GRAN]))
        exchange.answer(found={GRAN: base64(said(GRAN))})
        self.assertEqual([one.host for one in exchange.questions], [b"far.test"])

    def test_privately_no_directory_sees_the_number_in_the_dns(self):
        exchange = Asking(PRIVATE)
        exchange.dial(GRAN)
        self.assertEqual([one.name.count("dir.test") for one in exchange.asked], [0])
        exchange.deny()
        exchange.answer(found={GRAN: ""})
        statuses = [message.parse(one.data).status for _, one in exchange.sent]
        self.assertEqual(statuses[-1], 404)
        exchange.dial(GRAN)
        exchange.deny()
        self.assertEqual(exchange.errands, [])

    def test_a_statement_that_is_not_the_directorys_counts_nothing(self):
        for octets in (
            said(GRAN)[:-1], said(GRAN, until=TODAY - 1), b"", said(GRAN, address=b""),
        ):  # fmt: skip
            exchange = Asking()
            exchange.dial(GRAN)
            exchange.deny()
            exchange.answer(found={GRAN: base64(octets)})
            self.assertEqual(exchange.questions, [])

    def test_the_book_is_asked_blindly_where_the_directory_can(self):
        exchange = Asking(WANTED + BOOK)
        exchange.take(exchange.engine.start(exchange.now))
        exchange.answer(accounts=[])
        exchange.advance(60000)
        self.assertEqual(exchange.errands[0].fields["names"], [GRAN, NOBODY])
        exchange.answer(found={GRAN: base64(said(GRAN)), NOBODY: ""})
        found = [(row["name"], row["proved"]) for row in exchange.reach.found()]
        self.assertEqual(found, [("Gran", True)])
        exchange.advance(600000)
        self.assertEqual(exchange.errands, [])
        exchange.directories.today += KEPT_DAYS
        exchange.advance(600000)
        self.assertEqual(len(exchange.errands), 1)

    def test_a_directory_that_cannot_is_asked_in_the_dns(self):
        exchange = Asking(WANTED + BOOK)
        exchange.take(exchange.engine.start(exchange.now))
        exchange.answer(accounts=[])
        exchange.advance(60000)
        exchange.answer(problem="the directory answers 404", is_plain=True)
        exchange.advance(200000)
        self.assertTrue(exchange.asked and not exchange.errands)

    def test_an_answer_outlives_a_restart(self):
        exchange = Asking()
        self.assertEqual(exchange.blindly.look([GRAN], lambda now: [], 0)[0].job, "find")
        kept = exchange.engine.hear("errands", "told", 1, {"found": {GRAN: base64(said(GRAN))}}, 0)
        records = kept[0].read(0)
        other = Asking()
        other.engine.restore("blindly", records, 0)
        self.assertEqual(other.blindly.found(GRAN).address, b"sip:gran@far.test")
        self.assertEqual(other.blindly.look([GRAN], lambda now: ["on"], 0), ["on"])

    def test_without_a_clock_or_a_published_name_nobody_is_asked(self):
        exchange = Asking()
        exchange.directories.today = None
        self.assertEqual(exchange.blindly.look([GRAN], lambda now: [], 0), [])
        exchange = Asking()
        exchange.directories.own = {}
        self.assertEqual(exchange.blindly.look([GRAN], lambda now: [], 0), [])

    def test_what_waits_and_what_is_kept_have_an_end(self):
        exchange = Asking()
        numbers = ["+4930%06d" % at for at in range(1000)]
        for _ in range(MOST):
            effects = exchange.blindly.look(numbers, lambda now: [], 0)
            self.assertEqual(len(effects[0].fields["names"]), AT_ONCE)
        self.assertEqual(len(exchange.blindly.look(numbers, lambda now: ["on"], 0)), 2)
        for at in range(0, 1000, AT_ONCE):
            exchange.blindly._keep(dict.fromkeys(numbers, ""), numbers[at : at + AT_ONCE])
        self.assertEqual(len(exchange.blindly.rows), 512)

    def test_a_page_gets_a_number_step_by_step(self):
        exchange = Asking()
        self.assertEqual(exchange.accounts.show({}, 0), {"accounts": []})
        told, effects = exchange.accounts.go({"user": "bob", "number": GRAN}, 0)
        self.assertEqual((told, effects[0].job), ({"user": "bob"}, "number"))
        self.assertEqual(effects[0].fields["code"], "")
        with self.assertRaises(BellhopError):
            exchange.accounts.go({"user": "bob", "code": "1"}, 0)
        self.assertTrue(exchange.accounts.show({}, 0)["accounts"][0]["is_busy"])
        answer = {"waits": True, "is_done": False, "number": GRAN, "told": [], "problem": ""}
        exchange.engine.hear("errands", "told", 1, answer, 0)
        row = exchange.accounts.show({}, 0)["accounts"][0]
        self.assertEqual((row["waits"], row["is_busy"], row["user"]), (True, False, "bob"))
        effects = exchange.accounts.go({"user": "bob", "code": "12345678"}, 0)[1]
        self.assertEqual(effects[0].fields["code"], "12345678")
        with self.assertRaises(BellhopError):
            exchange.accounts.go({"user": "nobody"}, 0)


if __name__ == "__main__":
    unittest.main()
