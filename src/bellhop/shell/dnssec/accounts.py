"""Accounts with providers, one file a user: how far it got, and its credentials of SIP.

The node reads them as sections `config provider` behind its configuration (`text`). Credentials
are good for a day; `renew` gets new ones when half of it is over.
"""

import json
import os
import re
import time
from pathlib import Path

from ...errors import BellhopError
from ..mesh import identity, keys_of_people
from .api import Api

FOLDER = "accounts"
# What may stand in a value of the generated sections.
PLAIN = re.compile(r"[A-Za-z0-9_.:@+\[\]-]{1,255}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
HALF_SECONDS = 43200
# An account that is left stays for twice the life of a record (DIRECTORY.md section 2).
LEAVING_SECONDS = 600
# Its provider may be gone for ever: it is tried for so long to close the account there.
CLOSING_SECONDS = 7 * 86400
# What a provider gives.
GIVEN = ("user", "password", "aor", "proxies", "expires")
SECTION = """
config provider 'account_%s'
	option domain '%s'
	option username '%s'
	option password '%s'
	option transport '%s'
	list number '%s'
	option ring '%s'
"""
# What calls cost by it; all other numbers go by it too.
ROUTE = """
config route
	list provider 'account_%s'
	option prefix '%s'
	option minute '%s'
	option call '%s'
"""
OTHERS = """
config route
	list provider 'account_%s'
"""


def read(state, user):
    """Return what is kept of a user's account, a dict, {} where there is none."""
    try:
        found = json.loads(_path(state, user).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(state, user, fields):
    """Keep it, so that no loss of power takes it."""
    path = _path(state, user)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(fields, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _path(state, user):
    if not NAME.fullmatch(user):
        raise BellhopError("'%s' is no name of a user" % user)
    return Path(state) / FOLDER / (user + ".json")


def users(state):
    """Return the users with an account."""
    folder = Path(state) / FOLDER
    return sorted(path.stem for path in folder.glob("*.json")) if folder.is_dir() else []


def text(state):
    """Return the sections `config provider` of all accounts that have credentials."""
    found = ""
    for user in users(state):
        row = read(state, user)
        found += _section(user, row, row.get("name"), user) + _routes(user, row)
        if row.get("old"):
            found += _section(user + "_old", row["old"], row.get("name"), user)
    return found


def _section(name, row, number, user):
    """Return one section, "" where the account has no credentials, or strange ones."""
    proxies = row.get("proxies") or []
    if not row.get("password") or not proxies:
        return ""
    places = [proxy.partition(":")[2].partition(";")[0] for proxy in proxies]
    way = proxies[0].partition("transport=")[2].partition(";")[0] or "auto"
    domain = row["aor"].partition("@")[2]
    values = [name, domain, row["user"], row["password"], way, number, user]
    if not all(PLAIN.fullmatch(str(value)) for value in values + places):
        return ""
    return SECTION % tuple(values) + "".join("\tlist proxy '%s'\n" % place for place in places)


def _routes(user, row):
    """Return the sections of what is known of the prices of an account's provider."""
    rates = row.get("rates") or {}
    found = [
        ROUTE % (user, "+" + prefix, *map(_coins, rates[prefix]))
        for prefix in sorted(rates)
        if prefix.isascii() and prefix.isdigit()
    ]
    return "".join(found) + OTHERS % user if found else ""


def _coins(amount):
    """Return millionths of a currency in its smallest unit, as `config route` has them."""
    return "%d.%03d" % divmod(amount // 10, 1000)


def api(state, user, base):
    """Return what speaks for a user to a directory or a provider; raises BellhopError."""
    return Api(base, keys_of_people.own(state, user), identity.crypto())


def take(row, found):
    """Take what a provider gave into an account."""
    row.update({name: found[name] for name in GIVEN})
    row["renewed"] = int(time.time())


def renew(state):
    """Get new credentials where half of the time is over, and close accounts that were left.

    Return {"changed": users, "problem": words}.
    """
    changed, problems = [], []
    for user in users(state):
        row = read(state, user)
        try:
            if not (_close_old(state, user, row) | _renew(state, user, row)):
                continue
        except BellhopError as error:
            problems.append("%s: %s" % (user, error))
            continue
        write(state, user, row)
        changed.append(user)
    return {"changed": changed, "problem": "; ".join(problems)}


def _renew(state, user, row):
    if not row.get("password") or time.time() < row.get("renewed", 0) + HALF_SECONDS:
        return False
    take(row, api(state, user, row["provider"]).ask("POST", "/v1/credentials", {}))
    return True


def _close_old(state, user, row):
    old, now = row.get("old"), time.time()
    if not old or now < old.get("until", now + 1):
        return False
    speaking = api(state, user, old["provider"])
    try:
        speaking.ask("DELETE", "/v1/account")
    except BellhopError:
        if speaking.status != 404 and now < old["until"] + CLOSING_SECONDS:
            raise
    del row["old"]
    return True
