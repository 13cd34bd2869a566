"""Providers by name: a stand-in of each refuses what the provider refuses."""

import unittest

from bellhop.settings.presets import PRESETS
from tests.support.carrier import Carrier, exchange
from tests.support.exchange import telephone
from tests.support.messages import flow

SECTION = """
config provider
	option preset %s
	option username %s
	option password secret
	list number '%s'
	option ring bob
"""
PLACE = "config telephone\n\toption country %s\n\toption national '%s'\n"


def rules(**named):
    return named


# Preset -> what its stand-in insists on. account, number: the owner's; dialled: by a phone; uri,
# sender: users of the Request-URI and From that it takes; shown: the header with the number, and
# the user there; realm: that it asks by; transport; seconds: the longest registration it grants,
# least: the shortest.
RULES = {
    "telekom": rules(
        country=("49", "0"), account="+4930123456", number="030 123456", dialled="089654321",
        uri=b"+4989654321", sender=b"+4930123456", realm="tel.t-online.de", seconds=660,
    ),
    "sipgate-trunk": rules(
        country=("49", "0"), account="1234567t0", number="+4930123456", dialled="089654321",
        uri=b"4989654321", sender=b"1234567t0", realm="sipgate.de",
        shown=(b"p-preferred-identity", b"sip:4930123456@"),
    ),
    "dusnet": rules(
        country=("49", "0"), account="000387", number="030123456", dialled="004312345678",
        uri=b"+4312345678", sender=b"+4930123456", realm="proxy.dus.net", transport="udp",
    ),
    "dusnet-secure": rules(
        country=("49", "0"), account="000387", number="030123456", dialled="089654321",
        uri=b"+4989654321", sender=b"+4930123456", realm="secure.dus.net", transport="tls",
        srtp=True,
    ),
    "aaisp": rules(
        country=("44", "0"), account="+443333400000", number="+443333400000",
        dialled="02079460000", uri=b"+442079460000", sender=b"+443333400000",
        realm="voiceless.aa.net.uk", seconds=300,
    ),
    "ovh": rules(
        country=("33", "0"), account="0033972000000", number="0972000000", dialled="0145678901",
        uri=b"0033145678901", sender=b"0033972000000", realm="sip.ovh.fr", transport="udp",
        least=1800,
    ),
    "free": rules(
        country=("33", "0"), account="0954000000", number="0954000000", dialled="0145678901",
        uri=b"0145678901", sender=b"0954000000", realm="freephonie.net",
    ),
    "callcentric": rules(
        country=("1", "1"), account="17771234567", number="+12125550100", dialled="13125550100",
        uri=b"13125550100", sender=b"17771234567", realm="callcentric.com",
        shown=(b"p-asserted-identity", b"sip:12125550100@"),
    ),
    "telnyx": rules(
        country=("1", "1"), account="house1", number="+12125550100", dialled="13125550100",
        uri=b"+13125550100", sender=b"house1", realm="sip.telnyx.com",
        shown=(b"p-preferred-identity", b"sip:+12125550100@"),
    ),
}  # fmt: skip


class Stand(Carrier):
    """A provider's stand-in. wanted: a row of RULES."""

    def __init__(self, made, name, wanted):
        transport = wanted.get("transport", "udp")
        domain = str(PRESETS[name]["domain"])
        Carrier.__init__(self, made, domain=domain, transport=transport)
        self.asks = ("MD5", wanted["realm"])
        self.wanted = wanted
        self.account = wanted["account"].encode()

    def why_not(self, request):
        """Return why the provider refuses a request, or ""."""
        wanted = self.wanted
        if request.method == b"REGISTER":
            return self._why_no_registration(request)
        if request.parsed_uri.name != wanted["uri"]:
            return "404 %r" % request.uri
        if request.from_.uri.name != wanted["sender"] or request.from_.uri.host != self.host():
            return "403 From is %r" % request.from_.uri.write()
        name, value = wanted.get("shown", (b"from", b""))
        if value not in (request.value(name) or b""):
            return "403 no number in %r" % name
        return ""

    def host(self):
        return self.domain.encode()

    def _why_no_registration(self, request):
        if request.to.uri.name != self.account or request.uri != b"sip:" + self.host():
            return "404 %r" % request.to.uri.write()
        seconds = int(request.value(b"expires"))
        if seconds > self.wanted.get("seconds", 3600):
            return "a registration is granted for less"
        if seconds < self.wanted.get("least", 60):
            return "423 Interval Too Brief"
        return ""


