"""Runs a provider: python -m bellhop_exchange.provider SETTINGS.toml [COMMAND]

vouchers COUNT AMOUNT       print new codes; AMOUNT in the currency, such as 10.50
rates FILE.csv              prefix,place,per_minute,connect,increment,text: take these rates
paid ID                     a payment has come (ID as in pay_url)
check                       are the books right?
asterisk FOLDER PLACE NETWORK       write the telephone server's files; HOST:PORT of it, and of the
                                    trunk to the telephone network

name = "Example"                            # as customers see it
domain = "provider.example"                 # behind @, and the realm
proxies = ["sip:sip.provider.example:5060"]
database = "sqlite:////var/lib/bellhop/provider.db"     # Asterisk reads it too; or postgresql
api = "https://provider.example:8443"       # as the world sees it
listen = "127.0.0.1:8401"                   # behind whatever ends TLS
agi = "127.0.0.1:4573"                      # for Asterisk on this machine
currency = "EUR"
countries = ["+49"]
stun = []
pay_url = "https://pay.example/?reference={id}&millionths={amount}"     # "": vouchers only
[directories]                               # that are believed, with the keys of their statements
"directory.example" = "base64"
[free]
calls = 3
seconds = 60
prefixes = ["49800"]
[sms]
kind = "print"                              # as of a directory
[dns]
anchor = ""                                 # files of a root of one's own, for a lab
hints = ""
"""

import asyncio
import csv
import sys
import threading
import time
import tomllib
from decimal import Decimal
from pathlib import Path

import uvicorn
from sqlalchemy import delete, insert

from ..directory import senders
from . import asterisk
from .agi import Agi
from .app import Api
from .database import RATES, connect
from .ledger import Free
from .resolver import Resolver
from .service import Provider

DEFAULTS = {
    "agi": "127.0.0.1:4573", "stun": [], "countries": [], "pay_url": "", "directories": {},
    "currency": "EUR",
}  # fmt: skip
WATCH_SECONDS = 30
MILLION = 10**6


def made(settings, clock=time.time):
    """Return the Provider of some settings."""
    free, dns = settings.get("free", {}), settings.get("dns", {})
    free = Free(free.get("calls", 0), free.get("seconds", 60), free.get("prefixes", ()))
    resolver = Resolver(dns.get("anchor", ""), dns.get("hints", ""))
    sender = senders.of(settings.get("sms", {}))
    return Provider(connect(settings["database"]), resolver, settings, sender, clock, free)


def load(path):
    """Return the settings in a file."""
    return {**DEFAULTS, **tomllib.loads(Path(path).read_text(encoding="utf-8"))}


def take_rates(service, path):
    """Put the rates of a file in place of those that there are; return how many."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name in ("per_minute", "connect", "text"):
            row[name] = int(Decimal(row[name] or "0") * MILLION)
        row["increment"] = max(1, int(row["increment"] or "1"))
        row["prefix"] = row["prefix"].lstrip("+")
    with service.engine.begin() as db:
        db.execute(delete(RATES))
        if rows:
            db.execute(insert(RATES), rows)
    return len(rows)


async def run(service, settings):
    """Serve until a signal."""
    agi_host, _, agi_port = settings["agi"].rpartition(":")
    host, _, port = settings["listen"].rpartition(":")
    stopped = threading.Event()

    def watch():
        while not stopped.wait(WATCH_SECONDS):
            service.age()

    threading.Thread(target=watch, daemon=True).start()
    await Agi(service).start(agi_host, int(agi_port))
    app = Api(service, settings["api"].rstrip("/")).app()
    config = uvicorn.Config(app, host, int(port), log_level="warning", access_log=False)
    await uvicorn.Server(config).serve()
    stopped.set()


def work(service, settings, command, *words):
    """Do what an operator wants; return lines to print."""
    if command == "vouchers":
        return service.ledger.issue(int(words[0]), int(Decimal(words[1]) * MILLION))
    if command == "rates":
        return ["%d rates" % take_rates(service, words[0])]
    if command == "paid":
        return ["credited %d" % service.ledger.paid(words[0])]
    if command == "check":
        return service.ledger.check() or ["the books are right"]
    if command == "asterisk":
        asterisk.write(words[0], settings, *words[1:3])
        return ["written to " + words[0]]
    raise SystemExit(__doc__)


def main(arguments):
    """Run, or do what an operator wants."""
    if not arguments:
        print(__doc__)
        return 1
    settings = load(arguments[0])
    service = made(settings)
    if not arguments[1:]:
        asyncio.run(run(service, settings))
        return 0
    for line in work(service, settings, *arguments[1:]):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
