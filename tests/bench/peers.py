"""The servers that bellhop is measured beside, each with the least configuration that works."""

import os
import shutil
import sys
from pathlib import Path

from tests.architecture.tree import ROOT
from tests.system.sipp.bellhop import Bellhop
from tests.system.sipp.runner import DOMAIN, HOST, PASSWORD, Server

HERE = Path(__file__).resolve().parent


SHARED = Path(os.environ.get("BELLHOP_SHARED") or ROOT.parent / "shared")


class Kind(Server):
    """A server that is measured.

    rate: calls a second at which CPU time is measured; ring_ms: how long its phones ring;
    registers: whether it is a registrar; is_whole: whether all is measured, not its CPU time alone.
    """

    rate = 200
    ring_ms = 0
    registers = True
    is_whole = True

    @staticmethod
    def why_unavailable():
        """Return why this server cannot be measured here, or None."""
        return


class Node(Bellhop, Kind):
    """bellhop as it is installed: no mesh, no sound."""


class FullNode(Node):
    """bellhop with mesh and media on: what each call costs that uses neither."""

    name = "with mesh"
    more = (
        "config mesh\n\toption enabled 1\n\tlist interface lo\nconfig media\n\toption enabled 1\n"
    )
    is_whole = False

    def configure(self):
        """Write the UCI file, and have the media library found."""
        command, environment = super().configure()
        config = self.folder / "bellhop.config"
        config.write_text(config.read_text() + self.more)
        library = str(ROOT / "native" / ".build" / "host")
        return command, dict(environment, LD_LIBRARY_PATH=library)


class Floor(Kind):
    """What CPython costs: a throw-away proxy and registrar without error paths, beside the tree."""

    name = "floor"
    domain = ""
    password = "pw-{0}"
    is_whole = False
    program = SHARED / "floor" / "floor_proxy.py"

    @classmethod
    def why_unavailable(cls):
        """Return why this server cannot be measured here, or None."""
        return (
            None
            if cls.program.is_file()
            else "no %s; BELLHOP_SHARED may name its folder" % (cls.program.name)
        )

    def configure(self):
        """Its port and realm are written into it."""
        text = self.program.read_text().replace("46060", str(self.port))
        program = self.folder / "floor.py"
        program.write_text(text)
        return [sys.executable, program], {}


class Siproxd(Kind):
    """siproxd, where somebody has built it: Debian has no such package any more."""

    name = "siproxd"
    domain = ""
    registers = False
    is_whole = False

    @staticmethod
    def why_unavailable():
        """Return why this server cannot be measured here, or None."""
        return None if shutil.which("siproxd") else "not installed: Debian 12 has no such package"

    def configure(self):
        """A proxy for one host, which finds the phones in the Request-URI."""
        config = self.folder / "siproxd.conf"
        config.write_text(
            "if_inbound = lo\nif_outbound = lo\nsip_listen_port = %d\ndaemonize = 0\n"
            "rtp_proxy_enable = 0\nlog_calls = 0\nsilence_log = 4\n" % self.port
        )
        return ["siproxd", "-c", config], {}


class Kamailio(Kind):
    """Kamailio with one worker: registrar with digest and stateful proxy (kamailio.cfg)."""

    name = "kamailio"

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


class Sippy(Kind):
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


SERVERS = (Node, FullNode, Floor, Siproxd, Kamailio, Sippy)
