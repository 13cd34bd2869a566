"""Calls for help: who rings when, in each combination of what a house has."""

import unittest

from bellhop.features import catalogue
from bellhop.sip import message
from tests.support.carrier import TELEPHONE, provider
from tests.support.messages import request
from tests.support.town import SETTINGS, House, Town
from tests.unit.features.mesh.test_member import register

CALLER, OWN, TEL, NEAR, FAR, OTHERS = (
    "10.0.9.9", "10.0.9.8", "203.0.113.5", "10.0.0.1", "10.0.0.2", "10.0.9.7",
)  # fmt: skip
# What there is of a provider, and what it does with a call for help.
NONE, WITHOUT, RINGS, REFUSES, SILENT = PROVIDERS = (
    "none", "carries no such calls", "rings", "refuses", "is silent",
)  # fmt: skip
CARRYING = RINGS, REFUSES, SILENT
QUESTIONS = "after", "beside"
SECTION = provider(more="%s").replace("option domain tel.test", "option domain " + TEL)
# How long unknown responders wait where there are others, and the others for a provider, seconds.
AFTER_RESPONDERS, AFTER_PROVIDER, PROVIDER_AFTER = (3, 10, 10)
# A provider that says nothing at all is given up within so many.
GIVEN_UP = 8
WATCHED = 24


def expected(kind, responders, strangers, question):
    """Return {who: (earliest, latest) second} of those who ring, as people are told."""
    has_provider = kind in CARRYING
    rings = {}
    if responders:
        rings["responders"] = (0, 0)
    if has_provider:
        at = PROVIDER_AFTER if responders and question == "after" else 0
        rings["provider"] = (at, at)
    if strangers and has_provider:
        at = rings["provider"][0]
        soonest = {RINGS: AFTER_PROVIDER, REFUSES: 0, SILENT: GIVEN_UP}[kind]
        rings["strangers"] = (at + soonest, at + AFTER_PROVIDER)
    elif strangers:
        at = AFTER_RESPONDERS if responders else 0
        rings["strangers"] = (at, at)
    return rings


class Case:
    """One call for help."""

    def __init__(self, kind, responders, strangers, question):
        self.kind = kind
        self.town = Town()
        text = SETTINGS + TELEPHONE
        text += "\toption emergency %s\n" % question
        if kind != NONE:
            text += SECTION % (
                "option register 0\n\toption keepalive 0\n\toption emergency %d" % (kind != WITHOUT)
            )
        who = "bob" if responders else ""
        self.near = House(
            self.town, NEAR, "near", [("alice", "201"), ("bob", "202")], "", who, text
        )
        if kind != NONE:
            catalogue.join_trunks(self.near.engine)
            self.near.perform(self.near.engine.start(self.town.now))
        if responders:
            register(self.near, "bob", OWN)
        if strangers:
            far = House(self.town, FAR, "far", [("ben", "301")], "", "ben")
            self.far = far
            register(far, "ben", OTHERS)
            self.town.cable(self.near, far)
        else:
            self.far = None
        self.town.advance(4000)
        self.rang = {}
        self.answered = 0

    def call(self):
        """Return {who: second of the first INVITE}, and what alice was told at last."""
        begun = self.town.now
        self.near.receive(request("INVITE", "sip:112@home.test", via=CALLER + ":5060"), CALLER)
        while self.town.now < begun + WATCHED * 1000:
            seconds = (self.town.now - begun) // 1000
            for who, house, host in (
                ("responders", self.near, OWN), ("provider", self.near, TEL),
                ("strangers", self.far, OTHERS),
            ):  # fmt: skip
                if house is not None and invites(house, host):
                    self.rang.setdefault(who, seconds)
            self._answer()
            self.town.advance(200)
        return self.rang, [one.status for one in self.near.to_phone(CALLER)]

    def _answer(self):
        """Let the provider do what it does."""
        came = invites(self.near, TEL)
        if not came or self.answered or self.kind == SILENT:
            return
        self.answered = 180 if self.kind == RINGS else 503
        response = message.response_to(came[0], self.answered, None, (), b"p")
        self.near.receive(response.write(), TEL)


def invites(house, host):
    found = house.to_phone(host)
    return [one for one in found if getattr(one, "method", None) == b"INVITE"]


class TableTest(unittest.TestCase):
    def test_who_rings_when_in_each_combination(self):
        for kind in PROVIDERS:
            for responders, strangers in ((0, 0), (0, 1), (1, 0), (1, 1)):
                for question in QUESTIONS if kind in CARRYING and responders else QUESTIONS[:1]:
                    what = kind, responders, strangers, question
                    rang, told = Case(*what).call()
                    wanted = expected(*what)
                    self.assertEqual(sorted(rang), sorted(wanted), what)
                    for who, (soonest, latest) in wanted.items():
                        self.assertTrue(soonest <= rang[who] <= latest, (what, who, rang[who]))
                    # Never silently nowhere.
                    is_refused = bool(told) and told[-1] >= 400
                    self.assertEqual(is_refused, not is_ringing(wanted, kind), (what, told))


def is_ringing(wanted, kind):
    """Tell whether somebody still rings at the end: all but a provider that has refused do."""
    fails = {REFUSES, SILENT}
    return bool([who for who in wanted if who != "provider" or kind not in fails])


if __name__ == "__main__":
    unittest.main()
