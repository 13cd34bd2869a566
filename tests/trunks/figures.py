"""What calls by providers cost and how long things take, measured with real processes.

    python -m tests.trunks.figures

prints: how large a list of 100,000 unwanted callers is, on flash and in memory, and how long it is
asked; the processor time of a call within the house and of one by a provider, both made by sipp,
in turn; how soon a caller hears ring-back where the first provider is dead; how soon the node is
registered again after its address towards the provider has changed.
"""

import socket
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from bellhop import spam
from tests.support import netns
from tests.system.sipp import runner
from tests.system.sipp.runner import HOST, Sipp, free_ports
from tests.trunks import scenarios
from tests.trunks.house import DOMAIN, House, provider
from tests.trunks.standin import Standin

CALLS, RATE, ROUNDS = (600, 60, 3)
# Where the provider is: no phone has its address.
THERE = "127.0.0.2"
LIMIT_SECONDS = 90
NUMBERS = ["0309%05d" % number for number in range(20)]


def _per_call(house, folder, callers, called, names, host=HOST):
    """Return milliseconds of processor time of one call, of many by sipp."""
    users = Path(folder, "callees.csv")
    users.write_text("SEQUENTIAL\n" + "".join(name + ";\n" for name in names))
    answering = Sipp("answer", folder, called, calls=CALLS, host=host)
    answering.listening(LIMIT_SECONDS)
    before = house.cpu()
    calling = Sipp(
        "call", folder, callers, house.port, users=users, calls=CALLS, rate=RATE, domain=DOMAIN
    )
    calling.wait(LIMIT_SECONDS)
    answering.wait(LIMIT_SECONDS)
    return (house.cpu() - before) * 1000 / CALLS


def processor(folder):
    """Return (ms of a call within the house, ms of one by a provider), the least of some rounds."""
    phone, far, caller = free_ports(3)
    text = provider("tel", (THERE, far), ["option register 0", "option keepalive 0"], domain=THERE)
    node = "\tlist trusted 127.0.0.0/8\n\toption stranger_requests_per_minute 0\n"
    house = House(folder, [text], node=node)
    try:
        users = Path(folder, "users.csv")
        runner.write_users(users, ["carol"])
        register = Sipp("register", folder, phone, house.port, users=users, calls=1, domain=DOMAIN)
        register.wait(LIMIT_SECONDS)
        inside, outside = [], []
        for _ in range(ROUNDS):
            inside.append(_per_call(house, folder, caller, phone, ["carol"]))
            outside.append(_per_call(house, folder, caller, far, NUMBERS, THERE))
        return min(inside), min(outside)
    finally:
        house.stop()


class Moving(House):
    """A house in a namespace of its own, on whose address nothing depends."""

    def __init__(self, folder, sections, place):
        self.place = place
        House.__init__(self, folder, sections, listen=None)

    def launch(self, command, **options):
        """Start the node in the namespace."""
        return self.place.popen(command, **options)


def moved(folder):
    """Return the seconds until the provider has a REGISTER from the node's new address."""
    with netns.Network("moved") as network:
        lan = network.lan()
        home, far = network.host("home"), network.host("far")
        link = home.join(lan, "10.31.0.2/24")
        far.join(lan, "10.31.0.9/24")
        made = far.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("10.31.0.9", 0))
        tel = Standin("tel", "10.31.0.9", datagrams=made)
        house = Moving(folder, [provider("tel", tel.place)], home)
        try:
            tel.let_in()
            house.wait_for(lambda: house.row("tel")["is_up"])
            home.renumber(link, "10.31.0.2/24", "10.31.0.3/24")
            begun = time.monotonic()
            request = tel.wait("REGISTER", 20)
            while request.via.host != b"10.31.0.3":
                request = tel.wait("REGISTER", 20)
            tel.let_in(request)
            house.wait_for(lambda: house.row("tel")["is_up"])
            return time.monotonic() - begun
        finally:
            house.stop()
            tel.close()


def unwanted():
    """Return (octets of a file of 100,000 numbers, MB of memory of its list, us of a question)."""
    entries = [b"+4930%07d" % number for number in range(spam.MOST_ENTRIES)]
    octets = spam.unsigned(entries, bytes(spam.SALT)) + bytes(spam.SIGNATURE)
    tracemalloc.start()
    listed = spam.Spam(octets, lambda octets, signature: True)
    memory = tracemalloc.get_traced_memory()[0] / 1000000
    tracemalloc.stop()
    assert listed.has(entries[-1]) and not listed.has(b"+4989123456")
    begun = time.thread_time()
    for _ in range(1000):
        listed.has(b"+4989123456")
    return len(octets), memory, (time.thread_time() - begun) * 1000


def main():
    """Measure and print."""
    octets, memory, asked = unwanted()
    print("%-52s %8.2f  (goal 1)" % ("100,000 unwanted callers, MB of the file", octets / 1000000))
    print("%-52s %8.2f" % ("  in memory besides, MB", memory))
    print("%-52s %8.2f" % ("  asked for a number that is not there, us", asked))
    with tempfile.TemporaryDirectory() as folder:
        figures = scenarios.run(scenarios.dead_provider_is_passed_over, folder)
    for name, value in figures.items():
        print("%-52s %8.2f  (goal 2)" % (name, value))
    why = netns.why_unavailable()
    if why is None:
        with tempfile.TemporaryDirectory() as folder:
            print("%-52s %8.2f  (goal 2)" % ("registered again after a new address, s",
                                             moved(folder)))  # fmt: skip
    else:
        print("registered again after a new address: not measured: " + why)
    why = runner.why_unavailable()
    if why is not None:
        print("processor time: not measured: " + why)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        inside, outside = processor(folder)
    print("%-52s %8.2f" % ("a call within the house, ms of a processor", inside))
    print("%-52s %8.2f" % ("a call by a provider, ms of a processor", outside))
    print("%-52s %8.0f  (goal 10)" % ("more, per cent", (outside / inside - 1) * 100))
    return 0


if __name__ == "__main__":
    sys.exit(main())