class PresetsTest(unittest.TestCase):
    def start(self, name):
        wanted = RULES[name]
        section = SECTION % (name, wanted["account"], wanted["number"])
        self.made = exchange(section, "", telephone=PLACE % wanted["country"])
        self.assertEqual([str(one) for one in self.made.node.settings.problems], [])
        self.stand = Stand(self.made, name, wanted)
        return wanted

    def test_each_has_a_stand_in_and_four_countries_have_one(self):
        self.assertEqual(sorted(RULES), sorted(PRESETS))
        self.assertTrue(len({one["country"] for one in RULES.values()}) >= 4)
        providers = {str(one["domain"]).split(".")[-2] for one in PRESETS.values()}
        self.assertTrue(len(providers) >= 8, providers)

    def test_each_is_let_in_and_calls_as_its_provider_wants_it(self):
        for name in RULES:
            wanted = self.start(name)
            question = self.made.questions[0]
            self.assertEqual(question.host, self.stand.host())
            self.assertEqual(question.secure, wanted.get("transport") == "tls", name)
            if "transport" in wanted:
                kind = None if question.secure else wanted["transport"]
                self.assertEqual(question.transport, kind)
            where = flow(self.stand.flow.host, transport=wanted.get("transport", "udp"))
            self.made.resolve([where])
            first = self.stand.newest(b"REGISTER")
            self.assertEqual(self.stand.why_not(first), "", name)
            self.stand.ask(first)
            second = self.stand.newest(b"REGISTER")
            self.assertTrue(self.stand.is_proved(second, self.stand.account), name)
            self.stand.accept(second)
            alice = telephone(self.made, "A", "alice", "10.0.0.3")
            data = alice.request("INVITE", "sip:%s@home.test" % wanted["dialled"])
            self.made.receive(data, alice.flow)
            invite = self.stand.newest(b"INVITE")
            self.assertEqual(self.stand.why_not(invite), "", name)
            provider = self.made.node.settings.providers[0]
            self.assertEqual(provider.srtp == "must", wanted.get("srtp", False), name)

    def test_a_stand_in_refuses_who_registers_for_too_short_a_time_or_by_another_name(self):
        for name in RULES:
            wanted = self.start(name)
            self.made.resolve([self.stand.flow])
            request = self.stand.newest(b"REGISTER")
            least = wanted.get("least", 60)
            request.set(b"expires", b"Expires: %d" % (least - 1))
            self.assertIn("423", self.stand.why_not(request), name)
            request.set(b"expires", b"Expires: %d" % (wanted.get("seconds", 3600) + 1))
            self.assertIn("granted", self.stand.why_not(request), name)
            request.set(b"to", b"To: <sip:nobody@%s>" % self.stand.host())
            self.assertIn("404", self.stand.why_not(request), name)

    def test_a_stand_in_refuses_numbers_in_another_form(self):
        for name in RULES:
            wanted = self.start(name)
            form = "national" if PRESETS[name].get("format", "e164") == "e164" else "e164"
            self.made.node.settings.providers[0].format = form
            self.made.resolve([self.stand.flow])
            first = self.stand.newest(b"REGISTER")
            self.stand.ask(first)
            self.stand.accept(self.stand.newest(b"REGISTER"))
            alice = telephone(self.made, "A", "alice", "10.0.0.3")
            target = "sip:%s@home.test" % wanted["dialled"]
            self.made.receive(alice.request("INVITE", target), alice.flow)
            self.assertIn("404", self.stand.why_not(self.stand.newest(b"INVITE")), name)


if __name__ == "__main__":
    unittest.main()
