"""A house whose phones do whatever people do with them: whole lives of it, on a fake clock.

`STEPS` names what may be done; `live` does some of it, and tells what is wrong afterwards: a phone
rings for a call that is over, a call goes in a circle, a call for help rings nowhere.
"""

import json

from bellhop.effects import Commit, Send, Store
from bellhop.errors import BellhopError
from bellhop.features import catalogue
from bellhop.sip import message
from tests.support.exchange import Phone
from tests.support.messages import LISTENERS, Tokens, flow, settings

NAMES = ("alice", "bob", "carol", "dora")
NODE = "list trusted 10.0.0.0/24\noption responders carol\noption ring_seconds 60\n"
USER = "config user\n\toption name %s\n\toption extension 20%d\n\toption password x\n"
GROUPS = (
    "config group\n\toption name all\n\toption extension 300\n\tlist member alice\n"
    "\tlist member bob\n\tlist member more\n\toption overflow 204\n"
    "config group\n\toption name more\n\toption extension 301\n\tlist member dora\n"
    "\toption strategy rotating\n\toption ring_each 5\n\toption overflow 300\n"
)
# A call may ring so often, all its forwards and groups together.
MOST_INVITES = 40
LONG = 400000  # Longer than any call rings here, parked ones too.


class Telephone:
    """One phone: what rings at it, and its own calls that have no final answer yet.

    rings: branch -> INVITE; calls: Call-ID -> the INVITE that it sent; talks: 2xx that it got.
    """

    def __init__(self, world, name, host):
        self.world, self.name = world, name
        self.sip = Phone(name, name, flow(host), password=b"x")
        self.rings, self.calls, self.talks = {}, {}, {}

    def send(self, data):
        self.world.receive(data, self.sip.flow)

    def take(self, data):
        """Do what a phone does with what it hears."""
        heard = self.sip.hear(data)
        if isinstance(heard, message.Response):
            self.answered(heard)
            return
        branch = heard.via.branch
        if heard.method == b"INVITE" and branch not in self.rings:
            self.world.invites[heard.call_id] = self.world.invites.get(heard.call_id, 0) + 1
            self.rings[branch] = heard
            self.reply(heard, 180)
        elif heard.method == b"CANCEL":
            self.reply(heard, 200)
            if branch in self.rings:
                self.reply(self.rings.pop(branch), 487)
        elif heard.method not in (b"INVITE", b"ACK"):
            self.reply(heard, 200)

    def answered(self, response):
        if response.cseq[1] != b"INVITE" or response.status < 200:
            return
        asked = self.calls.pop(response.call_id, None)
        if asked is None:
            return
        self.sip.sent["INVITE"] = asked
        self.sip.asked["response"] = response
        if response.status < 300:
            self.talks[response.call_id] = response
            self.sip.dialog = None
            self.sip.hear(response.write())
        self.send(self.sip.acknowledge())

    def reply(self, request, status):
        self.sip.asked["request"] = request
        self.send(self.sip.answer(status))

    def dial(self, number):
        data = self.sip.request("INVITE", "sip:%s@home.test" % number)
        asked = message.parse(data)
        self.calls[asked.call_id] = asked
        self.send(data)

    def give_up(self):
        """Cancel the oldest own call that has no answer."""
        for asked in list(self.calls.values())[:1]:
            self.sip.sent["INVITE"] = asked
            self.send(self.sip.cancel())

    def decide(self, status):
        """Answer the oldest call that rings."""
        for branch in list(self.rings)[:1]:
            self.reply(self.rings.pop(branch), status)

    def hang_up(self):
        for call_id in list(self.talks)[:1]:
            response = self.talks.pop(call_id)
            self.sip.dialog = None
            self.sip.hear(response.write())
            self.send(self.sip.within("BYE"))


