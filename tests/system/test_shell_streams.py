"""Streams over loopback with an engine that only notes what it is told."""

import shutil
import socket
import ssl
import threading
import time
from types import SimpleNamespace

import pytest

from bellhop import limits
from bellhop.effects import Close, Flow, Listener, Send
from bellhop.shell.service import milliseconds
from bellhop.shell.tls.contexts import Contexts, make_certificate
from bellhop.shell.tls.transports import Kinds
from bellhop.world import netlink, streams
from bellhop.world.endpoints import Endpoints
from bellhop.world.log import Log
from bellhop.world.loop import Loop

PATIENCE = 60
MESSAGE = b"NOTE sip:x SIP/2.0\r\nContent-Length: 2\r\n\r\nhi"


class NotingEngine:
    """Keeps what it is told, does nothing."""

    def __init__(self):
        self.received, self.failed, self.listeners = [], [], []

    def listen(self, listeners, now):
        self.listeners = listeners
        return []

    def receive(self, data, flow, now):
        self.received.append((data, flow))
        return []

    def flow_failed(self, flow, reason, now):
        self.failed.append((flow, reason))
        return []

    def next_deadline(self):
        return None


class Settings:
    listen = ("127.0.0.1",)
    sip_port, tls_port, ws_port, wss_port = 0, 0, 0, 0
    mesh = SimpleNamespace(enabled=False)

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.sip_port = free.getsockname()[1]


class Shell:
    """The stream side of a node, driven step by step."""

    def __init__(self, folder):
        log = Log(lambda level, text: None, milliseconds)
        self.loop = Loop(milliseconds, log)
        self.engine = self.loop.engine = NotingEngine()
        self.contexts = Contexts(str(folder))
        self.streams = streams.Streams(self.loop, Kinds(self.contexts))
        self.endpoints = Endpoints(self.loop, self.streams, log)
        self.loop.performers = {Send: self.endpoints.send, Close: self.streams.close}
        self.settings = Settings()
        self.endpoints.adjust(self.settings)
        self.place = ("127.0.0.1", self.settings.sip_port)
        self.tcp = self.engine.listeners.index(Listener("tcp", *self.place))

    def until(self, condition):
        """Run the loop until a condition holds."""
        end = time.monotonic() + PATIENCE
        while True:
            self.loop.step(5)
            if condition():
                return
            assert time.monotonic() < end

    def peer(self):
        """Return a connected peer that the node has accepted."""
        before = self.streams.counters["accepted"]
        made = socket.create_connection(self.place, PATIENCE)
        self.until(lambda: self.streams.counters["accepted"] > before)
        return made

    def send(self, flow, data=MESSAGE):
        self.loop.perform([Send(flow, data)])

    def close(self):
        self.endpoints.close_all()
        assert not self.streams.streams and self.loop.counters["faults"] == 0


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    yield made
    made.close()


def test_message_in_pieces_arrives_whole_and_the_answer_takes_the_same_stream(shell):
    with shell.peer() as peer:
        for at in range(0, len(MESSAGE), 7):
            peer.sendall(MESSAGE[at : at + 7])
            shell.until(lambda: True)
        shell.until(lambda: shell.engine.received)
        data, flow = shell.engine.received[0]
        assert data == MESSAGE and flow.connection
        assert (flow.host, flow.port) == peer.getsockname()
        shell.send(flow)
        shell.until(lambda: True)
        assert peer.recv(1000) == MESSAGE


def test_a_flow_without_number_takes_the_stream_that_the_peer_opened(shell):
    with shell.peer() as peer:
        host, port = peer.getsockname()
        shell.send(Flow("tcp", shell.tcp, host, port, 0, ""))
        assert peer.recv(1000) == MESSAGE
        assert shell.streams.counters["opened"] == 0


def test_a_stream_is_opened_once_and_used_again(shell):
    with socket.create_server(("127.0.0.1", 0)) as far:
        far.settimeout(PATIENCE)
        flow = Flow("tcp", shell.tcp, *far.getsockname(), 0, "")
        shell.send(flow)
        shell.send(flow)
        shell.until(
            lambda: not any(one.connection.waiting for one in shell.streams.streams.values())
        )
        with far.accept()[0] as accepted:
            assert accepted.getpeername()[0] == "127.0.0.1"
            shell.until(lambda: True)
            assert accepted.recv(1000) == 2 * MESSAGE
    assert shell.streams.counters["opened"] == 1


def test_a_refused_connection_is_reported_for_both_flows(shell):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        flow = Flow("tcp", shell.tcp, *unused.getsockname(), 0, "")
        shell.send(flow)
        shell.until(lambda: len(shell.engine.failed) == 2)
    assert shell.engine.failed[1][0] == flow
    assert shell.engine.failed[0][0].connection


