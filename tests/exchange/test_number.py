"""A number of one's own by `bellhop number`: real node, directory, PowerDNS, two providers."""

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("sqlalchemy", reason="the servers' libraries are missing")
pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")

import base64  # noqa: E402
import http.server  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from bellhop.names import enum, keys, lists  # noqa: E402
from bellhop.names.answer import NAPTR  # noqa: E402
from bellhop.shell.dnssec import accounts  # noqa: E402
from bellhop.shell.dnssec import number as node_number  # noqa: E402
from bellhop_exchange import keeper  # noqa: E402
from tests.system.sipp.runner import free_ports  # noqa: E402
from tests.trunks.house import SOURCE, House  # noqa: E402

from . import telephone  # noqa: E402
from .provider import FAR, NETWORK, Provider  # noqa: E402
from .standin import Standin  # noqa: E402
from .world import World, why_not  # noqa: E402

NUMBER = "+4930555042"
DNS = """config dns
	list directory dir.test
	option anchor {anchor}
	option root_hints {hints}
	list keeper {keepers}
"""


class Signed:
    """A list of providers and its three keepers."""

    def __init__(self, folder, apis):
        self.folder = folder
        self.keys = [keeper.work("new", folder / name).decode().strip() for name in "abc"]
        self.sign(1, apis)

    def sign(self, sequence, apis, place="https://dir.test"):
        """Carry a list, signed by two; place: where it lies too."""
        rows = [{"api": api, "countries": ["+49"]} for api in apis]
        (self.folder / "list.json").write_text(json.dumps({"providers": rows}))
        (self.folder / "head").write_bytes(
            keeper.work("head", self.folder / "list.json", str(sequence), "30", place)
        )
        parts = []
        for number, name in ((0, "a"), (2, "c")):
            path = self.folder / ("signature" + name)
            path.write_bytes(keeper.work("sign", self.folder / "head", self.folder / name))
            parts.append("%d=%s" % (number, path))
        carrier = keeper.work("join", self.folder / "list.json", self.folder / "head", *parts)
        (self.folder / "list").write_bytes(carrier)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return (World, two Providers, Signed)."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("place")
    world = World(folder)
    providers = [Provider(world, name, folder) for name in ("one", "two")]
    servers = []
    for at, one in enumerate(providers):
        (folder / one.name).mkdir()
        network = (NETWORK[0], NETWORK[1] + at)
        if telephone.why_not():
            agi = "127.0.0.1", one.agi
            servers.append(Standin(one.host, 5060, one.name + ".test", one.database, agi))
        else:
            server = telephone.Asterisk(folder / one.name, one.host, 5060, network, one.server)
            servers.append(server)
        servers[-1].start()
    signed = Signed(folder, [one.api for one in providers])
    signed.servers = servers
    yield world, providers, signed
    for running in servers:
        running.stop()
    for one in providers:
        one.server.stop()
    world.close()


@pytest.fixture
def house(place, tmp_path):
    world, _, signed = place
    keepers = "\n\tlist keeper ".join(signed.keys)
    dns = DNS.format(anchor=world.lab.anchor, hints=world.lab.hints, keepers=keepers)
    running = House(tmp_path, [dns], media=True, listen="127.0.0.1")
    yield running
    running.stop()


def command(house, world, *words, types=True):
    """Run `bellhop number`; return what it prints. types: whether the code is typed."""
    text = [sys.executable, "-m", "bellhop", "number", "--config", str(house.config)]
    text += ["--state", str(house.folder / "state"), *words]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        text, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment,
    ) as process:  # fmt: skip
        if types:
            before = world.messages()
            house.wait_for(lambda: world.messages() > before or process.poll() is not None, 60)
            process.stdin.write(world.code() + "\n")
        process.stdin.close()
        said = process.stdout.read()
    assert process.returncode == 0, said + house.told()
    return said


