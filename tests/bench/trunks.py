"""What a call by a provider costs the engine beside a call within the house, without sockets.

    python -m tests.bench.trunks [--rounds 20 | --profile]

counts instructions of each with valgrind: of what more calls cost than fewer, so that neither the
start nor other load on the machine matters. A provider that never asks who calls; one that has
asked once, so that each request proves the caller by the nonce of then; one that asks at each call
anew, which is one INVITE, one 407 and one ACK more. --rounds: print the CPU time instead, the least
of so many; --profile: where it goes.
"""

import argparse
import cProfile
import pstats
import time

from bellhop.effects import TRUNK, Receive, Resolve, Send
from bellhop.features import catalogue
from tests.bench.engine import (
    CALLED,
    FEW_AND_MORE,
    ROUND,
    UNBOUND,
    Meter,
    counted,
    reply,
)  # fmt: skip

PROVIDER = (
    "config telephone\n\toption country 49\n\toption area 30\n"
    "config provider\n\toption name tel\n\toption domain tel.test\n\tlist proxy 127.0.0.2:15062\n"
    "\toption register 0\n\toption keepalive 0\n\toption username user1\n\toption password secret\n"
    "\tlist number +49301234567\n"
)
NODE = UNBOUND + "\tlist trusted '127.0.0.1/32'\n"
THERE = CALLED._replace(host="127.0.0.2")
OUTSIDE = "030987654"
WHOM = {"house": "user0", "provider": OUTSIDE, "proved": OUTSIDE, "asked anew": OUTSIDE}
QUESTION = b'Proxy-Authenticate: Digest realm="tel.test",nonce="%d",qop="auth"\r\n'


class Trunked(Meter):
    """An engine that calls by a provider, which is where the called phone of a Meter is.

    what: of WHOM.
    """

    def __init__(self, what, profile=None):
        self.nonce, self.questions = 0, {"proved": 1, "asked anew": -1}.get(what, 0)
        super().__init__(1, profile, NODE + PROVIDER)
        catalogue.join_trunks(self.engine)
        self.carry("start", self.engine.start(self.now))
        self.register(1, "user0")

    def carry(self, kind, effects):
        """Perform effects as world/service.py does; return the data that goes to the network."""
        sent, engine = [], self.engine
        for effect in effects:
            if isinstance(effect, Receive):
                more = self._measure(kind, engine.take, effect.message, effect.flow, self.now)
                sent += self.carry(kind, more)
            elif isinstance(effect, Resolve):
                sent += self.carry(kind, engine.resolved(effect.query, [THERE], "", self.now))
            elif isinstance(effect, Send) and effect.flow.transport == TRUNK:
                there = "trunks", "send", effect.flow, effect.data, self.now
                sent += self.carry(kind, self._measure(kind, engine.hear, *there))
            elif isinstance(effect, Send):
                sent.append(effect.data)
        return sent

    def receive(self, kind, data, flow):
        """As a Meter does; a 100 does not count."""
        if flow is CALLED and not data.partition(b"user0@")[1]:
            flow = THERE
        sent = self.carry(kind, self._measure(kind, self.engine.receive, data, flow, self.now))
        sent = [one for one in sent if not one.startswith(b"SIP/2.0 100 ")]
        return self._asked(kind, sent[0]) if sent else None

    def _asked(self, kind, data):
        """Let the provider ask who calls; return the data of the INVITE that says so."""
        if kind != "INVITE" or not self.questions or b"@tel.test" not in data:
            return data
        self.questions -= 1
        self.nonce += 1
        asked = reply(data, b"407 Who is it?", QUESTION % self.nonce)
        sent = self.carry(kind, self._measure(kind, self.engine.receive, asked, THERE, self.now))
        return [one for one in sent if one.startswith(b"INVITE")][0]

    def wait(self, ms):
        """Let simulated time pass."""
        self.now += ms
        deadline = self.engine.next_deadline()
        if deadline is not None and deadline <= self.now:
            self.carry("timers", self._measure("timers", self.engine.fire, self.now))


def repeat(what, times):
    """Make so many calls; what: of WHOM."""
    meter = Trunked(what)
    for number in range(10**6, 10**6 + times):
        meter.call(number, WHOM[what])


def instructions(what):
    """Return the instructions of one call."""
    counts = [
        counted(["-m", "tests.bench.trunks", "--repeat", what, str(times)])
        for times in FEW_AND_MORE
    ]
    return (counts[1] - counts[0]) // (FEW_AND_MORE[1] - FEW_AND_MORE[0])


def microseconds(what, rounds, profile=None):
    """Return the CPU time of one call, the least of some rounds of many."""
    meter, least = Trunked(what), []
    meter.profile = profile
    for first in range(10**6, 10**6 + rounds * ROUND, ROUND):
        meter.spent = {}
        for number in range(first, first + ROUND):
            meter.call(number, WHOM[what])
        least.append(sum([spent for spent, _ in meter.spent.values()]) / ROUND / 1000)
    return min(least)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description="what a call by a provider costs the engine")
    parser.add_argument("--rounds", type=int, help="measure CPU time, of %d calls each" % ROUND)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    parser.add_argument("--repeat", nargs=2, metavar=("WHAT", "TIMES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.repeat:
        return repeat(options.repeat[0], int(options.repeat[1]))
    profile = cProfile.Profile(time.thread_time) if options.profile else None
    found = {}
    for what in WHOM:
        if options.rounds:
            found[what] = microseconds(what, options.rounds, profile)
        else:
            found[what] = instructions(what)
        unit = "us" if options.rounds else "instructions"
        more = (found[what] / found["house"] - 1) * 100
        print("a call, %-10s %9d %s %+8.1f %%  (goal 10)" % (what, found[what], unit, more))
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
    return None


if __name__ == "__main__":
    main()
