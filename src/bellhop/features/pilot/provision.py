"""Gets a new phone working: one-time links to its file, desk phones that ask, guests in the field.

The file of a phone is made when it is fetched, once; what it holds is forgotten then.
"""

from ...effects import Event
from ...errors import BellhopError, Refusal
from ...limits import MAX_NEW_PHONES, MAX_OFFERS
from ...provisioning import brands
from ...provisioning.description import BLF, PAGE, PARK, Description, Group, Key
from ...settings import codes
from ...sip import digest
from ...sip.ip import is_number
from ...text import spelled
from . import place

TOKEN_LETTERS = 24
LINK_MS, DESK_MS = 600000, 1800000
# Phones that take no file: a person enters or copies what the page shows.
FIELDS = "other"
BY_HAND = (FIELDS, "baresip")
KINDS = ("linphone",) + BY_HAND + brands.DESK
GONE = "this link was used already, or is too old: add the phone once more"
NO_FILE = "there is no such file for this phone"
NOT_ASKED = "no such phone has asked: switch it off and on once more"
NO_BRAND = "this phone does not say who made it: enter its values by hand"
# One address may ask so seldom for a new phone, ms.
PAUSE_MS = 5000


class Offer:
    """A file that waits to be fetched. kind: one of KINDS; mac: for this phone alone, or ""."""

    def __init__(self, user, row, password, mac, until):
        self.user = user
        self.row = row
        self.password = password
        self.mac = mac
        self.until = until


