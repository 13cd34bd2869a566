"""A phone of a hundred lines: SIP over UDP by hand, without sound, on a host of its own."""

import hashlib
import os
import re
import socket

from tests.mesh.town import DOMAIN, PASSWORD

PATIENCE = 60
FIELD = '%s="([^"]*)"'


class Handset:
    """One phone of one user at one node. Messages are text; `take` returns the next that fits."""

    def __init__(self, host, node, user, proxy=None, domain=DOMAIN):
        self.user = user
        self.tag = "t" + user
        self.proxy = (proxy or node.lan_address, 5060)
        self.socket = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host.address, 0))
        self.here = "%s:%d" % self.socket.getsockname()
        self.domain = domain
        self.aor = f"sip:{user}@{domain}"
        self.inbox = []
        self.cseq = 0
        self.sent = {}  # Call-ID -> the last INVITE

    def close(self):
        """Close the socket."""
        self.socket.close()

    def send(self, text, to=None):
        """Send one message."""
        self.socket.sendto(text.encode(), to or self.proxy)

    def take(self, fits, seconds=PATIENCE):
        """Return the next message for which fits(text) is true; all before it are dropped."""
        self.socket.settimeout(seconds)
        while True:
            try:
                data, _ = self.socket.recvfrom(65535)
            except OSError:
                heard = [text.partition("\r\n")[0] for text in self.inbox[-8:]]
                raise AssertionError(f"{self.user}: nothing came that fits: {heard}") from None
            text = data.decode()
            self.inbox.append(text)
            if fits(text):
                return text

    def request(self, method, target, call, lines=(), body="", to_tag="", cseq=None, branch=None):
        """Return a request of a call (its Call-ID)."""
        self.cseq += cseq is None
        branch = branch or os.urandom(6).hex()
        head = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.here};branch=z9hG4bK{branch};rport",
            f"From: <{self.aor}>;tag=f{call}",
            f"To: <{self.aor if method == 'REGISTER' else target}>{to_tag}",
            f"Call-ID: {call}",
            f"CSeq: {self.cseq if cseq is None else cseq} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:{self.user}@{self.here}>",
            *lines,
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(head) + "\r\n\r\n" + body

    def ask(self, method, target, lines=(), body="", call=None, seconds=PATIENCE):
        """Send a request, with the password where it is asked for; return the final response."""
        call = call or os.urandom(6).hex()
        extra = list(lines)
        for _ in range(2):
            sent = self.request(method, target, call, extra, body)
            self.send(sent)
            if method == "INVITE":
                self.sent[call] = sent
            answer = self.final(call, method, seconds)
            status = status_of(answer)
            if status >= 300 and method == "INVITE":
                self.acknowledge_refusal(sent, answer)
            if status not in (401, 407):
                return answer
            extra = [*lines, self.credentials(method, target, answer)]
        return answer

    def final(self, call, method, seconds=PATIENCE):
        """Return the final response to a request of a call."""
        return self.take(lambda text: is_final(text, call, method), seconds)

    def acknowledge_refusal(self, sent, answer):
        """Send the ACK of a refusal (RFC 3261 section 17.1.1.3)."""
        lines = sent.split("\r\n")
        target = lines[0].split()[1]
        kept = [line for line in lines if line.startswith(("Via", "From", "Call-ID", "Max-"))]
        number = field(sent, "CSeq").split()[0]
        kept += ["To: " + field(answer, "To"), f"CSeq: {number} ACK", "Content-Length: 0"]
        self.send(f"ACK {target} SIP/2.0\r\n" + "\r\n".join(kept) + "\r\n\r\n")

    def credentials(self, method, target, challenge):
        """Return the line that answers a digest challenge (RFC 2617, MD5, qop=auth)."""
        nonce = re.search(FIELD % "nonce", challenge).group(1)
        realm = re.search(FIELD % "realm", challenge).group(1)
        first = md5(f"{self.user}:{realm}:{PASSWORD}")
        cnonce = os.urandom(4).hex()
        response = md5(f"{first}:{nonce}:00000001:{cnonce}:auth:{md5(f'{method}:{target}')}")
        name = "Authorization" if status_of(challenge) == 401 else "Proxy-Authorization"
        return (
            f'{name}: Digest username="{self.user}", realm="{realm}", nonce="{nonce}", '
            f'uri="{target}", response="{response}", qop=auth, nc=00000001, cnonce="{cnonce}", '
            "algorithm=MD5"
        )

    def register(self, expires=600):
        """Register; return self."""
        answer = self.ask("REGISTER", f"sip:{self.domain}", [f"Expires: {expires}"])
        assert status_of(answer) == 200, answer
        return self

    def dial(self, target, lines=(), method="INVITE"):
        """Send a request that has passed the door; return its Call-ID."""
        call = os.urandom(6).hex()
        target = target if ":" in target else f"sip:{target}@{DOMAIN}"
        sent = self.request(method, target, call, lines)
        self.send(sent)
        first = self.take(lambda text: field(text, "Call-ID") == call)
        if status_of(first) == 407:
            if method == "INVITE":
                self.acknowledge_refusal(sent, first)
            proof = self.credentials(method, target, first)
            sent = self.request(method, target, call, [*lines, proof])
            self.send(sent)
        else:
            self.inbox.append(first)
        self.sent[call] = sent
        return call

    def wait_ringing(self, call, seconds=PATIENCE):
        """Wait for 180 of a call."""
        return self.take(
            lambda text: field(text, "Call-ID") == call and status_of(text) == 180, seconds
        )

    def incoming(self, method="INVITE", seconds=PATIENCE):
        """Return the next request of a method that is no copy of one seen."""
        seen = {transaction(text) for text in self.inbox}
        return self.take(
            lambda text: text.startswith(method + " ") and transaction(text) not in seen, seconds
        )

    def respond(self, request, status, reason="OK", lines=(), body=""):
        """Answer a request."""
        kept = []
        for one in request.split("\r\n\r\n")[0].split("\r\n")[1:]:
            if one.startswith(("Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:")):
                kept.append(one)
            elif one.startswith("To:"):
                tag = "" if ";tag=" in one or status == 100 else f";tag={self.tag}"
                kept.append(one + tag)
        kept += [f"Contact: <sip:{self.user}@{self.here}>", *lines, f"Content-Length: {len(body)}"]
        self.send(f"SIP/2.0 {status} {reason}\r\n" + "\r\n".join(kept) + "\r\n\r\n" + body)

    def acknowledge(self, call, answer):
        """Send the ACK of a 200, along the route that the answer names; return what BYE needs."""
        number = field(self.sent[call], "CSeq").split()[0]
        self.send(self.in_dialog("ACK", call, answer, int(number)))

    def in_dialog(self, method, call, answer, cseq=None):
        """Return a request within the call that an answer to the own INVITE began."""
        target = re.search(r"<([^>]*)>", field(answer, "Contact")).group(1)
        routes = [f"Route: {one}" for one in reversed(fields(answer, "Record-Route"))]
        text = self.request(method, target, call, routes, cseq=cseq)
        return re.sub(r"\r\nTo: [^\r]*", "\r\nTo: " + field(answer, "To"), text)

    def in_reply(self, method, came, lines=()):
        """Return a request to the caller inside the dialog that a request of theirs began."""
        target = re.search(r"<([^>]*)>", field(came, "Contact")).group(1)
        routes = [f"Route: {one}" for one in fields(came, "Record-Route")]
        text = self.request(method, target, field(came, "Call-ID"), [*routes, *lines])
        text = re.sub(r"\r\nTo: [^\r]*", "\r\nTo: " + field(came, "From"), text)
        own = f"{field(came, 'To')};tag={self.tag}"
        return re.sub(r"\r\nFrom: [^\r]*", "\r\nFrom: " + own, text)

    def hang_up_at(self, callee, call, answer):
        """Send BYE, which the called Handset takes; return the response."""
        self.send(self.in_dialog("BYE", call, answer))
        callee.respond(callee.incoming("BYE"), 200)
        return self.final(call, "BYE")


