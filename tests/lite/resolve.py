"""Asks the lite node's resolver, under MicroPython.

resolve.py RESOLV_CONF HOSTS PORT HOST TRANSPORT [SIP_PORT]: prints the hops, one a line, or why.
"""

import sys
import time

from bellhop.effects import Resolve
from bellhop.lite import resolver
from bellhop.lite.clock import Clock
from bellhop.world.loop import Loop


class Caller:
    """Stands where the engine is: takes the answer and ends the loop."""

    def __init__(self, loop):
        self.loop = loop

    def next_deadline(self):
        """Nothing is due."""

    def resolved(self, query, hops, problem, now):
        """Print the answer."""
        for hop in hops:
            print(hop.transport, hop.host, hop.port)
        if problem:
            print(problem)
        self.loop.is_running = False
        return []


def main(resolv_conf, hosts, port, host, transport, sip_port="0"):
    """Resolve one name."""
    resolver.RESOLV_CONF, resolver.HOSTS, resolver.PORT = resolv_conf, hosts, int(port)
    resolver.PATIENCE_MS = 300
    loop = Loop(Clock(time.ticks_ms, time.ticks_diff).now, None)
    loop.engine = Caller(loop)
    asked = Resolve(1, host.encode(), int(sip_port) or None, transport or None, False)
    resolver.Resolver(loop, lambda transport, host: 0).resolve(asked)
    loop.run()


main(*sys.argv[1:])
