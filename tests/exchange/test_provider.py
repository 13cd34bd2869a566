"""Providers: accounts by key, credentials in Asterisk's tables, prepaid calls cut in time."""

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("sqlalchemy", reason="the servers' libraries are missing")
pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")

import http.client  # noqa: E402
import time  # noqa: E402

from bellhop.errors import BellhopError  # noqa: E402
from bellhop.names import keys  # noqa: E402
from bellhop.names.answer import TXT  # noqa: E402
from tests.trunks.line import TYPE, Line  # noqa: E402

from . import telephone  # noqa: E402
from .provider import FAR, NETWORK, Provider, loopback  # noqa: E402
from .standin import agi  # noqa: E402
from .world import claim, person  # noqa: E402


@pytest.fixture(scope="module")
def provider(world, tmp_path_factory):
    running = Provider(world, "one", tmp_path_factory.mktemp("one"))
    yield running
    running.server.stop()


def place(provider):
    return "127.0.0.1", provider.agi


def publish(world, octet, number, **more):
    """Claim a number for a key; wait until the DNS says so."""
    one = person(world, octet)
    found = claim(world, one, number)
    owner = keys.of_number(number[1:].encode(), b"dir.test")
    world.wait_secure(owner, TXT, keys.published)
    return found


def account(world, provider, octet, number):
    """Return (Api, credentials) of a new account."""
    publish(world, octet, number)
    one = provider.person(octet)
    return one, one.ask("POST", "/v1/accounts", {"name": number, "directory": "dir.test"})


def test_an_account_is_opened_by_the_key_that_the_dns_names(world, provider):
    one, found = account(world, provider, 1, "+4930555001")
    assert found["aor"] == "sip:%s@one.test" % found["user"]
    shown = one.ask("GET", "/v1/account")
    assert (shown["name"], shown["balance"], shown["currency"]) == ("+4930555001", 0, "EUR")
    mallory = provider.person(2)
    for name, directory, words in (
        ("+4930555001", "dir.test", "another key is published"),
        ("+4930555999", "dir.test", "no key is published"),
        ("+4930555001", "evil.test", "believes the directories dir.test"),
        ("+4930555001", "", "needs the directory"), ("alice", "dir.test", "a name is"),
    ):  # fmt: skip
        with pytest.raises(BellhopError, match=words):
            mallory.ask("POST", "/v1/accounts", {"name": name, "directory": directory})
    again = one.ask("POST", "/v1/accounts", {"name": "+4930555001", "directory": "dir.test"})
    assert again["user"] == found["user"] and again["password"] != found["password"]
    auths = provider.rows("ps_auths")
    assert {row[3] for row in auths} >= {found["password"], again["password"]}, "an hour more"


def test_an_unlisted_number_opens_one_by_its_statement(world, provider):
    alice = person(world, 3)
    found = publish(world, 3, "+4930555003")
    alice.ask("PUT", "/v1/records/+4930555003", {"address": "", "s": 0, "listed": False})
    body = {"name": "+4930555003", "directory": "dir.test", "statement": found["statement"]}
    assert provider.person(3).ask("POST", "/v1/accounts", body)["user"]
    with pytest.raises(BellhopError, match="another key|no key"):
        provider.person(4).ask("POST", "/v1/accounts", body)


def test_money_comes_by_voucher_and_by_payment_once(world, provider):
    one, _ = account(world, provider, 5, "+4930555005")
    (code,) = provider.vouchers(1, "2.50")
    assert one.ask("POST", "/v1/credit", {"voucher": code}) == {"paid": 2500000}
    with pytest.raises(BellhopError, match="was used"):
        one.ask("POST", "/v1/credit", {"voucher": code})
    url = one.ask("POST", "/v1/credit", {"amount": 1000000})["pay_url"]
    id = url.split("/")[-1].split("?")[0]
    assert provider.server.run("paid", id) == "credited 1000000\n"
    assert one.ask("GET", "/v1/account")["balance"] == 3500000
    rate = one.ask("GET", "/v1/rates?to=%s" % FAR)
    assert (rate["place"], rate["per_minute"]) == ("Munich", 6000000)
    assert one.ask("POST", "/v1/messages", {"to": FAR, "text": "hello"}) == {"cost": 50000}
    assert "hello" in (provider.folder / "one.texts").read_text()
    assert provider.server.run("check") == "the books are right\n"


