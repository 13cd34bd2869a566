"""Calls in cells through a large mesh whose nodes come and go.

    python -m tests.simulator.calls 1000 [--minutes 3] [--seed 1]

Shipped Mesh objects on radio links of random places (world.py). Some nodes call others all the
time, over circuits of as many hops as there are; each few seconds a node falls silent in the middle
of everything, and one that was off starts anew with the next boot epoch. Only callers read records
into their index of names, for want of memory in one process.
"""

import argparse
import gc
import resource
import statistics
import time

from bellhop.mesh.effects import Ended, Said

from .world import World

CALLERS, EACH_MS, TALK_MS, LATE_MS = (40, 1500, 20000, 10000)
CHURN_MS, OFF_MS = (3000, 20000)
INVITE, RINGING, OK, ACK, BYE = [
    (word + b" ").ljust(size, b".")
    for word, size in ((b"INVITE", 900), (b"180", 500), (b"200", 800), (b"ACK", 400), (b"BYE", 350))
]


class Talk:
    """One call. state: how far it came; hops: of its way; cut: one of its ends was switched off."""

    def __init__(self, caller, called, hops, now):
        self.caller, self.called, self.hops = caller, called, hops
        self.began, self.rang, self.answered = now, None, None
        self.near = self.far = None
        self.state = "calling"
        self.cut = False


