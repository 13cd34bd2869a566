"""A number or an address becomes a person's: the steps with a directory, one after the other.

Nothing is kept on this side: whoever is interrupted begins again, and the directory knows how far
it was.
"""

CONTESTED = (
    "another key is published under %s: its owner was told, and unless he proves it again within 7 "
    "days, it is yours then. Ask again after that."
)
DONE = "%s belongs to this key now; the DNS says so within a minute: `bellhop names`"


def claim(api, name, address, read_code, tell):
    """Claim a name; return what the directory says of it at the end, a dict.

    api: an api.Api; address: the SIP URI where a number is reached, or ""; read_code(): what the
    person types; tell(sentence).
    """
    begun = api.ask("POST", "/v1/claims", {"name": name})
    tell("a message with a code is on its way to %s" % name)
    found = api.ask("POST", "/v1/claims/%s/proof" % begun["claim"], {"code": read_code().strip()})
    if found["state"] == "contested":
        tell(CONTESTED % name)
        return found
    if address:
        api.ask("PUT", "/v1/records/" + name, {"address": address, "s": 0})
        found = api.ask("GET", "/v1/claims/" + begun["claim"])
    tell(DONE % name)
    return found
