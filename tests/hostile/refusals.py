"""What outsiders hear of calls that come to nothing, told apart by a machine: it cannot.

    python -m tests.hostile.refusals [--calls 50] [--nodes 6]

Real nodes in namespaces: strangers' nodes around one house, four calls at once from each. A call
means a name that nobody has, a phone that is off, one that is busy, one that declines, a user who
blocks the caller, one who takes no unknown callers; each as often, in random order, while two
phones of the house talk and hang up again and again. Printed is whether all heard one form, and for
each pair of the six the probability (Kolmogorov and Smirnov) that times of ringing and of the end
come from one source.
"""

import argparse
import itertools
import math
import random
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.mesh.handset import Handset, call, field, status_of  # noqa: E402
from tests.mesh.town import PATIENCE, Town, wait_until  # noqa: E402
from tests.support import netns  # noqa: E402

SECONDS, AT_ONCE, LONGEST = 20, 4, 60
STATES = {
    "unknown": "nobody", "no phone": "off", "busy": "busy", "declined": "decline",
    "blocked": "block", "policy": "policy",
}  # fmt: skip
ANSWERS = {"busy": (486, "Busy Here"), "decline": (603, "Decline")}
OPTIONS = {"block": ["list block 'u*'"], "policy": ["option unknown 'refuse'"]}
# What names one call, and nothing of what became of it.
OWN = ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route", "Contact")


def probability(one, two):
    """Return how likely two samples of one source differ so much (Kolmogorov, Smirnov)."""
    steps = sorted(set(one + two))
    far = max(
        abs(sum(x <= at for x in one) / len(one) - sum(x <= at for x in two) / len(two))
        for at in steps
    )
    root = math.sqrt(len(one) * len(two) / (len(one) + len(two)))
    size = (root + 0.12 + 0.11 / root) * far
    if size < 0.2:
        return 1.0
    series = (2 * (-1) ** (k - 1) * math.exp(-2 * (k * size) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, sum(series)))


class House:
    """One house and nodes around it that it does not know; phones that answer by themselves."""

    def __init__(self, nodes):
        self.town = Town("refusals", [(0, number) for number in range(1, nodes + 1)])
        self.ended = threading.Event()
        self.handsets = []
        self.threads = []
        for node in self.town.nodes:
            node.node_options = ["list trusted 10.0.0.0/8", "option stranger_requests_per_minute 0"]
            node.mesh_options = ["option profile 'home'"]
        house = self.town.nodes[0]
        house.mesh_options += ["config privacy", f"option uniform_seconds '{SECONDS}'"]
        people = {**dict.fromkeys(STATES.values(), []), **OPTIONS}
        del people["nobody"]
        house.users += [(name, None, people[name]) for name in people]
        house.users += [("mum", None, []), ("dad", None, [])]

    def start(self):
        """Start the nodes and the phones."""
        self.town.start()
        for node in self.town.nodes[1:]:
            wait_until(lambda node=node: "node0" in node.reached(), "the house is found", LONGEST)
        house = self.town.nodes[0]
        for name in ("busy", "decline", "block", "policy"):
            phone = self._handset(0, name)
            self._begin(self._answer, phone, *ANSWERS.get(name, (486, "Busy Here")))
        self._begin(self._talk, self._handset(0, "mum"), self._handset(0, "dad"))
        return house.key()

    def _handset(self, number, name):
        host = self.town.phone_host(number, name)
        self.handsets.append(Handset(host, self.town.nodes[number], name).register())
        return self.handsets[-1]

    def _begin(self, work, *details):
        self.threads.append(threading.Thread(target=work, args=details, daemon=True))
        self.threads[-1].start()

    def _answer(self, phone, status, reason):
        """Ring a little, then refuse; how long differs with each call."""
        while not self.ended.is_set():
            try:
                came = phone.incoming(seconds=1)
            except AssertionError:
                continue
            phone.respond(came, 180, "Ringing")
            time.sleep(random.uniform(0.01, 0.3))
            phone.respond(came, status, reason)
            del phone.inbox[:-50]

    def _talk(self, mum, dad):
        while not self.ended.is_set():
            call(mum, dad, "dad", 30)
            del mum.inbox[:-50], dad.inbox[:-50]

    def callers(self):
        """Return the phones of strangers: four at each node around."""
        made = []
        for number, index in itertools.product(range(1, len(self.town.nodes)), range(AT_ONCE)):
            host = self.town.phone_host(number, f"c{index}")
            made.append(Handset(host, self.town.nodes[number], f"u{number}"))
        self.handsets += made
        return made

    def close(self):
        """End everything."""
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        for one in self.handsets:
            one.close()
        self.town.close()


