"""Bencode (BEP3) in its one canonical form: integers, byte strings, lists, dicts."""

from .errors import MeshError

# Nothing in the mesh nests deeper than a list of texts in an entry of a list.
MAX_DEPTH = 6
MAX_DIGITS = 19


def encode(value):
    """Return the canonical octets of a value; dict keys are bytes."""
    if isinstance(value, bytes):
        return b"%d:" % len(value) + value
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, dict):
        pairs = [encode(key) + encode(value[key]) for key in sorted(value)]
        return b"d" + b"".join(pairs) + b"e"
    return b"l" + b"".join([encode(item) for item in value]) + b"e"


def decode(data):
    """Return the value that `data` is; raise MeshError where it is not canonical."""
    value, at = _value(data, 0, MAX_DEPTH)
    if at != len(data):
        raise MeshError("octets after the value")
    return value


def _value(data, at, depth):
    if not depth:
        raise MeshError("too deep")
    kind = data[at : at + 1]
    if kind.isdigit():
        return _text(data, at)
    if kind == b"i":
        return _number(data, at + 1, b"e")
    if kind == b"l":
        return _list(data, at + 1, depth - 1)
    if kind == b"d":
        return _dict(data, at + 1, depth - 1)
    raise MeshError("no value begins so")


def _number(data, at, end_mark):
    end = data.find(end_mark, at, at + MAX_DIGITS + 2)
    digits = data[at:end] if end >= 0 else b""
    magnitude = digits[1:] if digits[:1] == b"-" else digits
    if not magnitude.isdigit() or (magnitude[:1] == b"0" and digits != b"0"):
        raise MeshError("not a canonical integer")
    return int(digits), end + 1


def _text(data, at):
    length, at = _number(data, at, b":")
    if at + length > len(data):
        raise MeshError("a text is cut short")
    return data[at : at + length], at + length


def _list(data, at, depth):
    items = []
    while data[at : at + 1] != b"e":
        item, at = _value(data, at, depth)
        items.append(item)
    return items, at + 1


def _dict(data, at, depth):
    pairs = {}
    last = None
    while data[at : at + 1] != b"e":
        key, at = _text(data, at)
        if last is not None and key <= last:
            raise MeshError("keys are not in order")
        last = key
        pairs[key], at = _value(data, at, depth)
    return pairs, at + 1
