"""What a phone says of itself in RTCP stays in the house; a name of one call stands for it."""

import re
import socket
import struct

from .talker import bring_up, hang_up

WORDS = b"u0@10.8.0.10 on a phone by hand"
PATIENCE = 60


def compound(ssrc, name):
    """Return a receiver report without blocks, and the source description of a CNAME and a tool."""
    items = bytes((1, len(name))) + name + b"\x06\x06gadget"
    items += bytes(4 - len(items) % 4)
    source = struct.pack("!BBHI", 0x81, 202, 1 + len(items) // 4, ssrc) + items
    return struct.pack("!BBHI", 0x80, 201, 1, ssrc) + source


def ear(talker):
    """Return a socket for RTCP at an address of a talker's phone, and the lines that say so."""
    made = talker.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((talker.host.address, 0))
    made.settimeout(1)
    return made, ("a=rtcp:%d" % made.getsockname()[1],)


def rtcp_of(text):
    """Return where the SDP in a message takes RTCP."""
    body = text.partition("\r\n\r\n")[2]
    host = re.search(r"c=IN IP4 (\S+)", body).group(1)
    port = re.search(r"a=rtcp:(\d+)", body)
    return host, int(port.group(1)) if port else int(re.search(r"m=audio (\d+)", body).group(1)) + 1


def passed(mouth, place, other, name):
    """Say a compound until it comes out at the other phone; return the CNAME in it."""
    for _ in range(PATIENCE):
        mouth.sendto(compound(7, name), place)
        try:
            data = other.recv(2048)
        except OSError:
            continue
        assert name not in data and b"gadget" not in data
        found = re.search(rb"\x01\x10([a-z]{16})", data)
        assert found and len(data) == len(compound(7, name)), data
        return found.group(1)
    raise AssertionError("no RTCP came")


def test_rtcp_names_nobody_beyond_the_house(streets):
    town = streets.pair("cnames")
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    names = []
    for _ in range(2):
        (mine, here), (theirs, there) = ear(one), ear(two)
        call, came, answer = bring_up(one, two, "201", here, there)
        names.append(passed(mine, rtcp_of(answer), theirs, WORDS))
        names.append(passed(theirs, rtcp_of(came), mine, WORDS))
        hang_up(one, two, call, answer)
        mine.close()
        theirs.close()
    # Both sides of two calls: nothing tells that it is the same phone.
    assert len(set(names)) == 4, names
