"""Passwords: what is captured is of no use, guessing is slow and told, names are not told apart."""

import pytest

from bellhop.effects import Note
from bellhop.sip import message
from tests.support.exchange import Exchange, Phone, register, telephone
from tests.support.messages import flow, request, settings, wire

LOGIN = "option strangers allow\n"


def noted(exchange):
    """Let the exchange keep the Notes; return the list."""
    notes, take = [], exchange.take

    def keep(effects):
        notes.extend([effect.text for effect in effects if isinstance(effect, Note)])
        return take(effects)

    exchange.take = keep
    return notes


def test_credentials_of_this_node_leave_it_in_no_request():
    exchange = Exchange(settings(LOGIN))
    alice = telephone(exchange, "A", "alice", "10.0.0.2")
    bob = telephone(exchange, "B", "bob", "10.0.0.3")
    alice.hear(exchange.receive(alice.request("INVITE", "sip:bob@home.test"), alice.flow)[-1].data)
    sent = exchange.receive(alice.proven("INVITE"), alice.flow)
    secret = alice.credentials(b"INVITE", b"sip:bob@home.test")[1].decode()
    left = [one.data for one in sent if one.flow == bob.flow]
    bob.hear(left[-1])
    alice.hear(exchange.receive(bob.answer(200, "INVITE"), bob.flow)[0].data)
    lines = [secret, secret.replace("Proxy-", ""), "Proxy-Authorization: Other x"]
    for method in ("ACK", "INVITE", "INFO", "UPDATE", "BYE"):
        data = alice.acknowledge(lines) if method == "ACK" else alice.within(method, lines)
        left += [one.data for one in exchange.receive(data, alice.flow) if one.flow == bob.flow]
    data = alice.cancel().replace(b"\r\nContent", b"\r\n" + secret.encode() + b"\r\nContent")
    left += [one.data for one in exchange.receive(data, alice.flow) if one.flow == bob.flow]
    assert len(left) == 6
    for data in left:
        assert b"alice" not in data.lower().partition(b"digest")[2]
        assert b"response=" not in data
    assert b"Proxy-Authorization: Other x" in left[1]


def captured(exchange, method="MESSAGE", uri="sip:bob@home.test"):
    """Return a Phone and its request with a good answer to a challenge, not yet sent."""
    alice = Phone("A", "alice", flow())
    alice.hear(exchange.receive(alice.request(method, uri), alice.flow)[-1].data)
    return alice, alice.proven(method)


def test_what_was_answered_for_one_address_is_of_no_use_from_another():
    exchange = Exchange(settings(LOGIN))
    bob = telephone(exchange, "B", "bob", "10.0.0.3")
    alice, good = captured(exchange)
    thief = flow("203.0.113.7")
    (answer,) = exchange.receive(good, thief)
    refused = message.parse(answer.data)
    assert refused.status == 407
    assert b"stale=true" in refused.value(b"proxy-authenticate")
    again = good.replace(b"bKA", b"bKB")
    assert [one.flow for one in exchange.receive(again, alice.flow)] == [bob.flow]


def test_a_phone_whose_address_changes_goes_on_without_asking_its_user():
    exchange = Exchange()
    alice = telephone(exchange, "A", "alice", "10.0.0.2")
    for moved in (flow("10.0.0.2", 40001), flow("10.0.0.77"), flow("198.51.100.9", 1024)):
        alice.flow = moved
        statuses = []
        data = alice.proven("REGISTER")
        for _ in range(3):
            answer = alice.hear(exchange.receive(data, moved)[0].data)
            statuses.append(answer.status)
            if answer.status == 200:
                break
            assert b"stale=true" in answer.value(b"www-authenticate")
            data = alice.proven("REGISTER")
        assert statuses in ([200], [401, 200])


