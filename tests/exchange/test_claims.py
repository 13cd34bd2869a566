"""The table of claims: every pair is decided once, and nobody is locked out for ever."""

import pytest

pytest.importorskip(
    "sqlalchemy", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("nacl", reason="PyNaCl is missing")

import base64  # noqa: E402
import itertools  # noqa: E402
import random  # noqa: E402
import threading  # noqa: E402

import nacl.signing  # noqa: E402

from bellhop.names import statement  # noqa: E402
from bellhop_exchange.directory import bounds, claims  # noqa: E402
from bellhop_exchange.directory.database import CLAIMS, RECORDS, Zone, connect  # noqa: E402
from bellhop_exchange.directory.service import Directory  # noqa: E402
from bellhop_exchange.web import Problem  # noqa: E402

SEED, SECRET = b"d" * 32, b"s" * 32
NUMBER, OTHER = "+4930555001", "+4930555002"
ONE, TWO, THREE = (base64.b64encode(bytes([at]) * 32).decode() for at in (1, 2, 3))


class Phones:
    """Who gets the messages."""

    def __init__(self):
        self.texts = []

    def send(self, number, text):
        self.texts.append((number, text))

    def code(self):
        return self.texts[-1][1].split("code ")[1].split()[0]


class Clock:
    def __init__(self):
        self.now = 1_800_000_000

    def __call__(self):
        return self.now


@pytest.fixture
def lab(tmp_path):
    """Return (Directory, Phones, Clock)."""
    phones, clock = Phones(), Clock()
    ways = dict.fromkeys(("sms", "call", "message"), phones)
    key = bytes(nacl.signing.SigningKey(SEED).verify_key)
    zone = Zone(b"dir.test", ["ns.test"], key, "https://dir.test")
    engine = connect(f"sqlite:///{tmp_path}/dir.db")
    return Directory(engine, zone, ways, SEED, SECRET, clock), phones, clock


def prove(lab, key, name=NUMBER, network="a"):
    service, phones, clock = lab
    clock.now += 3600 * 12
    found = service.claim(key, name, network)
    return service.prove(key, found["claim"], phones.code())


def published(service, name=NUMBER):
    """Return the keys that the records of a name hold."""
    with service.engine.begin() as db:
        rows = db.execute(RECORDS.select().where(RECORDS.c.name == service.zone.key_name(name)))
        return [row.content.split("p=")[1].split(";")[0] for row in rows if row.type == "TXT"]


def test_every_pair_is_decided_once():
    pairs = set(itertools.product(claims.STATES, claims.EVENTS))
    assert set(claims.TABLE) | set(claims.IGNORED) == pairs
    assert not set(claims.TABLE) & set(claims.IGNORED)


def test_a_code_publishes_a_number_with_its_statement(lab):
    service = lab[0]
    found = prove(lab, ONE)
    assert found["state"] == "published" and published(service) == [ONE]
    octets = base64.b64decode(found["statement"])

    def verify(key, data, signature):
        return nacl.signing.VerifyKey(key).verify(data, signature) == data

    said = statement.read(octets, base64.b64decode(service.zone.head[0]), verify)
    assert said.name == NUMBER.encode() and said.key == base64.b64decode(ONE)


def test_five_wrong_codes_end_a_code(lab):
    service, phones, _ = lab
    found = service.claim(ONE, NUMBER, "a")
    code = phones.code()
    for _ in range(claims.CODE_TRIES):
        with pytest.raises(Problem, match="not the code"):
            service.prove(ONE, found["claim"], "00000000")
    with pytest.raises(Problem, match="ask for another"):
        service.prove(ONE, found["claim"], code)


def test_a_code_is_of_one_key_and_of_ten_minutes(lab):
    service, phones, clock = lab
    found = service.claim(ONE, NUMBER, "a")
    with pytest.raises(Problem, match="no such claim"):
        service.prove(TWO, found["claim"], phones.code())
    clock.now += claims.CODE_SECONDS
    assert service.show(ONE, found["claim"])["state"] == "expired"


def test_a_second_key_waits_and_the_owner_may_defend_himself(lab):
    service, phones, clock = lab
    prove(lab, ONE)
    found = prove(lab, TWO)
    assert found["state"] == "contested" and published(service) == [ONE]
    assert "wants your number" in phones.texts[-1][1]
    prove(lab, ONE)
    assert service.show(TWO, found["claim"])["state"] == "refused"
    with pytest.raises(Problem, match="defended"):
        service.claim(TWO, NUMBER, "b")
    clock.now += claims.REFUSED_SECONDS + 1
    assert prove(lab, TWO)["state"] == "contested"


def test_a_recycled_number_gets_its_new_owner_after_seven_days(lab):
    service, _, clock = lab
    first = prove(lab, ONE)
    found = prove(lab, TWO)
    clock.now += claims.CONTEST_SECONDS
    assert service.show(TWO, found["claim"])["state"] == "published"
    assert service.show(ONE, first["claim"])["state"] == "revoked"
    assert published(service) == [TWO]


def test_what_nobody_proves_again_lapses(lab):
    service, phones, clock = lab
    found = prove(lab, ONE)
    clock.now += claims.YEAR_SECONDS
    assert service.show(ONE, found["claim"])["state"] == "stale"
    assert published(service) == [ONE] and "it is a year" in phones.texts[-1][1]
    assert prove(lab, TWO)["state"] == "published", "a stale number is free"
    assert published(service) == [TWO]
    for seconds, left in ((claims.YEAR_SECONDS, [TWO]), (claims.STALE_SECONDS, [])):
        clock.now += seconds
        prove(lab, THREE, OTHER)
        assert published(service) == left


def test_a_key_hands_over_to_another_one(lab):
    service = lab[0]
    old, new = nacl.signing.SigningKey(b"o" * 32), nacl.signing.SigningKey(b"n" * 32)
    one, two = (base64.b64encode(bytes(key.verify_key)).decode() for key in (old, new))
    prove(lab, one)
    octets = b"bellhop succession " + bytes(old.verify_key) + bytes(new.verify_key)
    with pytest.raises(Problem, match="has not signed"):
        service.succeed(one, NUMBER, two, base64.b64encode(old.sign(octets).signature))
    id = service.succeed(one, NUMBER, two, base64.b64encode(new.sign(octets).signature))
    assert service.show(two, id)["state"] == "published" and published(service) == [two]


def test_only_the_published_key_says_where_a_number_leads(lab):
    service = lab[0]
    prove(lab, ONE)
    with pytest.raises(Problem, match="not published"):
        service.put(TWO, NUMBER, "sip:mallory@example.org", 0)
    for address in (
        "tel:+4930",
        "sip:example.org",
        "sip:a@b?x=y",
        "sip:a!b@c.org",
        "sip:a b@c.org",
    ):
        with pytest.raises(Problem, match="SIP URI"):
            service.put(ONE, NUMBER, address, 0)
    service.put(ONE, NUMBER, "sip:a@example.org", 5)
    with pytest.raises(Problem, match="may not go back"):
        service.put(ONE, NUMBER, "sip:a@example.org", 4)


def test_a_code_goes_by_the_way_that_is_wanted(lab):
    service, phones, _ = lab
    voice = Phones()
    service.ways["call"] = voice
    found = service.claim(ONE, NUMBER, "a")
    assert (found["how"], found["ways"], len(phones.texts)) == ("sms", ["sms", "call"], 1)
    again = service.claim(ONE, NUMBER, "a", "call")
    assert again["claim"] == found["claim"] and len(voice.texts) == 1
    with pytest.raises(Problem, match="not the code"):
        service.prove(ONE, found["claim"], phones.code())
    assert service.prove(ONE, found["claim"], voice.code())["state"] == "published"
    assert service.claim(TWO, "anna@example.org", "b")["how"] == "message"
    for name, how in ((NUMBER, "message"), ("anna@example.org", "sms"), (NUMBER, "pigeon")):
        with pytest.raises(Problem, match="codes go to names like that by"):
            service.claim(ONE, name, "b", how)
    service.ways = {"call": voice}
    assert service.claim(THREE, OTHER, "c")["how"] == "call"
    with pytest.raises(Problem, match="cannot reach names like that"):
        service.claim(THREE, "carl@example.org", "c")


def test_codes_are_bounded(lab):
    service, _, clock = lab
    for _ in range(bounds.OF_A_NUMBER):
        service.claim(ONE, NUMBER, "a")
    with pytest.raises(Problem, match="codes of the day"):
        service.claim(TWO, NUMBER, "b")
    for at in range(bounds.OF_A_NETWORK - bounds.OF_A_NUMBER):
        service.claim(ONE, "+493055510%02d" % at, "a")
    with pytest.raises(Problem, match="from here"):
        service.claim(ONE, "+4930555999", "a")
    with pytest.raises(Problem, match="cost extra"):
        service.claim(ONE, "+4990012345", "c")
    for name in ("112", "+112", "alice", "alice@local", "+4930 1", "a b@example.org"):
        with pytest.raises(Problem, match="a name is"):
            service.claim(ONE, name, "c")
    clock.now += bounds.DAY
    service.claim(TWO, NUMBER, "b")


def test_pumping_pauses_a_prefix(lab):
    service, _, _ = lab
    for at in range(bounds.LOOKED_AT):
        service.claim(ONE, "+4930777%04d" % at, "net %d" % at)
    with pytest.raises(Problem, match="they pause"):
        service.claim(ONE, "+49307779999", "z")
    service.claim(ONE, "+33155555555", "z")


def test_names_between_go_with_the_last_number_below(lab):
    service = lab[0]

    def rows():
        with service.engine.begin() as db:
            return sorted(row.name for row in db.execute(RECORDS.select()) if "e164" in row.name)

    before = rows()
    found, other = prove(lab, ONE), prove(lab, ONE, OTHER)
    service.put(ONE, NUMBER, "sip:a@example.org", 0)
    assert "5.5.5.0.3.9.4.e164.dir.test" in rows()
    service.remove(ONE, found["claim"])
    assert not [name for name in rows() if name.startswith(("1.", "_sipkey.1."))]
    assert "5.5.5.0.3.9.4.e164.dir.test" in rows(), "the other number needs it"
    service.remove(ONE, other["claim"])
    assert rows() == before


def test_any_interleaving_leaves_one_key_at_most(lab):
    service, phones, clock = lab
    dice = random.Random(7)
    for _ in range(300):
        key, event = dice.choice((ONE, TWO, THREE)), dice.random()
        try:
            if event < 0.6:
                prove(lab, key, network=str(dice.random()))
            elif event < 0.8:
                clock.now += dice.choice((3600, claims.CONTEST_SECONDS, claims.YEAR_SECONDS))
            else:
                found = service.claim(key, NUMBER, str(dice.random()))
                service.remove(key, found["claim"])
        except Problem:
            pass
        assert len(published(service)) <= 1
        with service.engine.begin() as db:
            held = [
                row for row in db.execute(CLAIMS.select()) if row.state in ("published", "stale")
            ]
        assert len(held) <= 1 and [row.key for row in held] == published(service)


def test_of_two_that_prove_at_once_one_is_published(lab):
    service, phones, clock = lab
    for at in range(15):
        name, found = "+493055566%02d" % at, []
        for key in (ONE, TWO):
            begun = service.claim(key, name, key[:4] + str(at))
            found.append((key, begun["claim"], phones.code()))
        threads = [threading.Thread(target=service.prove, args=one) for one in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(published(service, name)) == 1
        states = sorted(service.show(key, claim)["state"] for key, claim, _ in found)
        assert states == ["contested", "published"]