def test_the_end_of_a_stream_is_reported_once(shell):
    with shell.peer() as peer:
        peer.sendall(MESSAGE)
        shell.until(lambda: shell.engine.received)
    shell.until(lambda: shell.engine.failed)
    assert [flow for flow, _ in shell.engine.failed] == [shell.engine.received[0][1]]
    assert not shell.streams.streams and not shell.streams.openers and not shell.streams.sources


def test_sending_on_a_stream_that_is_gone_fails(shell):
    flow = Flow("tcp", shell.tcp, "127.0.0.1", 9, 12345, "")
    shell.send(flow)
    shell.until(lambda: shell.engine.failed)
    assert shell.engine.failed == [(flow, "the connection is closed")]


def test_a_websocket_cannot_be_opened_by_the_node(shell):
    flow = Flow("ws", shell.tcp, "127.0.0.1", 9, 0, "")
    shell.send(flow)
    shell.until(lambda: shell.engine.failed)
    assert shell.engine.failed[0][0] == flow


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n\r\n", b"\r\rx", b"A" * 40000])
def test_a_stream_that_cannot_be_understood_is_closed(shell, octets):
    with shell.peer() as peer:
        peer.sendall(octets)
        shell.until(lambda: shell.engine.failed)
        assert peer.recv(1000) == b""


def test_half_a_message_is_closed_after_a_time_and_keepalives_do_not_help(shell, monkeypatch):
    with shell.peer() as peer:
        stream = next(iter(shell.streams.streams.values()))
        peer.sendall(b"\r\n\r\n" + MESSAGE[:10])
        shell.until(lambda: stream.codec.is_partial())
        begun = stream.partial_since
        assert stream.fault(begun + streams.PATIENCE_MS) == ""
        assert "half a message" in stream.fault(begun + streams.PATIENCE_MS + 1)
        monkeypatch.setattr(streams, "PATIENCE_MS", -1)
        shell.streams._sweep()
        shell.until(lambda: shell.engine.failed)
        assert shell.streams.counters["slow"] == 1


def test_a_line_end_after_a_message_begins_no_other(shell):
    with shell.peer() as peer:
        peer.sendall(MESSAGE + b"\r\n")
        shell.until(lambda: shell.engine.received)
        stream = next(iter(shell.streams.streams.values()))
        assert stream.fault(stream.heard + streams.PATIENCE_MS + 1) == ""
        assert stream.fault(stream.heard + streams.IDLE_MS + 1) == "silent for too long"


def test_a_stream_that_never_speaks_is_closed_after_a_time(shell):
    with shell.peer():
        stream = next(iter(shell.streams.streams.values()))
        assert stream.fault(stream.heard + streams.PATIENCE_MS) == ""
        assert stream.fault(stream.heard + streams.PATIENCE_MS + 1)


def test_a_peer_that_does_not_read_is_cut_off(shell):
    with shell.peer() as peer:
        peer.sendall(MESSAGE)
        shell.until(lambda: shell.engine.received)
        flow = shell.engine.received[0][1]
        for _ in range(400):
            shell.send(flow, bytes(65000))
            if not shell.streams.streams:
                break
        shell.until(lambda: shell.engine.failed)
    assert "does not read" in shell.engine.failed[0][1]


def test_an_error_of_the_node_is_no_error_of_the_stream(shell, monkeypatch):
    def broken(data, flow, now):
        raise PermissionError(13, "of another file")

    with shell.peer() as peer, monkeypatch.context() as patched:
        patched.setattr(shell.engine, "receive", broken)
        peer.sendall(MESSAGE)
        shell.until(lambda: shell.loop.counters["faults"])
        assert shell.streams.streams and not shell.engine.failed
    shell.loop.counters["faults"] = 0


def test_what_waits_reaches_a_peer_that_only_stopped_sending(shell):
    with shell.peer() as peer:
        peer.sendall(MESSAGE)
        shell.until(lambda: shell.engine.received)
        flow = shell.engine.received[0][1]
        for _ in range(3):
            shell.send(flow, bytes(60000))
        peer.shutdown(socket.SHUT_WR)
        shell.until(lambda: shell.engine.failed)
        assert shell.engine.failed[0][1] == "closed by the peer"
        peer.setblocking(False)
        received = []

        def read():
            try:
                received.append(peer.recv(100000))
            except BlockingIOError:
                return False
            return not received[-1]

        shell.until(read)
        assert sum(map(len, received)) == 180000


def test_messages_are_sent_at_once(shell):
    with shell.peer():
        stream = next(iter(shell.streams.streams.values()))
        made = stream.connection.socket
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_listener_without_file_descriptors_pauses(shell):
    listening = next(one.listening for one in shell.endpoints.open if hasattr(one, "listening"))

    class Full:
        fileno = listening.socket.fileno

        def accept(self):
            raise OSError(24, "Too many open files")

        close = listening.socket.close

    real, listening.socket = listening.socket, Full()
    with socket.create_connection(shell.place, PATIENCE):
        shell.until(lambda: listening.pause is not None)
        assert listening.socket.fileno() not in shell.loop.watched
        listening.socket = real
        listening._resume()
        shell.until(lambda: shell.streams.streams)


