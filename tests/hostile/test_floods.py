"""Masses: registrations, nonces, replays, loops, full tables, large and halved messages."""

import pytest

from bellhop import limits
from bellhop.effects import Flow
from bellhop.errors import SipError
from bellhop.limits import MAX_BINDINGS_PER_USER, MAX_HEADER_BYTES
from bellhop.sip import message
from bellhop.sip.framing import Framer
from tests.hostile.node import ALICE, BOB, GUARDED, STRANGER, check_bounds, guarded
from tests.vectors import phones
from tests.vectors.home import (
    CONFIG,
    UDP,
    Home,
    authorization,
    lines,
    register_request,
    requests,
    udp,
    with_line,
)

DAY = 24 * 3600 * 1000


def options(number, target=b"sip:bob@example.com", caller=b"sip:a@far"):
    return lines(
        b"OPTIONS " + target + b" SIP/2.0",
        b"Via: SIP/2.0/UDP h;rport;branch=z9hG4bK%d" % number,
        b"From: <" + caller + b">;tag=1",
        b"To: <" + target + b">",
        b"Call-ID: %d" % number,
        b"CSeq: 1 OPTIONS",
        b"Content-Length: 0",
        b"",
    )


def invite(number, target=b"sip:bob@example.com", caller=b"sip:a@far", more=()):
    data = options(number, target, caller).replace(b"OPTIONS", b"INVITE")
    for line in more:
        data = with_line(data, line)
    return data


def proof_for(node, user=b"alice", password=b"one", count=1, source=ALICE):
    """Return credentials for a REGISTER, made with a fresh nonce."""
    refused = node.ask(register_request(user, None, 900 + node.drawn), source)
    return authorization(refused, user, password, b"REGISTER", b"sip:example.com", count)


def test_10000_registrations_of_one_user_from_one_address_keep_ten_devices():
    node = Home()
    refused = node.ask(register_request(b"alice", None, 1), ALICE)
    for number in range(1, 10001):
        proof = authorization(refused, b"alice", b"one", b"REGISTER", b"sip:example.com", number)
        contact = b"<sip:alice@198.51.100.1:%d>" % (number + 1024)
        request = register_request(b"alice", contact, number + 1, (proof,))
        request = request.replace(b"Call-ID: r", b"Call-ID: %d" % number)
        assert node.ask(request, udp("198.51.100.1", number + 1024)).status == 200
    assert node.status()["registrations"] == MAX_BINDINGS_PER_USER
    check_bounds(node)


def test_10000_registrations_without_a_password_leave_nothing():
    node = guarded()
    for number in range(10000):
        contact = b"<sip:alice@203.0.113.66:%d>" % (number + 1024)
        node.receive(register_request(b"alice", contact, number), STRANGER)
    assert node.status()["registrations"] == 2
    check_bounds(node)
    node.wait(40000)
    assert len(node.engine.node.layer) == 0


def test_a_full_register_refuses_new_users_and_keeps_the_old():
    people = "".join("config user u%d\n option password p%d\n" % (n, n) for n in range(12))
    node = Home(GUARDED.replace("config node", "config node\n option max_bindings 10") + people)
    for number in range(12):
        user = b"u%d" % number
        request = register_request(user, b"<sip:x@198.51.100.9:%d>" % (number + 1024), 1)
        source = udp("198.51.100.9", number + 1024)
        proof = proof_for(node, user, b"p%d" % number, source=source)
        answer = node.ask(with_line(request, proof), source)
        assert answer.status == (200 if number < 10 else 503)
    assert node.status()["registrations"] == 10


def test_a_flood_of_wrong_passwords_does_not_lock_the_phone_out():
    node = guarded()
    proof = proof_for(node, password=b"guess")
    for number in range(1000):
        request = register_request(b"alice", None, number, (proof,))
        node.receive(request.replace(b"bK", b"bKx"), STRANGER)
    answer = node.ask(register_request(b"alice", None, 5000, (proof_for(node),)), ALICE)
    assert answer.status == 200


