"""The validating resolver against a DNS of one's own: right, unsigned, wrong, silent, late."""

import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bellhop.names import enum
from bellhop.names.answer import BOGUS, INSECURE, NAPTR, SECURE, SILENT, TXT, strings
from bellhop.shell.service import milliseconds
from bellhop.world.loop import Loop

from ..support import lab

unbound = pytest.importorskip(
    "bellhop.shell.dnssec.unbound", reason="no binding of libunbound: `make native`"
)
PATIENCE = 60
ZONES = {"named": 'www TXT "hello" "world"\nalias CNAME www\n'}


class _Idle:
    """An engine with nothing to do."""

    def next_deadline(self):
        return None


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    if lab.why_not():
        pytest.skip(lab.why_not())
    with lab.Lab(tmp_path_factory.mktemp("lab"), ZONES) as running:
        yield running


@pytest.fixture
def resolver(names):
    loop = Loop(milliseconds, None)
    loop.engine = _Idle()
    made = unbound.Unbound(loop, names.anchor, names.hints)
    yield made
    made.close()


def ask(resolver, name, seconds=10, zone="", kind=TXT):
    answers = []
    resolver.ask(name, kind, zone, seconds, answers.append)
    end = time.monotonic() + PATIENCE
    while not answers and time.monotonic() < end:
        resolver.loop.step(100)
    return answers[0]


def test_signed_answer_is_secure(resolver):
    answer = ask(resolver, "www.named.test", zone="named.test")
    assert (answer.outcome, answer.why) == (SECURE, "")
    assert [strings(one) for one in answer.records] == [[b"hello", b"world"]]


def test_alias_is_followed(resolver):
    assert ask(resolver, "alias.named.test").records == ask(resolver, "www.named.test").records


def test_proved_absence_is_secure_too(resolver):
    assert ask(resolver, "nobody.named.test")[:2] == (SECURE, ())
    assert ask(resolver, "nobody.test")[:2] == (SECURE, ())


def test_unsigned_answer_is_insecure(resolver):
    answer = ask(resolver, "www.plain.test")
    assert answer.outcome == INSECURE and strings(answer.records[0]) == [b"hello"]


@pytest.mark.parametrize("zone", ["bogus", "expired"])
def test_wrong_signatures_are_no_answer_at_all(resolver, zone):
    answer = ask(resolver, f"www.{zone}.test")
    assert answer.outcome == BOGUS and answer.records == () and answer.why


def lie(octets):
    """Return the answer of a name server that lies, by the first label of what was asked."""
    answer = dns.message.from_wire(octets)
    (question,) = answer.question
    kind = question.name.labels[0]
    if kind == b"unsigned":  # Another answer, without signatures.
        forged = dns.rrset.from_text(question.name, 60, "IN", "TXT", '"a lie"')
        answer.answer = [forged]
    elif kind == b"denied":  # No such name, without proof.
        answer.set_rcode(dns.rcode.NXDOMAIN)
        answer.answer, answer.authority = [], []
    elif kind == b"poison":  # What nobody has asked for, of another zone.
        answer.additional.append(dns.rrset.from_text("www.named.test.", 60, "IN", "TXT", '"a lie"'))
    answer.flags |= dns.flags.AD  # It says that it has checked everything.
    return answer.to_wire()


def test_server_that_lies_is_believed_nothing(tmp_path):
    if lab.why_not():
        pytest.skip(lab.why_not())
    text = "".join(f'{name} TXT "true"\n' for name in ("unsigned", "denied", "poison", "other"))
    zones = {"liar": text, **ZONES}
    with lab.Lab(tmp_path, zones, apart=("liar",), lie=lie) as crooked:
        loop = Loop(milliseconds, None)
        loop.engine = _Idle()
        made = unbound.Unbound(loop, crooked.anchor, crooked.hints)
        try:
            for name in ("unsigned", "denied"):
                answer = ask(made, f"{name}.liar.test")
                assert (answer.outcome, answer.records) == (BOGUS, ()), name
            for name in ("poison", "other"):
                assert ask(made, f"{name}.liar.test").outcome == SECURE, name
            assert strings(ask(made, "www.named.test").records[0]) == [b"hello", b"world"]
        finally:
            made.close()


def test_silent_server_is_given_up_in_time(resolver):
    assert ask(resolver, "www.silent.test", seconds=1)[:2] == (SILENT, ())


def test_late_server_is_heard_where_there_is_time(resolver):
    assert ask(resolver, "www.slow.test", seconds=15).outcome == INSECURE


def test_worker_may_wait_for_an_answer(resolver):
    from bellhop.shell.workers import Workers

    workers, found = Workers(resolver.loop, 1), []
    workers.start(lambda: resolver.look_up("www.named.test", TXT, 10), found.append)
    end = time.monotonic() + PATIENCE
    while not found and time.monotonic() < end:
        resolver.loop.step(100)
    workers.close()
    assert found[0].outcome == SECURE


def test_nobody_above_the_zone_sees_a_number(tmp_path):
    if lab.why_not():
        pytest.skip(lab.why_not())
    digits = b"4930555"
    owner = enum.owner(digits, b"e164.dir.test").decode()
    rule = f'{owner}. NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:u1@b.test!" .'
    with lab.Lab(tmp_path, {"dir": rule}, delay=0.001, apart=("dir",)) as watched:
        loop = Loop(milliseconds, None)
        loop.engine = _Idle()
        made = unbound.Unbound(loop, watched.anchor, watched.hints)
        others = []
        try:
            for _ in range(3):  # All leave together, as the key of a number does with its address.
                made.ask("key." + owner, TXT, "e164.dir.test", PATIENCE, others.append)
            answer = ask(made, owner, zone="e164.dir.test", kind=NAPTR)
            assert [one.outcome for one in others] == [SECURE] * 3
        finally:
            made.close()
        assert enum.addresses(answer.records, digits) == [b"sip:u1@b.test"]
        seen = watched.seen[watched.host]
        assert [one for one in seen if b"\3dir\4test" in one]
        assert not [one for one in seen if b"\x015\x015" in one]


def test_without_a_clock_dates_do_not_count_and_it_says_so(names, monkeypatch):
    monkeypatch.setattr(unbound, "EARLIEST", 2**40)
    loop = Loop(milliseconds, None)
    loop.engine = _Idle()
    made = unbound.Unbound(loop, names.anchor, names.hints)
    try:
        answer = ask(made, "www.expired.test")
        assert (answer.outcome, answer.why) == (SECURE, unbound.NO_CLOCK)
        assert ask(made, "www.bogus.test").outcome == BOGUS
    finally:
        made.close()