class World:
    """A house and its phones on a fake clock; what was kept outlives a restart."""

    def __init__(self):
        self.now, self.tokens = 1000, Tokens()
        users = "".join([USER % (name, at + 1) for at, name in enumerate(NAMES)])
        self.settings = lambda: settings(NODE, users=users, more=GROUPS)
        self.kept, self.invites, self.queue, self.is_busy = {}, {}, [], False
        self.engine = self.begin()
        self.phones = {}
        for at, name in enumerate(NAMES):
            phone = self.phones[name] = Telephone(self, name, "10.0.0.%d" % (2 + at))
            phone.send(phone.sip.request("REGISTER", "sip:home.test"))
            phone.send(phone.sip.proven("REGISTER"))

    def begin(self):
        """Start the node with what was kept."""
        engine = catalogue.node(self.settings(), self.tokens, self.now)
        engine.listen(LISTENERS, self.now)
        for name, records in self.kept.items():
            engine.restore(name, json.loads(records), self.now)
        self.engine = engine
        self.perform(engine.start(self.now))
        return engine

    def restart(self):
        self.begin()

    def receive(self, data, source):
        self.perform(self.engine.receive(data, source, self.now))

    def perform(self, effects):
        """Carry out effects; phones hear in the order in which it was said."""
        for effect in effects:
            if isinstance(effect, Store):
                self.keep(effect)
            elif isinstance(effect, Commit):
                self.keep(effect.store)
                self.perform(self.engine.kept(effect.number, "", self.now))
            elif isinstance(effect, Send):
                self.queue.append(effect)
        if self.is_busy:
            return
        self.is_busy = True
        while self.queue:
            effect = self.queue.pop(0)
            for phone in self.phones.values() if hasattr(self, "phones") else ():
                if phone.sip.flow == effect.flow:
                    phone.take(effect.data)
        self.is_busy = False

    def keep(self, store):
        if callable(store.changes):
            store.changes(self.now)
        self.kept[store.name] = json.dumps(store.read(self.now))

    def advance(self, ms):
        end = self.now + ms
        deadline = self.engine.next_deadline()
        while deadline is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.perform(self.engine.fire(self.now))
            deadline = self.engine.next_deadline()
        self.now = end

    def wish(self, user, wish, value):
        arguments = {"user": user, "wish": wish, "value": value}
        try:
            self.perform(self.engine.answer("set-wish", arguments, self.now)[1])
        except BellhopError:
            pass  # A circle: it is told at once.

    def order(self, verb, user):
        """Let a page take or end the oldest call."""
        for call in sorted(self.engine.node.calls.live.values(), key=lambda one: one.number)[:1]:
            arguments = {"call": str(call.number)}
            arguments.update({"user": user} if verb == "take" else {})
            try:
                self.perform(self.engine.answer(verb, arguments, self.now)[1])
            except BellhopError:
                pass


PLACES = ("201", "202", "203", "204", "300", "301")
CODES = ("*8", "*8201", "*8300", "*51", "*52", "*37", "%2337", "*69", "*68", "*30", "%2330", "*26",
         "%2326", "*45", "%2345", "%2321", "*21", "%2367", "*80202")  # fmt: skip
NUMBERS = PLACES * 4 + CODES + ("112", "299")
FORWARDS = ("forward_always", "forward_busy", "forward_noanswer", "forward_absent")
# What may be done: each a tuple of what stands for each of its parts.
STEPS = (
    (("dial",), NAMES, NUMBERS),
    (("dial",), NAMES, NUMBERS),
    (("code",), NAMES, ("*21*", "*67*", "*61*", "*62*"), PLACES),
    (("decide",), NAMES, (200, 200, 480, 486, 487, 500, 603)),
    (("give up",), NAMES),
    (("hang up",), NAMES),
    (("wish",), NAMES, FORWARDS, PLACES + ("",)),
    (("wish",), NAMES, ("dnd", "pause"), ("on", "off")),
    (("order",), ("take", "hangup"), NAMES),
    (("wait",), (100, 500, 3000, 26000, 70000, 200000)),
    (("restart",),),
)


def carry_out(world, step):
    """Do one step."""
    what, *rest = step
    if what == "wait":
        world.advance(rest[0])
    elif what == "restart":
        world.restart()
    elif what == "wish":
        world.wish(*rest)
    elif what == "order":
        world.order(*rest)
    elif what == "code":
        world.phones[rest[0]].dial(rest[1] + rest[2])
    else:
        phone = world.phones[rest[0]]
        doing = {"dial": phone.dial, "decide": phone.decide, "give up": phone.give_up,
                 "hang up": phone.hang_up}  # fmt: skip
        doing[what](*rest[1:])


def let_go(world):
    """All give up and hang up; then all that still waits has its time."""
    for phone in world.phones.values():
        for _ in range(len(phone.calls)):
            phone.give_up()
    world.advance(LONG)
    for phone in list(world.phones.values()) * 3:
        phone.hang_up()
    world.advance(LONG)


def live(steps):
    """Do some steps, let all end and call for help; return what is wrong, or ""."""
    world = World()
    for step in steps:
        carry_out(world, step)
    most = max(list(world.invites.values()) or [0])
    if most > MOST_INVITES:
        return "one call has rung %d times" % most
    let_go(world)
    # What a code makes the node dial may ring last of all: nobody takes it.
    ringing = [name for name, phone in world.phones.items() if phone.rings]
    if ringing:
        return "it rings for nobody at " + ", ".join(ringing)
    world.phones["alice"].dial("112")
    if not world.phones["carol"].rings:
        return "help was called and does not ring"
    world.phones["carol"].decide(200)
    return "" if world.phones["alice"].talks else "help has answered and is not heard"