def test_ten_steps_from_nothing_to_a_number(place, house):
    world, providers, signed = place
    house.wait_for(lambda: house.ask("names")["directories"], 60)
    begun = time.monotonic()
    said = command(house, world, "alice", NUMBER)
    print("steps 1 to 9 with processes and code: %.1f s" % (time.monotonic() - begun))
    assert "of 2:" in said and "ms away" in said and NUMBER + " is reachable" in said
    row = json.loads((house.folder / "state/accounts/alice.json").read_text())
    owner = enum.owner(NUMBER[1:].encode(), b"e164.dir.test")
    answer = world.ask(owner, NAPTR)
    assert enum.addresses(answer.records, NUMBER[1:].encode()) == [row["aor"].encode()]
    first = [one for one in providers if one.api == row["provider"]][0]
    second = [one for one in providers if one is not first][0]
    said = command(house, world, "alice", "--price", FAR, types=False)
    assert "balance 0.00 EUR" in said and "(Munich) costs 6.00 EUR a minute" in said
    (code,) = first.vouchers(1, "3")
    assert "credited 3.00" in command(house, world, "alice", "--voucher", code, types=False)
    # What is left, and what calls cost, is known before one is made.
    house.ask("reload")
    house.wait_for(lambda: house.ask("accounts")["accounts"][0].get("balance") == "3.00 EUR", 60)
    assert first.api in command(house, world, "alice", "--page", types=False)
    said = command(house, world, "alice", "--text", FAR, "hello", types=False)
    assert "sent for 0.05" in said
    assert FAR + " hello" in (first.folder / (first.name + ".texts")).read_text()
    # To the other one: the number follows, the old account is closed.
    said = command(house, world, "alice", "--move", second.api, types=False)
    moved = json.loads((house.folder / "state/accounts/alice.json").read_text())
    assert moved["provider"] == second.api and moved["aor"] != row["aor"]
    answer = world.ask(owner, NAPTR)
    assert enum.addresses(answer.records, NUMBER[1:].encode()) == [moved["aor"].encode()]
    # Who has the old address in a cache is heard too, until nobody has.
    house.wait_for(lambda: house.row("account_alice_old")["is_up"], 60)
    state = house.folder / "state"
    assert accounts.renew(state) == {"changed": [], "problem": ""}
    accounts.write(state, "alice", {**moved, "old": {**moved["old"], "until": 0}, "renewed": 0})
    assert accounts.renew(state) == {"changed": ["alice"], "problem": ""}
    assert first.rows("accounts") == [] and len(second.rows("accounts")) == 1
    renewed = accounts.read(state, "alice")
    assert renewed["password"] != moved["password"] and "old" not in renewed
    house.ask("reload")
    house.wait_for(lambda: house.row("account_alice")["is_up"], 60)


def test_a_loss_of_power_in_each_step_goes_on_there(place, house):
    world, providers, _ = place
    number = "+4930555043"
    house.wait_for(lambda: house.ask("names")["directories"], 60)
    path = house.folder / "state/accounts/bob.json"
    steps = ("key", "claim")
    words = [sys.executable, "-m", "bellhop", "number", "--config", str(house.config)]
    words += ["--state", str(house.folder / "state"), "bob", number]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    before, process = world.messages(), None
    process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)
    house.wait_for(lambda: path.exists() and json.loads(path.read_text())["done"] == [*steps], 60)
    process.kill()
    process.wait()
    assert world.messages() == before + 1
    for step in ("code", "published", "choice", "account", "address", "registered"):
        process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment, text=True)
        process.stdin.write(world.code() + "\n")
        process.stdin.flush()
        house.wait_for(lambda step=step: step in json.loads(path.read_text())["done"], 90)
        process.kill()
        process.wait()
    assert world.messages() == before + 1, "one message was enough"
    row = json.loads(path.read_text())
    name = keys.of_number(number[1:].encode(), b"dir.test")
    assert row["done"][-1] == "registered" and name
    house.wait_for(lambda: house.row("account_bob")["is_up"], 60)


def test_a_page_goes_through_the_steps(place, house):
    world, providers, _ = place
    number = "+4930555045"
    house.wait_for(lambda: house.ask("names")["directories"], 60)

    def row():
        return {one["user"]: one for one in house.ask("accounts")["accounts"]}["bob"]

    before = world.messages()
    house.ask("get-number", user="bob", number=number, provider=providers[0].api)
    house.wait_for(lambda: row()["waits"], 60)
    assert world.messages() == before + 1 and not row()["problem"]
    house.ask("get-number", user="bob", code="00000000")
    house.wait_for(lambda: not row()["is_busy"], 60)
    assert "not the code" in row()["problem"]
    house.ask("get-number", user="bob", code=world.code())
    house.wait_for(lambda: not row()["is_busy"], 180)
    assert row()["is_done"] and row()["provider"] == providers[0].api, row()
    assert row()["told"][-1] == number + " is reachable"


def test_an_older_list_is_not_believed(place, house):
    world, providers, signed = place
    house.wait_for(lambda: house.ask("names")["directories"], 60)
    signed.sign(7, [providers[0].api])
    said = command(house, world, "carol", "+4930555044")
    assert "the only one for +49" in said
    signed.sign(6, [providers[1].api])
    path = house.folder / "state/accounts/carol.json"
    row = json.loads(path.read_text())
    row["done"] = [one for one in row["done"] if one not in ("choice", "account", "registered")]
    del row["provider"]
    path.write_text(json.dumps(row))
    said = command(house, world, "carol", types=False)
    assert "older than the one that was seen; the one that was kept is used" in said
    assert json.loads(path.read_text())["provider"] == providers[0].api


