"""Runs a directory: python -m bellhop_exchange.directory SETTINGS.toml [COMMAND]

push                        bring all names to the server of [updates] anew

zone = "directory.example"                  # its name in the DNS, served by PowerDNS
servers = ["ns1.directory.example"]
database = "sqlite:////var/lib/bellhop/directory.db"    # that of PowerDNS too; or postgresql
api = "https://directory.example:8443"      # as the world sees it
listen = "127.0.0.1:8400"                   # behind whatever ends TLS
state = "/var/lib/bellhop"                  # its two keys: keep a copy
list = "/var/lib/bellhop/list"              # if it is carried: bellhop_exchange.keeper
[sms]                                       # how codes go to numbers
kind = "gammu"                              # or "kannel", or "print" for a lab
config = "/etc/gammu-smsdrc"
[call]                                      # to landlines: Asterisk says them
spool = "/var/spool/asterisk/outgoing"
channel = "PJSIP/network/sip:%s@carrier.example"
[message]                                   # to addresses: a SIP server with the user claims@ZONE
server = "127.0.0.1:5060"
password_file = "/etc/bellhop/claims.password"
[updates]                                   # a name server that does not read
server = "127.0.0.1:53"                     # the database: below 10,000 names
key = "directory"                           # of TSIG
secret_file = "/etc/bellhop/tsig.secret"    # base64
"""

import os
import secrets
import sys
import threading
import time
import tomllib
from pathlib import Path

import nacl.signing
import uvicorn

from bellhop.names import blind

from . import senders
from .app import Api
from .database import Zone, connect
from .service import Directory, tag_key

SEED_BYTES = 32
WATCH_SECONDS = 60


def kept(folder, name):
    """Return 32 random octets that are made once and kept."""
    path = Path(folder) / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SEED_BYTES))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    return path.read_bytes()


def made(settings, clock=time.time):
    """Return the Directory of some settings."""
    seed = kept(settings["state"], "statement.seed")
    key = bytes(nacl.signing.SigningKey(seed).verify_key)
    secret = kept(settings["state"], "codes.secret")
    tag = blind.public_key(tag_key(secret))
    fields = settings["zone"].encode(), settings["servers"], key, settings["api"], tag
    zone = Zone(*fields, is_told="updates" in settings)
    engine, ways = connect(settings["database"]), senders.ways(settings)
    service = Directory(engine, zone, ways, seed, secret, clock)
    service.list_path = settings.get("list", "")
    return service


def watch(service, stopped):
    """Let claims end whose time is over, and make each day's buckets, until `stopped` is set."""
    while True:
        service.age()
        service.buckets.prepare()
        if stopped.wait(WATCH_SECONDS):
            return


def bring(service, updates):
    """Bring what changes to the name server, for ever; at once, and what has failed again."""
    while True:
        service.changed.clear()
        updates.tell()
        service.changed.wait(WATCH_SECONDS)


def main(arguments):
    """Run until a signal, or do what an operator wants."""
    if not arguments or arguments[1:] not in ([], ["push"]):
        print(__doc__)
        return 1
    settings = tomllib.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    host, _, port = settings["listen"].rpartition(":")
    service, stopped = made(settings), threading.Event()
    threads = [(watch, service, stopped)]
    if "updates" in settings:
        from .updates import Updates  # Who has PowerDNS needs no dnspython.

        updates = Updates(service.engine, service.zone, settings["updates"])
        threads.append((bring, service, updates))
    if arguments[1:]:
        print("%d names" % updates.again())
        return 1 if updates.tell() else 0
    for work, *given in threads:
        threading.Thread(target=work, args=given, daemon=True).start()
    app = Api(service, settings["api"].rstrip("/")).app()
    uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False)
    stopped.set()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