class Provision:
    """A feature. offers: token -> Offer; phones: mac -> what a desk phone says of itself.

    devices: features.pilot.devices.Devices; guests: features.pilot.guests.Guests.
    """

    name = "provision"
    hooks, events = ("counters",), ()
    users, wakers = {}, {}

    def __init__(self, node, devices, guests):
        self.node = node
        self.devices = devices
        self.guests = guests
        self.offers = {}
        self.phones = {}
        self.asked = {}
        self.seen = {"added": 0, "fetched": 0, "refused": 0, "desk_phones": 0, "guests": 0}

    def counters(self):
        """Return how many phones were brought in."""
        return {"provisioning": self.seen}

    # What a member does.

    def add(self, arguments, now):
        """Make a device of `user` for a phone of a `kind`, which people call `name`."""
        user, kind = self._user(arguments), arguments.get("kind")
        if kind not in KINDS:
            raise BellhopError("the kind of a phone is one of " + ", ".join(KINDS))
        row, password, effects = self.devices.add(user, arguments.get("name") or "", kind)
        self.seen["added"] += 1
        told = {
            "login": row["id"],
            "user": user.name,
            "name": row["name"],
            "kind": kind,
            "domain": self.node.settings.domain.decode(),
            "port": self.node.settings.sip_port,
        }
        if kind in BY_HAND:
            told["password"] = password
        else:
            token = self._offer(user.name, row, password, "", now + LINK_MS)
            path = "/p/" + token
            told.update({"path": path, "seconds": LINK_MS // 1000})
            told["url"] = place.url(self.node, path)
        return told, effects

    def forget(self, arguments, now):
        """Lock `phone` (a login) of `user` out."""
        user, login = self._user(arguments).name, arguments.get("phone")
        effects = self.devices.forget(user, login, now)
        self.offers = {one: self.offers[one] for one in self.offers if self._is_of(one, login)}
        return {"forgotten": login}, effects

    def _is_of(self, token, login):
        return self.offers[token].row["id"] != login

    def ring(self, arguments, now):
        """Let `phone` (an id) of `user` ring, or not: `rings` is 1 or 0."""
        user, rings = self._user(arguments).name, arguments.get("rings") == "1"
        effects = self.devices.tune(user, arguments.get("phone"), rings, now)
        return {"phones": self.devices.of(user, now)}, effects

    def new(self, arguments, now):
        """Return the desk phones that have asked for their configuration and are nobody's."""
        rows = [dict(self.phones[mac], mac=mac) for mac in self.phones]
        return {"new": rows}

    def assign(self, arguments, now):
        """Let a desk phone, known by its `mac`, be one of `user`: it fetches its file next time."""
        user, mac = self._user(arguments), (arguments.get("mac") or "").replace(":", "").lower()
        found = self.phones.get(mac)
        if found is None:
            raise Refusal("not asked", NOT_ASKED)
        if not found["brand"]:
            raise Refusal("no brand", NO_BRAND)
        del self.phones[mac]
        name = arguments.get("name") or found["model"]
        row, password, effects = self.devices.add(user, name, found["brand"], None, mac)
        self._offer(user.name, row, password, mac, now + DESK_MS)
        self.seen["added"] += 1
        return {"login": row["id"], "seconds": DESK_MS // 1000}, effects

    def _user(self, arguments):
        return self.node.settings.users[self.node.user_named(arguments.get("user"))]

    def _offer(self, user, row, password, mac, until):
        if len(self.offers) >= MAX_OFFERS:
            del self.offers[min(self.offers, key=lambda one: self.offers[one].until)]
        token = spelled(self.node.random(TOKEN_LETTERS))
        self.offers[token] = Offer(user, row, password, mac, until)
        return token

    # What a phone does.

    def file(self, arguments, now):
        """Return the `file` of the offer `token`, once; without a token the file names the phone.

        `base`: the URL of this server as the phone asked it, as http://192.168.1.1:8086.
        """
        name, token = arguments.get("file") or "", arguments.get("token")
        token = token or self._by_mac(name)
        offer = self.offers.get(token)
        if offer is None or offer.until <= now:
            self.offers.pop(token, None)
            self.seen["refused"] += 1
            raise BellhopError(GONE)
        module = brands.module_of(offer.row["kind"])
        text = module.file(self._description(offer, arguments["base"]), name)
        if text is None:
            raise BellhopError(NO_FILE)
        if not name.endswith(".boot"):
            del self.offers[token]
            self.seen["fetched"] += 1
        return {"text": text, "content_type": module.KIND}, []

    def _by_mac(self, name):
        """Return the token of the desk phone whose address stands in a file's name, or ""."""
        name = name.lower()
        for token in self.offers:
            if self.offers[token].mac and self.offers[token].mac in name:
                return token
        return ""

    def _description(self, offer, base):
        settings = self.node.settings
        user, login = settings.users[offer.user], offer.row["id"]
        host = base.partition("://")[2]
        if host.rpartition(":")[2].isdigit():
            host = host.rpartition(":")[0]
        password = offer.password.encode()
        ha1 = digest.ha1(digest.MD5, login.encode(), settings.realm, password).decode()
        keys = [key for phone in settings.phones if login == phone.login for key in phone.key]
        pickup = settings.codes.get(codes.PICKUP)
        return Description(
            user.name, login, offer.password, ha1, user.display_name or user.name,
            user.extension, settings.domain.decode(), host, settings.sip_port, base, user.srtp,
            [self._key(key) for key in keys], _dialled(pickup), "", self._groups(),
        )  # fmt: skip

    def _groups(self):
        return [
            Group(one.name, one.extension, one.address)
            for one in self.node.settings.paging
            if one.name and one.address
        ]

    def _key(self, key):
        """Return the lamp key that an option of `config phone` means."""
        settings = self.node.settings
        kind, _, number = key.partition(":")
        for group in self._groups() if kind == PAGE else ():
            if number in (group.name, group.number):
                return Key(PAGE, group.number, group.name)
        section = settings.names.get(number.lower().encode())
        label = number if section is None else section.display_name or section.name
        if kind == PARK:
            number, label = _dialled(settings.codes.get(codes.PARK)) + number, "P" + number
        return Key(kind if kind in (BLF, PARK) else "speed", number, label)

    def ask(self, arguments, now):
        """A desk phone asks who it is: return the `path` of its file, or "".

        `mac`, `brand`, `model`, `version`: as it says; `host`: where it is.
        """
        mac, host = arguments.get("mac") or "", arguments.get("host") or ""
        if now - self.asked.get(host, -PAUSE_MS) < PAUSE_MS:
            return {"path": ""}, []
        if len(self.asked) >= MAX_NEW_PHONES:
            self.asked = {}
        self.asked[host] = now
        self.seen["desk_phones"] += 1
        mac = mac or host
        for token in self.offers:
            if self.offers[token].mac == mac and self.offers[token].until > now:
                return {"path": "/p/%s/" % token}, []
        effects = self._offer_to(mac, arguments, now)
        for token in self.offers if effects else ():
            if self.offers[token].mac == mac:
                return {"path": "/p/%s/" % token}, effects
        is_known = mac in self.phones or self._is_ours(mac)
        if not is_known:
            if len(self.phones) >= MAX_NEW_PHONES:
                del self.phones[list(self.phones)[0]]
            told = {name: arguments.get(name) or "" for name in ("brand", "model", "version")}
            self.phones[mac] = dict(told, host=host)
        told = [] if is_known or not self.node.is_watched else [Event("phone", {"mac": mac})]
        return {"path": ""}, told

    def _is_ours(self, mac):
        return mac in [row.get("mac") for row in self.devices.rows.values()]

    def _offer_to(self, mac, arguments, now):
        """Make a file for a phone that the owner has named, or a guest's; return the effects."""
        brand, user, login, name = arguments.get("brand"), None, None, ""
        named, effects = self._named(mac), []
        if named is not None:
            user, login, name = self.node.settings.users[named.user], named.login, named.name
            brand = named.brand or brand
        if not brand or self._is_ours(mac):
            return []
        if user is None and self.guests.is_on():
            user, effects = self.guests.add(arguments.get("model") or brand, now)
            self.seen["guests"] += user is not None
        if user is None:
            return []
        row, password, more = self.devices.add(
            user, name or arguments.get("model"), brand, login, mac
        )
        self._offer(user.name, row, password, mac, now + DESK_MS)
        self.phones.pop(mac, None)
        return effects + more

    def _named(self, mac):
        """Return the `config phone` of a desk phone that has no password yet, or None."""
        for phone in self.node.settings.phones:
            is_new = not (phone.ha1_md5 or phone.ha1_sha256 or phone.login in self.devices.rows)
            if phone.mac and phone.mac == mac and is_new:
                return phone
        return None

    # For the emergency kit.

    def kit(self, arguments, now):
        """Return what a sheet for the first phones of a camp says; `count`: of how many phones."""
        count = arguments.get("count") or "10"
        if not is_number(count) or not 0 < int(count) <= 50:
            raise BellhopError("a kit is for 1 to 50 phones")
        if not self.guests.is_on():
            raise BellhopError("a kit is for field mode: `option field_mode 1` in `config node`")
        phones, effects = [], []
        for _ in range(int(count)):
            user, made = self.guests.add("", now)
            if user is None:
                raise BellhopError("no numbers are left: `option field_numbers` has too few")
            row, password, more = self.devices.add(user, user.extension, "linphone")
            token = self._offer(user.name, row, password, "", now + KIT_MS)
            effects += made + more
            phones.append({"number": user.extension, "user": user.name, "login": row["id"],
                           "password": password, "path": "/p/" + token})  # fmt: skip
        settings = self.node.settings
        return {
            "domain": settings.domain.decode(),
            "host": place.host(self.node),
            "port": settings.sip_port,
            "pages": place.url(self.node, ""),
            "help": settings.emergency_number[0] if settings.emergency_number else "",
            "phones": phones,
            "desk_phones": settings.field_mode,
            "days": KIT_MS // 86400000,
        }, effects


# A sheet is printed before the camp is built.
KIT_MS = 14 * 86400000


def _dialled(code):
    """Return a feature's code (settings.codes.table) as a phone dials it, or ""."""
    return (code or "").partition("/")[0]
