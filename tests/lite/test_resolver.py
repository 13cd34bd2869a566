"""The lite node finds far domains by SRV and addresses, and never waits for ever."""

import socket
import threading

import dns.flags
import dns.message
import dns.rrset
import pytest

from tests.support import interpreter
from tests.system.sipp.runner import HOST

ZONE = (
    ("_sip._udp.far.test", "SRV", "20 0 5080 two.far.test."),
    ("_sip._udp.far.test", "SRV", "10 0 5070 one.far.test."),
    ("_sip._tcp.stream.test", "SRV", "0 0 5090 one.far.test."),
    ("one.far.test", "A", "192.0.2.1"),
    ("two.far.test", "CNAME", "three.far.test."),
    ("three.far.test", "A", "192.0.2.3"),
    ("three.far.test", "AAAA", "2001:db8::3"),
    ("stream.test", "A", "192.0.2.9"),
    ("_sip._udp.none.test", "SRV", "0 0 0 ."),
    ("none.test", "A", "192.0.2.10"),
    *[("_sip._udp.many.test", "SRV", f"{n} 0 5060 host{n}.many.test.") for n in range(40)],
    *[(f"host{n}.many.test", "A", f"192.0.2.{100 + n}") for n in range(40)],
)


class NameServer(threading.Thread):
    """Answers from ZONE; lies first where a test wants it: a forged answer before the true one."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.port = self.socket.getsockname()[1]
        self.forges = False
        self.streams = socket.create_server((HOST, self.port))
        threading.Thread(target=self.run_streams, daemon=True).start()
        self.start()

    def run_streams(self):
        """Answer over TCP, octet by octet at first."""
        while True:
            try:
                made, _ = self.streams.accept()
            except OSError:
                return
            with made:
                data = made.recv(2048)
                whole = self._answer(dns.message.from_wire(data[2:])).to_wire()
                whole = len(whole).to_bytes(2, "big") + whole
                for piece in (whole[:1], whole[1:2], whole[2:40], whole[40:]):
                    made.sendall(piece)

    def run(self):
        while True:
            try:
                data, asking = self.socket.recvfrom(2048)
            except OSError:
                return
            question = dns.message.from_wire(data)
            if self.forges:
                forged = self._answer(question, "203.0.113.66")
                forged.id ^= 1
                self.socket.sendto(forged.to_wire(), asking)
            answer = self._answer(question)
            data = answer.to_wire()
            if len(data) > 512:
                answer.answer.clear()
                answer.flags |= dns.flags.TC
                data = answer.to_wire()
            self.socket.sendto(data, asking)

    def _answer(self, question, only=None):
        made = dns.message.make_response(question)
        name, kind = question.question[0].name, question.question[0].rdtype
        wanted = name.to_text(omit_final_dot=True)
        if only:
            made.answer.append(dns.rrset.from_text(name, 60, "IN", "A", only))
            return made
        for owner, kind_name, value in ZONE:
            rrset = dns.rrset.from_text(owner + ".", 60, "IN", kind_name, value)
            if owner == wanted and (rrset.rdtype == kind or kind_name == "CNAME"):
                made.answer.append(rrset)
                if kind_name == "CNAME":
                    wanted = value.rstrip(".")
        return made


@pytest.fixture
def server():
    """A name server on this machine."""
    made = NameServer()
    yield made
    made.socket.close()
    made.streams.close()


@pytest.fixture
def resolve(server, tmp_path):
    """Return the function that asks the resolver and returns the lines it prints."""
    conf, hosts = tmp_path / "resolv.conf", tmp_path / "hosts"
    conf.write_text("# of a test\nnameserver %s\n" % HOST)
    hosts.write_text("192.0.2.77 printer.lan printer # upstairs\n")

    def ask(host, transport="", port="0", dns_port=None):
        words = [str(conf), str(hosts), str(dns_port or server.port), host, transport, port]
        finished = interpreter.run(["tests/lite/resolve.py", *words])
        assert finished.returncode == 0, finished.stdout
        return finished.stdout.splitlines()

    return ask


def test_services_come_by_priority_and_aliases_are_followed(resolve):
    assert resolve("far.test") == [
        "udp 192.0.2.1 5070", "udp 2001:db8::3 5080", "udp 192.0.2.3 5080",
    ]  # fmt: skip


def test_transport_of_the_service_or_of_the_uri(resolve):
    assert resolve("stream.test") == ["tcp 192.0.2.1 5090"]
    assert resolve("stream.test", "udp") == ["udp 192.0.2.9 5060"]


def test_answer_that_is_cut_is_asked_for_over_tcp(resolve):
    lines = resolve("many.test")
    assert lines == [f"udp 192.0.2.{100 + number} 5060" for number in range(8)]


def test_cut_answer_without_tcp_ends_in_words(resolve, server):
    server.streams.shutdown(socket.SHUT_RDWR)
    assert resolve("many.test") == ["the host many.test is not known, or has no address"]


def test_domain_that_has_no_such_service_says_so(resolve):
    assert resolve("none.test") == ["none.test says that it has no SIP service"]


def test_port_in_the_uri_asks_for_addresses_only(resolve):
    assert resolve("far.test", port="5999") == ["the host far.test is not known, or has no address"]
    assert resolve("One.far.test.", port="5999") == ["udp 192.0.2.1 5999"]


def test_hosts_file_and_addresses_need_no_name_server(resolve):
    assert resolve("printer", port="5060", dns_port=9) == ["udp 192.0.2.77 5060"]
    assert resolve("[2001:db8::1]", dns_port=9) == ["udp 2001:db8::1 5060"]


def test_forged_answer_with_another_number_is_left(resolve, server):
    server.forges = True
    assert resolve("one.far.test", port="5060") == ["udp 192.0.2.1 5060"]


def test_silent_name_server_ends_in_words(resolve):
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind((HOST, 0))
    lines = resolve("one.far.test", port="5060", dns_port=silent.getsockname()[1])
    assert lines == ["the host one.far.test is not known, or has no address"]
    silent.close()


def test_tls_is_left_to_a_full_node(resolve):
    assert resolve("far.test", "tls") == ["TLS is left to a full node"]
