"""Names found in a real DNS server (Debian's knot) on loopback."""

import os
import shutil
import socket
import subprocess
import sys
import time

import pytest

from bellhop.effects import Resolve
from bellhop.shell.lookup import FULL
from bellhop.shell.resolver import ADDRESSES_ONLY, Resolver
from bellhop.shell.service import milliseconds
from bellhop.world.loop import Loop

KNOTD = shutil.which("knotd") or shutil.which("knotd", path="/usr/sbin")
PATIENCE = 60
ZONE = """\
$ORIGIN bell.test.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 5
@ NS ns
ns A 127.0.0.1
; A domain with everything.
full NAPTR 10 50 "s" "SIPS+D2T" "" _sips._tcp.full
full NAPTR 20 50 "s" "SIP+D2U" "" _sip._udp.full
_sips._tcp.full SRV 10 1 5091 one
_sip._udp.full SRV 20 1 5070 two
_sip._udp.full SRV 10 1 5080 one
; One with SRV records alone, one with an address alone, one that refuses.
_sip._tcp.srv SRV 10 1 5090 one
_sip._tcp.srv SRV 20 1 5092 nowhere
plain A 127.0.0.9
plain AAAA ::1
_sip._udp.none SRV 0 0 0 .
none A 127.0.0.9
one A 127.0.0.1
two A 127.0.0.2
away A 198.51.100.1
loop CNAME loop
"""
CONFIG = """\
server:
  rundir: {folder}
  listen: 127.0.0.1@{port}
log:
  - target: stderr
    any: warning
database:
  storage: {folder}
zone:
  - domain: bell.test
    file: {folder}/zone
    zonefile-load: whole
    journal-content: none
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return the port of a running DNS server."""
    if KNOTD is None:
        pytest.skip("no DNS server: the Debian package knot is missing")
    pytest.importorskip("dns.resolver", reason="dnspython is missing")
    folder = tmp_path_factory.mktemp("knot")
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "zone").write_text(ZONE)
    (folder / "knot.conf").write_text(CONFIG.format(folder=folder, port=port))
    process = subprocess.Popen([KNOTD, "-c", str(folder / "knot.conf")])
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(port, process):
    """Ask for the zone's SOA until an answer with the zone comes."""
    query = b"\0\1\0\0\0\1\0\0\0\0\0\0\4bell\4test\0\0\6\0\1"
    deadline = time.monotonic() + PATIENCE
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        while time.monotonic() < deadline and process.poll() is None:
            try:
                probe.sendto(query, ("127.0.0.1", port))
                if probe.recv(512)[3] & 15 == 0:
                    return
            except OSError:
                time.sleep(0.05)
    raise AssertionError("the DNS server does not answer")


class Asking:
    """A resolver with its loop, and the answers that it gave: it is the engine as well."""

    def __init__(self, port, reachable=lambda transport, host: 3):
        self.loop = Loop(milliseconds, None)
        self.loop.engine = self
        self.answers = {}
        self.resolver = Resolver(self.loop, reachable, os.urandom, ["127.0.0.1"], port)

    def next_deadline(self):
        return None

    def resolved(self, query, hops, problem, now):
        self.answers[query] = hops, problem
        return []

    def ask(self, host, port=None, transport=None, secure=False):
        """Return (hops as (transport, host, port, name), problem)."""
        self.answers = {}
        self.resolver.resolve(Resolve(1, host.encode(), port, transport, secure))

        end = time.monotonic() + PATIENCE
        while not self.answers:
            assert time.monotonic() < end
            self.loop.step(100)
        hops, problem = self.answers[1]
        assert all(hop.local == 3 and hop.connection == 0 for hop in hops)
        return [(hop.transport, hop.host, hop.port, hop.name) for hop in hops], problem


@pytest.fixture
def asking(request):
    return Asking(request.getfixturevalue("server"))