def call(caller, callee, target, seconds=PATIENCE):
    """Ring, answer, acknowledge, hang up; return the INVITE as it came."""
    dialled, answer, came = begin(caller, callee, target, seconds)
    assert status_of(caller.hang_up_at(callee, dialled, answer)) == 200
    return came


def begin(caller, callee, target, seconds=PATIENCE):
    """Ring, answer, acknowledge; return (Call-ID, answer, the INVITE as it came)."""
    dialled = caller.dial(target)
    came = callee.incoming(seconds=seconds)
    callee.respond(came, 180, "Ringing")
    caller.wait_ringing(dialled)
    callee.respond(came, 200)
    answer = caller.final(dialled, "INVITE")
    assert status_of(answer) == 200, answer
    caller.acknowledge(dialled, answer)
    callee.incoming("ACK")
    return dialled, answer, came


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def status_of(text):
    """Return the status of a response, 0 of a request."""
    return int(text.split()[1]) if text.startswith("SIP/2.0 ") else 0


def is_final(text, call, method):
    return (
        status_of(text) >= 200
        and field(text, "Call-ID") == call
        and field(text, "CSeq").endswith(method)
    )


# The short forms of the fields that tests look at (RFC 3261 section 7.3.3).
SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "o": "event",
         "c": "content-type", "l": "content-length"}  # fmt: skip


def fields(text, name):
    """Return the values of a header field, in order."""
    found = []
    for one in text.partition("\r\n\r\n")[0].split("\r\n")[1:]:
        key, _, value = one.partition(":")
        key = key.strip().lower()
        if SHORT.get(key, key) == name.lower():
            found.append(value.strip())
    return found


def field(text, name):
    """Return the first value of a header field, or an empty text."""
    return (fields(text, name) or [""])[0]


def transaction(text):
    """Return what is the same in copies of one request."""
    return field(text, "Via"), field(text, "CSeq")