def test_one_source_has_a_bound_and_its_room_comes_back(shell, monkeypatch):
    monkeypatch.setattr(limits, "MAX_STREAMS_PER_SOURCE", 2)
    first, second = shell.peer(), shell.peer()
    with first, second, socket.create_connection(shell.place, PATIENCE) as third:
        shell.until(lambda: shell.streams.counters["refused"] == 1)
        assert third.recv(10) == b""
        first.close()
        shell.until(lambda: len(shell.streams.streams) == 1)
        shell.peer().close()


def test_ipv6_sources_are_counted_by_their_64(shell):
    assert streams.source_of("2001:db8::1") == streams.source_of("2001:db8::ffff")
    assert streams.source_of("2001:db8::1") != streams.source_of("2001:db8:0:1::1")
    assert streams.source_of("fe80::1%lo") == streams.source_of("fe80::2")


def test_listeners_keep_their_place_when_others_go(shell, monkeypatch):
    def adjust(*hosts):
        monkeypatch.setattr(netlink, "addresses", lambda: (hosts, {}, dict.fromkeys(hosts, 1)))
        shell.endpoints.adjust(shell.settings)
        return list(shell.engine.listeners)

    before = list(shell.engine.listeners)
    shell.settings.listen = ()
    with_both = adjust("127.0.0.1", "127.0.0.2")
    assert [one for one in with_both if one.host == "127.0.0.1"][:2] == before
    gone = [None if one.host == "127.0.0.1" else one for one in with_both]
    assert adjust("127.0.0.2") == gone
    assert adjust("127.0.0.1", "127.0.0.2") == with_both


def test_an_icmp_error_reports_the_peer(shell):
    with socket.socket(type=socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        place = unused.getsockname()
    flow = Flow("udp", 0, *place, 0, "")
    shell.send(flow)
    shell.until(lambda: shell.engine.failed)
    assert shell.engine.failed == [(flow, "Connection refused")]
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(PATIENCE)
        shell.send(Flow("udp", 0, *place, 0, ""))
        shell.send(Flow("udp", 0, *peer.getsockname(), 0, ""))
        assert peer.recv(1000) == MESSAGE
    shell.until(lambda: True)


class TlsServer:
    """A far TLS server, in a thread, whose self-made certificate shows far.test."""

    def __init__(self, folder):
        self.received = b""
        self.files = [str(folder / name) for name in ("far.pem", "far.key")]
        make_certificate(*self.files, "far.test", [])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*self.files)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.place = self.listening.getsockname()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            accepted = self.listening.accept()[0]
            accepted.settimeout(PATIENCE)
            try:
                with self.context.wrap_socket(accepted, server_side=True) as client:
                    data = client.recv(1000)
                    if data == b"end":
                        return
                    self.received += data
            except OSError:
                accepted.close()

    def close(self):
        trusting = ssl.create_default_context(cafile=self.files[0])
        plain = socket.create_connection(self.place)
        with trusting.wrap_socket(plain, server_hostname="far.test") as last:
            last.sendall(b"end")
        self.thread.join(PATIENCE)
        self.listening.close()


@pytest.fixture
def far(shell, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("no command openssl")
    made = TlsServer(tmp_path)
    yield made
    made.close()


def test_a_name_in_the_flow_must_stand_in_the_certificate(shell, far):
    trusting = ssl.create_default_context(cafile=far.files[0])
    shell.contexts.clients[True] = trusting
    wrong = Flow("tls", shell.tcp, *far.place, 0, "other.test")
    shell.send(wrong)
    shell.until(lambda: len(shell.engine.failed) == 2)
    assert shell.engine.failed[1][0] == wrong
    assert "other.test" in shell.engine.failed[1][1]
    shell.send(wrong._replace(name="far.test"))
    shell.until(lambda: far.received)
    assert far.received == MESSAGE


def test_an_unknown_certificate_is_refused_unless_the_owner_allows_it(shell, far):
    flow = Flow("tls", shell.tcp, *far.place, 0, "far.test")
    shell.send(flow)
    shell.until(lambda: shell.engine.failed)
    assert "certificate" in shell.engine.failed[0][1] and not far.received
    shell.contexts.verify = False
    shell.send(flow)
    shell.until(lambda: far.received)


def test_without_a_name_any_certificate_will_do(shell, far):
    shell.send(Flow("tls", shell.tcp, *far.place, 0, ""))
    shell.until(lambda: far.received)
