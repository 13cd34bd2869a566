"""Messages with the bytes that real phones send, and the calls that the tests make of them.

The forms are those of Linphone 5.1, pjsua 2.15, baresip 1.0 and 4.10, and Twinkle 1.10.
"""

from bellhop.sip import message
from tests.vectors.home import (
    PASSWORDS,
    Home,
    authorization,
    first_response,
    lines,
    requests,
    udp,
    with_line,
)

ALICE = udp("198.51.100.1", 40001)
BOB = udp("198.51.100.2", 40002)
OWN_ROUTE = b"Route: <sip:192.0.2.200;lr>"
UUID = b"urn:uuid:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
INSTANCE = b';+sip.instance="<' + UUID + b'>"'

SDP = lines(
    b"v=0",
    b"o=alice 1023 1500 IN IP4 10.0.0.7",
    b"s=Talk",
    b"c=IN IP4 10.0.0.7",
    b"t=0 0",
    b"a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics",
    b"m=audio 7077 RTP/AVP 96 0 8 18 101 97",
    b"b=TIAS:96000",
    b"a=rtpmap:96 opus/48000/2",
    b"a=rtpmap:101 telephone-event/48000",
    b"a=rtpmap:97 telephone-event/8000",
    b"a=rtcp:7080",
    b"a=sendonly",
    b"a=zrtp-hash:1.10 0f6cd4ad8c2b4e5f",
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:9gX0Z0aS2k1Yh7Qk0bTn0fZ6dJq1LrXw2mVb4cEp",
    b"m=video 0 RTP/SAVP 34",
)


def linphone(method, target, to, number, more=(), body=b"", user=b"alice", tag=b"rX-3kqYwz"):
    """Linphone: From and To without brackets, the outbound proxy as Route."""
    return (
        lines(
            method + b" " + target + b" SIP/2.0",
            b"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK." + user + method + number + b";rport",
            b"From: <sip:" + user + b"@example.com>;tag=" + tag,
            b"To: " + to,
            b"CSeq: " + number + b" " + method,
            b"Call-ID: 8Xy3V-kTbu",
            b"Max-Forwards: 70",
            *more,
            b"Supported: replaces, outbound, gruu, path, record-aware",
            b"User-Agent: Linphone/5.1.65 (alice) LinphoneCore/5.1.65",
            b"Content-Length: " + str(len(body)).encode(),
            b"",
        )
        + body
    )


def baresip(method, target, number, more=(), body=b""):
    """baresip: transport parameter in Request-URI and To, a Contact user of its own making."""
    return (
        lines(
            method + b" " + target + b";transport=udp SIP/2.0",
            b"Via: SIP/2.0/UDP 198.51.100.1:40001;branch=z9hG4bK2f8c41d3" + number + b";rport",
            b"Contact: <sip:alice-0x55cdbce83c70@198.51.100.1:40001>;expires=600" + INSTANCE,
            b"Max-Forwards: 70",
            b"To: <sip:alice@example.com;transport=udp>",
            b"From: <sip:alice@example.com;transport=udp>;tag=7d0e4a9bb1d3f5a2",
            b"Call-ID: 6f1d2f0a9b0e4c11",
            b"CSeq: " + number + b" " + method,
            b"User-Agent: baresip v1.0.0 (x86_64/linux)",
            b"Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,REFER",
            *more,
            b"Content-Length: " + str(len(body)).encode(),
            b"",
        )
        + body
    )


def pjsua(method, target, number, more=(), body=b"", via=b"UDP 10.0.0.8:5080", user=b"alice"):
    """pjsua: bare To, several blanks before Content-Length."""
    return (
        lines(
            method + b" " + target + b" SIP/2.0",
            b"Via: SIP/2.0/" + via + b";rport;branch=z9hG4bKPj0b7f" + user + number + method,
            b"Max-Forwards: 70",
            b"From: sip:" + user + b"@example.com;tag=c8Gb8x0c-Kf4",
            b"To: " + target,
            b"Call-ID: Qm0z2bLkD7vM3" + user,
            b"CSeq: " + number + b" " + method,
            b"User-Agent: PJSUA v2.15.1 Linux-6.1/x86_64/glibc-2.36",
            *more,
            b"Content-Length:  " + str(len(body)).encode(),
            b"",
        )
        + body
    )