def heard(phone, target):
    """Call; return (form, ms until it rang, ms until the end)."""
    sent = phone.request("INVITE", target, number := "%032x" % random.getrandbits(128))
    begun, rang, form = time.monotonic(), None, []
    phone.send(sent)
    while True:
        text = phone.take(lambda text: field(text, "Call-ID") == number, LONGEST)
        status = status_of(text)
        if status > 100 and (not form or form[-1][0] != status):
            # The own node tells whom it was that could not be reached.
            name = target[4:].partition("@")[0]
            lines = [re.sub(rf"\b{name}\b", "NAME", line) for line in text.split("\r\n")]
            form.append((status, [line for line in lines if not line.startswith(OWN)]))
        if status == 180 and rang is None:
            rang = time.monotonic() - begun
        if status >= 200:
            phone.acknowledge_refusal(sent, text)
            assert rang is not None, text
            return repr(form), 1000 * rang, 1000 * (time.monotonic() - begun)


def measured(calls, nodes):
    """Return {state: [(form, ms until it rang, ms until the end)]}."""
    house = House(nodes)
    try:
        key = house.start()
        work = [state for state in STATES for _ in range(calls)]
        random.shuffle(work)
        found = {state: [] for state in STATES}
        lock = threading.Lock()

        def caller(phone):
            while True:
                with lock:
                    if not work:
                        return
                    state = work.pop()
                found[state].append(heard(phone, f"sip:{STATES[state]}@{key}"))

        phones = house.callers()
        with ThreadPoolExecutor(len(phones)) as pool:
            for done in [pool.submit(caller, phone) for phone in phones]:
                done.result()
        return found
    finally:
        house.close()


def least(found, at):
    """Return (the least probability of all pairs of states, the pair); at: 1 rang, 2 ended."""
    times = {state: [row[at] for row in found[state]] for state in found}
    return min((probability(times[one], times[two]), one, two)
               for one, two in itertools.combinations(times, 2))  # fmt: skip


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=50, help="of each state")
    parser.add_argument("--nodes", type=int, default=6, help="around the house")
    given = parser.parse_args()
    reason = netns.why_unavailable()
    if reason:
        raise SystemExit(reason)
    found = measured(given.calls, given.nodes)
    forms = {row[0] for rows in found.values() for row in rows}
    print(f"{given.calls} calls of each of {len(found)} states: {len(forms)} form(s)")
    for state, rows in found.items():
        rang, ended = ([row[at] for row in rows] for at in (1, 2))
        print(f"  {state:9} rings after {min(rang):.0f} to {max(rang):.0f} ms, "
              f"ends after {min(ended):.0f} to {max(ended):.0f} ms")  # fmt: skip
    bound = 0.01 / 15
    is_good = len(forms) == 1
    for at, what in ((1, "ringing"), (2, "end")):
        p, one, two = least(found, at)
        is_good = is_good and p > bound
        print(f"{what}: least p of 15 pairs {p:.4f} ({one}, {two}), must be above {bound:.5f}")
    raise SystemExit(0 if is_good else 1)


if __name__ == "__main__":
    main()