def test_the_nonce_of_yesterday_is_stale_and_not_a_wrong_password():
    node = guarded()
    proof = proof_for(node)
    node.wait(DAY)
    answer = node.ask(register_request(b"alice", None, 3, (proof,)), ALICE)
    assert answer.status == 401
    assert b"stale=true" in answer.value(b"www-authenticate")
    assert node.engine.node.access.counters["wrong_passwords"] == 0


def test_the_nonce_of_another_node_or_another_run_is_stale():
    proof = proof_for(guarded(name=b"before"))
    answer = guarded().ask(register_request(b"alice", None, 3, (proof,)), ALICE)
    assert answer.status == 401
    assert b"stale=true" in answer.value(b"www-authenticate")


def test_a_nonce_of_the_future_is_stale():
    node = guarded()
    proof = proof_for(node)
    node.now -= 1000
    assert node.ask(register_request(b"alice", None, 3, (proof,)), ALICE).status == 401


def test_a_replay_registers_nobody():
    node = guarded()
    proof = proof_for(node)
    contact = b"<sip:alice@198.51.100.1:40001>"
    request = register_request(b"alice", contact, 30, (proof,))
    assert node.ask(request, ALICE).status == 200
    thief = request.replace(b"198.51.100.1:40001", b"203.0.113.66:5070").replace(b"bK", b"bKx")
    assert node.ask(thief, STRANGER).status == 401
    assert node.ask(thief.replace(b"bK", b"bKy"), ALICE).status == 401
    assert node.engine.node.access.counters["replays"] == 1


def test_a_replay_stays_one_after_the_nonce_was_forgotten(monkeypatch):
    monkeypatch.setattr("bellhop.tu.access.MAX_NONCES", 8)
    node = guarded()
    proof = proof_for(node)
    assert node.ask(register_request(b"alice", None, 30, (proof,)), ALICE).status == 200
    for number in range(40, 60):
        node.wait(10)
        fresh = proof_for(node)
        node.ask(register_request(b"alice", None, number, (fresh,)), ALICE)
    assert node.ask(register_request(b"alice", None, 90, (proof,)), ALICE).status == 401


def test_nonces_are_bounded():
    node = guarded(CONFIG)
    for number in range(limits.MAX_NONCES + 50):
        node.wait(1)
        node.ask(register_request(b"alice", None, 10000 + number, (proof_for(node),)), ALICE)
    check_bounds(node)
    assert len(node.engine.node.access.counts) == limits.MAX_NONCES


def test_a_flood_from_one_source_leaves_the_others_in_peace():
    node = guarded()
    answered = sum(len(node.receive(options(number), STRANGER)) for number in range(3000))
    rung = node.engine.forwarder.counters["forwarded"]
    assert rung <= 60
    assert answered <= 3000 + rung
    assert len(requests(node.receive(options(9999), udp("203.0.113.99")))) == 1
    assert phones.called(node)[1].method == b"INVITE"
    check_bounds(node)


def test_sources_are_bounded():
    node = guarded()
    for number in range(limits.MAX_SOURCES + 500):
        source = udp("203.0.%d.%d" % (number >> 8, number & 255))
        node.receive(options(number, b"sip:example.com"), source)
    check_bounds(node)


def test_a_full_table_is_told_and_empties_itself():
    text = CONFIG.replace("config node", "config node\n option max_transactions 64")
    node = guarded(text)
    statuses = []
    for number in range(300):
        for flow, data in node.receive(invite(number), udp("203.0.113.%d" % (number & 63))):
            if flow.host[:9] == "203.0.113":
                statuses.append(message.parse(data).status)
    assert 503 in statuses
    check_bounds(node)
    node.wait(600000)
    assert len(node.engine.node.layer) == 0
    assert len(requests(node.receive(options(9999), udp("203.0.113.99")))) == 1


def test_calls_and_traces_are_bounded():
    node = guarded(CONFIG)
    for number in range(limits.MAX_CALLS + 100):
        node.receive(invite(number), STRANGER)
    check_bounds(node)


def test_names_being_looked_up_are_bounded():
    node = Home(CONFIG.replace("config node", "config node\n list trusted 203.0.113.0/24"))
    node.perform = lambda effects: effects
    for number in range(limits.MAX_QUERIES + 50):
        node.receive(options(number, b"sip:x@far.example"), STRANGER)
    check_bounds(node)


