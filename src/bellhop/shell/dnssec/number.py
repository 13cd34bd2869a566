"""A number of one's own, in steps: key, claim, code, proof, choice, account, address, telephone.

Each step is kept when it is done (`accounts`), so that whoever is interrupted goes on there.
Nothing is asked after the code.
"""

import binascii
import contextlib
import functools
import os
import socket
import time
from pathlib import Path

from ...errors import BellhopError
from ...names import choice, enum, keys, lists
from ...names.answer import BOGUS, NAPTR, SECURE, TXT
from ..mesh import identity, keys_of_people
from . import accounts
from .claim import CONTESTED, Claim

# The DNS is asked again after so long, and for so long.
AGAIN_SECONDS, SECURE_SECONDS = 0.5, 65
REGISTERED_SECONDS = 60
PROBES, PROBE_SECONDS = 5, 1
LIST = "list"
# A provider at which the telephone was not registered for so long has vanished.
AWAY_SECONDS = 3600
# Prices that are kept.
MOST_RATES = 64


class Number:
    """One user's number. state: the node's folder; settings: its Settings.

    ask(verb, arguments): of the running node; tell(sentence); read_code(): what is typed.
    """

    def __init__(self, state, settings, user, ask, tell, read_code):
        self.state = state
        self.settings = settings
        self.user = user
        self.ask = ask
        self.tell = tell
        self.read_code = read_code
        self.row = accounts.read(state, user)
        self.row.setdefault("done", [])

    def go(self, name="", directory="", provider="", how=""):
        """Do all steps that are not done yet; return what is kept. raises BellhopError.

        how: the way of the code ("sms", "call"); another one is sent where one was.
        """
        name = name.lower()
        if name and name != self.row.get("name", name):
            self.row = {"done": []}
        self.row["name"] = name or self.row.get("name", "")
        if not self.row["name"]:
            raise BellhopError("say which number: bellhop number %s +49301234" % self.user)
        self.row.update({"wanted": provider} if provider else {})
        self.row.update({"directory": directory} if directory else {})
        self.row.update({"how": how} if how else {})
        if how and "code" not in self.row["done"]:
            self.row["done"] = [one for one in self.row["done"] if one != "claim"]
        for step, work in steps(self.row):
            if step not in self.row["done"]:
                if not work(self):
                    return self.row
                self.row["done"].append(step)
                self._keep()
        return self.row

    def _keep(self):
        accounts.write(self.state, self.user, self.row)

    def _api(self, base):
        return accounts.api(self.state, self.user, base)

    def _claim(self):
        return Claim(self._api(self.row["api"]), self.user, self.ask, self.tell, self.read_code)

    @property
    def number(self):
        return self.row["name"]

    # Steps 1 to 4: the directory.

    def key(self):
        """The user has a key."""
        if self.user not in self.settings.users:
            raise BellhopError("there is no user '%s'; `bellhop users` shows them" % self.user)
        keys_of_people.make(self.state, self.user)
        self.ask("reload", {})
        return True

    def claim(self):
        """A code is on its way."""
        known = [one for one in self.ask("names", {})["directories"] if one["api"]]
        wanted = self.row.get("directory")
        known = [one for one in known if wanted in (None, one["zone"])]
        if not known:
            raise BellhopError("no directory is known: `list directory` in `config dns` names one")
        self.row.update(directory=known[0]["zone"], api=known[0]["api"])
        found = self._claim().begin(self.number, self.row.get("how", ""))
        self.row.update(claim=found["claim"], ways=found.get("ways", []))
        return True

    def code(self):
        """The code is typed, or has come by itself."""
        found = self._api(self.row["api"]).ask("GET", "/v1/claims/" + self.row["claim"])
        if found["state"] == "expired":
            self.row["done"].remove("claim")
            self._keep()
            raise BellhopError("the code is too old: run this again for another one")
        if found["state"] == "challenged":
            found = self._claim().prove(self.number, self.row["claim"])
        if found["state"] == "contested":
            self.tell(CONTESTED % self.number)
            return False
        if "statement" not in found:
            raise BellhopError("the directory says that the claim is " + found["state"])
        self.ask("set-statement", {"user": self.user, "statement": found["statement"]})
        self.row["statement"] = found["statement"]
        return True

    def published(self):
        """The own resolver says so, proved by DNSSEC."""
        mine = identity.crypto().public_key(keys_of_people.own(self.state, self.user))
        name, zone = self.number.encode(), self.row["directory"].encode()
        user, at, host = name.rpartition(b"@")
        owner = keys.of_foreign(user, host, zone) if at else keys.of_number(name[1:], zone)
        self._wait_secure(
            owner, TXT, lambda records: mine in [one.key for one in keys.published(records)],
            "the DNS does not name your key for %s yet",
        )  # fmt: skip
        self.tell("the DNS names your key for %s" % self.number)
        return True

    def _wait_secure(self, owner, kind, is_there, words):
        """Wait until the DNS says what was published; raises BellhopError with words.

        Name servers keep an answer for a moment, so that it may come after what was said to be
        done; nothing is kept on this side from one question to the next.
        """
        from ..service import milliseconds  # What a node that runs has loaded anyway.
        from .resolving import Resolving

        section, end = self.settings.dns, time.monotonic() + SECURE_SECONDS
        while True:
            with Resolving(milliseconds, section.anchor, section.root_hints) as resolving:
                answer = resolving.ask(owner.decode(), kind, self.row["directory"])
            if answer.outcome == SECURE and is_there(answer.records):
                return
            if answer.outcome == BOGUS or time.monotonic() > end:
                words = words % self.number + ": %s; run this again"
                raise BellhopError(words % (answer.why or answer.outcome))
            time.sleep(AGAIN_SECONDS)

    # Steps 5 to 9: the provider.

    def choose(self):
        """The best provider of the list, or the one that was wanted."""
        if self.row.get("wanted"):
            self.row.update(provider=self.row["wanted"], reason="your own choice")
            return True
        left = self.row.get("old", {}).get("provider")
        others = [api for api in self._providers() if api != left]
        offers = [one for one in map(self._offer, others) if one is not None]
        country = self.settings.plan.country.decode().lstrip("+")
        country = "+" + country if country else ""
        crypto = identity.crypto()
        mine = crypto.public_key(keys_of_people.own(self.state, self.user))
        best, reason = choice.choose(offers, country, mine)
        if best is None:
            raise BellhopError(reason + ": name one with --provider URL")
        if left:
            reason += "; the one before was away"
        self.row.update(provider=best.api, reason=reason)
        self.tell("provider: " + reason)
        return True

    def _providers(self):
        """Return the APIs of the providers of the signed list; raises BellhopError."""
        keepers = lists.keepers_of(self.settings.dns.keeper)
        if not keepers:
            raise BellhopError(
                "name a provider with --provider URL, or `list keeper` in `config dns`"
            )
        path, verify, kept, found = Path(self.state) / LIST, identity.crypto().verify, None, {}
        if path.exists():
            kept, found = lists.read(path.read_bytes(), keepers, 0, verify)
        for base in [self.row["api"] + "/v1/list", *self._elsewhere(path, keepers, verify)]:
            try:
                octets = self._api(base).fetch("")
                sequence = 0 if kept is None else kept.sequence
                kept, found = lists.read(octets, keepers, sequence, verify)
            except (BellhopError, ValueError) as error:
                words = "the list of providers: %s"
                words += "" if kept is None else "; the one that was kept is used"
                self.tell(words % error)
                continue
            beside = path.with_suffix(".new")
            beside.write_bytes(octets)
            os.replace(beside, path)
            self._elsewhere(path, keepers, verify)
        if kept is None:
            raise BellhopError("no list of providers can be had: name one with --provider URL")
        if kept.until < time.time() // 86400:
            self.tell("the list of providers is out of date; it is used all the same")
        return [one["api"] for one in found.get("providers", []) if isinstance(one, dict)]

    def _elsewhere(self, path, keepers, verify):
        """Pass on which list is kept; return where a newer one lies that the mesh knows, URIs."""
        octets = lists.bare(path.read_bytes()) if path.exists() else b""
        told = self.ask("list-head", {"head": keys.base64(octets).decode()})["head"]
        if not told:
            return []
        places = lists.read_head(keys.unbase64(told.encode()), keepers, verify).places
        return [place.decode("ascii", "replace") for place in places if isinstance(place, bytes)]

    def _offer(self, base):
        """Return the Offer of a provider, None where it does not answer."""
        api = self._api(base)
        try:
            about = api.ask("GET", "/v1/about")
            prices = [self._price(api, number) for number in self._dialled()]
        except BellhopError:
            return None
        return choice.Offer(base, about, prices, self._delay(about.get("proxies") or []))

    def _price(self, api, number):
        try:
            return api.ask("GET", "/v1/rates?to=%s" % number.lstrip("+"))["per_minute"]
        except BellhopError:
            return None

    def _dialled(self):
        """Return the numbers that this house dials most, its own where there are none."""
        counts = {}
        for row in self.ask("history", {})["history"]:
            number = row["dialled"].partition(":")[2].partition("@")[0]
            if number[:1] == "+":
                counts[number] = counts.get(number, 0) + 1
        most = sorted(counts, key=lambda one: (-counts[one], one))[: choice.MOST_NUMBERS]
        return most or [self.number]

    def _delay(self, proxies):
        """Return the median time of OPTIONS to a proxy, ms."""
        place = proxies[0].partition(":")[2].partition(";")[0] if proxies else ""
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "5060")
        times = []
        for _ in range(PROBES):
            mark = binascii.hexlify(os.urandom(6)).decode()
            try:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.settimeout(PROBE_SECONDS)
                    probe.connect((host, int(port)))
                    begun = time.monotonic()
                    probe.send(_options(place, mark, probe.getsockname()))
                    probe.recv(65535)
                    times.append(int(1000 * (time.monotonic() - begun)))
            except (OSError, ValueError):
                times.append(1000 * PROBE_SECONDS)
        return sorted(times)[PROBES // 2]

    def account(self):
        """Open it: the provider looks the key up for itself."""
        body = {"name": self.number, "directory": self.row["directory"]}
        body["statement"] = self.row["statement"]
        found = self._api(self.row["provider"]).ask("POST", "/v1/accounts", body)
        accounts.take(self.row, found)
        return True

    def address(self):
        """Let the number lead there."""
        body = {"address": self.row["aor"], "s": 0}
        self._api(self.row["api"]).ask("PUT", "/v1/records/" + self.number, body)
        digits, wanted = self.number[1:].encode(), [self.row["aor"].encode()]
        owner = enum.owner(digits, b"e164." + self.row["directory"].encode())
        self._wait_secure(
            owner, NAPTR, lambda records: enum.addresses(records, digits) == wanted,
            "the DNS does not lead from %s to your provider yet",
        )  # fmt: skip
        return True

    def registered(self):
        """The node takes the account as a provider, and registers."""
        with contextlib.suppress(BellhopError):  # Calls go without it too.
            self.learn()
        if "old" in self.row:
            self.row["old"]["until"] = int(time.time()) + accounts.LEAVING_SECONDS
        self._keep()
        self.ask("reload", {})
        end = time.monotonic() + REGISTERED_SECONDS
        while True:
            if self._registration().get("is_up"):
                self.tell("%s is reachable" % self.number)
                return True
            if time.monotonic() > end:
                raise BellhopError("the telephone is not registered yet: `bellhop providers`")
            time.sleep(0.2)

    def _registration(self):
        """Return how the telephone is registered at the provider, a row, {} where there is none."""
        rows = self.ask("providers", {}).get("providers", [])
        return next((row for row in rows if row["name"] == "account_" + self.user), {})

    STEPS = (
        ("key", key), ("claim", claim), ("code", code), ("published", published),
        ("choice", choose), ("account", account), ("address", address), ("registered", registered),
    )  # fmt: skip

    # What else there is to do for an address, whose own domain says where it is.
    OF_ADDRESS = STEPS[:4]

    # Afterwards.

    def money(self, number=""):
        """Return sentences: the balance, and what a call to a number costs."""
        api = self._provider()
        found = api.ask("GET", "/v1/account")
        told = ["balance %s" % _money(found["balance"], found["currency"])]
        if number:
            rate = api.ask("GET", "/v1/rates?to=%s" % number.lstrip("+"))
            price = _money(rate["per_minute"], rate["currency"])
            told.append("a call to %s (%s) costs %s a minute" % (number, rate["place"], price))
        return told

    def credit(self, voucher):
        """Redeem a voucher; return a sentence."""
        mark = "voucher " + voucher
        found = self._provider().ask("POST", "/v1/credit", {"voucher": voucher}, again=mark)
        self.learn()
        self._keep()
        return "credited %s" % _money(found["paid"], "")

    def text(self, to, text):
        """Send a text to a number of the telephone network; return a sentence."""
        body = {"to": to, "text": text}
        mark = "text %d %s" % (time.time() // 60, text)
        cost = self._provider().ask("POST", "/v1/messages", body, again=mark)["cost"]
        return "sent for %s" % _money(cost, "")

    def page(self):
        """Return the address of the provider's page, good once, for a minute."""
        return self._provider().ask("POST", "/v1/login", {})["url"]

    def _provider(self):
        if not self.row.get("provider"):
            raise BellhopError("%s has no account yet: bellhop number %s" % (self.user, self.user))
        return self._api(self.row["provider"])

    def learn(self):
        """Keep what is left to call with, and what calls to the numbers that are dialled cost."""
        api, rates = self._provider(), dict(self.row.get("rates", {}))
        found = api.ask("GET", "/v1/account")
        self.row["balance"] = _money(found["balance"], found["currency"])
        for number in self._dialled():
            with contextlib.suppress(BellhopError):  # It does not reach this one.
                rate = api.ask("GET", "/v1/rates?to=" + number.lstrip("+"))
                rates[str(rate["prefix"])] = int(rate["per_minute"]), int(rate["connect"])
        self.row["rates"] = dict(sorted(rates.items())[:MOST_RATES])

    def move(self, provider=""):
        """Go to another provider, the best of the others: an account there; the number follows.

        The old one stays until nobody's cache leads to it any more; `accounts.renew` closes it.
        """
        if self.row.get("password") and provider != self.row["provider"]:
            self.row["old"] = {name: self.row[name] for name in accounts.GIVEN + ("provider",)}
            self.row["rates"] = {}
        self.row["wanted"] = provider
        self.row["done"] = [one for one in self.row["done"] if one in FIRST]
        self._keep()
        return self.go()

    def look_after(self):
        """Go on with a move, begin one where the provider has vanished, or learn its prices."""
        if "registered" not in self.row["done"]:
            return self.go()
        found = self._registration()
        is_away = not found.get("is_up", True) and found["seconds"] >= AWAY_SECONDS
        if is_away and self.settings.dns.follow:
            return self.move()
        self.learn()
        return self._keep()


def steps(row):
    """Return the steps of an account that is kept."""
    return Number.OF_ADDRESS if "@" in row.get("name", "") else Number.STEPS


# Steps that another provider changes nothing of.
FIRST = ("key", "claim", "code", "published")


def _options(place, mark, here):
    lines = (
        "OPTIONS sip:%s SIP/2.0" % place, "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (
            here[0], here[1], mark,
        ), "Max-Forwards: 70", "From: <sip:probe@invalid>;tag=%s" % mark, "To: <sip:%s>" % place,
        "Call-ID: %s" % mark, "CSeq: 1 OPTIONS", "Content-Length: 0", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def _money(amount, currency):
    return ("%d.%02d %s" % (amount // 10**6, amount % 10**6 // 10**4, currency)).strip()


# For a page: the errands of features/dns/accounts.py.


class _Waits(Exception):
    """The code must be typed first."""


def show(state):
    """Return {"accounts": rows} of all that are kept."""
    rows = [dict(_row(accounts.read(state, user)), user=user) for user in accounts.users(state)]
    return {"accounts": rows}


def _row(row):
    done = row.get("done", [])
    found = {name: row.get(name, "") for name in ("provider", "reason", "directory")}
    found.update(number=row.get("name", ""), waits="claim" in done and "code" not in done)
    found.update(ways=row.get("ways", []), balance=row.get("balance", ""))
    return dict(found, is_done=len(done) == len(steps(row)), told=[], problem="")


def run(asked):
    """Do the steps that can be done now; return a row of `show`."""
    told = []

    def read_code():
        if not asked["code"]:
            raise _Waits
        return asked["code"]

    with _made(asked, told.append, read_code) as made:
        one, problem = made(asked["user"]), ""
        try:
            one.go(asked["number"], "", asked["provider"], asked["how"])
        except BellhopError as error:
            problem = str(error)
        except _Waits:
            pass
        return dict(_row(one.row), told=told, problem=problem, user=asked["user"])


@contextlib.contextmanager
def _made(asked, tell, read_code):
    """Give a function: user -> Number, by the node that runs."""
    from ...world.settings import read_settings
    from .. import asking

    state = asked["state"]
    with contextlib.closing(asking.connect(state)) as connection:
        ask = functools.partial(asking.ask, connection, connection.makefile())
        settings = read_settings(asked["config"])
        yield lambda user: Number(state, settings, user, ask, tell, read_code)


def look_after(asked):
    """Renew credentials, learn prices, leave providers that have vanished; as accounts.renew."""
    answer = accounts.renew(asked["state"])
    changed, problems = set(answer["changed"]), [answer["problem"]]
    with _made(asked, lambda sentence: None, str) as made:
        for user in accounts.users(asked["state"]):
            before, one = accounts.read(asked["state"], user), made(user)
            try:
                if before.get("password"):
                    one.look_after()
            except BellhopError as error:
                problems.append("%s: %s" % (user, error))
            if accounts.read(asked["state"], user) != before:
                changed.add(user)
    return {"changed": sorted(changed), "problem": "; ".join(filter(None, problems))}
