"""Two houses of one domain in a mesh, contacts of each other, with a telephone for each user."""

import gc
import unittest

from bellhop.settings import reader
from bellhop.sip import message

from .exchange import Phone, flow
from .town import House, Town

NODE = """
config node
	option domain home.test
	list trusted 10.0.0.0/8
	option responders '%s'
config mesh
	option node_name %s
	option profile home
"""
USER = "config user\n\toption name %s\n\toption extension %s\n\toption password x\n"
CONTACT = "config contact\n\toption name %s\n\toption number %s\n\toption address 'sip:%s@%s'\n%s"
BARN = (("alice", "201"), ("bob", "202"))
FARM = (("carol", "301"), ("dave", "302"))


class TwoHouses(unittest.TestCase):
    """barn (alice, bob) and farm (carol, dave); each has the others as 4xx: 401, 402; 501, 502."""

    def build(self, barn="", farm="", contacts="\toption pickup house\n"):
        """Build both; barn, farm: more sections of each, contacts: lines of each contact."""
        self.town = None
        gc.collect()
        self.town = Town()
        self.texts = {
            "barn": NODE % ("", "barn") + "".join([USER % one for one in BARN]),
            "farm": NODE % ("dave", "farm") + "".join([USER % one for one in FARM]),
        }
        self.barn = House(self.town, "10.1.0.1", "barn", (), text=self._escaped("barn"))
        self.farm = House(self.town, "10.2.0.1", "farm", (), text=self._escaped("farm"))
        self.town.cable(self.barn, self.farm)
        self._reload(self.barn, "barn", FARM, self.farm, contacts, barn)
        self._reload(self.farm, "farm", BARN, self.barn, contacts, farm)
        self.phones = {}
        for house, net, users in ((self.barn, "10.1.0.", BARN), (self.farm, "10.2.0.", FARM)):
            for index, (name, _) in enumerate(users):
                phone = Phone(name, name, flow("%s%d" % (net, 10 + index)), password=b"x")
                phone.house = house
                self.phones[name] = phone
                self.send(name, phone.request("REGISTER", "sip:home.test"))
                self.send(name, phone.proven("REGISTER"))
        self.town.advance(6000)
        self.hear()

    def _escaped(self, name):
        return self.texts[name].replace("%", "%%") + "# %s %s %s\n"

    def _reload(self, house, name, others, other, contacts, more):
        """Give a house its contacts: keys are known once the nodes are made."""
        text = self.texts[name]
        for person, number in others:
            number = ("4" if name == "barn" else "5") + number[1:]
            text += CONTACT % (person, number, person, other.key(), contacts)
        text += more.replace("OTHER", other.key())
        settings = reader.parse(text, name)
        assert not settings.problems, [str(one) for one in settings.problems]
        house.perform(house.engine.reload(settings, self.town.now))

    def send(self, name, data):
        """Send octets of a phone; return the responses that it then hears."""
        phone = self.phones[name]
        phone.house.receive(data, phone.flow.host)
        return [one for one in self.hear().get(name, ()) if isinstance(one, message.Response)]

    def hear(self):
        """Let every phone hear what was sent to it; return {name: messages}."""
        heard = {}
        for name, phone in self.phones.items():
            rest = []
            for where, data in phone.house.phones:
                if where.host == phone.flow.host:
                    heard.setdefault(name, []).append(phone.hear(data))
                else:
                    rest.append((where, data))
            phone.house.phones[:] = rest
        return heard

    def call(self, name, number, method="INVITE", lines=(), body=""):
        """Dial; return the final response, or None."""
        target = "sip:" + (number if "@" in number else number + "@home.test")
        phone = self.phones[name]
        found = self.send(name, phone.request(method, target, lines, body))
        found = [one for one in found if one.status >= 200]
        return found[-1] if found else None

    def answer(self, name, status, method="INVITE", body=""):
        """Let a phone answer what it was asked last."""
        lines = ["Content-Type: application/sdp"] if body else []
        return self.send(name, self.phones[name].answer(status, method, lines, body))

    def advance(self, ms):
        """Let time pass; return {name: messages that phones heard}."""
        self.town.advance(ms)
        return self.hear()

    def rings(self, heard):
        """Return the names of the phones that were invited."""
        return sorted(
            name
            for name, found in heard.items()
            if [one for one in found if getattr(one, "method", None) == b"INVITE"]
        )

    def talks(self, name, other):
        """Tell whether a caller's phone has a 200 of what another phone answered."""
        got = self.phones[name].asked["response"]
        return got.status == 200 and self.phones[other].dialog is not None