# Loops (RFC 5393).


class Pair:
    """Two nodes that reach one another; `carried`: how many messages went between them."""

    def __init__(self, accounts):
        """accounts: on each node, each of these users is registered at all of them on the other."""
        self.nodes = {}
        self.carried = 0
        for name, address, other, far in (
            (b"one.example", "192.0.2.1", "192.0.2.2", b"two.example"),
            (b"two.example", "192.0.2.2", "192.0.2.1", b"one.example"),
        ):
            text = "config node\n option domain %s\n" % name.decode()
            text += " option stranger_requests_per_minute 0\n list trusted 192.0.2.0/24\n"
            for user in accounts:
                text += "config user %s\n option password x\n" % user
            node = Home(text, name)
            self.nodes[address] = node
            for user in accounts:
                self.register(node, user.encode(), accounts, far, name, other)

    def register(self, node, user, accounts, far, domain, other):
        for index, target in enumerate(accounts):
            contact = b"<sip:" + target.encode() + b"@" + far + b">"
            request = register_request(user, contact, 2 * index + 1, host=domain)
            refused = node.ask(request, udp(other))
            proof = authorization(refused, user, b"x", b"REGISTER", b"sip:" + domain)
            again = register_request(user, contact, 2 * index + 2, (proof,), domain)
            assert node.ask(again, udp(other)).status == 200

    def run(self, data, most):
        """Give the first node a request and carry what follows; return the last answer."""
        caller = udp("192.0.2.77")
        queue = [("192.0.2.1", caller, data)]
        last = None
        while queue:
            to, flow, octets = queue.pop(0)
            for where, out in self.nodes[to].receive(octets, flow):
                if where.host not in self.nodes:
                    last = message.parse(out)
                    continue
                self.carried += 1
                assert self.carried <= most, "the loop does not end"
                queue.append((where.host, Flow("udp", UDP, to, 5060, 0, ""), out))
        return last


def test_a_loop_between_two_nodes_is_seen_at_the_second_visit():
    pair = Pair(["alice"])
    answer = pair.run(invite(1, b"sip:alice@one.example"), 20)
    assert answer.status == 482


@pytest.mark.parametrize("count", [2, 3])
def test_forking_in_a_loop_grows_no_avalanche(count):
    """RFC 5393 section 3: without its remedies 2**70 messages follow from one."""
    users = ["alice", "bob", "carol"][:count]
    pair = Pair(users)
    answer = pair.run(invite(1, b"sip:alice@one.example"), 2000)
    assert answer.status >= 400
    for node in pair.nodes.values():
        check_bounds(node)


def test_a_spiral_is_no_loop():
    node = guarded(CONFIG)
    first = requests(node.receive(invite(1), STRANGER))[0][1]
    again = first.write().replace(
        b"INVITE sip:bob-0x5640@198.51.100.2:40002", b"INVITE sip:alice@example.com"
    )
    assert len(requests(node.receive(again, STRANGER))) == 1


def test_max_breadth_of_the_request_is_shared_out():
    node = guarded(CONFIG)
    for port in (5070, 5071, 5072):
        node.register(b"bob", b"<sip:b@198.51.100.3:%d>" % port, udp("198.51.100.3", port), port)
    went = requests(node.receive(invite(1, more=(b"Max-Breadth: 9",)), STRANGER))
    assert sum(one.number(b"max-breadth", 60) for _, one in went) <= 9
    refused = node.ask(invite(2, more=(b"Max-Breadth: 1",)), STRANGER)
    assert refused is None or refused.status == 440


def test_branches_of_one_request_are_bounded():
    people = "".join("config user u%d\n option password one\n" % n for n in range(8))
    members = "".join(" list member u%d\n" % n for n in range(8))
    node = Home(CONFIG + people + "config group all\n" + members)
    location = node.engine.node.location
    for user in range(8):
        for device in range(10):
            name = b"u%d" % user
            request = register_request(name, b"<sip:x@198.51.100.9:%d>" % (1024 + device), device)
            flow = udp("198.51.100.9", 1024 + device)
            node.ask(with_line(request, proof_for(node, name, source=flow)), flow)
    assert location.size == 80
    sent = requests(node.receive(invite(1, b"sip:all@example.com"), STRANGER))
    assert len(sent) <= limits.MAX_BRANCHES


