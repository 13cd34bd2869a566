"""What a packet of sound costs a node on its way, and the two ends: CPU of the library's thread.

    python -m tests.bench.circuit [--packets 50000]

One caller, one relay and one called on 127.0.0.1, each a thread of its own; packets of 20 ms of
G.711 with SRTP's tag go in at a pace that no queue overflows.
"""

import argparse
import os
import socket
import sys
import time
from pathlib import Path

from bellhop.shell.mesh.sound import Sound

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "native/.build/host/libbellhop_circuit.so"
PACKET = bytes(182)
AT_ONCE = 50
PATIENCE = 5
HERE = b"\x7f\0\0\1"
# PRIVACY: C relay, microseconds a packet.
GOAL_US = 25


def threads():
    """Return {thread id: CPU nanoseconds} of this process."""
    found = {}
    for task in os.listdir("/proc/self/task"):
        found[int(task)] = int(Path(f"/proc/self/task/{task}/schedstat").read_text().split()[0])
    return found


class Row:
    """caller, relay, called: Sound and handle by name; threads: name -> thread id."""

    def __init__(self):
        self.sounds, self.threads, ports = {}, {}, {}
        for name in ("caller", "relay", "called"):
            before = set(threads())
            self.sounds[name] = Sound(str(LIBRARY))
            ports[name] = self.sounds[name].open()
            self.threads[name] = (set(threads()) - before).pop()
        layers = [(bytes([n]) * 32, bytes([n + 9]) * 32, n) for n in (1, 2)]
        places = {name: ((HERE, port), None) for name, port in ports.items()}
        first, second = (*places["relay"], 1), (*places["called"], 2)
        back, end = (*places["caller"], 1), (*places["relay"], 2)
        self.caller = self.sounds["caller"].circuit_open("caller", 0, None, first, layers)
        self.sounds["relay"].circuit_open("relay", 0, back, second, layers[:1])
        self.called = self.sounds["called"].circuit_open("called", 0, end, None, layers[1:])


def measure(packets):
    """Return {node: microseconds of CPU a packet}."""
    row = Row()
    with (
        socket.socket(type=socket.SOCK_DGRAM) as phone,
        socket.socket(type=socket.SOCK_DGRAM) as far,
    ):
        for one in (phone, far):
            one.bind(("127.0.0.1", 0))
            one.settimeout(PATIENCE)
        port = row.sounds["caller"].stream_open(row.caller, 0, phone.getsockname()[1])
        row.sounds["called"].stream_open(row.called, 0, far.getsockname()[1])
        before = threads()
        for _ in range(packets // AT_ONCE):
            for _ in range(AT_ONCE):
                phone.sendto(PACKET, ("127.0.0.1", port))
                time.sleep(0)
            for _ in range(AT_ONCE):
                far.recv(2048)
        after = threads()
    used = {name: after[task] - before[task] for name, task in row.threads.items()}
    for sound in row.sounds.values():
        sound.close()
    return {name: nanoseconds / packets / 1000 for name, nanoseconds in used.items()}


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description="what sound circuits cost")
    parser.add_argument("--packets", type=int, default=50000)
    packets = parser.parse_args().packets
    if not LIBRARY.exists():
        sys.exit("no libbellhop_circuit.so: `make native`")
    rounds = [measure(packets // 3) for _ in range(3)]
    print(f"{'':10} us a packet (goal of a relay: {GOAL_US})")
    for name in rounds[0]:
        print(f"{name:10} {min(one[name] for one in rounds):.1f}")


if __name__ == "__main__":
    main()
