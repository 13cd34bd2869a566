"""What a member of the house sees and does on a page of his own (the verbs that take a `user`).

Each answers for that user alone: calls, texts, devices and contacts of others never appear. The
shell serves the page and knows who is signed in (shell/pilot).
"""

from ...core.feature import first
from ...effects import Store
from ...errors import BellhopError, Refusal
from ...limits import MAX_LINKS, MAX_OWN_CONTACTS
from ...sip import digest, scan, uri
from ...sip.ip import is_number, network_of
from ...text import printable, readable, spelled
from ...tu import dialplan, wishes
from ...tu.calls import ANSWERED, BY_ONE, OPENLY, RINGING
from . import place

NO, SEE, FULL = RIGHTS = ("no", "see", "full")
# What is said of the safety of a call beside the levels of its keys: it stays in the house, the
# phones encrypt by themselves, the keys are agreed when it is answered, nothing is known, it goes
# in clear over amateur radio.
HOUSE, PHONES, NOT_YET, UNKNOWN, NOT_PRIVATE = SAFETY = (
    "house", "by phones", "not yet", "not known", "not private",
)  # fmt: skip
# What became of a call, for one member.
TALKED, MISSED, ELSEWHERE, DECLINED, UNANSWERED = ENDS = (
    "talked", "missed", "answered elsewhere", "declined", "not answered",
)  # fmt: skip
# Why nobody took a call of a member's, by the status of its last response (RFC 3261 section 21).
NOBODY, AWAY, IS_BUSY, SILENT, GIVEN_UP, REFUSED, FAILED, NO_WAY = WHYS = (
    "nobody has it", "not there", "busy", "no answer", "given up", "refused", "failed",
    "no private way",
)  # fmt: skip
WHY = {404: NOBODY, 410: NOBODY, 416: NOBODY, 484: NOBODY, 604: NOBODY, 480: AWAY, 408: SILENT,
       486: IS_BUSY, 600: IS_BUSY, 487: GIVEN_UP}  # fmt: skip
HELD, BUSY = "held", "busy"
# A link to sign in, and how often in an hour an address may try a password here.
LINK_MS, LINK_LETTERS = 600000, 24
GUESSES_AN_HOUR = 10
A_MINUTE = GUESSES_AN_HOUR / 60
PAGE_OF_HISTORY = 100
MOST_FOUND = 200
USED = "this link was used already, or is older than ten minutes: ask for a new one"
WRONG = "this is not the name or not the password"
TOO_MANY = "too many wrong attempts from here: try again in an hour"
FULL_BOOK = "more than %d contacts do not fit"
NO_PROVIDER = "no provider calls this number: calls in the house and the mesh cost nothing"
NO_NUMBER = "'%s' is no number, name or address that can be dialled"
NO_SUM = "a provider tells a telephone no balance: its own page does"
NO_VOICE = "there is no answering machine on this router"


