"""A whole node under arbitrary and damaged messages: no exception, no growth, little answer."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bellhop.sip import message
from tests.hostile.node import ALICE, BOB, STRANGER, STREAM, check_bounds, guarded
from tests.support import seeds
from tests.support.mutate import MORSELS, Random, mutate
from tests.vectors import phones
from tests.vectors.home import CONFIG, Home, lines, requests

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
FLOWS = (ALICE, BOB, STRANGER, STREAM)
SEEDS = list(phones.SEEDS) + [path.read_bytes() for path in seeds.seed_files("message")]

# What one datagram of an unproved source may bring back to it at most, per octet. The worst is an
# OPTIONS of the shortest legal form: Allow and Supported make the answer longer than the question.
MOST_BACK = 3

blows = st.lists(st.tuples(st.integers(1, 2**32 - 1), st.sampled_from(FLOWS)), max_size=12)


@EXAMPLES
@given(st.binary(max_size=300), st.sampled_from(FLOWS))
def test_arbitrary_octets_are_survived(data, flow):
    node = guarded()
    node.receive(data, flow)
    check_bounds(node)


@EXAMPLES
@given(blows)
def test_damaged_messages_are_survived_and_so_is_the_time_after_them(script):
    node = guarded()
    for seed, flow in script:
        node.receive(mutate(Random(seed), SEEDS), flow)
        node.wait(seed % 5000)
        check_bounds(node)
    node.wait(400000)
    check_bounds(node)
    assert len(node.engine.node.layer) == 0
    assert not node.engine.lookups.waiting


@EXAMPLES
@given(blows, st.sampled_from([180, 200, 302, 401, 407, 486, 503, 603]))
def test_damaged_answers_of_a_phone_are_survived(script, status):
    node = guarded()
    for seed, flow in script:
        node, invite = phones.called(guarded())
        answer = message.response_to(invite, status, to_tag=b"bobs")
        answer.insert(b"contact", b"Contact: <sip:bob@198.51.100.2:40002>")
        node.receive(mutate(Random(seed), [answer.write()]), flow)
        node.wait(200000)
        check_bounds(node)


@EXAMPLES
@given(st.sampled_from(SEEDS), st.integers(0, 2000), st.sampled_from(MORSELS))
def test_one_morsel_in_a_message_is_survived(data, at, morsel):
    node = guarded()
    for flow in FLOWS:
        node.receive(data[:at] + morsel + data[at:], flow)
        node.receive(data[:at] + morsel + data[at + len(morsel) :], flow)
    check_bounds(node)


@EXAMPLES
@given(st.integers(1, 2**32 - 1))
def test_an_answer_to_a_damaged_message_is_a_message(seed):
    for flow, data in guarded().receive(mutate(Random(seed), SEEDS), STRANGER):
        if flow is STRANGER:
            assert data[:8] == b"SIP/2.0 "
            assert data.endswith(b"\r\n\r\n")


def shortest(method, target, caller):
    """Return a request in the shortest legal form."""
    return lines(
        method + b" " + target + b" SIP/2.0",
        b"v:SIP/2.0/UDP h;branch=z9hG4bK1",
        b"f:" + caller + b";tag=1",
        b"t:sip:x",
        b"i:1",
        b"CSeq:1 " + method,
        b"",
    )


def test_an_unproved_source_gets_back_three_times_what_it_sends_at_most():
    for method in (b"REGISTER", b"OPTIONS", b"INVITE", b"MESSAGE", b"SUBSCRIBE", b"PUBLISH",
                   b"CANCEL", b"BYE", b"ACK", b"X", b"x y", b""):  # fmt: skip
        for target in (b"sip:example.com", b"sip:carol@example.com", b"sip:far", b"http:x", b"<"):
            for caller in (b"sip:a@far", b"sip:alice@example.com", b"<"):
                node = Home()
                data = shortest(method, target, caller)
                sent = node.receive(data, STRANGER) + node.wait(64000)
                back = sum(len(octets) for flow, octets in sent if flow.host == STRANGER.host)
                assert back <= MOST_BACK * len(data), (data, sent)


def test_the_answers_to_a_flood_of_unproved_invites_are_bounded():
    node = guarded()
    came = went = 0
    for number in range(2000):
        data = shortest(b"INVITE", b"sip:bob@example.com", b"sip:a@far")
        data = data.replace(b"i:1", b"i:%d" % number).replace(b"bK1", b"bK%d" % number)
        came += len(data)
        went += sum(len(octets) for _, octets in node.receive(data, STRANGER))
    went += sum(len(octets) for _, octets in node.wait(64000))
    assert went <= MOST_BACK * came
    check_bounds(node)


def test_a_stranger_cannot_pass_the_rate_limit_with_a_tag_in_to():
    node = guarded()
    rung = 0
    for number in range(500):
        data = shortest(b"MESSAGE", b"sip:bob@example.com", b"sip:alice@example.com")
        data = data.replace(b"t:sip:x", b"t:sip:x;tag=2").replace(b"bK1", b"bK%d" % number)
        rung += len(requests(node.receive(data, STRANGER)))
    assert rung <= 60


def test_the_ack_for_a_refusal_disturbs_nobody():
    node = guarded()
    data = shortest(b"INVITE", b"sip:nobody@example.com", b"sip:a@far")
    refused = node.ask(data, STRANGER)
    tag = refused.to.param(b"tag")
    for user in (b"nobody", b"bob"):
        ack = shortest(b"ACK", b"sip:" + user + b"@example.com", b"sip:a@far")
        assert node.receive(ack.replace(b"t:sip:x", b"t:sip:x;tag=" + tag), STRANGER) == []


def test_a_refusal_tells_no_token_of_a_dialog():
    node, invite = phones.called()
    token = invite.addresses(b"record-route")[0].uri.user
    data = shortest(b"INVITE", b"sip:nobody@example.com", b"sip:a@far")
    refused = node.ask(data.replace(b"i:1", b"i:" + invite.call_id), STRANGER)
    assert refused.to.param(b"tag") != token


def test_escapes_that_are_none_in_a_telephone_number_are_refused():
    for number in (b"%zz", b"%", b"1%2"):
        data = shortest(b"INVITE", b"tel:" + number, b"sip:a@far")
        assert guarded().ask(data, STRANGER).status == 400


def test_a_lone_line_feed_cannot_hide_a_field_from_us():
    for hidden in (b"X: 1\nContent-Length: 5", b"X: 1\rRoute: <sip:far>", b"X: 1\r\r\nY: 2"):
        data = shortest(b"OPTIONS", b"sip:bob@example.com", b"sip:a@far")
        data = data.replace(b"\r\n\r\n", b"\r\n" + hidden + b"\r\n\r\n")
        assert guarded().receive(data, STRANGER) == []


def test_a_caller_without_a_host_is_survived_on_every_transport():
    for caller in (b"<tel:201>", b"<tel:alice>", b"<urn:service:sos>", b"<mailto:a@b>"):
        for method in (b"INVITE", b"REGISTER", b"MESSAGE"):
            for target in (b"sip:bob@example.com", b"sip:example.com", b"tel:202", b"sip:far"):
                for flow in (STREAM, STRANGER):
                    node = guarded()
                    data = shortest(method, target, caller)
                    node.receive(data.replace(b"t:sip:x", b"t:" + caller), flow)
                    node.wait(200000)
                    check_bounds(node)


UNREADABLE = (b"Contact: <sip:a", b'Contact: "a <sip:a@b>', b"Contact: <sip:a@[1]>", b"m: ;")


def test_an_invite_whose_contact_cannot_be_read_is_refused_before_it_goes_anywhere():
    for contact in UNREADABLE:
        for target in (b"sip:bob@example.com", b"sip:far.example"):
            node = guarded(
                CONFIG.replace("config node", "config node\n list trusted 203.0.113.0/24")
            )
            data = shortest(b"INVITE", target, b"sip:a@far")
            sent = node.receive(data[:-2] + contact + b"\r\n\r\n", STRANGER)
            assert [octets[:11] for _, octets in sent] == [b"SIP/2.0 400"]
            assert node.wait(200000) == []


def test_an_answer_whose_contact_cannot_be_read_is_the_callers_to_judge():
    for contact in UNREADABLE:
        node = guarded()
        data = shortest(b"INVITE", b"sip:bob@example.com", b"sip:a@far")
        went = requests(node.receive(data, STRANGER))[0][1]
        answer = message.response_to(went, 200, to_tag=b"bobs").write()
        answer = answer[:-2] + contact + b"\r\n\r\n"
        sent = node.receive(answer, BOB)
        assert [octets[:11] for _, octets in sent] == [b"SIP/2.0 200"]
        assert contact in sent[0][1]
