"""A provider that runs in a process, beside a world.World."""

import os

from sqlalchemy import create_engine

from bellhop.shell.dnssec.api import Api
from bellhop.shell.mesh import identity

from .world import Server, free_port, person

SETTINGS = """\
name = "{name}"
domain = "{name}.test"
proxies = ["sip:{host}:5060"]
database = "{database}"
api = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
agi = "127.0.0.1:{agi}"
currency = "EUR"
countries = ["+49"]
pay_url = "https://pay.test/{{id}}?a={{amount}}"
[directories]
"dir.test" = "{key}"
[free]
calls = 1
seconds = 30
prefixes = ["49800"]
[sms]
kind = "print"
file = "{folder}/{name}.texts"
[dns]
anchor = "{anchor}"
hints = "{hints}"
"""
RATES = """prefix,place,per_minute,connect,increment,text
49,Germany,0.60,0,1,0.05
4989,Munich,6.00,0,1,0.05
"""


def loopback(first):
    """Return an address of this process: another run of the tests has others."""
    number = os.getpid() % 64000
    return "127.%d.%d.%d" % (first, number // 250, 1 + number % 250)


HOSTS = {"one": loopback(241), "two": loopback(242)}
NETWORK = loopback(243), 5070
FAR = "+4989111111"


class Provider:
    """A provider that runs."""

    def __init__(self, world, name, folder, database=""):
        self.name, self.host = name, HOSTS[name]
        self.port, self.agi = free_port(), free_port()
        self.folder = folder
        self.database = database or f"sqlite:///{folder}/{name}.db"
        self.api = f"http://127.0.0.1:{self.port}"
        statement_key = person(world, 1).ask("GET", "/v1/about")["statement_key"]
        path, rates = folder / f"{name}.toml", folder / "rates.csv"
        path.write_text(SETTINGS.format(
            database=self.database, name=name, host=self.host, folder=folder, port=self.port,
            agi=self.agi,
            key=statement_key, anchor=world.lab.anchor, hints=world.lab.hints,
        ))  # fmt: skip
        rates.write_text(RATES)
        self.server = Server("bellhop_exchange.provider", path, self.port)
        assert self.server.run("rates", str(rates)) == "2 rates\n"
        self.server.start()

    def vouchers(self, count, amount):
        return self.server.run("vouchers", str(count), amount).split()

    def person(self, octet):
        return Api(self.api, bytes([octet]) * 32, identity.crypto())

    def rows(self, table):
        """Return the rows of a table of its database."""
        engine = create_engine(self.database)
        with engine.begin() as db:
            found = [tuple(row) for row in db.exec_driver_sql("select * from " + table)]
        engine.dispose()
        return found
