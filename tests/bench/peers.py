"""The servers that bellhop is measured beside, each with the least configuration that works."""

import shutil
import sys
from pathlib import Path

from tests.system.sipp.bellhop import Bellhop
from tests.system.sipp.runner import DOMAIN, HOST, PASSWORD, Server

HERE = Path(__file__).resolve().parent


class Node(Bellhop):
    """bellhop with all features on.

    Every kind has: rate, calls a second at which CPU time is measured; ring_ms, how long its phones
    ring; registers, whether it is a registrar; why_unavailable().
    """

    rate = 200
    ring_ms = 0
    registers = True

    @staticmethod
    def why_unavailable():
        """Return why this server cannot be measured here, or None."""
        return


class Kamailio(Server):
    """Kamailio with one worker: registrar with digest and stateful proxy (kamailio.cfg)."""

    name = "kamailio"
    rate = 200
    ring_ms = 0
    registers = True

    @staticmethod
    def why_unavailable():
        """Return why this server cannot be measured here, or None."""
        return None if shutil.which("kamailio") else "not installed (Debian package kamailio)"

    def configure(self):
        """Fill in kamailio.cfg."""
        text = (HERE / "kamailio.cfg").read_text()
        for name, value in (("PORT", self.port), ("DOMAIN", DOMAIN), ("PASSWORD", PASSWORD)):
            text = text.replace("@%s@" % name, str(value))
        config = self.folder / "kamailio.cfg"
        config.write_text(text)
        # Debian's default allocator searches a list: it alone would take half of the time.
        command = ["kamailio", "-DD", "-E", "-x", "tlsf", "-X", "tlsf", "-m", "256", "-M", "16"]
        return [*command, "-Y", self.folder, "-f", config], {}


class Sippy(Server):
    """Sippy's simple B2BUA: sends every call to one place, and registers nobody.

    It lets a 200 overtake a 180 that came just before.
    """

    name = "sippy"
    rate = 60
    ring_ms = 20
    registers = False

    @staticmethod
    def why_unavailable():
        """Return why this server cannot be measured here, or None."""
        return None if _b2bua() else "not installed (PyPI package sippy)"

    def configure(self):
        """Nothing to write: the command line says all."""
        command = [_b2bua(), "-f", "-l", HOST, "-p", str(self.port)]
        return [*command, "-n", "%s:%d" % (HOST, self.phones)], {}


def _b2bua():
    beside = Path(sys.executable).parent / "b2bua_simple"
    return str(beside) if beside.exists() else shutil.which("b2bua_simple")


SERVERS = (Node, Kamailio, Sippy)
# Peers that TARGETS names and this machine cannot have.
ABSENT = {"siproxd": "Debian 12 has no such package"}