@pytest.mark.parametrize("asked, answered, passes", [
    (b"sip:bob@home.test", b"sip:bob@home.test", True),
    (b"sip:bob@home.test;transport=udp", b"sip:bob@home.test", True),
    (b"sip:bob@home.test", b"sip:bob@home.test;transport=udp", True),
    (b"sip:bob@HOME.test:5060", b"sip:bob@home.test", True),
    (b"sip:%62ob@home.test", b"sip:bob@home.test", True),
    (b"sip:bob@home.test", b"sip:bob@10.0.0.1:5060", True),
    (b"sip:bob@10.0.0.1", b"sip:bob@home.test", True),
    (b"sip:bob@home.test", b"sip:bob@10.0.0.1:5099", False),
    (b"sip:bob@home.test", b"sip:carol@10.0.0.1", False),
    (b"sip:bob@home.test", b"sip:carol@home.test", False),
    (b"sip:bob@home.test", b"sip:bob@far.test", False),
    (b"sip:bob@home.test", b"sip:home.test", False),
    (b"sip:bob@home.test", b"", False), (b"sip:bob@home.test", b"x", False),
])  # fmt: skip
def test_an_answer_is_good_for_the_address_that_it_names(asked, answered, passes):
    exchange = Exchange()
    telephone(exchange, "B", "bob", "10.0.0.3")
    alice = Phone("A", "alice", flow())
    alice.hear(exchange.receive(alice.request("MESSAGE", asked.decode()), alice.flow)[-1].data)
    data = message.parse(alice.proven("MESSAGE"))
    name, line = alice.credentials(b"MESSAGE", answered)
    data.remove(name)
    data.insert(name, line)
    statuses = exchange.answers(data.write().replace(b"bKA", b"bKX"), alice.flow)
    assert (statuses == []) is passes, statuses


def test_registering_with_an_outbound_proxy_and_a_strict_route_is_compared_as_written():
    exchange = Exchange()
    alice = Phone("A", "alice", flow())
    register(exchange, alice, ["Route: <sip:10.0.0.1;lr>"])


# Guessing.


def guess(exchange, number, source, user="alice"):
    """Return what is answered to one guess of a password."""
    phone = Phone("G%d" % number, user, source)
    challenge = exchange.receive(phone.request("REGISTER", "sip:home.test"), source)
    if not challenge or message.parse(challenge[0].data).status != 401:
        return None
    phone.hear(challenge[0].data)
    data = phone.proven("REGISTER").replace(b'response="', b'response="0')
    answers = exchange.receive(data, source)
    return message.parse(answers[0].data).status if answers else None


@pytest.mark.parametrize("sources", [
    ["2001:db8:5:%x::%x" % (number % 256, number) for number in range(1, 900)],
    ["203.0.113.%d" % number for number in range(1, 255)] * 4,
])  # fmt: skip
def test_a_net_guesses_slowly_whatever_addresses_it_has(sources):
    exchange = Exchange(settings("list listen ::\n"))
    tried = [guess(exchange, number, flow(source)) for number, source in enumerate(sources)]
    assert tried.count(401) <= 30
    assert exchange.node.access.counters["wrong_passwords"] <= 30


def test_a_phone_that_is_known_is_not_kept_out_by_a_neighbour_who_guesses():
    exchange = Exchange()
    alice = telephone(exchange, "A", "alice", "10.0.0.2")
    for number in range(200):
        guess(exchange, number, flow("10.0.0.9"), "bob")
    register(exchange, alice)


def test_a_wrong_password_is_told_with_account_and_address():
    exchange = Exchange()
    notes = noted(exchange)
    guess(exchange, 1, flow("203.0.113.7"))
    assert notes == ["refused REGISTER of alice from 203.0.113.7 (wrong password)"]
    (event,) = [one for one in exchange.events if one.kind == "refused"]
    assert event.fields["address"] == "203.0.113.7"
    assert event.fields["account"] == "alice"
    assert "wonderland" not in str(notes) + str(event)


def test_an_account_name_cannot_write_into_the_log():
    exchange = Exchange()
    notes = noted(exchange)
    alice = Phone("A", "alice", flow("203.0.113.7"))
    data = alice.request("REGISTER", "sip:home.test")
    alice.hear(exchange.receive(data, alice.flow)[0].data)
    good = alice.proven("REGISTER")
    for name in (b"al from 10.0.0.1 (wrong password)", b"\xe2\x80\xaex", b"a" * 4000, b"a\x1b[2J"):
        data = good.replace(b'username="alice"', b'username="' + name + b'"')
        exchange.receive(data.replace(b"bKA", b"bK%d" % len(name)), alice.flow)
    for line in notes:
        assert line.count(" from ") == 1 and line.endswith("from 203.0.113.7 (wrong password)")
        assert len(line) < 200 and line.isprintable()


# Names.


def test_an_account_with_another_digest_is_not_told_from_an_unknown_name():
    more = "".join(
        "config user\n\toption name s%d\n\toption password x\n\toption algorithm sha256\n" % number
        for number in range(5)
    )
    exchange = Exchange(settings(more=more))

    serial = []

    def asked(name):
        serial.append(name)
        phone = Phone("N%d" % len(serial), name, flow("203.0.113.7"))
        data = phone.request("REGISTER", "sip:home.test")
        answer = message.parse(exchange.receive(data, phone.flow)[0].data)
        return b"SHA-256" in answer.value(b"www-authenticate")

    exchange.node.settings.stranger_requests_per_minute = 0
    known = [asked(name) for name in ("alice", "bob", "carol", "s0", "s1", "s2", "s3", "s4")]
    unknown = [asked("nobody%d" % number) for number in range(200)]
    assert known == [False] * 3 + [True] * 5
    # As many of the unknown names as of the known ones.
    assert 0.4 < unknown.count(True) / len(unknown) < 0.85
    assert [asked("nobody%d" % number) for number in range(200)] == unknown