class Pilot:
    """A feature. links: token -> (user's name, when it ends); contacts: user's name -> rows.

    ask(verb, arguments, now): as Engine.answer; passwords, forwarder: of the core.
    """

    name = "pilot"
    hooks, events = ("restore", "started", "counters"), ()
    users, wakers = {}, {}

    def __init__(self, node, passwords, forwarder, ask, devices):
        self.node = node
        self.passwords = passwords
        self.forwarder = forwarder
        self.ask = ask
        self.devices = devices
        self.links = {}
        self.contacts = {}
        self.seen = {"links": 0, "signed_in": 0, "refused": 0}

    def counters(self):
        """Return how often somebody signed in."""
        return {"page": self.seen}

    def restore(self, name, records, now):
        """Take back the contacts of members."""
        if name == "contacts":
            self.contacts = {record["id"]: record["entries"] for record in records}

    def started(self, now):
        """Forget the contacts of who lives here no more; return the effects."""
        gone = [name for name in self.contacts if self.node.settings.is_nobody(name)]
        for name in gone:
            del self.contacts[name]
        return [Store("contacts", self._dump, dict.fromkeys(gone))] if gone else []

    # Who comes in.

    def link(self, arguments, now):
        """Make a token by which `user` signs in once."""
        user = self._user(arguments)
        if user.pilot == NO:
            raise BellhopError("`option pilot` of %s is 'no'" % user.name)
        if len(self.links) >= MAX_LINKS:
            del self.links[min(self.links, key=lambda one: self.links[one][1])]
        token = spelled(self.node.random(LINK_LETTERS))
        self.links[token] = user.name, now + LINK_MS
        self.seen["links"] += 1
        path = "/#in=" + token
        told = {"user": user.name, "token": token, "path": path, "seconds": LINK_MS // 1000}
        return dict(told, url=place.url(self.node, path)), []

    def enter(self, arguments, now):
        """Return who signs in: by `token`, or by `user` and `password`; `host` is where from."""
        host = arguments.get("host") or ""
        try:
            name = self._entered(arguments, host, now)
        except BellhopError:
            self.seen["refused"] += 1
            raise
        self.seen["signed_in"] += 1
        return {"user": name, "rights": self.node.settings.users[name].pilot}, []

    def enter_device(self, arguments, now):
        """Return whose `login` and `password` are, a device's or an account's; `host`: where."""
        host, login = arguments.get("host") or "", arguments["login"].encode()
        self._check_guesses(host, now)
        user, password = self.node.settings.account(login), arguments["password"].encode()
        if user is None or not self._is_right(user, login, password):
            self._guessed(host, now)
            raise Refusal("wrong password", WRONG)
        return {"user": user.name}, []

    def _is_right(self, user, login, password):
        realm = self.node.settings.realm
        for algorithm in digest.ALGORITHMS:
            known = user.ha1_of(algorithm, login)
            made = digest.ha1(algorithm, login, realm, password)
            if known is not None and digest.equal(made, known):
                return True
        return False

    def _check_guesses(self, host, now):
        """Raise BellhopError where an address has been wrong too often."""
        guesser = "page " + network_of(host)
        if not self.node.rates.has(guesser, A_MINUTE, GUESSES_AN_HOUR, now):
            raise Refusal("too many tries", TOO_MANY)

    def _guessed(self, host, now):
        self.node.rates.allows("page " + network_of(host), A_MINUTE, GUESSES_AN_HOUR, now)
        self.passwords.guessed(host, now)

    def _entered(self, arguments, host, now):
        self._check_guesses(host, now)
        token, found = arguments.get("token"), None
        if token:
            found, until = self.links.pop(token, (None, 0))
            found = found if until > now else None
        elif self.passwords.may_guess(host, now):
            found = self._by_password(arguments)
        user = self.node.settings.users.get(found)
        if user is None or user.pilot == NO:
            self._guessed(host, now)
            raise Refusal("link used", USED) if token else Refusal("wrong password", WRONG)
        return found

    def _by_password(self, arguments):
        name, password = arguments.get("user") or "", (arguments.get("password") or "").encode()
        section = self.node.settings.names.get(uri.key_of(name.strip().encode()))
        if section is None or section.kind != "user":
            return None
        is_right = self._is_right(section, section.name.encode(), password)
        return section.name if is_right else None

    def _user(self, arguments):
        return self.node.settings.users[self.node.user_named(arguments.get("user"))]

    # Who I am.

    def me(self, arguments, now):
        """Return who `user` is, with which phones."""
        user, node = self._user(arguments), self.node
        told = {
            "name": user.name,
            "display_name": user.display_name or user.name,
            "extension": user.extension,
            "domain": node.settings.domain.decode(),
            "rights": user.pilot,
            "phones": self.devices.of(user.name, now),
            "voice": 0,
            "number": "",
            "unread": 0,
            # Desk phones that ask who they are: those who may take one in are told.
            "fresh": len(self.ask("new-phones", {}, now)[0]["new"]) if user.pilot == FULL else 0,
        }
        for seen in node.hooks.seen_user:
            found = seen(user.name)
            told["number"] = found.get("mesh_number") or told["number"]
            told["unread"] = found.get("messages", told["unread"])
        return told

    # Calls.

    def live(self, arguments, now):
        """Return the live calls of `user`."""
        user, rows = self._user(arguments), []
        for call in sorted(self.node.calls.live.values(), key=_number):
            incoming = self._side(call, user.name)
            if incoming is not None:
                rows.append(self._row(call, incoming, user, now))
        return {"calls": rows}

    def _side(self, call, name):
        """Tell whether a live call comes in for a user; None: it is none of his."""
        if call.members.caller == name:
            return False
        if call.state == ANSWERED:
            return True if call.members.taker == name else None
        return True if _rings(call, name) else None

    def _row(self, call, incoming, user, now):
        seen = self.node.seen(call, now)
        row = self._peer(call, incoming, user)
        row.update(
            {
                "call": str(call.number),
                "incoming": incoming,
                "state": HELD if seen["held"] else seen["state"],
                "rings": seen["rings"],
                "safety": _safety(call, seen),
                "words": seen.get("words") if call.state == ANSWERED else None,
                "through": len(seen.get("through") or ()),
                "privacy": seen.get("privacy") or 0,
                "talked": seen["seconds_talked"],
                "seconds": seen["seconds_since_start"],
            }
        )
        return row

    def _peer(self, call, incoming, user):
        """Return who the other one is, as `who` does; hidden: he does not say."""
        if incoming and wishes.is_nobody(call.from_):
            return {"name": "", "number": "", "address": "", "hidden": True}
        told = self.who(user.name, call.from_.uri if incoming else uri.parse(call.uri))
        if not told["name"] and incoming:
            told["said"] = readable(scan.unquote(call.from_.display or b""))
        return dict(told, hidden=False)

    def who(self, user, target):
        """Return whom a Uri means, for a user (a name): name, number to dial, address."""
        node = self.node
        is_here = target.host is None or node.is_ours(target)
        name = readable(target.name or target.rest or b"")
        host = "" if target.host is None else readable(target.host)
        section = dialplan.callee(node.settings, target) if is_here else None
        address = name if is_here else "%s@%s" % (name, host)
        told = {"name": "", "number": name if is_here else "sip:" + address, "address": address}
        if section is not None:
            told["number"] = section.extension or section.name
            told["name"] = section.display_name or section.name
        told["name"] = self._own_name(user, told) or told["name"]
        told["name"] = told["name"] or self._known(target, told, is_here)
        return told

    def _own_name(self, user, told):
        keys = [_key(told["number"]), _key(told["address"])]
        for row in self.contacts.get(user, ()):
            if _key(row["number"]) in keys:
                return row["name"]
        return ""

    def _known(self, target, told, is_here):
        """Return the name that the owner's contacts, or the mesh, have for an address, or ""."""
        keys = [_key(told["number"]), _key(told["address"])]
        for contact in self.node.settings.contacts:
            if contact.name and {_key(contact.number), _key(contact.address)} & set(keys):
                return contact.name
        found = None if is_here else first(self.node.hooks.callee, target)
        return "" if found is None else str(found[0] or "")

    def history(self, arguments, now):
        """Return the newest calls of `user` that are over; `before`: an id, for those before it.

        `missed`: anything, for those alone that were missed.
        """
        user, rows = self._user(arguments), []
        before, only = arguments.get("before"), arguments.get("missed")
        for call in reversed(self.node.calls.history):
            if before and (not is_number(before) or call.number >= int(before)):
                continue
            row = self._past(call, user, now)
            if row is not None and (not only or row["how"] == MISSED):
                rows.append(row)
            if len(rows) >= PAGE_OF_HISTORY:
                break
        return {"history": rows}

    def _past(self, call, user, now):
        members, name = call.members, user.name
        if name not in (members.caller, members.callee) and name not in members.rang:
            return None
        incoming = members.caller != name
        row = self._peer(call, incoming, user)
        answered = call.answered_at is not None
        mine = answered and (not incoming or members.taker == name)
        row.update(
            {
                "id": call.number,
                "incoming": incoming,
                "how": _how(call, incoming, mine),
                "why": "" if incoming or answered else _why(call),
                "safety": call.security if mine else None,
                "seconds_ago": (now - call.since) // 1000,
                "talked": (call.ended_at - call.answered_at) // 1000 if mine else None,
            }
        )
        return row

    def _mine(self, arguments):
        """Return (user, live Call, whether it comes in); raises BellhopError for another's."""
        user = self._user(arguments)
        wanted = arguments.get("call")
        for call in self.node.calls.live.values():
            incoming = self._side(call, user.name) if wanted == str(call.number) else None
            if incoming is not None:
                return user, call, incoming
        raise Refusal("call over", "this call is over")

    def hang_up(self, arguments, now):
        """End `call`; one that rings here is declined."""
        user, call, incoming = self._mine(arguments)
        if incoming and call.state == RINGING:
            return self.decline(arguments, now)
        words = "%s ended the call on the page" % user.name
        return {"call": arguments["call"]}, self.forwarder.release.hang_up(call, now, words)

    def decline(self, arguments, now):
        """Let `call` ring no more at the phones of `user`: it goes on as if he were busy."""
        user, call, incoming = self._mine(arguments)
        if not incoming or call.state != RINGING:
            raise Refusal("call over", "this call does not ring here")
        return {"call": arguments["call"]}, self.forwarder.decline(call.context, user.name, now)

    def verify(self, arguments, now):
        """Take what two people found of the words of `call`: `verdict` same or different."""
        user, call, incoming = self._mine(arguments)
        if incoming and wishes.is_nobody(call.from_):
            raise Refusal("hidden", "who hides the number cannot be verified")
        asked = {"call": arguments["call"], "verdict": arguments["verdict"]}
        effects = self.ask("verify", asked, now)[1]
        return {"call": self._row(call, incoming, user, now)}, effects

    # People.

    def book(self, arguments, now):
        """Return the phone book, own entries first; `search`: what stands in a name or number."""
        user, search = self._user(arguments), (arguments.get("search") or "").lower()
        talking = set()
        for call in self.node.calls.live.values():
            if call.state == ANSWERED:
                talking.update([call.members.caller, call.members.taker])
        rows = [
            {"name": row["name"], "number": row["number"], "own": row["id"], "state": ""}
            for row in self.contacts.get(user.name, ())
        ]
        domain = "@" + self.node.settings.domain.decode()
        for entry in self.ask("phonebook", {}, now)[0]["phonebook"]:
            name = entry["address"][4:].partition(domain)[0]
            state = "there" if entry["registered"] else ""
            row = {"name": entry["display"], "number": entry["number"] or entry["address"],
                   "own": "", "state": BUSY if name in talking else state}  # fmt: skip
            rows.append(row)
        found = [row for row in rows if search in row["name"].lower() or search in row["number"]]
        return {"book": found[:MOST_FOUND], "more": len(found) > MOST_FOUND}

    def set_contact(self, arguments, now):
        """Keep an entry of one's own: `name`, `number`; `id`: in place of that one.

        Without a name it is forgotten.
        """
        user = self._user(arguments).name
        name = printable(arguments.get("name") or "").strip()[:64]
        number = (arguments.get("number") or "").strip()
        if name and (
            not number or len(number) > 128 or [c for c in number if not 32 <= ord(c) < 127]
        ):
            raise Refusal("wrong contact", "a contact needs a number, a name or an address")
        rows = [row for row in self.contacts.get(user, ()) if row["id"] != arguments.get("id")]
        if name:
            if len(rows) >= MAX_OWN_CONTACTS:
                raise Refusal("contacts full", FULL_BOOK, MAX_OWN_CONTACTS)
            made = arguments.get("id") or spelled(self.node.random(8))
            rows.append({"id": made, "name": name, "number": number})
        rows.sort(key=lambda row: row["name"].lower())
        self.contacts[user] = rows
        changes = {user: {"id": user, "entries": rows}}
        return {"contacts": rows}, [Store("contacts", self._dump, changes)]

    def _dump(self, now):
        users = self.node.settings.users
        return [{"id": one, "entries": self.contacts[one]} for one in self.contacts if one in users]

    # Wishes.

    def wishes(self, arguments, now):
        """Return what is in force for the calls of `user`."""
        return self.ask("wishes", {"user": self._user(arguments).name}, now)[0]

    def set_wishes(self, arguments, now):
        """Set `wish` to `value`, or forget it without one."""
        asked = {name: arguments[name] for name in arguments if name != "id"}
        return self.ask("set-wish", asked, now)

    # What costs money.

    def price(self, arguments, now):
        """Return by which provider a call `to` somebody would go, "" for none, and its price.

        minute, call: in thousandths of the smallest coin, None where it is not known.
        """
        self._user(arguments)
        target = self._dialled(arguments.get("to") or "")
        if self._is_free(target):
            return {"provider": "", "minute": 0, "call": 0}, []
        ways = first(self.node.hooks.priced, target, now)
        if not ways:
            raise Refusal("no provider", NO_PROVIDER)
        way = ways[0]
        return {"provider": way.provider, "minute": way.minute, "call": way.call}, []

    def _dialled(self, to):
        """Return the Uri of what somebody dials; raises Refusal."""
        found = uri.typed(to, self.node.settings.domain)
        if found is None:
            raise Refusal("no number", NO_NUMBER, readable(to.encode()))
        return found

    def _is_free(self, target):
        """Tell whether a call stays in the house or the mesh, or is one for help."""
        node = self.node
        place = node.settings.speed_dial.get(target.key)
        target = target if place is None else uri.parse(place)
        is_far = target.host is not None and not node.is_ours(target)
        if is_far or target.key in node.settings.emergency:
            return True
        is_here = dialplan.callee(node.settings, target) is not None
        return is_here or first(node.hooks.callee, target) is not None

    def balance(self, arguments, now):
        """Tell what is left to call with: no provider tells that to a telephone."""
        self._user(arguments)
        ways = first(self.node.hooks.priced, self._dialled("0"), now)
        raise Refusal("no provider", NO_PROVIDER) if ways is None else Refusal("no balance", NO_SUM)

    # What is not there yet.

    def voice(self, arguments, now):
        """Tell what callers have said."""
        raise Refusal("no voice", NO_VOICE)


def _why(call):
    """Return why nobody took a call, one of WHYS."""
    said = call.ended_by or ""
    if said.find(OPENLY) >= 0 or said.find(BY_ONE) >= 0:
        return NO_WAY
    return WHY.get(call.status) or (FAILED if (call.status or 500) // 100 == 5 else REFUSED)


def _how(call, incoming, mine):
    if mine:
        return TALKED
    if call.answered_at is not None:
        return ELSEWHERE
    if not incoming:
        return UNANSWERED
    return DECLINED if call.status in (433, 603) else MISSED


def _rings(call, name):
    """Tell whether a call rings at a phone of a user now."""
    if call.context is None:
        return False
    for branch in call.context.pending():
        binding = branch.target.binding
        if binding is not None and binding.user == name and branch.cancel is None:
            return True
    return False


def _safety(call, seen):
    if seen.get("is_plain"):
        return NOT_PRIVATE
    if seen.get("by_phones"):
        return PHONES
    if seen.get("security") is not None:
        return seen["security"]
    members = call.members
    if call.state == RINGING and seen.get("relays"):
        return NOT_YET
    if call.state == ANSWERED:
        return HOUSE if members.caller is not None and members.taker is not None else UNKNOWN
    branches = [] if call.context is None else call.context.pending()
    outside = [one for one in branches if one.target.binding is None]
    return HOUSE if members.caller is not None and branches and not outside else UNKNOWN


def _key(number):
    return uri.key_of((number[4:] if number[:4] == "sip:" else number).encode())


def _number(call):
    return call.number
