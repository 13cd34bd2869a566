"""STUN binding responses for keep-alive on UDP flows (RFC 5626 section 4.4.2, RFC 8489)."""

import struct

BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
MAGIC = 0x2112A442
XOR_MAPPED_ADDRESS = 0x0020
HEADER_BYTES = 20


def is_binding_request(data):
    """Tell whether a datagram is a STUN binding request."""
    if len(data) < HEADER_BYTES or data[0] != 0:
        return False
    kind, length, magic = struct.unpack(">HHI", data[:8])
    return kind == BINDING_REQUEST and magic == MAGIC and length == len(data) - HEADER_BYTES


def binding_response(request, address, port):
    """Return the answer that tells the asker its address; address: 4 or 16 octets."""
    key = request[4:HEADER_BYTES]
    hidden = bytes([octet ^ key[i] for i, octet in enumerate(address)])
    family = 1 if len(address) == 4 else 2
    value = struct.pack(">BBH", 0, family, port ^ (MAGIC >> 16)) + hidden
    attribute = struct.pack(">HH", XOR_MAPPED_ADDRESS, len(value)) + value
    return struct.pack(">HH", BINDING_SUCCESS, len(attribute)) + key + attribute
