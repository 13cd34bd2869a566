"""A household for the pages, of real engines: who lives here, who calls, what became of it.

What the pages are told is asked of these engines at that moment; nothing is written by hand. Two
houses are joined by a mesh and carry sound; a third has no keys; strangers knock.
"""

from bellhop.effects import Flow
from bellhop.errors import BellhopError
from bellhop.media import trust
from tests.support.exchange import Phone
from tests.support.town import Town
from tests.unit.features.media.test_calls import KIND, SoundHouse, sdp

# Whoever shows this must show it as text.
EVIL = '<img src=x onerror="document.body.dataset.hurt=1"><b>bold</b>'
HOME, FARM, SHED = "10.0.1.1", "10.0.2.1", "10.0.3.1"
# How well a call is known, and who is called for it, in the other house.
FAR = {
    trust.ENCRYPTED: "kim", trust.KNOWN: "carol", trust.COMPARED: "lee", trust.CHANGED: "mia",
    trust.DIFFERENT: "ned",
}  # fmt: skip
PEOPLE = """
config user
	option name alice
	option display_name 'Alice'
	option extension 201
	option password x
config user
	option name bob
	option display_name '%(bob)s'
	option extension 202
	option password x
config user
	option name dora
	option display_name 'Dora'
	option extension 203
	option password x
config group
	option name family
	option display_name 'Family'
	option extension 200
	list member alice
	list member bob
config contact
	option name 'Gran'
	option number 71
	option address 'sip:carol@farm'
config box
	option name work
	option user alice
"""
CSV = 'name,number,address\n"%s",88,sip:eve@far.test\n'


class Room:
    """A phone with an address of its own, at a house."""

    def __init__(self, house, user, host, agent):
        self.house = house
        self.host = host
        where = Flow("udp", 0, host, 5060, 0, "")
        self.phone = Phone(user + host, user, where, password=b"x")
        agent = ["User-Agent: " + agent]
        self.say(self.phone.request("REGISTER", "sip:home.test", agent))
        self.say(self.phone.proven("REGISTER"))

    def hear(self):
        """Take what was sent to the phone."""
        for flow, data in self.house.phones:
            if flow.host == self.host:
                self.phone.hear(data)

    def say(self, data):
        """Send something, and hear what comes back."""
        self.house.receive(data, self.host)
        self.hear()

    def dial(self, target):
        """Begin a call with sound."""
        self.phone.dialog = None
        self.say(self.phone.request("INVITE", target, [KIND], sdp(self.host)))

    def answer(self, status):
        """Answer what rings."""
        self.hear()
        sound = ([KIND], sdp(self.host)) if status == 200 else ((), "")
        self.say(self.phone.answer(status, "INVITE", *sound))

    def acknowledge(self):
        """Confirm the final answer."""
        self.hear()
        self.say(self.phone.acknowledge())


class Scene:
    """The household. home: the node that the pages show; bob: what he and his phone are called."""

    def __init__(self, bob=EVIL):
        self.people = PEOPLE % {"bob": bob}
        self.town = Town()
        self.town.publics = {}
        self.home = SoundHouse(self.town, HOME, "home", [], ["enabled 1\n" + self.people])
        far = [(name, str(401 + number)) for number, name in enumerate(FAR.values())]
        self.farm = SoundHouse(self.town, FARM, "farm", far)
        self.shed = SoundHouse(self.town, SHED, "shed", [("sam", "501")], suites=None)
        self.town.cable(self.home, self.farm)
        self.town.cable(self.farm, self.shed)
        self.rooms = {}
        for house, names in (
            (self.home, ("alice", "bob")), (self.farm, FAR.values()), (self.shed, ("sam",)),
        ):  # fmt: skip
            for name in names:
                agent = bob if name == "bob" else "Yealink SIP-T31P 124.86.0.40"
                host = "10.0.9.%d" % (len(self.rooms) + 1)
                self.rooms[name] = Room(house, name, host, agent)
        self.town.advance(4000)
        other = {"contact": FAR[trust.CHANGED] + "@farm", "key": "00" * 32, "mark": "",
                 "calls": 1, "changed": 0}  # fmt: skip
        self.home.engine.restore("trust", [other], self.town.now)
        self.ask("import-phonebook", csv=CSV % bob.replace('"', '""'))
        self.past()
        self.present()

    def ask(self, verb, **given):
        """Return the answer of the home's node to a verb, as it stands on the bus."""
        try:
            answer, effects = self.home.engine.answer(verb, given, self.town.now)
        except BellhopError as error:
            return {"error": {"message": str(error)}}
        self.home.perform(effects)
        return answer

    def connect(self, caller, called, target):
        """Bring a call up between two rooms; return its number at home."""
        self.rooms[caller].dial(target)
        self.rooms[called].answer(200)
        self.rooms[caller].acknowledge()
        self.rooms[called].hear()
        for house in self.town.houses.values():
            house.phones = []
        return str(self.ask("calls")["calls"][-1]["number"])

    def hang_up(self, name):
        """End a call from one side."""
        self.rooms[name].say(self.rooms[name].phone.within("BYE"))
        self.town.advance(2000)

    def past(self):
        """What was before: calls that were talked, missed, refused; strangers."""
        for level in (trust.KNOWN, trust.COMPARED):
            number = self.connect("alice", FAR[level], "sip:%s@home.test" % FAR[level])
            self.town.advance(61000)
            if level == trust.COMPARED:
                self.ask("verify", call=number, verdict="same")
            self.hang_up("alice")
        self.refused("alice", "sip:bob@home.test", "bob", 486)
        self.refused("alice", "sip:999@home.test")
        self.refused("alice", "sip:203@home.test")
        self.missed("carol", "sip:201@home.test")
        self.stranger()

    def refused(self, caller, target, called=None, status=0):
        """A call that comes to nothing."""
        self.rooms[caller].dial(target)
        if called:
            self.rooms[called].answer(status)
        self.rooms[caller].acknowledge()
        self.town.advance(40000)

    def missed(self, caller, target):
        """A call that rings until its caller gives up."""
        self.rooms[caller].dial(target)
        self.rooms["alice"].answer(180)
        self.town.advance(20000)
        self.rooms[caller].say(self.rooms[caller].phone.cancel())
        self.rooms["alice"].answer(487)
        self.town.advance(40000)

    def stranger(self):
        """Somebody from the Internet tries numbers."""
        phone = Phone("S", "%3Cb%3Escan", Flow("udp", 0, "203.0.113.66", 5070, 0, ""), "evil.test")
        for number in ("100", "0044123", "201"):
            self.home.receive(phone.request("INVITE", "sip:%s@10.0.1.1" % number), "203.0.113.66")
        self.town.advance(40000)

    def present(self):
        """What is now: a call of each kind."""
        for level, name in FAR.items():
            number = self.connect("alice", name, "sip:%s@home.test" % name)
            if level == trust.DIFFERENT:
                self.ask("verify", call=number, verdict="different")
        self.connect("alice", "sam", "sip:sam@home.test")
        self.connect("alice", "bob", "sip:202@home.test")
        self.rooms["bob"].dial("sip:201@home.test")
        self.town.advance(75000)