@pytest.mark.parametrize(
    ("question", "hops"),
    [
        # NAPTR: TLS first, with the name that the certificate must show.
        (("full.bell.test",), [("tls", "127.0.0.1", 5091, "full.bell.test")]),
        (("full.bell.test", None, None, True), [("tls", "127.0.0.1", 5091, "full.bell.test")]),
        # A transport in the URI: its SRV records, by priority, no NAPTR.
        (
            ("full.bell.test", None, "udp"),
            [("udp", "127.0.0.1", 5080, ""), ("udp", "127.0.0.2", 5070, "")],
        ),
        # No NAPTR: the first transport that has SRV records; a target without address is left out.
        (("srv.bell.test",), [("tcp", "127.0.0.1", 5090, "")]),
        # A port: no SRV.
        (("full.bell.test", 5099), []),
        (("plain.bell.test", 5099), [("udp", "::1", 5099, ""), ("udp", "127.0.0.9", 5099, "")]),
        # Neither: addresses and the default port.
        (("plain.bell.test",), [("udp", "::1", 5060, ""), ("udp", "127.0.0.9", 5060, "")]),
        (("Plain.Bell.Test.",), [("udp", "::1", 5060, ""), ("udp", "127.0.0.9", 5060, "")]),
        (
            ("plain.bell.test", None, None, True),
            [
                ("tls", "::1", 5061, "plain.bell.test"),
                ("tls", "127.0.0.9", 5061, "plain.bell.test"),
            ],
        ),
        (("none.bell.test",), []),
        (("nowhere.bell.test",), []),
        (("loop.bell.test",), []),
        (("x" * 300 + ".test",), []),
        (("..",), []),
        (("bell.test", None, "sctp"), []),
    ],
)
def test_hops_of_a_name(asking, question, hops):
    found, problem = asking.ask(*question)
    assert found == hops
    assert bool(problem) == (not hops)


def test_answers_are_cached(asking):
    first = asking.ask("full.bell.test")
    asking.resolver.dns.resolver.port = 1
    assert asking.ask("full.bell.test") == first
    assert asking.resolver.kind() == FULL


def test_an_unreachable_family_is_left_out(server):
    asking = Asking(server, lambda transport, host: None if ":" in host else 3)
    assert asking.ask("plain.bell.test")[0] == [("udp", "127.0.0.9", 5060, "")]
    asking.resolver.local_for = lambda transport, host: None
    assert asking.ask("away.bell.test") == (
        [],
        "there is no way from here to 198.51.100.1 over udp",
    )


@pytest.mark.parametrize(
    ("question", "hops"),
    [
        (("192.0.2.1",), [("udp", "192.0.2.1", 5060, "")]),
        (("192.0.2.1", 5070, "tcp"), [("tcp", "192.0.2.1", 5070, "")]),
        (("[2001:db8::1]",), [("udp", "2001:db8::1", 5060, "")]),
        # The certificate must show the address (RFC 5922 section 7.1).
        (("192.0.2.1", None, None, True), [("tls", "192.0.2.1", 5061, "192.0.2.1")]),
    ],
)
def test_an_address_needs_no_dns(question, hops):
    asking = Asking(1)
    assert asking.ask(*question) == (hops, "")
    assert asking.resolver.dns is None


def test_names_need_no_codec_that_openwrt_has_in_another_package():
    script = (
        "import os, sys\nfor name in ('unicodedata', 'dns'): sys.modules[name] = None\n"
        "from bellhop.shell.lookup import Lookup\n"
        "print(Lookup(False, os.urandom).addresses('localhost', float('inf')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "127.0.0.1" in done.stdout, done.stderr


def test_without_dnspython_there_are_addresses_only(monkeypatch):
    monkeypatch.setitem(sys.modules, "dns", None)
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    monkeypatch.setitem(sys.modules, "bellhop.shell.dnssec.unbound", None)
    asking = Asking(1)
    found, _ = asking.ask("localhost")
    assert ("udp", "127.0.0.1", 5060, "") in found
    assert asking.resolver.kind() == ADDRESSES_ONLY