class Town(World):
    """A World whose nodes call each other and come and go."""

    def __init__(self, count, seed):
        self.off, self.callers, self.talks, self.by_call = {}, set(), [], {}
        self.epochs, self.too_far = [1] * count, 0
        super().__init__(count, seed=seed)
        for index in range(min(CALLERS, count // 4)):
            self.callers.add(index)
            self.let_read(index)

    def let_read(self, index):
        """Let a node have the index of names that it is shipped with."""
        directory = self.nodes[index].directory
        directory.__dict__.pop("note", None)
        for key, _ in self.nodes[index].database.items():
            directory.note(key)

    def _send(self, index, effect):
        if index not in self.off:
            super()._send(index, effect)

    def perform(self, index, effects):
        """Carry out what a node asked for, and go on with its calls."""
        super().perform(index, effects)
        for effect in effects:
            if isinstance(effect, Said):
                self._said(index, effect)
            elif isinstance(effect, Ended):
                self._ended(index, effect.call)

    def _say(self, index, call, octets):
        self.perform(index, self.nodes[index].say(call, octets, self.now))

    def _said(self, index, said):
        word = said.octets.split(b" ")[0]
        if word == b"INVITE":
            talk = self._talk_of(said.call)
            if talk is None or talk.called != index:
                return
            talk.far = said.call
            self.by_call[id(said.call)] = talk
            self._say(index, said.call, RINGING)
            self._push(self.now + 1000, "answer", index, talk, None)
            return
        talk = self.by_call.get(id(said.call))
        if talk is None:
            return
        if word == b"180":
            talk.rang = self.now
        elif word == b"200":
            talk.answered, talk.state = self.now, "talking"
            self._say(index, said.call, ACK)
            self._push(self.now + TALK_MS, "hang up", index, talk, None)
        elif word == b"BYE":
            talk.state = "done"
            self.perform(index, self.nodes[index].hang_up(said.call, self.now))

    def _talk_of(self, call):
        for talk in self.talks:
            if talk.near is not None and talk.near.id == call.id:
                return talk
        return None

    def _ended(self, index, call):
        talk = self.by_call.get(id(call))
        if talk is not None and talk.state != "done":
            talk.state = "failed"

    def call(self):
        """Let one of the callers call somebody who is there."""
        caller = self.dice.choice(sorted(self.callers.difference(self.off)))
        called = self.dice.randrange(len(self.nodes))
        node = self.nodes[caller]
        if called in self.off or called == caller:
            return
        far = self.nodes[called].id
        hops = node.distance(far)
        if hops is None:  # Ways of more than 14 hops are none.
            self.too_far += 1
            return
        talk = Talk(caller, called, hops, self.now)
        self.talks.append(talk)
        talk.near, effects = node.call(far, INVITE, self.now)
        if talk.near is None:
            talk.state = "failed"
            return
        self.by_call[id(talk.near)] = talk
        self.perform(caller, effects)

    def _step(self, kind, index, talk):
        """Go on with a call when its time has come."""
        if index in self.off or talk.state in ("failed", "done"):
            return
        call = talk.far if kind == "answer" else talk.near
        if call.state != "closed":
            self._say(index, call, OK if kind == "answer" else BYE)

    def switch_off(self):
        """Let a node fall silent, without anybody being told."""
        index = self.dice.choice([one for one in range(len(self.nodes)) if one not in self.off])
        self.off[index] = self.now
        for talk in self.talks:
            if talk.state not in ("done", "failed") and index in (talk.caller, talk.called):
                talk.cut = True

    def switch_on(self):
        """Let the nodes start anew that were off for long enough."""
        for index in [one for one in self.off if self.now - self.off[one] >= OFF_MS]:
            del self.off[index]
            self.epochs[index] += 1
            self.nodes[index] = self._make(index, len(self.nodes))
            if index in self.callers:
                self.let_read(index)
            self.wakes[index] = None
            self._push(self.now, "start", index, None, None)

    def _make(self, index, count):
        return super()._make(index, count, self.epochs[index])

    def take(self, kind, index, source, data):
        """Do what is due at a node that is on."""
        if kind in ("answer", "hang up"):
            self._step(kind, index, source)
        elif index not in self.off:
            super().take(kind, index, source, data)


def run(count, minutes, seed, is_cold):
    """Print the figures of one town."""
    town = Town(count, seed)
    if is_cold:
        began = town.start(1000)
        end = town.converge()
        print("  %-28s %8.1f s" % ("all alike after a cold boot", (end - began) / 1000), flush=True)
    else:
        town.start_warm()
        for index in town.callers:
            town.let_read(index)
    town.octets = 0
    begun = town.now
    next_call = next_churn = begun
    while town.now < begun + 60000 * minutes:
        if town.now >= next_call:
            town.call()
            next_call += EACH_MS
        if town.now >= next_churn:
            town.switch_off()
            town.switch_on()
            next_churn += CHURN_MS
        town.run(min(next_call, next_churn))
    octets = town.octets / count / minutes
    town.run(town.now + TALK_MS + LATE_MS)
    _print(town, octets)
    changed = town.now
    town.off and town.switch_on()
    end = town.converge([sorted(set(range(count)).difference(town.off))])
    shown = "never" if end is None else "%.1f s" % (max(end - changed, 0) / 1000)
    print("  %-28s %10s" % ("all alike after the churn", shown))


def _print(town, octets):
    talks = [one for one in town.talks if not one.cut]
    for one in talks:
        one.late = one.rang is None or one.rang - one.began > LATE_MS
    good = [one for one in talks if one.state == "done" and not one.late]
    rings = sorted(one.rang - one.began for one in talks if one.rang is not None)
    circuits = [len(set(node.circuits.table.values())) for node in town.nodes]
    rows = (
        ("calls", len(town.talks)),
        ("an end was switched off", len(town.talks) - len(talks)),
        ("of the others failed", len(talks) - len(good)),
        ("not tried: over 14 hops away", town.too_far),
        ("hops, median and most", "%d, %d" % _two([one.hops for one in talks])),
        ("ringing, median ms", statistics.median(rings)),
        ("ringing, 95 % ms", rings[len(rings) * 95 // 100]),
        ("octets a node and minute", round(octets)),
        ("most circuits of a node now", max(circuits)),
    )
    for name, value in rows:
        print("  %-28s %10s" % (name, value), flush=True)


def _two(numbers):
    return statistics.median(numbers), max(numbers)


def main():
    """Run the sizes named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.calls")
    parser.add_argument("count", type=int, nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="begin with nobody known to anybody")
    options = parser.parse_args()
    gc.disable()
    for count in options.count:
        print("%d nodes, mean degree 8, 5 %% loss, one leaves each %d s; no real ciphers"
              % (count, CHURN_MS // 1000))  # fmt: skip
        began = time.monotonic()
        run(count, options.minutes, options.seed, options.cold)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        took = time.monotonic() - began
        print("  took %.0f s, %d MB: %.2f a node" % (took, peak, peak / count))


if __name__ == "__main__":
    main()
