"""Providers as nobody would think of them: each field of each answer as it should not be.

Nothing of it may end in an exception; afterwards nothing is left, and the house calls as before.
"""

import contextlib

import pytest

from bellhop.errors import SipError
from tests.support.carrier import house, sdp
from tests.support.exchange import telephone

KIND = "Content-Type: application/sdp"
# Values that stand in the place of one that is needed, or beside it.
ODD = {
    "Contact": (
        "*", "", "<sip:", "<tel:+4930>", "<sip:x@[::1>", "<sip:x@10.9.9.9;maddr=10.0.0.4>", "<>",
        "<sip:+4930123@tel.test>, <sip:b@", "<sips:x@tel.test>", '"a <sip:x@y>',
    ),
    "To": ("", "<sip:", "*", "<sip:x@tel.test>;tag", "<sip:x@tel.test>;tag=;tag=a", 'x;tag="a"'),
    "From": ("", "<sip:", "<sip:x@y>;tag"),
    "Record-Route": (
        "", "<sip:", "*", "<sip:a;lr>, <sip:", "<tel:1>", "<sip:p@10.9.9.9>", "sip:a;lr",
    ),
    "Service-Route": ("", "<sip:", "*", "<tel:1>", "<sip:p@10.9.9.9>"),
    "CSeq": ("", "1", "x INVITE", "99999999999 INVITE", "1 invite"),
    "Via": ("", "SIP/2.0/UDP", "SIP/2.0/UDP x;branch=z9hG4bK", "x"),
    "RSeq": ("", "x", "-1", "99999999999"),
    "Require": ("100rel", "x", ",,", "100rel, timer"),
    "Session-Expires": ("", "x", "0", "1;refresher=nobody", "99999999999"),
    "Min-SE": ("", "x"),
    "Expires": ("", "x", "0", "-1", "99999999999"),
    "Min-Expires": ("", "x", "0", "99999999999"),
    "Retry-After": ("", "x", "-1", "99999999999", "5 (soon);duration=x"),
    "Content-Type": ("", "x", 'application/sdp;x="', "multipart/mixed;boundary="),
    "Content-Length": ("x", "-1", "99999", "0"),
    "WWW-Authenticate": (
        "", "Digest", 'Basic realm="x"', 'Digest realm="tel.test"', 'Digest nonce="a',
        'Digest realm=tel.test, nonce=a, qop="auth-int"', 'Digest realm="tel.test", nonce="a"',
        'Digest realm="tel.test", nonce="a", stale=true, qop="auth,auth-int"',
        'Digest realm="tel.test",nonce="a",algorithm=MD5-sess', "Digest algorithm=SHA-512-256",
        'Digest realm="tel.test", nonce="a", Digest realm="tel.test", nonce="b", algorithm=SHA-256',
    ),
    "Proxy-Authenticate": ("", 'Digest realm="tel.test", nonce="a"', "Negotiate"),
    "Security-Server": ("", 'x;q="', ", , ,"),
    "P-Asserted-Identity": ("", "<sip:", "*", "<tel:>", '"x', "<sip:+4930@x>, <tel:", "tel:+4930"),
    "Privacy": ("", ";;", "id;none", "x"),
    "Reason": ("", 'x;text="', "SIP;cause=x"),
    "RAck": ("", "x", "1 2", "1 x INVITE", "1 1 INVITE x"),
    "Refer-To": ("", "<sip:", "<sip:x@y?Replaces=a%"),
    "Event": ("", "x"),
    "Allow": ("", ",", "x"),
    "Geolocation": ("<cid:x>", ""),
    "Replaces": ("x", "x;to-tag=a;from-tag=b"),
}  # fmt: skip


