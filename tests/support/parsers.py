"""What reads bytes from strangers: each function takes bytes and returns all that it read.

Each may raise BellhopError and nothing else. The corpus of one is tests/hostile/corpus/<name>/.
Runs under CPython and MicroPython.
"""

from bellhop.errors import BellhopError, SipError
from bellhop.features.mesh import siplink
from bellhop.features.messages import imdn
from bellhop.lite import dns
from bellhop.mesh import directory, hostcache, packets, people, phonebook, record
from bellhop.sip import address, digest, framing, message, scan, stun, uri, via
from tests.support import whole

LISTS = (b"contact", b"route", b"record-route", b"path", b"refer-to", b"service-route")
FIELDS = ("via", "from_", "to", "call_id", "cseq")


def read_message(data):
    """Parse one datagram, ask it for everything a proxy asks, and write it again."""
    parsed = message.parse(data)
    read = [parsed.write()]
    for field in FIELDS:
        read.append(_attempt(getattr, parsed, field))
    if isinstance(parsed, message.Request):
        read.append(_attempt(getattr, parsed, "parsed_uri"))
        read.append(imdn.asked(parsed))
    for name in LISTS:
        read.append(_attempt(parsed.addresses, name))
    for name in parsed.names:
        read.append(parsed.items(name))
    for value in parsed.values(b"authorization"):
        read.append(_attempt(digest.credentials, value))
    return read


def read_stream(data):
    """Feed a stream in three parts; return the messages and what is left."""
    framer = framing.Framer()
    third = len(data) // 3
    items = []
    for part in (data[:third], data[third : 2 * third], data[2 * third :]):
        items.extend(framer.feed(part))
    return [items, framer.buffer]


def read_uri(data):
    """Parse one URI and write and compare what came of it."""
    parsed = uri.parse(data)
    return [parsed, uri.equivalent(parsed, uri.parse(data.upper()))]


def read_via(data):
    """Parse a Via value and its parameters."""
    return [via.parse(data), scan.parameters(data)]


def read_address(data):
    """Parse a list of addresses."""
    return address.parse_list(data)


def read_credentials(data):
    """Parse an Authorization value as far as the verdict needs it."""
    fields = digest.credentials(data)
    if fields is None or not digest.is_complete(fields):
        return fields
    return [fields, digest.response(fields.algorithm, b"0" * 32, b"REGISTER", fields)]


def read_stun(data):
    """Answer a datagram that may be a STUN request."""
    if not stun.is_binding_request(data):
        return None
    return stun.binding_response(data, b"\x7f\0\0\1", 5060)


def read_mesh_packet(data):
    """Read one datagram of the mesh, and what its type says is in it."""
    kind, body = packets.parse(data)
    clear = {
        packets.HELLO: packets.read_greeting,
        packets.COOKIE: packets.read_cookie,
        packets.OPEN: packets.read_open,
    }
    if kind in clear:
        return [kind, clear[kind](body)]
    inside, body = body[0], body[1:]
    readers = {
        packets.HELLO: packets.read_hello,
        packets.RECORDS: lambda body: packets.read_frames(body, 4),
        packets.ACK: packets.read_numbers,
        packets.TREE: packets.read_branches,
        packets.LIST: packets.read_leaves,
        packets.WANT: packets.read_wanted,
    }
    return [kind, readers[inside](body) if inside in readers else None]


def read_mesh_record(data):
    """Read a signed record, and the node, the people or the page of a phone book in it."""
    item = record.parse(data)
    if item.salt in record.PEOPLE_SALTS:
        return [item, people.read(item.value)]
    if item.salt not in record.BOOK_SALTS:
        value = record.read_node(item.value)
        known = directory.Known(data, value, 0)
        cost = known.edge(value.edges[: record.EDGE_BYTES - 1] or bytes(record.EDGE_BYTES - 1))
        return [item, value, known.node, cost, record.write_node(value)]
    page = phonebook.open_for(item.value, lambda: b"", lambda key, nonce, sealed: None)
    return [item, None if page is None else phonebook.read(page)]


def read_mesh_hosts(data):
    """Read a snapshot of the host cache, and write it again."""
    cache = hostcache.HostCache(b"secret")
    cache.read(data, 0)
    return sorted([str(address) for address in cache.hosts])


def read_mesh_notify(data):
    """Cut the body of a NOTIFY into packets."""
    return siplink.packets(data)


def read_dns(data):
    """Take an answer of a name server to the question that the saved ones answer."""
    try:
        found = dns.answer(data, 7, "_sip._udp.example.org", dns.SRV)
    except ValueError as error:
        return error.args
    return found if found is None else [found.seconds, found.values]


PARSERS = {
    "dns": read_dns,
    "message": read_message,
    "stream": read_stream,
    "uri": read_uri,
    "via": read_via,
    "address": read_address,
    "credentials": read_credentials,
    "stun": read_stun,
    "mesh-packet": read_mesh_packet,
    "mesh-record": read_mesh_record,
    "mesh-hosts": read_mesh_hosts,
    "mesh-notify": read_mesh_notify,
    "node": whole.tell_node,
    "mesh": whole.tell_mesh,
}


def outcome(name, data):
    """Return what a parser made of `data`, as bytes that are the same under both interpreters."""
    try:
        return describe(PARSERS[name](data))
    except BellhopError as error:
        return b"refused " + repr(error.args).encode()


def describe(value):
    """Write a value of any shape as bytes; the order of a dict or set does not matter."""
    if isinstance(value, bytes):
        return b"%d'" % len(value) + value + b"'"
    if value is None or isinstance(value, (bool, int, float, str)):
        return str(value).encode()
    if isinstance(value, (list, tuple)):
        return b"[" + b" ".join([describe(item) for item in value]) + b"]"
    if isinstance(value, (set, frozenset)):
        return b"{" + b" ".join(sorted([describe(item) for item in value])) + b"}"
    if isinstance(value, dict):
        items = sorted([describe([key, value[key]]) for key in value])
        return b"{" + b" ".join(items) + b"}"
    names = getattr(value, "__slots__", None) or sorted(value.__dict__)
    return type(value).__name__.encode() + describe([getattr(value, name) for name in names])


def _attempt(function, *args):
    try:
        return function(*args)
    except SipError as error:
        return error.args