MESH = """config mesh
	option node_name {name}
	option port {port}
	list peer 127.0.0.1:{other}
"""


def test_a_list_that_the_directory_holds_back_comes_by_the_mesh(place, house, tmp_path):
    world, providers, signed = place
    text, ports = house.config.read_text(), free_ports(2)
    house.stop()
    house.config.write_text(text + MESH.format(name="north", port=ports[0], other=ports[1]))
    house.start()
    (tmp_path / "south").mkdir()
    south = House(tmp_path / "south", [], media=True, listen="127.0.0.1")
    south.stop()
    more = text[text.index("config dns") :] + MESH.format(
        name="south", port=ports[1], other=ports[0]
    )
    south.config.write_text(south.config.read_text() + more)
    south.start()
    # What the directory shows to one of them, and holds back from the other.
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listing)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        url = "http://127.0.0.1:%d/list" % served.server_address[1]
        signed.sign(9, [providers[1].api], url)
        served.octets = (signed.folder / "list").read_bytes()
        house.wait_for(lambda: house.ask("names")["directories"], 60)
        said = command(house, world, "bob", "+4930555047")
        assert "two, the only one for +49" in said
        house.wait_for(lambda: house.ask("peers")["peers"], 60)
        head = base64.b64encode(lists.bare(served.octets)).decode()
        south.wait_for(lambda: south.ask("list-head", head="")["head"] == head, 60)
        signed.sign(5, [providers[0].api])
        south.wait_for(lambda: south.ask("names")["directories"], 60)
        said = command(south, world, "carol", "+4930555048")
        assert "two, the only one for +49" in said, "the first one is in the older list alone"
        assert (south.folder / "state/list").read_bytes() == served.octets
    finally:
        served.shutdown()
        served.server_close()
        south.stop()


class Listing(http.server.BaseHTTPRequestHandler):
    """Where the keepers have put their list."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.octets)

    def log_message(self, *_):
        pass


def test_a_provider_that_vanishes_in_a_call_is_left(place, house, monkeypatch):
    world, providers, signed = place
    number = "+4930555046"
    house.wait_for(lambda: house.ask("names")["directories"], 60)
    signed.sign(10, [one.api for one in providers])
    command(house, world, "alice", number)
    row = json.loads((house.folder / "state/accounts/alice.json").read_text())
    (first,) = [one for one in providers if one.api == row["provider"]]
    (second,) = [one for one in providers if one is not first]
    server = signed.servers[providers.index(first)]
    if not isinstance(server, Standin):
        pytest.skip("the telephone server asks a network here that is not there")
    command(house, world, "alice", "--voucher", first.vouchers(1, "3")[0], types=False)
    phone = house.phone("alice")
    phone.dial(FAR)
    assert phone.wait("final").status == 200
    phone.say(phone.acknowledge())
    # The price is in the call's record: Germany, 0.60 EUR a minute, is what was asked for.
    (call,) = house.ask("calls")["calls"]
    assert "account_alice" in json.dumps(call)
    server.stop()
    first.server.kill()
    phone.say(phone.within("BYE"))
    assert phone.wait("final", 60).status // 100 in (2, 4, 5)
    house.wait_for(lambda: not house.ask("calls")["calls"], 60)
    # After an hour, which is none here, the number moves by itself.
    house.stop()
    house.start()
    house.wait_for(lambda: house.row("account_alice")["problem"], 60)
    monkeypatch.setattr(node_number, "AWAY_SECONDS", 0)
    asked = {"state": str(house.folder / "state"), "config": str(house.config)}
    answer = node_number.look_after(asked)
    assert answer == {"changed": ["alice"], "problem": ""}
    moved = json.loads((house.folder / "state/accounts/alice.json").read_text())
    assert moved["provider"] == second.api and "the one before was away" in moved["reason"]
    owner = enum.owner(number[1:].encode(), b"e164.dir.test")
    found = enum.addresses(world.ask(owner, NAPTR).records, number[1:].encode())
    assert found == [moved["aor"].encode()]
    # The next call goes by the other one. What was left at the first is what it owes.
    command(house, world, "alice", "--voucher", second.vouchers(1, "3")[0], types=False)
    phone = house.phone("alice")
    phone.dial(FAR)
    assert phone.wait("final").status == 200
    phone.say(phone.acknowledge())
    phone.say(phone.within("BYE"))
    phone.wait("final")
    house.wait_for(lambda: [one for one in second.rows("calls") if moved["user"] in one], 60)
    # The account that is gone cannot be closed, which is no reason to keep it for ever.
    accounts.write(house.folder / "state", "alice", {**moved, "old": {**moved["old"], "until": 1}})
    assert accounts.renew(house.folder / "state")["problem"] == ""
    assert "old" not in accounts.read(house.folder / "state", "alice")