def _with(data, name, value):
    """Return a message with a field in the place of that of the same name, or besides."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    kept = [one for one in lines if not one.lower().startswith(name.lower().encode() + b":")]
    kept.insert(1, ("%s: %s" % (name, value)).encode())
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


class Scene:
    """A house at its provider. oddly(data): what is said in the place of data."""

    def __init__(self, oddly):
        self.oddly = oddly
        self.made, self.carrier, phones = house()
        self.alice, self.bob = phones["alice"], phones["bob"]
        self.trunks = self.made.engine.features["trunks"]

    def say(self, data):
        self.made.receive(self.oddly(data), self.carrier.flow)

    def come(self):
        """Return the requests that the provider has got and can read."""
        found = []
        for pair in [one for one in self.made.sent if one[1].flow == self.carrier.flow]:
            self.made.sent.remove(pair)
            # What the provider has said comes back in To of an ACK, and in refusals.
            with contextlib.suppress(SipError):
                found.append(self.carrier.hear(pair[1].data))
        return [one for one in found if hasattr(one, "method")]

    def took(self, method):
        """Return the last request of a method, or None."""
        return ([None] + [one for one in self.come() if one.method == method])[-1]

    def hear(self, phone):
        """Let a phone hear what was said to it; return what."""
        found = [send for _, send in self.made.sent if send.flow == phone.flow]
        self.made.sent[:] = [pair for pair in self.made.sent if pair[1].flow != phone.flow]
        return [phone.hear(send.data) for send in found]

    def dial(self):
        self.hear(self.alice)
        data = self.alice.request("INVITE", "sip:030987654@home.test", [KIND], sdp("10.0.0.3"))
        self.made.receive(data, self.alice.flow)
        self.invite = self.took(b"INVITE")
        return self.invite

    def answer(self, request, status, oddly=True):
        """Answer a request of the house as it would be right, but for what is odd."""
        self.carrier.asked[request.method.decode()] = request
        lines = [KIND] if status < 300 else []
        data = self.carrier.answer(status, request.method.decode(), lines, sdp("203.0.113.9"))
        if oddly:
            self.say(data)
        else:
            self.made.receive(data, self.carrier.flow)

    def put_down(self):
        """Let the owner end what there is, and time pass; the provider does as it should."""
        for number in [one.number for one in self.made.node.calls.live.values()]:
            ended = self.made.engine.answer("hangup", {"call": number}, self.made.now)
            self.made.take(ended[1])
        for _ in range(15):
            self._serve()
            self.made.advance(5000)
        for _ in range(400):  # A provider that has refused an account is not asked again soon.
            if self.trunks.providers["tel"].is_up():
                break
            self._serve()
            self.made.advance(10000)

    def _serve(self):
        while self.made.questions:
            self.made.resolve([self.carrier.flow])
        for request in self.come():
            if request.method == b"REGISTER":
                self.carrier.accept(request)
            elif request.method != b"ACK":
                self.answer(request, 200, False)
            if request.method == b"CANCEL":
                self.answer(self.invite, 487, False)

    def works(self):
        """Tell whether a call goes out."""
        alice = telephone(self.made, "A2", "alice", "10.0.0.7")
        data = alice.request("INVITE", "sip:030987654@home.test", [KIND], sdp("10.0.0.7"))
        self.made.receive(data, alice.flow)
        invite = self.took(b"INVITE")
        if invite is None:
            return "no INVITE: %s" % [one.reason for one in self.hear(alice)]
        self.answer(invite, 200, False)
        said = [one.status for one in self.hear(alice) if hasattr(one, "status")]
        return said[-1] == 200 or said


def _begins(scene, status):
    invite = scene.dial()
    scene.answer(invite, status)
    again = scene.took(b"INVITE")  # Whoever was asked who he is, says so.
    if again is not None:
        scene.answer(again, 200)
    scene.hear(scene.alice)
    answer = scene.alice.asked.get("response")
    if answer is not None and answer.status < 300:
        scene.made.receive(scene.alice.acknowledge(), scene.alice.flow)


def _talks(scene):
    invite = scene.dial()
    scene.answer(invite, 200, False)
    scene.hear(scene.alice)
    scene.made.receive(scene.alice.acknowledge(), scene.alice.flow)
    scene.come()
    return invite


def _asks(scene, method):
    _talks(scene)
    lines = ["Contact: <sip:x@203.0.113.5>", KIND]
    scene.say(scene.carrier.within(method, lines))
    for heard in scene.hear(scene.alice):
        if getattr(heard, "method", None) in (b"INVITE", b"UPDATE", b"INFO", b"PRACK"):
            data = scene.alice.answer(200, heard.method.decode(), [KIND], sdp("10.0.0.3"))
            scene.made.receive(data, scene.alice.flow)


def _is_asked(scene, status):
    """The house asks inside the call."""
    _talks(scene)
    for method in ("INVITE", "UPDATE", "INFO", "BYE"):
        scene.made.receive(scene.alice.within(method, [KIND], sdp("10.0.0.3")), scene.alice.flow)
        request = scene.took(method.encode())
        if request is not None:
            scene.answer(request, status)
        scene.hear(scene.alice)
        if method == "INVITE" and status < 300:
            scene.made.receive(scene.alice.acknowledge(), scene.alice.flow)


def _calls(scene, method):
    line = scene.trunks.providers["tel"].line.decode()
    lines = ["Contact: <sip:x@203.0.113.5>", KIND]
    scene.say(scene.carrier.request(method, "sip:%s@10.0.0.1" % line, lines, sdp("203.0.113.9")))
    for heard in scene.hear(scene.bob):
        if getattr(heard, "method", None) == b"INVITE":
            for status in (180, 200):
                data = scene.bob.answer(status, "INVITE", [KIND], sdp("10.0.0.4"))
                scene.made.receive(data, scene.bob.flow)


def _registers(scene, status):
    scene.made.advance(560000)
    for request in scene.come():
        if request.method in (b"REGISTER", b"OPTIONS"):
            scene.answer(request, status)


ACTS = (
    [(_begins, status) for status in (183, 200, 302, 407, 503)]
    + [(_is_asked, status) for status in (183, 200, 302, 407)]
    + [(_registers, status) for status in (200, 401, 423, 503)]
    + [(_asks, one) for one in ("INVITE", "UPDATE", "INFO", "BYE", "REFER", "NOTIFY", "PRACK", "X")]
    + [(_calls, one) for one in ("INVITE", "MESSAGE", "OPTIONS", "REFER", "SUBSCRIBE", "BYE")]
)


@pytest.mark.parametrize("name", sorted(ODD))
def test_a_field_as_it_should_not_be_harms_nothing(name):
    wrong = []
    for value in ODD[name]:
        for act, what in ACTS:
            scene = Scene(lambda data, value=value: _with(data, name, value))
            done = "%s %s, %s: %s" % (act.__name__, what, name, value)
            try:
                act(scene, what)
                scene.put_down()
            except Exception as error:  # noqa: BLE001
                wrong.append("%s: %s %s" % (done, type(error).__name__, error))
                continue
            if scene.trunks.legs.all or scene.trunks.legs.asks or scene.trunks.legs.came:
                wrong.append("%s: something is left" % done)
            works = scene.works()
            if works is not True:
                wrong.append("%s: %s" % (done, works))
    assert not wrong, "\n".join(wrong[:40])