def twinkle(method, target, number, more=(), body=b""):
    """Twinkle: Via without a port, quoted display name, no Supported in REGISTER."""
    return (
        lines(
            method + b" " + target + b" SIP/2.0",
            b"Via: SIP/2.0/UDP 198.51.100.1;rport;branch=z9hG4bKmtwx" + number,
            b"Max-Forwards: 70",
            b"To: <" + target + b">",
            b'From: "Alice" <sip:alice@example.com>;tag=zvblu',
            b"Call-ID: cjbjwnsqsojqzdx@debian",
            b"CSeq: " + number + b" " + method,
            b"User-Agent: Twinkle/1.10.2",
            *more,
            b"Content-Length: " + str(len(body)).encode(),
            b"",
        )
        + body
    )


# One message of each phone, for the hostile tests to start from.
SEEDS = (
    linphone(b"INVITE", b"sip:bob@example.com", b"<sip:bob@example.com>", b"20",
             (OWN_ROUTE, b"Contact: <sip:alice@10.0.0.7:5060>" + INSTANCE), SDP),
    linphone(b"PUBLISH", b"sip:alice@example.com", b"sip:alice@example.com", b"21",
             (b"Event: presence",), b"<presence/>"),
    baresip(b"REGISTER", b"sip:example.com", b"1"),
    pjsua(b"SUBSCRIBE", b"sip:bob@example.com", b"1", (b"Event: presence",)),
    twinkle(b"BYE", b"sip:bob@198.51.100.2:40002", b"2",
            (b"Route: <sip:192.0.2.200;lr>, <sip:192.0.2.200;lr=on>",)),
    twinkle(b"CANCEL", b"sip:bob@example.com", b"3", (b"Reason: SIP ;cause=200",)),
    lines(
        b"SIP/2.0 180 Ringing",
        b"Via: SIP/2.0/UDP 192.0.2.200;branch=z9hG4bK0.1;rport, SIP/2.0/TCP 10.0.0.7;alias",
        b'From: "Alice" <sip:alice@example.com>;tag=1',
        b"To: sip:bob@example.com;tag=2",
        b"Call-ID: 8Xy3V-kTbu",
        b"CSeq: 20 INVITE",
        b"Contact: <sip:bob@198.51.100.2:40002;ob>;q=0.5",
        b"Content-Length: 0",
        b"",
    ),
)  # fmt: skip


def prove(node, request, flow, target, user=b"alice", count=1, number=None):
    """Send a request, answer the challenge as the phone does; return what the node sends then.

    number: the pair (old, new) of octets that makes the second request a new one.
    """
    refused = node.ask(request, flow)
    method = request[: request.find(b" ")]
    line = authorization(refused, user, PASSWORDS[user], method, target, count)
    return node.receive(with_line(request.replace(*number), line), flow)


def called(node=None, to=b"<sip:bob@example.com>", more=(), body=SDP):
    """Return (node, the INVITE as it reaches Bob) of a call of Alice's Linphone."""
    node = node or both()
    contact = b"Contact: <sip:alice@198.51.100.1:40001>" + INSTANCE
    type_line = b"Content-Type: application/sdp"
    invite = linphone(
        b"INVITE", b"sip:bob@example.com", to, b"20", (OWN_ROUTE, contact, type_line) + more, body
    )
    sent = prove(node, invite, ALICE, b"sip:bob@example.com", number=(b"INVITE20", b"INVITE21"))
    return node, requests(sent)[0][1]


def both():
    """Return a node with Alice's and Bob's phones registered."""
    node = Home()
    node.register(b"alice", b"<sip:alice@198.51.100.1:40001>", ALICE)
    node.register(b"bob", b"<sip:bob-0x5640@198.51.100.2:40002>", BOB)
    return node


def answered(node, invite, contact=b"<sip:bob-0x5640@198.51.100.2:40002>", status=200, body=SDP):
    """Return the Response that reaches Alice when Bob's phone answers."""
    answer = message.response_to(invite, status, to_tag=b"bobs")
    for route in invite.values(b"record-route"):
        answer.insert(b"record-route", b"Record-Route: " + route)
    answer.insert(b"contact", b"Contact: " + contact)
    answer.set(b"content-length", b"Content-Length: " + str(len(body)).encode())
    answer.body = body
    return first_response(node.receive(answer.write(), BOB), ALICE)


def within(method, target, number, ok, more=(), body=b"", lr=b";lr"):
    """Return a request of Alice's Linphone within the dialog that the 200 `ok` began."""
    routes = tuple(
        [b"Route: " + one.replace(b";lr", lr) for one in reversed(ok.values(b"record-route"))]
    )
    return linphone(method, target, b"<sip:bob@example.com>;tag=bobs", number, routes + more, body)
