"""Properties of the syntax: what is written reads the same, what is no SIP is refused."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bellhop.errors import SipError
from bellhop.sip import address, framing, message, scan, uri, via
from tests.support.mutate import Random, mutate
from tests.support.parsers import PARSERS, outcome
from tests.vectors import phones

EXAMPLES = settings(max_examples=100, deadline=None, derandomize=True)

TOKEN_OCTETS = bytes(scan.TOKEN)
USER_OCTETS = bytes(uri.USER).replace(b"%", b"").replace(b"?", b"")
# Every octet that a header value may hold: all but CR and LF.
TEXT_OCTETS = bytes([octet for octet in range(256) if octet not in b"\r\n"])


def octets(alphabet, least=1, most=12):
    return st.lists(st.sampled_from(list(alphabet)), min_size=least, max_size=most).map(bytes)


tokens = octets(TOKEN_OCTETS)
hosts = st.sampled_from(
    [b"example.com", b"10.0.0.1", b"[2001:db8::1]", b"[::ffff:10.0.0.1]", b"a-b.c"]
)
ports = st.none() | st.integers(0, 65535)
parameters = st.lists(st.tuples(tokens.map(bytes.lower), st.none() | tokens), max_size=3)
uri_parameters = st.lists(
    st.tuples(octets(b"abcxyz-019"), st.none() | octets(b"abcXYZ-019[]/:&+$")),
    max_size=3,
    unique_by=lambda pair: pair[0],  # RFC 3261 section 19.1.1
)
uris = st.builds(
    uri.Uri,
    st.sampled_from([b"sip", b"sips"]),
    st.none() | octets(USER_OCTETS),
    hosts,
    ports,
    uri_parameters,
)
vias = st.builds(
    lambda name, host, port, params: via.Via((b"SIP/2.0/", name, host, port, b""), params),
    tokens.map(bytes.upper), hosts, ports, parameters,
)  # fmt: skip
headers = st.lists(
    st.tuples(tokens.filter(lambda name: name.lower() not in KNOWN), octets(TEXT_OCTETS, 0, 40)),
    max_size=6,
)
KNOWN = frozenset(message.MANDATORY) | {
    b"v", b"f", b"t", b"i", b"l", b"content-length", b"max-forwards",
}  # fmt: skip


@st.composite
def requests(draw):
    """Return the octets of a well-formed request with unknown header fields between the others."""
    method = draw(tokens)
    lines = [
        method + b" " + draw(uris).write() + b" SIP/2.0",
        b"Via: " + draw(vias).write(),
        b"From: <" + draw(uris).write() + b">;tag=1",
        b"To: <" + draw(uris).write() + b">",
        b"Call-ID: " + draw(tokens),
        b"CSeq: %d " % draw(st.integers(0, 2**31 - 1)) + method,
    ]
    for name, value in draw(headers):
        lines.insert(draw(st.integers(1, len(lines))), name + b": " + value)
    body = draw(st.binary(max_size=40))
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@st.composite
def damaged(draw):
    """Return a message of a phone with some faults."""
    seeds = list(phones.SEEDS)
    return mutate(Random(draw(st.integers(1, 2**32 - 1))), seeds)


def fields(parsed):
    first = (getattr(parsed, "method", None), getattr(parsed, "uri", None))
    first += (getattr(parsed, "status", None), getattr(parsed, "reason", None))
    return first + (parsed.names, parsed.lines, parsed.body)


@EXAMPLES
@given(requests())
def test_a_well_formed_request_is_written_as_it_was_read(data):
    assert message.parse(data).write() == data


@EXAMPLES
@given(damaged())
def test_what_is_written_reads_as_what_was_read(data):
    try:
        parsed = message.parse(data)
    except SipError:
        return
    assert fields(message.parse(parsed.write())) == fields(parsed)


@EXAMPLES
@given(uris)
def test_a_uri_is_read_as_it_was_written(one):
    read = uri.parse(one.write())
    assert read.write() == one.write()
    assert (read.scheme, read.user, read.host, read.port) == (
        one.scheme,
        one.user,
        one.host,
        one.port,
    )
    assert list(read.params) == one.params
    assert uri.equivalent(one, read)


@EXAMPLES
@given(uris, uris)
def test_equivalence_of_uris_is_symmetric(one, other):
    assert uri.equivalent(one, other) == uri.equivalent(other, one)


@EXAMPLES
@given(vias)
def test_a_via_is_read_as_it_was_written(one):
    read = via.parse(one.write())
    assert (read.transport, read.host, read.port) == (one.transport, one.host, one.port)
    assert read.params == one.params
    assert read.write() == one.write()


@EXAMPLES
@given(uris, parameters, st.none() | octets(TEXT_OCTETS, 0, 20))
def test_an_address_is_read_as_it_was_written(one, params, name):
    display = None if name is None else scan.quote(name)
    written = address.Address(display, one.write(), params).write()
    read = address.parse(written)
    assert (read.display, read.uri_bytes, read.params) == (display, one.write(), params)
    assert address.parse_list(written + b" , " + written)[1].write() == written
    assert name is None or scan.unquote(read.display) == name


def written(read, value):
    try:
        return read(value).write()
    except SipError:
        return None


@EXAMPLES
@given(st.integers(1, 2**32 - 1))
def test_an_address_reads_the_same_with_its_tag_taken_off_first(seed):
    whole = b'"A;tag=1" <sip:a@[::1];lr>;x="<>";tag=b;q=1', b"B <sip:b@c>;tag=d", b"sip:e@f;tag=g"
    value = mutate(Random(seed), whole)
    assert written(address._parse, value) == written(address._parse_whole, value)


def parts(split, *arguments):
    try:
        return split(*arguments)
    except SipError:
        return None


@EXAMPLES
@given(st.lists(st.sampled_from([b'"', b"\\", b",", b";", b"<", b">", b" ", b"a"])), st.booleans())
def test_a_list_is_split_the_same_with_and_without_the_short_cut(pieces, angles):
    value = b"".join(pieces)
    for delimiter in (b",", b";"):
        if delimiter in value:
            slowly = parts(scan._split_slowly, value, delimiter, angles)
            assert parts(scan.split_outside, value, delimiter, angles) == slowly


@EXAMPLES
@given(st.binary(max_size=200))
def test_arbitrary_octets_raise_nothing_but_refusals(data):
    for name in PARSERS:
        outcome(name, data)


@EXAMPLES
@given(damaged())
def test_damaged_messages_raise_nothing_but_refusals(data):
    for name in PARSERS:
        outcome(name, data)


@EXAMPLES
@given(st.lists(st.sampled_from(phones.SEEDS + (b"\r\n\r\n",)), max_size=4), st.data())
def test_a_stream_gives_the_same_messages_however_it_is_cut(parts, data):
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    framer = framing.Framer()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)]):
        found += framer.feed(stream[start:end])
    assert found == parts
    assert framer.buffer == b""


@EXAMPLES
@given(damaged(), st.integers(0, 400))
def test_a_damaged_stream_is_read_or_refused_and_keeps_no_more_than_it_was_fed(data, cut):
    framer = framing.Framer()
    fed = 0
    for part in (data[:cut], data[cut:]):
        fed += len(part)
        try:
            items = framer.feed(part)
        except SipError:
            return
        assert sum(map(len, items)) + len(framer.buffer) <= fed
