"""Home automation: an MQTT broker hears of calls, people, door bells; a webhook is posted to."""

import hashlib
import hmac
import http.server
import json
import os
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from bellhop.shell import command
from tests.mesh.handset import Handset, begin
from tests.mesh.town import wait_until
from tests.system.sipp.runner import free_ports

paho = pytest.importorskip("paho.mqtt.client", reason="no paho-mqtt; `make setup` installs it")

CONFIG = """\
config node
	list listen '127.0.0.1'
	option domain 'home.test'
	option sip_port '%(sip)d'
	option tls_port '0'
	option ws_port '0'
	option wss_port '0'
	option http_port '0'
	option https_port '0'
config mesh
	option enabled '0'
config user
	option name 'alice'
	option display_name 'Alice'
	option extension '201'
	option password 'secret'
config user
	option name 'bob'
	option extension '202'
	option password 'secret'
config user
	option name 'gate'
	option extension '209'
	option password 'secret'
	option door '1'
"""
MQTT = """\
config mqtt
	option port '%(mqtt)d'
	option user 'house'
	option password 'top-secret'
"""
WEBHOOK = """\
config webhook
	option url 'http://127.0.0.1:%(web)d/hidden-in-the-path'
	option password 'top-secret'
"""
BASE = "bellhop/home.test/"


class Loopback:
    """What a Handset needs of a host."""

    address = "127.0.0.1"

    @staticmethod
    def socket(family, kind):
        return socket.socket(family, kind)


class Home:
    """A node and what stands beside it, each a process; files in `folder`."""

    def __init__(self, folder, more):
        self.folder = folder
        self.ports = dict(zip(("sip", "mqtt", "web"), free_ports(3)))
        (folder / "bellhop").write_text((CONFIG + more) % self.ports)
        self.state = str(folder / "state")
        self.running, self.handsets = {}, []

    def start(self, name, *words, **environment):
        with open(self.folder / name, "ab") as log:
            self.running[name] = subprocess.Popen(
                words, stdout=log, stderr=log, env={**os.environ, **environment}
            )

    def start_node(self, **environment):
        files = ("--config", self.folder / "bellhop", "--state", self.state)
        self.start("node", sys.executable, "-m", "bellhop", *files, **environment)
        wait_until(self.is_up, "the node answers")

    def is_up(self):
        try:
            return bool(self.ask("status"))
        except command.BellhopError:
            return False

    def start_bridge(self):
        files = ("--config", self.folder / "bellhop", "--state", self.state)
        self.start("bridge", sys.executable, "-m", "bellhop", "mqtt", *files)

    def start_broker(self):
        passwords = self.folder / "passwords"
        passwords.write_text("house:top-secret\n")
        passwords.chmod(0o700)
        subprocess.run(["mosquitto_passwd", "-U", passwords], check=True)
        config = self.folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.ports['mqtt']} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {passwords}\nuser root\n"
        )
        self.start("broker", shutil.which("mosquitto"), "-c", config)

    def stop(self, name, how=signal.SIGTERM):
        process = self.running.pop(name)
        process.send_signal(how)
        process.wait(10)

    def ask(self, verb, **arguments):
        connection = command.connect(self.state)
        with connection, connection.makefile("rb") as answers:
            return command.ask(connection, answers, verb, arguments)

    def phone(self, user):
        made = Handset(Loopback, None, user, "127.0.0.1")
        made.proxy = ("127.0.0.1", self.ports["sip"])
        self.handsets.append(made)
        return made.register()

    def said(self):
        return "".join((self.folder / name).read_text() for name in ("node", "bridge", "broker")
                       if (self.folder / name).exists())  # fmt: skip

    def close(self):
        for handset in self.handsets:
            handset.close()
        for name in list(self.running):
            self.stop(name, signal.SIGKILL)


@pytest.fixture
def home(tmp_path, request):
    made = Home(tmp_path, request.param)
    yield made
    made.close()


class Ears:
    """Somebody else at the broker, such as Home Assistant. heard: {topic: last payload}."""

    def __init__(self, port):
        self.heard, self.all = {}, []
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.username_pw_set("house", "top-secret")
        self.client.on_connect = lambda client, *rest: client.subscribe("#")
        self.client.on_message = self.take
        self.client.reconnect_delay_set(1, 1)
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()

    def take(self, client, userdata, message):
        self.heard[message.topic] = message.payload.decode()
        self.all.append((message.topic, message.payload.decode()))

    def wait(self, topic, payload):
        wait_until(lambda: self.heard.get(topic) == payload, f"{topic} is {payload}: {self.heard}")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.skipif(not shutil.which("mosquitto"), reason="no mosquitto (Debian package mosquitto)")
