"""`bellhop mqtt`: a process of its own between the node's control socket and an MQTT broker.

Tested with topics.py in tests/system/test_shell_home.py.

A broker that is away or slow is no matter of the node: it is sought again, and what waits for it is
bounded. Nothing is logged that the configuration keeps secret.
"""

import json
import time

from ...errors import BellhopError
from . import topics

# python3-paho-mqtt of OpenWrt's feeds and of Debian: 1.6 and 2.
try:
    from paho.mqtt import client as paho
except ImportError:  # It is in the package bellhop-mqtt.
    paho = None  # type: ignore[assignment]

MISSING = "python3-paho-mqtt is missing: the package bellhop-mqtt brings it"
# What waits for a broker that is away; seconds between two tries, at first and at last.
MOST_QUEUED, FIRST_WAIT, LAST_WAIT = (256, 1, 60)
# Steps of a call that come so close are looked at once; at least so often all is looked at.
GATHER_SECONDS, LOOK_SECONDS = (0.1, 30)
NODE_SECONDS = 5
MOST_PAYLOAD = 16


class Bridge:
    """One node and one broker. told: {topic: payload} that is retained at the broker.

    connect(), ask(connection, lines, verb, arguments): of shell.command; log(words).
    """

    def __init__(self, settings, connect, ask, log):
        if paho is None:
            raise BellhopError(MISSING)
        self.section, self.connect, self.ask, self.log = settings.mqtt, connect, ask, log
        self.topics = topics.Topics(
            self.section.topic, settings.domain.decode(), self.section.discovery
        )
        self.told, self.users, self.wanted = {}, [], []
        self.client = self._client()
        self.is_running, self.is_new = True, False

    def _client(self):
        section = self.section
        words = ("bellhop-" + self.topics.domain,)
        if hasattr(paho, "CallbackAPIVersion"):
            words = (paho.CallbackAPIVersion.VERSION1, *words)
        client = paho.Client(*words)
        if section.user:
            client.username_pw_set(section.user, section.password or None)
        if section.tls:
            client.tls_set(ca_certs=section.certificate or None)
        client.will_set(self.topics.status, topics.OFFLINE, qos=1, retain=True)
        client.max_queued_messages_set(MOST_QUEUED)
        client.reconnect_delay_set(FIRST_WAIT, LAST_WAIT)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_message = self._heard
        return client

    def _connected(self, client, userdata, flags, code, *rest):
        if code:
            self.log("the broker refuses: " + paho.connack_string(code))
            return
        self.log("connected to the broker at " + self.section.host)
        client.subscribe(self.topics.user("+") + topics.SET, qos=1)
        self.is_new = True  # It may have forgotten all: told by the thread that asks the node.

    def _disconnected(self, client, userdata, code, *rest):
        if code:
            self.log("the broker at %s is gone; it is sought again" % self.section.host)

    def _heard(self, client, userdata, message):
        """Take a wish; it is said to the node by the thread that asks it."""
        user, payload = self.topics.user_of(message.topic), bytes(message.payload)
        if user is not None and len(payload) <= MOST_PAYLOAD and len(self.wanted) < MOST_QUEUED:
            self.wanted.append((user, "on" if payload == b"ON" else "off"))

    def publish(self, topic, payload, retained):
        """Tell the broker; past the bound paho leaves it out."""
        self.client.publish(topic, payload, qos=1 if retained else 0, retain=retained)

    # The node.

    def run(self):
        """Carry on until `is_running` is false."""
        self.client.connect_async(self.section.host, self.section.port)
        self.client.loop_start()
        try:
            while self.is_running:
                try:
                    self._follow()
                except (BellhopError, OSError, ValueError) as error:
                    self.publish(self.topics.status, topics.OFFLINE, True)
                    self.told = {}
                    self.log("the node does not answer: %s" % error)
                    self._pause(NODE_SECONDS)
        finally:
            self.publish(self.topics.status, topics.OFFLINE, True)
            self.client.disconnect()
            self.client.loop_stop()

    def _pause(self, seconds):
        end = time.monotonic() + seconds
        while self.is_running and time.monotonic() < end:
            time.sleep(GATHER_SECONDS)

    def _follow(self):
        """Tell the broker what the node tells, until it stops."""
        with self.connect() as events, self.connect() as asked:
            lines, answers = events.makefile("rb"), asked.makefile("rb")
            self.ask(events, lines, "events", {})
            events.settimeout(GATHER_SECONDS)

            def ask(verb, **arguments):
                return self.ask(asked, answers, verb, arguments)

            self._look(ask)
            looked, buffer = time.monotonic(), b""
            while self.is_running:
                *whole, buffer = (buffer + _heard(events)).split(b"\n")
                for line in whole:
                    self._take(json.loads(line))
                is_late = time.monotonic() - looked > LOOK_SECONDS
                if whole or self.wanted or self.is_new or is_late:
                    self._wish(ask)
                    self._look(ask)
                    looked = time.monotonic()

    def _take(self, event):
        if event.get("event") == "call":
            for topic, payload in self.topics.call(event, self.users):
                self.publish(topic, payload, False)

    def _wish(self, ask):
        """Say to the node what was said to the broker."""
        while self.wanted:
            user, value = self.wanted.pop(0)
            try:
                ask("set-wish", user=user, wish="dnd", value=value)
            except BellhopError as error:
                self.log(str(error))

    def _look(self, ask):
        """Tell the broker what differs from what it knows."""
        if self.is_new:
            self.is_new, self.told = False, {}
        self.users = ask("users")["users"]
        names = [user["name"] for user in self.users]
        resting = [one for one in names if ask("wishes", user=one)["in_force"]["dnd"]]
        found = {self.topics.status: topics.ONLINE}
        found.update(self.topics.discovery(self.users))
        found.update(self.topics.standing(self.users, ask("calls")["calls"], resting))
        for topic in [one for one in self.told if one not in found]:
            self.publish(topic, "", True)  # A user who is gone.
        for topic, payload in found.items():
            if self.told.get(topic) != payload:
                self.publish(topic, payload, True)
        self.told = found


def _heard(connection):
    """Return what came, b"" for nothing yet; raises BellhopError where the node has stopped."""
    try:
        came = connection.recv(65536)
    except TimeoutError:
        return b""
    if not came:
        raise BellhopError("it has stopped")
    return came