# Large and halved messages.


def test_headers_beyond_the_limits_are_refused_or_dropped():
    node = guarded()
    for more in ((b"X: " + b"x" * MAX_HEADER_BYTES,), (b"X: 1",) * (limits.MAX_HEADER_LINES + 1)):
        data = invite(1, more=more)
        for flow, answer in node.receive(data, STRANGER):
            assert flow.host == STRANGER.host
            assert message.parse(answer).status >= 400
    assert node.engine.forwarder.counters["forwarded"] == 0


def test_a_long_request_uri_is_refused():
    target = b"sip:bob@" + b"x" * 3000
    assert guarded().ask(options(1, target), STRANGER).status == 414


def test_a_stream_without_an_end_of_header_is_closed():
    framer = Framer()
    with pytest.raises(SipError):
        for _ in range(MAX_HEADER_BYTES // 1000 + 2):
            framer.feed(b"X-Slow: " + b"x" * 990 + b"\r\n")
    assert len(framer.buffer) <= MAX_HEADER_BYTES + 2000


def test_a_stream_that_promises_too_large_a_body_is_closed():
    most = limits.MAX_PASSED_BYTES
    data = options(1).replace(b"Content-Length: 0", b"Content-Length: %d" % (most + 1))
    with pytest.raises(SipError):
        Framer().feed(data)


def test_a_stream_octet_by_octet_gives_whole_messages():
    framer = Framer()
    stream = b"\r\n\r\n" + phones.SEEDS[0] + b"\r\n" + phones.SEEDS[1]
    found = []
    for index in range(len(stream)):
        found += framer.feed(stream[index : index + 1])
    assert found == [b"\r\n\r\n", phones.SEEDS[0], phones.SEEDS[1]]
    assert framer.buffer == b""


def test_half_a_request_on_a_stream_waits_and_reaches_nobody():
    framer = Framer()
    data = phones.SEEDS[0]
    assert framer.feed(data[:-1]) == []
    assert framer.feed(data[-1:]) == [data]


def test_a_broken_stream_ends_the_transactions_that_came_by_it():
    node = guarded(CONFIG)
    stream = Flow("tcp", 1, "203.0.113.67", 50001, 3, "")
    node.receive(invite(1), stream)
    sent = node.perform(node.engine.flow_failed(stream, "closed", node.now))
    node.wait(200)
    assert all(flow != stream for flow, _ in sent + node.wait(400000))
    assert len(node.engine.node.layer) == 0


def test_a_flood_of_unknown_answers_is_dropped():
    node = guarded()
    for number in range(2000):
        answer = message.response_to(message.parse(invite(number)), 200, to_tag=b"x")
        assert node.receive(answer.write(), STRANGER) == []
    check_bounds(node)


def test_repeated_requests_get_the_same_answer_and_no_second_transaction():
    node = guarded()
    first = node.receive(options(1, b"sip:example.com"), STRANGER)
    for _ in range(100):
        assert node.receive(options(1, b"sip:example.com"), STRANGER) == first
    assert node.engine.node.layer.counters["retransmissions"] == 100


def test_a_cancel_for_a_call_that_is_not_there_is_refused():
    node = guarded()
    cancel = options(1).replace(b"OPTIONS", b"CANCEL")
    assert node.ask(cancel, STRANGER).status == 481


def test_bob_cannot_register_alice_nor_call_as_alice():
    node = guarded()
    request = register_request(b"alice", b"<sip:x@198.51.100.2>", 50)
    refused = node.ask(request, BOB)
    proof = authorization(refused, b"bob", b"two", b"REGISTER", b"sip:example.com")
    assert node.ask(register_request(b"alice", None, 51, (proof,)), BOB).status == 403
    call = invite(70, caller=b"sip:alice@example.com")
    refused = node.ask(call, BOB)
    proof = authorization(refused, b"bob", b"two", b"INVITE", b"sip:bob@example.com")
    again = with_line(call.replace(b"bK70", b"bK71"), proof)
    assert node.ask(again, BOB).status == 403
