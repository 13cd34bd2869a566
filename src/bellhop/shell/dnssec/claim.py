"""A number or an address becomes a person's: the steps with a directory, one after the other.

Nothing is kept on this side: whoever is interrupted begins again, and the directory knows how far
it was.
"""

import time

CONTESTED = (
    "another key is published under %s: its owner was told, and unless he proves it again within 7 "
    "days, it is yours then. Ask again after that."
)
DONE = "%s belongs to this key now; the DNS says so within a minute: `bellhop names`"


# How a code goes -> what is told of it.
ON_ITS_WAY = {
    "sms": "a message with a code is on its way to %s",
    "call": "%s is being called: a voice says the code",
    "message": "a message with a code is on its way to %s; the router takes it by itself",
}
OTHERWISE = "if none comes within a minute: the same again with --how call"
# A code that the node takes by itself is waited for so long, and looked for so often.
MESSAGE_SECONDS, LOOK_SECONDS = 60, 0.5


class Claim:
    """What one user does with a directory. api: an api.Api.

    ask(verb, arguments): of the running node; tell(sentence); read_code(): what the person types.
    """

    def __init__(self, api, user, ask, tell, read_code):
        self.api = api
        self.user = user
        self.ask = ask
        self.tell = tell
        self.read_code = read_code

    def go(self, name, address="", how=""):
        """Claim a name; return what the directory says of it at the end, a dict.

        address: the SIP URI where a number is reached, or ""; how: as of `begin`.
        """
        begun, api = self.begin(name, how), self.api
        found = self.prove(name, begun["claim"])
        if found["state"] == "contested":
            self.tell(CONTESTED % name)
            return found
        if address:
            api.ask("PUT", "/v1/records/" + name, {"address": address, "s": 0})
            found = api.ask("GET", "/v1/claims/" + begun["claim"])
        self.tell(DONE % name)
        return found

    def begin(self, name, how=""):
        """Begin a claim, or have another code sent; return what the directory says of it.

        how: the way of the code, "" for the usual one.
        """
        if "@" in name:
            self._came(name)  # From now on the node waits for it.
        body = {"name": name, "how": how} if how else {"name": name}
        begun = self.api.ask("POST", "/v1/claims", body)
        way = begun.get("how", "sms")
        self.tell(ON_ITS_WAY.get(way, ON_ITS_WAY["sms"]) % name)
        if way == "sms" and "call" in begun.get("ways", ()):
            self.tell(OTHERWISE)
        return begun

    def prove(self, name, id):
        """Show the code: that of an address comes to the node, all others are typed."""
        end = time.monotonic() + (MESSAGE_SECONDS if "@" in name else 0)
        code = ""
        while not code and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            code = self._came(name)
        code = code or self.read_code().strip()
        return self.api.ask("POST", "/v1/claims/%s/proof" % id, {"code": code})

    def _came(self, name):
        """Return the code of an address that has come to the node, "" while there is none."""
        asked = {"user": self.user, "name": name, "key": self.api.key}
        return self.ask("claim-code", asked)["code"]
