"""The order of hops (RFC 3263, RFC 2782)."""

from collections import Counter

import pytest

from bellhop.names.answer import Naptr, Srv
from bellhop.shell.hops import in_order, is_refused, services, srv_names, transport_of


def rule(order, preference, flags, service, replacement):
    return Naptr(order, preference, flags, service, "", replacement)


def drawing(*numbers):
    """Return a token function that gives these numbers, one after the other."""
    rest = list(numbers)
    return lambda count: rest.pop(0).to_bytes(count, "big")


@pytest.mark.parametrize(
    ("asked", "secure", "found"),
    [
        (None, False, ""),
        (None, True, "tls"),
        ("udp", False, "udp"),
        ("tcp", False, "tcp"),
        ("tls", False, "tls"),
        ("tcp", True, "tls"),
        ("tls", True, "tls"),
        ("udp", True, None),
        ("ws", False, None),
        ("sctp", False, None),
    ],
)
def test_transport_of_a_uri(asked, secure, found):
    assert transport_of(asked, secure) == found


def test_naptr_is_ordered_and_what_we_do_not_speak_is_left_out():
    records = [
        rule(20, 1, "s", "SIP+D2U", "udp.test"),
        rule(10, 9, "S", "sip+d2t", "tcp.test"),
        rule(10, 1, "s", "SIPS+D2T", "tls.test"),
        rule(1, 1, "s", "SIP+D2S", "sctp.test"),
        rule(1, 1, "u", "E2U+sip", ""),
    ]
    expected = [("tls", "tls.test"), ("tcp", "tcp.test"), ("udp", "udp.test")]
    assert services(records, secure=False) == expected
    assert services(records, secure=True) == expected[:1]


def test_srv_names_follow_the_transport():
    assert [name for name, _ in srv_names("x.test", "", False)] == ["udp", "tcp", "tls"]
    assert srv_names("x.test", "tcp", False) == [("tcp", "_sip._tcp.x.test")]
    assert srv_names("x.test", "", True) == [("tls", "_sips._tcp.x.test")]


def test_priority_comes_first():
    records = [Srv(20, 100, 1, "b"), Srv(10, 0, 1, "a"), Srv(30, 0, 1, "c")]
    order = [record.target for record in in_order(records, drawing(0, 0, 0))]
    assert order == ["a", "b", "c"]


def test_weight_draws_as_in_rfc_2782():
    records = [Srv(1, 10, 1, "a"), Srv(1, 0, 1, "zero"), Srv(1, 30, 1, "b")]
    # Running sums: zero 0, a 10, b 40; then what is left.
    assert [one.target for one in in_order(records, drawing(0, 10, 0))] == ["zero", "a", "b"]
    assert [one.target for one in in_order(records, drawing(11, 1, 0))] == ["b", "a", "zero"]


def test_every_record_is_tried_and_the_first_is_spread_by_weight():
    records = [Srv(1, 60, 1, "a"), Srv(1, 20, 1, "b"), Srv(1, 20, 1, "c")]
    firsts = Counter()
    for number in range(101):
        order = in_order(records, drawing(number, 0, 0))
        assert sorted(record.target for record in order) == ["a", "b", "c"]
        firsts[order[0].target] += 1
    assert firsts == {"b": 21, "c": 20, "a": 60}


def test_a_single_dot_says_that_there_is_no_service():
    assert is_refused([Srv(0, 0, 0, ".")])
    assert not is_refused([]) and not is_refused([Srv(0, 0, 0, "a")])