# Strangers.


def test_the_failed_calls_of_strangers_are_counted_apart_and_not_in_the_familys_history():
    for node in ("", LOGIN):
        exchange = Exchange(settings(node))
        for number in range(55):
            data = request(
                "INVITE", "sip:%d@home.test" % (1000 + number), sender="<sip:100@x.test>;tag=1",
                call_id="scan-%d" % number, branch="z9hG4bK%d" % number,
                lines=["User-Agent: friendly-scanner"],
            )  # fmt: skip
            exchange.receive(data, flow("203.0.113.7"))
        assert exchange.engine.answer("history", {}, exchange.now)[0]["history"] == []
        (row,) = exchange.engine.answer("strangers", {}, exchange.now)[0]["strangers"]
        assert (row["address"], row["count"]) == ("203.0.113.7", 55)
        assert row["dialled"] == "1054"


def test_a_strangers_call_that_rang_is_in_the_history():
    exchange = Exchange(settings(LOGIN))
    bob = telephone(exchange, "B", "bob", "10.0.0.3")
    data = request("INVITE", sender="<sip:gran@far.test>;tag=1")
    bob.hear(exchange.receive(data, flow("203.0.113.7"))[-1].data)
    exchange.receive(bob.answer(486, "INVITE"), bob.flow)
    (call,) = exchange.engine.answer("history", {}, exchange.now)[0]["history"]
    assert call["caller"] == "gran@far.test"


def test_the_list_of_strangers_is_bounded():
    exchange = Exchange()
    for number in range(3000):
        source = flow("198.51.%d.%d" % (number // 250, number % 250 + 1))
        data = request("INVITE", "sip:bob@home.test", sender="<sip:x@y.test>;tag=1",
                       call_id=str(number), branch="z9hG4bK%d" % number)  # fmt: skip
        exchange.receive(data, source)
    assert len(exchange.engine.answer("strangers", {}, exchange.now)[0]["strangers"]) <= 200


def test_a_refused_stranger_is_told_in_the_log_with_the_address():
    exchange = Exchange()
    notes = noted(exchange)
    exchange.receive(
        request("INVITE", "sip:900@home.test", sender="<sip:100@x.test>;tag=1"), flow("203.0.113.7")
    )
    assert len(notes) == 1
    assert notes[0].startswith("refused INVITE of 100@x.test from 203.0.113.7 (")


# Small ones.


def test_passwords_in_addresses_are_masked_in_the_trace():
    exchange = Exchange(settings(LOGIN))
    bob = telephone(exchange, "B", "bob", "10.0.0.3")
    fields = [
        "INVITE sip:bob:hunter2@home.test SIP/2.0", "Via: SIP/2.0/UDP 203.0.113.7;branch=z9hG4bK1",
        'From: "x" <sip:sam:hunter2@far.test>;tag=1', "To: <sips:bob:hunter2@home.test>",
        "Call-ID: c", "CSeq: 1 INVITE", "Contact: sip:sam:hunter2@203.0.113.7",
        "Refer-To: <sip:a:hunter2@b?Authorization=hunter2>", "Content-Length: 0",
        "Proxy-Authorization: Digest username=hunter2", "X: sip:no:one said hunter",
    ]  # fmt: skip
    bob.hear(exchange.receive(wire(fields), flow("203.0.113.7"))[-1].data)
    call = exchange.engine.answer("calls", {}, exchange.now)[0]["calls"][0]
    traced = exchange.engine.answer("trace", {"call": str(call["number"])}, exchange.now)[0]
    text = "\n".join(one["message"] for one in traced["messages"])
    told = [exchange.engine.answer("calls", {}, exchange.now)[0]]
    exchange.receive(bob.answer(486, "INVITE"), bob.flow)
    told.append(exchange.engine.answer("history", {}, exchange.now)[0])
    assert told[1]["history"][0]["dialled"] == "sip:bob@home.test"
    assert "hunter2" not in str([traced, told, exchange.events])
    assert "sip:bob:***@home.test" in text and "sip:no:one said hunter" in text
