"""What calls in cells cost: CPU at caller, relays and callee, octets, memory, ringing.

    python -m tests.bench.cells [--calls 50] [--json FILE]

Real nodes in namespaces, a line of five and a line of two beside it in the same run: a phone at one
end rings one at the other. What the page of the design asks of this part stands beside each figure.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bellhop.mesh import cells, noise  # noqa: E402
from bellhop.shell.mesh import identity  # noqa: E402
from tests.bench.mesh import resident_kb  # noqa: E402
from tests.bench.process import cpu_seconds  # noqa: E402
from tests.mesh.handset import Handset, status_of  # noqa: E402
from tests.mesh.town import Town, line, wait_until  # noqa: E402
from tests.support import lite, netns  # noqa: E402

CALLS, SLOW_CALLS, WARM, QUIET_SECONDS, LEFT_SECONDS = 50, 8, 5, 20, 75
# A phone that is called rings after so long.
PAUSE_SECONDS = 0.08
# Set-ups of one neighbour are bounded to four a second.
PACE_SECONDS = 0.3
ETHERNET = 14
PREKEY, FRESH = bytes(range(32)), bytes(range(1, 33))
# Both sides of it are one work.
LINK = "link, both sides"
MODULES = ("cells", "circuits", "calls", "lanes", "noise", "plain", "openings", "session")


class Counting:
    """A Crypto that counts what it does with curves."""

    def __init__(self, crypto):
        self.crypto = crypto
        self.curves = 0

    def __getattr__(self, name):
        found = getattr(self.crypto, name)
        if name not in ("base", "exchange"):
            return found

        def counted(*arguments):
            self.curves += 1
            return found(*arguments)

        return counted


def timed(crypto, work, times=200):
    """Return (curves, ms) of work(crypto), the least of some runs."""
    counting = Counting(crypto)
    work(counting)
    gc.disable()
    best = min(_once(work, crypto) for _ in range(times))
    gc.enable()
    return counting.curves, best * 1000


def _once(work, crypto):
    begun = time.perf_counter()
    work(crypto)
    return time.perf_counter() - begun


def way(crypto, count):
    """Return the Hops of a way, with the secrets of its maker, and those of the hops."""
    seeds = [bytes((index + 1,)) * 32 for index in range(count)]
    nodes = [crypto.public_key(seed) for seed in seeds]
    public = crypto.base(PREKEY)
    number = cells.prekey_id(public)
    made = [cells.Hop(node, number, public, FRESH) for node in nodes]
    return made, [cells.Hop(node, number, public, PREKEY) for node in nodes]


def first_message(crypto, called, static, octets):
    """Return message 1 of a call. static: of the caller, which makes it once a run."""
    prologue = cells.prologue(crypto, called.node, called.id, cells.SIP)
    made = noise.Handshake(crypto, noise.IK, prologue, True, static[0], static[1], called.prekey)
    return made.write(octets, FRESH)


def works(crypto):
    """Yield (name, target, function of a Crypto) of each part of a set-up."""
    secret = crypto.secret(bytes(32))
    static = secret, crypto.base(secret)
    inside = crypto.public_key(bytes(32)) + bytes(9) + b"x" * 500
    for count, curves in ((1, 5), (4, 11), (9, 21)):
        made, _ = way(crypto, count)

        def call(functions, made=made):
            message = first_message(functions, made[-1], static, inside)
            payload = cells.write_payload(cells.SIP, made[-1].id, message)
            cells.set_up(functions, made, 7, 0, payload[: cells.room(len(made))], bytes)

        yield "caller, %d hops" % count, "%d curves" % curves, call
    made, own = way(crypto, 4)
    body, keys = cells.set_up(crypto, made, 7, 0, b"x" * 681, bytes)
    yield "relay", "1 curve", lambda c: cells.opened(c, own[0], 7, body)
    yield "relay, a data cell", "0 curves", lambda c: cells.forward(c, keys[0], 9, body)
    ends, end = way(crypto, 1)
    message = first_message(crypto, ends[0], static, inside)
    payload = cells.write_payload(cells.SIP, ends[0].id, message)
    last, _ = cells.set_up(crypto, ends, 7, 0, payload[:681], bytes)

    def answer(functions):
        opened = cells.opened(functions, end[0], 7, last)
        _, number, size = cells.read_payload(opened.body)
        prologue = cells.prologue(functions, end[0].node, number, cells.SIP)
        two = noise.Handshake(functions, noise.IK, prologue, False, PREKEY, end[0].prekey)
        two.read(opened.body[cells.PAYLOAD_HEAD :][:size])
        two.write(b"", FRESH)

    yield "callee", "6 curves", answer
    one, two = (crypto.secret(bytes((octet,)) * 32) for octet in (1, 2))

    def link(functions):
        near = noise.Handshake(functions, noise.XX, b"", True, one, functions.base(one))
        far = noise.Handshake(functions, noise.XX, b"", False, two, functions.base(two))
        far.read(near.write(b"", FRESH))
        near.read(far.write(bytes(32), PREKEY))
        far.read(near.write(bytes(32), None))

    yield LINK, "4 curves a side", link


def work_of(crypto):
    """Yield (name, target, (curves, ms)) of each part of a set-up."""
    for name, target, work in works(crypto):
        curves, ms = timed(crypto, work)
        if name == LINK:  # The static keys are made once a run.
            curves, ms = (curves - 2) // 2, ms / 2
        yield name, target, (curves, ms)


def octets(town):
    """Return [octets of IP on each street, both directions]."""
    found = []
    for number, node in enumerate(town.nodes[:-1]):
        name = town.cables[number, number + 1].interface
        for row in json.loads(netns.ip("-n", node.host.namespace, "-j", "-s", "link")):
            if row["ifname"] == name:
                stats = row["stats64"]
                ways = stats["tx"], stats["rx"]
                found.append(sum(way["bytes"] - ETHERNET * way["packets"] for way in ways))
    return found


def octets_of(town, work, times):
    """Return ([octets on each street], seconds) while work() is done so many times."""
    begun, before = time.monotonic(), octets(town)
    for _ in range(times):
        work()
        time.sleep(PACE_SECONDS)
    sent = [now - was for now, was in zip(octets(town), before)]
    return sent, time.monotonic() - begun


def over_idle(sent, times, idle):
    """Return the octets on each street that one of `times` needs beyond what idle nodes say."""
    rates = [still / idle[1] for still in idle[0]]
    return [(value - rate * sent[1]) / times for value, rate in zip(sent[0], rates)]


def ring_once(one, two, target, pause=0):
    """Return the seconds from the INVITE that passed the door to the ringing; hang up after it.

    pause: seconds before the phone rings, twenty times that before it answers and as long a talk.
    """
    begun = time.perf_counter()
    call = one.dial(target)
    came = two.incoming()
    time.sleep(pause)
    two.respond(came, 180, "Ringing")
    one.wait_ringing(call)
    rang = time.perf_counter() - begun
    time.sleep(20 * pause)
    two.respond(came, 200)
    answer = one.final(call, "INVITE")
    assert status_of(answer) == 200, answer
    one.acknowledge(call, answer)
    two.incoming("ACK")
    time.sleep(20 * pause)
    assert status_of(one.hang_up_at(two, call, answer)) == 200
    return rang


def measured(count, calls):
    """Return {figure: value} of a line of so many nodes."""
    with Town("cells", line(count)) as town:
        town.start()
        town.wait_reach()
        first, last = town.nodes[0], town.nodes[-1]
        one = Handset(town.phone_host(0), first, "u0").register()
        two = Handset(town.phone_host(count - 1), last, f"u{count - 1}").register()
        target = f"u{count - 1}"
        wait_until(
            lambda: [e for e in first.who() if e["display"] == target], "the phone book is there"
        )
        for _ in range(WARM):
            ring_once(one, two, target)
        before = [resident_kb(node.process.pid) for node in town.nodes]
        cpu = [cpu_seconds(n.process.pid) for n in town.nodes]
        rings = []

        def ring():
            rings.append(ring_once(one, two, target))

        sent = octets_of(town, ring, calls)
        cpu = [cpu_seconds(n.process.pid) - was for n, was in zip(town.nodes, cpu)]
        memory = [resident_kb(n.process.pid) for n in town.nodes]
        slow = octets_of(town, lambda: ring_once(one, two, target, PAUSE_SECONDS), SLOW_CALLS)
        # All that calls leave behind is gone by then.
        time.sleep(LEFT_SECONDS)
        idle = octets_of(town, lambda: time.sleep(1), QUIET_SECONDS)
        one.close()
        two.close()
    return {
        "rings": rings,
        "cpu_ms": [1000 * value / calls for value in cpu],
        "octets": over_idle(sent, calls, idle),
        "octets_slow": over_idle(slow, SLOW_CALLS, idle),
        "memory_kb": memory,
        "grown_kb": [now - was for now, was in zip(memory, before)],
    }


def print_row(name, target, value):
    """Print one figure."""
    print(f"{name:34} {target:22} {value:>24}", flush=True)


def print_memory():
    """Print what the modules of cells add to a lite node."""
    reason = lite.why_unavailable()
    if reason:
        print_row("lite, .mpy of cells", "+25 kB", "skipped: " + reason)
        return
    made = lite.Compiled(keep=True)
    try:
        sizes = [
            path.stat().st_size
            for path in made.folder.rglob("*.mpy")
            if path.parent.name == "mesh" and path.stem in MODULES
        ]
    finally:
        made.remove()
    print_row("lite, .mpy of cells", "+25 kB", "%.1f kB" % (sum(sizes) / 1000))


def main():
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    print(f"{'figure':34} {'target':22} {'measured':>24}")
    for name, target, (curves, ms) in work_of(identity.crypto()):
        print_row("set-up: " + name, target, f"{curves} curves, {ms:.2f} ms")
    reason = netns.why_unavailable()
    if reason:
        print("skipped:", reason)
        return 0
    found = {count: measured(count, arguments.calls) for count in (2, 5)}
    direct, far = (statistics.median(found[count]["rings"]) * 1000 for count in (2, 5))
    print_row("ringing, two nodes, median", "", f"{direct:.1f} ms")
    print_row(
        "ringing, three relays, median", "100 ms later at most", f"{far - direct:.1f} ms later"
    )
    latest = sorted(found[5]["rings"])[len(found[5]["rings"]) * 95 // 100] * 1000
    print_row("ringing, three relays, 95 %", "", f"{latest:.1f} ms")
    cpu = found[5]["cpu_ms"]
    print_row("CPU a call: caller, callee", "", f"{cpu[0]:.1f}, {cpu[-1]:.1f} ms")
    print_row("CPU a call: a relay", "", f"{statistics.mean(cpu[1:-1]):.1f} ms")
    sent = found[5]["octets"]
    words = f"{min(sent):,.0f} to {max(sent):,.0f}"
    print_row("octets of IP a call and link", "7,200 to 7,400", words)
    slow = found[5]["octets_slow"]
    words = f"{min(slow):,.0f} to {max(slow):,.0f}"
    print_row("the same, rings and talks 1.6 s", "7,200 to 7,400", words)
    print_row("octets a call, two nodes", "", f"{found[2]['octets'][0]:,.0f}")
    grown = max(found[5]["grown_kb"]) / 1024
    print_row("memory of a node, grown by calls", "1.5 MB", f"{grown:.1f} MB")
    print_row("memory of a node", "", f"{max(found[5]['memory_kb']) / 1024:.1f} MB")
    print_memory()
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
