"""Questions to a name server and its answers (RFC 1035, RFC 2782, RFC 3596): addresses and SRV."""

import struct
from collections import namedtuple

from ..text import of_octets

A, AAAA, SRV = 1, 28, 33
CNAME, INTERNET = 5, 1
HEADER, HEADER_BYTES = ">HHHHHH", 12
RECURSION_DESIRED, IS_ANSWER, IS_CUT, CODE, NO_SUCH_NAME = 0x0100, 0x8000, 0x0200, 0x000F, 3
# A name has 255 octets; each label or jump takes one turn, so a loop ends.
MAX_TURNS, JUMP, JUMP_TARGET = 128, 0xC0, 0x3FFF
MAX_ALIASES = 8

# seconds: how long the answer may be kept. values: octets of addresses, or Srv.
Answer = namedtuple("Answer", ("seconds", "values"))
Srv = namedtuple("Srv", ("priority", "weight", "port", "target"))
# Where the name server says nothing about how long "there is none" may be kept.
NONE_SECONDS = 60
# In place of an Answer that did not fit into a datagram: the whole comes over TCP (RFC 7766).
CUT = Answer(0, None)


def question(number, name, kind):
    """Return the query for a name (text); raises ValueError where it is none."""
    octets = b""
    for label in name.split("."):
        if not 0 < len(label) < 64:
            raise ValueError("no name of the DNS")
        octets += bytes((len(label),)) + label.encode()
    head = struct.pack(HEADER, number, RECURSION_DESIRED, 1, 0, 0, 0)
    return head + octets + b"\0" + struct.pack(">HH", kind, INTERNET)


def answer(data, number, name, kind):
    """Return the Answer in a message, CUT, or None where it does not answer the question.

    Raises ValueError where the message is malformed or the server refuses.
    """
    head = _unpacked(HEADER, data, 0)
    if head[0] != number or not head[1] & IS_ANSWER or head[2] != 1:
        return None
    asked, at = _name(data, HEADER_BYTES)
    if asked != name.lower() or _unpacked(">HH", data, at) != (kind, INTERNET):
        return None
    if head[1] & IS_CUT:
        return CUT
    if head[1] & CODE == NO_SUCH_NAME:
        return Answer(NONE_SECONDS, [])
    if head[1] & CODE:
        raise ValueError("the name server refuses")
    return _chosen(_records(data, at + 4, head[3]), asked, kind)


def _unpacked(form, data, at):
    """Return numbers out of octets; raises ValueError where there are too few."""
    if at + struct.calcsize(form) > len(data):
        raise ValueError("cut short")
    return struct.unpack_from(form, data, at)


def _records(data, at, count):
    """Return [(name, kind, seconds, value)] of the answer section."""
    found = []
    for _ in range(count):
        name, at = _name(data, at)
        kind, net, seconds, length = _unpacked(">HHIH", data, at)
        at += 10
        if at + length > len(data):
            raise ValueError("cut short")
        if net == INTERNET:
            found.append((name, kind, seconds, _value(data, at, length, kind)))
        at += length
    return found


def _value(data, at, length, kind):
    if kind == CNAME:
        return _name(data, at)[0]
    if kind == SRV and length > 6:
        return Srv(*(struct.unpack_from(">HHH", data, at) + (_name(data, at + 6)[0],)))
    if (kind, length) in ((A, 4), (AAAA, 16)):
        return data[at : at + length]
    return None


def _chosen(records, name, kind):
    """Return the Answer for a name, over its aliases."""
    for _ in range(MAX_ALIASES):
        mine = [one for one in records if one[0] == name and one[3] is not None]
        found = [one for one in mine if one[1] == kind]
        if found:
            return Answer(min([one[2] for one in found]), [one[3] for one in found])
        aliases = [one[3] for one in mine if one[1] == CNAME]
        if not aliases:
            break
        name = aliases[0]
    return Answer(NONE_SECONDS, [])


def _name(data, at):
    """Return (name as lower-case text without the last dot, place behind it)."""
    labels = []
    end = None
    for _ in range(MAX_TURNS):
        length = _unpacked("B", data, at)[0]
        if length == 0:
            return ".".join(labels), at + 1 if end is None else end
        if length & JUMP == JUMP:
            if end is None:
                end = at + 2
            at = _unpacked(">H", data, at)[0] & JUMP_TARGET
        elif length & JUMP or at + length >= len(data):
            raise ValueError("a label of no known kind")
        else:
            labels.append(of_octets(data[at + 1 : at + 1 + length].lower()))
            at += 1 + length
    raise ValueError("a name without an end")