def test_the_page_opens_once(world, provider):
    one, _ = account(world, provider, 6, "+4930555006")
    url = one.ask("POST", "/v1/login", {})["url"]

    def get(path, cookie=""):
        connection = http.client.HTTPConnection("127.0.0.1", provider.port, timeout=60)
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    path = url.split(str(provider.port))[1]
    status, _, headers = get(path)
    cookie = headers["Set-Cookie"].split(";")[0]
    assert status == 303 and "HttpOnly" in headers["Set-Cookie"]
    assert get(path)[0] == 403, "used"
    status, text, headers = get("/account", cookie)
    assert status == 200 and "0.00 EUR" in text and "default-src 'none'" in str(headers)
    assert get("/account")[0] == 403 and get("/account", cookie + "x")[0] == 403


def test_an_idempotent_request_is_answered_once(world, provider):
    one, _ = account(world, provider, 7, "+4930555007")
    (code,) = provider.vouchers(1, "1")
    for _ in range(2):  # The first answer was lost on its way, say.
        found = one.ask("POST", "/v1/credit", {"voucher": code}, again="a")
        assert found == {"paid": 1000000}
    assert one.ask("GET", "/v1/account")["balance"] == 1000000


def test_a_call_is_held_and_settled_by_fastagi(world, provider):
    one, found = account(world, provider, 8, "+4930555008")
    user = found["user"]
    assert agi(place(provider), "authorize", user, FAR, "tel-1.1", "tel") == {"BELLHOP_CAUSE": "21"}
    one.ask("POST", "/v1/credit", {"voucher": provider.vouchers(1, "1")[0]})
    answer = agi(place(provider), "authorize", user, FAR, "tel-1.2", "tel")
    assert answer == {"BELLHOP_MS": "10000", "BELLHOP_CALLER": "+4930555008"}
    assert agi(place(provider), "settle", "tel-1.2", "3001") == {"BELLHOP_COST": "400000"}
    assert agi(place(provider), "settle", "tel-1.2", "3001") == {"BELLHOP_COST": "0"}
    assert agi(place(provider), "authorize", user, "+15550100", "tel-1.3", "tel") == {
        "BELLHOP_CAUSE": "1"
    }
    assert agi(place(provider), "find", "+4930555008") == {"BELLHOP_USER": user}
    assert agi(place(provider), "nonsense") == {}
    calls = one.ask("GET", "/v1/calls")["calls"]
    assert [(row["number"], row["seconds"], row["cost"]) for row in calls] == [(FAR, 4, 400000)]


@pytest.fixture
def asterisk(provider, tmp_path):
    reason = telephone.why_not()
    if reason:
        pytest.skip(reason)
    running = telephone.Asterisk(tmp_path, provider.host, 5060, NETWORK, provider.server)
    running.start()
    yield running
    running.stop()


class Customer(Line):
    """A telephone with the credentials of an account."""

    def __init__(self, found, provider):
        host, place = loopback(246), (provider.host, 5060)
        domain = provider.name + ".test"
        password = found["password"].encode()
        super().__init__(found["user"], found["user"], domain, host, place, password)

    def dial(self, number, lines=()):
        """Call; the password is shown."""
        target = "sip:%s@%s" % (number, self.domain)
        self.say(self.request("INVITE", target, [TYPE, *lines], self.sdp()))
        self.wait(401)
        self.say(self.acknowledge())
        self.say(self.proven("INVITE"))
        return self


def test_a_prepaid_call_is_cut_in_time(world, provider, asterisk):
    one, found = account(world, provider, 9, "+4930555009")
    network = Line("network", "net", "net.test", NETWORK[0], asterisk.place, port=NETWORK[1])
    phone = Customer(found, provider)
    try:
        phone.register()
        assert phone.dial(FAR).wait("final").status == 403, "no money"
        phone.say(phone.acknowledge())
        one.ask("POST", "/v1/credit", {"voucher": provider.vouchers(1, "0.50")[0]})
        phone.dial(FAR)
        invite = network.wait("INVITE")
        assert b"+4930555009" in invite.value(b"from")
        network.take(invite)
        assert phone.wait("final").status == 200
        begun = time.monotonic()
        phone.say(phone.acknowledge())
        network.wait("ACK")
        bye = phone.wait("BYE", 60)
        late = time.monotonic() - begun - 5
        print("cut %.3f s late" % late)
        phone.take(bye)
        network.take(network.wait("BYE"))
        assert late > -1.1, "it was cut too early"
        wait_until(lambda: one.ask("GET", "/v1/account")["held"] == 0)
        assert one.ask("GET", "/v1/account")["balance"] == 0
        assert one.ask("GET", "/v1/calls")["calls"][0]["seconds"] == 5
        provider.server.kill()
        assert phone.dial(FAR).wait("final").status == 503
        phone.say(phone.acknowledge())
        provider.server.start()
        assert phone.dial("+15550100").wait("final").status == 404
        phone.say(phone.acknowledge())
    finally:
        phone.close()
        network.close()


def wait_until(is_so):
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)