@pytest.mark.parametrize("home", [MQTT], indirect=True)
def test_home_assistant_sees_people_calls_and_the_bell_and_lets_somebody_rest(home):
    home.start_broker()
    home.start_node()
    home.start_bridge()
    ears = Ears(home.ports["mqtt"])
    try:
        ears.wait(BASE + "status", "online")
        ears.wait(BASE + "user/alice", "off")
        found = {
            topic: json.loads(text) for topic, text in ears.heard.items() if "/config" in topic
        }
        person = found["homeassistant/sensor/bellhop_home_test/user_alice/config"]
        assert (person["name"], person["state_topic"]) == ("Alice", BASE + "user/alice")
        assert person["availability_topic"] == BASE + "status"
        bell = found["homeassistant/event/bellhop_home_test/door_gate/config"]
        assert (bell["device_class"], bell["event_types"]) == ("doorbell", ["ring"])
        alice, gate = home.phone("alice"), home.phone("gate")
        ears.wait(BASE + "user/alice", "idle")
        dialled, answer, _ = begin(gate, alice, "201")
        ears.wait(BASE + "user/alice", "talking")
        assert (BASE + "user/alice", "ringing") in ears.all or home.ask("calls")["calls"]
        ears.wait(BASE + "door/gate", '{"event_type": "ring"}')
        ears.wait(BASE + "calls", "1")
        gate.hang_up_at(alice, dialled, answer)
        ears.wait(BASE + "user/alice", "idle")
        rest = found["homeassistant/switch/bellhop_home_test/dnd_alice/config"]
        ears.client.publish(rest["command_topic"], "ON")
        ears.wait(rest["state_topic"], "ON")
        assert home.ask("wishes", user="alice")["in_force"]["dnd"] is True
        home.stop("broker")  # It keeps nothing: all of it comes back with the bridge.
        ears.heard.clear()
        home.start_broker()
        ears.wait(BASE + "user/alice", "idle")
        ears.wait(BASE + "status", "online")
        home.stop("node")
        ears.wait(BASE + "status", "offline")
        home.start_node()
        ears.wait(BASE + "status", "online")
        home.stop("bridge", signal.SIGKILL)
        ears.wait(BASE + "status", "offline")  # The broker says so: the last will.
    finally:
        ears.close()
    assert "top-secret" not in home.said()


class Receiver(http.server.ThreadingHTTPServer):
    """A web server that refuses the first posts. posts: (path, signature, body).

    secured: ssl.SSLContext, None for plain HTTP.
    """

    def __init__(self, port, refusals=1, secured=None):
        super().__init__(("127.0.0.1", port), Answering)
        self.posts, self.refusals = queue.Queue(), refusals
        if secured is not None:
            self.socket = secured.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answering(http.server.BaseHTTPRequestHandler):
    """Takes a post."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refusals:
            self.server.refusals -= 1
            self.send_response(500)
        else:
            self.server.posts.put((self.path, self.headers["X-Bellhop-Signature"], body))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.mark.parametrize("home", [WEBHOOK], indirect=True)
def test_a_webhook_is_told_each_step_of_a_call_again_where_it_failed(home):
    server = Receiver(home.ports["web"])
    try:
        home.start_node()
        alice, bob = home.phone("alice"), home.phone("bob")
        dialled, answer, _ = begin(alice, bob, "202")
        alice.hang_up_at(bob, dialled, answer)
        states = []
        while states[-1:] != ["ended"]:
            path, signature, body = server.posts.get(timeout=20)
            proof = hmac.new(b"top-secret", body, hashlib.sha256).hexdigest()
            assert (path, signature) == ("/hidden-in-the-path", "sha256=" + proof)
            states.append(json.loads(body)["state"])
        assert "ringing" in states and "answered" in states
        counters = home.ask("status")["counters"]["webhook"]
        assert counters["failed"] == 1 and counters["told"] >= 2
    finally:
        server.shutdown()
        server.server_close()
    assert "it answers 500" in home.said()
    assert "top-secret" not in home.said() and "hidden" not in home.said()


def certificate(folder, host):
    """Make a certificate for a host that signs itself; return the paths of it and of its key."""
    paths = [str(folder / f"{host}.{kind}") for kind in ("crt", "key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x",
         "-addext", f"subjectAltName=DNS:{host}", "-out", paths[0], "-keyout", paths[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    return paths


@pytest.mark.parametrize(
    ("trusted", "host"),
    [(False, "localhost"), (True, "other.test"), (True, "localhost")],
    ids=["unknown", "of somebody else", "good"],
)
@pytest.mark.parametrize(
    "home", [WEBHOOK.replace("http://127.0.0.1", "https://localhost")], indirect=True
)
def test_a_webhook_over_tls_is_told_where_its_certificate_is_good(home, tmp_path, trusted, host):
    paths = certificate(tmp_path, host)
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(*paths)
    server = Receiver(home.ports["web"], 0, secured)
    try:
        home.start_node(**({"SSL_CERT_FILE": paths[0]} if trusted else {}))
        alice, bob = home.phone("alice"), home.phone("bob")
        dialled, answer, _ = begin(alice, bob, "202")
        alice.hang_up_at(bob, dialled, answer)
        if trusted and host == "localhost":
            path, signature, body = server.posts.get(timeout=60)
            proof = hmac.new(b"top-secret", body, hashlib.sha256).hexdigest()
            assert (path, signature) == ("/hidden-in-the-path", "sha256=" + proof)
            return
        wait_until(lambda: "webhook at localhost: " in home.said(), "the owner is told")
        assert "certificate" in home.said()
        assert server.posts.empty()
    finally:
        server.shutdown()
        server.server_close()
    assert "top-secret" not in home.said() and "hidden" not in home.said()


@pytest.mark.parametrize("home", [WEBHOOK], indirect=True)
def test_calls_go_on_while_a_webhook_does_not_answer(home):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", home.ports["web"]))
        mute.listen(1)  # It takes the connection and never says a word.
        home.start_node()
        alice, bob = home.phone("alice"), home.phone("bob")
        for _ in range(25):
            dialled, answer, _ = begin(alice, bob, "202")
            alice.hang_up_at(bob, dialled, answer)
        assert home.ask("status")["counters"]["webhook"]["left_out"] > 0
