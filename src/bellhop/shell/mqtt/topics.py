"""Answers of a node -> what a broker is told, and how Home Assistant finds it (MQTT discovery).

TOPIC/DOMAIN/status            online, offline
TOPIC/DOMAIN/calls             how many go on
TOPIC/DOMAIN/call              each step of a call, JSON (not retained)
TOPIC/DOMAIN/user/NAME         off, idle, calling, ringing, talking
TOPIC/DOMAIN/user/NAME/texts   how many wait
TOPIC/DOMAIN/user/NAME/dnd     ON, OFF; to .../dnd/set it can be said
TOPIC/DOMAIN/door/NAME         {"event_type": "ring"} (not retained)
"""

import json

ONLINE, OFFLINE = ("online", "offline")
OFF, IDLE, CALLING, RINGING, TALKING = STATES = ("off", "idle", "calling", "ringing", "talking")
ON_OFF = {True: "ON", False: "OFF"}
SET = "/dnd/set"
# What of a call is told.
TOLD = (
    "number", "state", "caller", "callee", "rang", "taker", "held", "status", "ending", "ended_by",
    "seconds_talked", "security",
)  # fmt: skip


class Topics:
    """The names of one node's topics. topic: of all; domain: of the node; prefix: discovery's, ""
    for none."""

    def __init__(self, topic, domain, prefix):
        self.base = "%s/%s" % (topic, domain)
        self.domain = domain
        self.prefix = prefix
        self.status = self.base + "/status"

    def user(self, name):
        """Return the topic of a user."""
        return "%s/user/%s" % (self.base, name)

    def user_of(self, topic):
        """Return whose do-not-disturb a topic sets, or None."""
        start = self.base + "/user/"
        if not (topic.startswith(start) and topic.endswith(SET)):
            return None
        return topic[len(start) : -len(SET)]

    def call(self, event, users):
        """Return the messages of an event of a call: [(topic, payload)]; users: of the verb."""
        told = {name: event.get(name) for name in TOLD}
        messages = [(self.base + "/call", json.dumps(told))]
        door = _local(event["caller"], _doors(users))
        if door is not None and event["state"] == "ringing" and event["rings"]:
            messages.append(("%s/door/%s" % (self.base, door), json.dumps({"event_type": "ring"})))
        return messages

    def standing(self, users, calls, resting):
        """Return {topic: payload} of what is retained; resting: names of who rests."""
        found = {self.base + "/calls": str(len(calls))}
        states = states_of(users, calls)
        for user in users:
            name = user["name"]
            found[self.user(name)] = states[name]
            found[self.user(name) + "/texts"] = str(user.get("messages", 0))
            found[self.user(name) + "/dnd"] = ON_OFF[name in resting]
        return found

    def discovery(self, users):
        """Return {topic: payload} by which Home Assistant finds all of it."""
        if not self.prefix:
            return {}
        rows = [("sensor", "calls", "Calls", {"state_topic": self.base + "/calls",
                                              "icon": "mdi:phone-in-talk"})]  # fmt: skip
        for user in users:
            name, shown = user["name"], user["display_name"] or user["name"]
            if user.get("door"):
                door = {"state_topic": "%s/door/%s" % (self.base, name), "event_types": ["ring"],
                        "device_class": "doorbell"}  # fmt: skip
                rows.append(("event", "door_" + name, shown, door))
                continue
            topic = self.user(name)
            state = {"state_topic": topic, "device_class": "enum", "options": list(STATES),
                     "icon": "mdi:phone"}  # fmt: skip
            rows.append(("sensor", "user_" + name, shown, state))
            texts = {"state_topic": topic + "/texts", "icon": "mdi:message-text"}
            rows.append(("sensor", "texts_" + name, shown + ": texts that wait", texts))
            rest = {"state_topic": topic + "/dnd", "command_topic": topic + SET,
                    "icon": "mdi:phone-off"}  # fmt: skip
            rows.append(("switch", "dnd_" + name, shown + ": do not disturb", rest))
        return dict([self._entry(*row) for row in rows])

    def _entry(self, component, key, shown, fields):
        """Return (topic, payload) of one entity."""
        node = "bellhop_" + _identifier(self.domain)
        made = dict(
            fields,
            name=shown,
            unique_id="%s_%s" % (node, _identifier(key)),
            availability_topic=self.status,
            device={"identifiers": [node], "name": "bellhop " + self.domain,
                    "manufacturer": "bellhop", "model": "telephone exchange"},
        )  # fmt: skip
        topic = "%s/%s/%s/%s/config" % (self.prefix, component, node, _identifier(key))
        return topic, json.dumps(made)


def states_of(users, calls):
    """Return {user's name: one of STATES}."""
    found = {user["name"]: IDLE if user["phones"] else OFF for user in users}
    for call in calls:
        caller = _local(call["caller"], users)
        if call["state"] == "ringing":
            for name in call["rang"]:
                if found.get(name) != TALKING:
                    found[name] = RINGING
            if caller is not None and found[caller] != TALKING:
                found[caller] = CALLING
            continue
        for name in (caller, call["taker"]):
            if name in found:
                found[name] = TALKING
    return found


def _doors(users):
    return [user for user in users if user.get("door")]


def _local(address, users):
    """Return the name of the user whom an address of this node means, or None."""
    for user in users:
        domain = user["address"].partition("@")[2]
        for name in [user["name"], user["extension"], *user["aliases"]]:
            if name and address.lower() == "%s@%s" % (name.lower(), domain.lower()):
                return user["name"]
    return None


def _identifier(text):
    return "".join([letter if letter.isalnum() and letter.isascii() else "_" for letter in text])
