"""A house whose members have pages: alice (all of it), bob (to look at), carol (none)."""

import unittest

from bellhop.features import catalogue
from bellhop.sip import message

from .exchange import Exchange, telephone
from .messages import settings

USERS = """
config user
	option name alice
	option display_name 'Alice A.'
	option extension 201
	option password wonderland
config user
	option name bob
	option extension 202
	option password builder
	option pilot see
config user
	option name carol
	option extension 203
	option password christmas
	option pilot no
config contact
	option name Gran
	option number 71
	option address sip:gran@far.test
"""
HOSTS = {"alice": "10.0.0.2", "bob": "10.0.0.3", "carol": "10.0.0.4"}


class PilotHouse(unittest.TestCase):
    """phones: name -> Phone, each registered."""

    node = "list trusted 10.0.0.0/24\n"
    more = ""

    def setUp(self):
        self.exchange = Exchange(settings(self.node, self.more, USERS))
        catalogue.join_pilot(self.exchange.engine)
        self.phones = {
            name: telephone(self.exchange, name, name, HOSTS[name]) for name in sorted(HOSTS)
        }

    def ask(self, verb, **arguments):
        """Return the answer to a verb; its effects are carried out."""
        answer, effects = self.exchange.engine.answer(verb, arguments, self.exchange.now)
        self.exchange.take(effects)
        return answer

    def invite(self, caller, target):
        """Let a phone call; return the INVITEs that reach other phones."""
        phone = self.phones[caller]
        self.exchange.receive(phone.request("INVITE", "sip:%s@home.test" % target), phone.flow)
        return self.arrived(b"INVITE")

    def arrived(self, method):
        """Return {name: request} of the last request of a method that reached each phone."""
        found = {}
        for _, send in self.exchange.sent:
            request = message.parse(send.data)
            if isinstance(request, message.Request) and request.method == method:
                for name in HOSTS:
                    if HOSTS[name] == send.flow.host:
                        self.phones[name].hear(send.data)
                        found[name] = request
        return found

    def answer(self, name, status):
        """Let a phone answer the INVITE that rings there."""
        phone = self.phones[name]
        self.exchange.receive(phone.answer(status, "INVITE"), phone.flow)

    def status(self, name):
        """Return the last final status that reached a phone for its INVITE, or None."""
        found = None
        for _, send in self.exchange.sent:
            response = message.parse(send.data)
            is_answer = isinstance(response, message.Response) and send.flow.host == HOSTS[name]
            if is_answer and response.cseq[1] == b"INVITE" and response.status >= 200:
                found = response
        return found
