"""A stand-in for a provider's telephone server, where there is no Asterisk with FastAGI.

It registers who shows the credentials in Asterisk's tables, asks the provider by FastAGI whether
and how long a call may go, answers as the telephone network would, and hangs up when the money is
spent. Calls between customers are passed on (RFC 3261 section 16.11). It is no telephone server:
there is no sound of the telephone network.
"""

import secrets
import select
import socket
import threading
import time

from sqlalchemy import create_engine
from sqlalchemy import select as select_rows

from bellhop.errors import SipError
from bellhop.sip import digest, message, uri
from bellhop_exchange.provider.database import AUTHS

SDP = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
STATUS = {"1": 404, "21": 403}


def agi(place, script, *words):
    """Ask as Asterisk does; return the variables that are set."""
    lines = ["agi_network: yes", "agi_network_script: " + script]
    lines += ["agi_arg_%d: %s" % (at + 1, word) for at, word in enumerate(words)]
    found = {}
    with socket.create_connection(place, 60) as asked:
        asked.sendall(("\n".join(lines) + "\n\n").encode())
        with asked.makefile("rw", newline="\n") as file:
            for line in file:
                name, _, value = line.partition("SET VARIABLE ")[2].partition(" ")
                found[name] = value.strip().strip('"')
                file.write("200 result=1\n")
                file.flush()
    return found


class Call:
    """A call to the telephone network. until: when the money is spent, monotonic seconds."""

    def __init__(self, invite, peer, until):
        self.invite = invite
        self.peer = peer
        self.until = until
        self.answered = None
        self.tag = secrets.token_hex(4).encode()


class Standin(threading.Thread):
    """host, port: its own; database: URL of the provider's; place: (host, port) of its FastAGI."""

    def __init__(self, host, port, domain, database, place):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.here = host, port
        self.realm = domain.encode()
        self.engine = create_engine(database)
        self.place = place
        self.contacts, self.calls, self.nonces = {}, {}, set()
        self.passed = {}
        self.count, self.ended = 0, threading.Event()

    def stop(self):
        """End it."""
        self.ended.set()
        self.join()
        self.socket.close()
        self.engine.dispose()

    def run(self):
        """Serve until it is stopped."""
        while not self.ended.is_set():
            if select.select([self.socket], [], [], 0.05)[0]:
                data, peer = self.socket.recvfrom(65535)
                try:
                    self._take(message.parse(data), peer, data)
                except (SipError, ConnectionError):
                    continue  # A stranger's octets, or somebody is gone.
            for id, call in list(self.calls.items()):
                if call.answered and time.monotonic() >= call.until:
                    self._hang_up(call)
                    self._settle(id)

    def _take(self, found, peer, data):
        if not isinstance(found, message.Request):
            self._give_back(found, data)
        elif found.has(b"route"):
            self._pass_within(found, peer)
        elif found.method == b"REGISTER":
            self._register(found, peer)
        elif found.method == b"INVITE":
            self._invite(found, peer, data)
        elif found.method in (b"BYE", b"CANCEL"):
            self._settle(found.call_id)
            self._answer(found, peer, 200)
        elif found.method != b"ACK":
            self._answer(found, peer, 200)

    def _answer(self, request, peer, status, lines=(), tag=b"s", body=""):
        lines = [line.encode() for line in lines]
        made = message.response_to(request, status, None, lines, tag)
        if body:
            made.set(b"content-length", b"Content-Length: %d" % len(body))
            made.body = body.encode()
        self.socket.sendto(made.write(), peer)

    def _user(self, request, peer):
        """Return who shows the right credentials; else ask for them and return None."""
        value = request.value(b"authorization")
        fields = None if value is None else digest.credentials(value)
        if fields is not None and fields.nonce in self.nonces:
            asked = select_rows(AUTHS.c.password).where(
                AUTHS.c.username == fields.username.decode()
            )
            with self.engine.begin() as db:
                passwords = db.execute(asked).scalars().all()
            for password in passwords:
                secret = digest.ha1(
                    fields.algorithm, fields.username, self.realm, password.encode()
                )
                right = digest.response(fields.algorithm, secret, request.method, fields)
                if fields.realm == self.realm and right == fields.response:
                    return fields.username.decode()
        nonce = secrets.token_hex(8)
        self.nonces.add(nonce.encode())
        words = 'WWW-Authenticate: Digest realm="%s", nonce="%s", algorithm=MD5, qop="auth"'
        self._answer(request, peer, 401, [words % (self.realm.decode(), nonce)])
        return None

    def _register(self, request, peer):
        user = self._user(request, peer)
        if user is not None:
            contact = request.value(b"contact").decode()
            self.contacts[user] = contact
            self._answer(
                request, peer, 200, ["Contact: %s;expires=600" % contact.partition(";expires")[0]]
            )

    def _pass_on(self, peer, data, contact):
        """Send a request to a customer's contact, with a Via of this server."""
        target = contact.partition("<")[2].partition(">")[0]
        host, _, port = target.partition("@")[2].partition(";")[0].partition(":")
        first, _, rest = data.partition(b"\r\n")
        branch = "z9hG4bK" + secrets.token_hex(6)
        self.passed[branch.encode()] = peer
        method = first.split(b" ")[0].decode()
        lines = "Via: SIP/2.0/UDP %s:%d;branch=%s\r\nRecord-Route: <sip:%s:%d;lr>\r\n"
        lines %= (*self.here, branch, *self.here)
        head = "%s %s SIP/2.0\r\n%s" % (method, target, lines)
        self.socket.sendto(head.encode() + rest, (host, int(port or 5060)))

    def _pass_within(self, request, peer):
        """Send a request of a dialog on: to its next Route, or to whom it is for."""
        routes = request.items(b"route")[1:]
        branch = b"z9hG4bK" + secrets.token_hex(6).encode()
        self.passed[branch] = peer
        request.remove(b"route")
        for route in reversed(routes):
            request.insert(b"route", b"Route: " + route)
        via = "Via: SIP/2.0/UDP %s:%d;branch=" % self.here
        request.insert(b"via", via.encode() + branch)
        target = uri.parse(routes[0].strip(b"<>").partition(b">")[0]) if routes else None
        target = target or request.parsed_uri
        self.socket.sendto(request.write(), (target.host.decode(), target.port or 5060))

    def _give_back(self, response, data):
        """Send a response to where its request came from, without this server's Via."""
        peer = self.passed.get(response.via.branch)
        first, _, rest = data.partition(b"\r\n")
        if peer is not None:
            self.socket.sendto(first + b"\r\n" + rest.partition(b"\r\n")[2], peer)

    def _invite(self, request, peer, data):
        if request.to.tag is not None or request.call_id in self.calls:
            return
        target = request.parsed_uri.name.decode()
        owner = target if target in self.contacts else ""
        if target[:1] == "+":
            owner = agi(self.place, "find", target).get("BELLHOP_USER", "")
        if owner in self.contacts:
            self._pass_on(peer, data, self.contacts[owner])
            return
        user = self._user(request, peer)
        if user is None:
            return
        self.count += 1
        call = "standin-%d.%d" % (int(time.time()), self.count)
        told = agi(self.place, "authorize", user, target, call, "standin")
        if "BELLHOP_MS" not in told:
            self._answer(request, peer, STATUS.get(told.get("BELLHOP_CAUSE"), 503))
            return
        made = Call(request, peer, time.monotonic() + int(told["BELLHOP_MS"]) / 1000)
        made.name = call
        self.calls[request.call_id] = made
        made.answered = time.monotonic()
        contact = "Contact: <sip:network@%s:%d>" % self.here
        lines = [contact, "Content-Type: application/sdp"]
        self._answer(request, peer, 200, lines, made.tag, SDP.format(self.here[0]))

    def _settle(self, call_id):
        call = self.calls.pop(call_id, None)
        if call is not None:
            spent = int(1000 * (time.monotonic() - call.answered))
            agi(self.place, "settle", call.name, str(spent))

    def _hang_up(self, call):
        invite = call.invite
        contact = invite.addresses(b"contact")[0].uri_bytes.decode()
        lines = [
            "BYE %s SIP/2.0" % contact,
            "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (*self.here, secrets.token_hex(6)),
            "Max-Forwards: 70",
            "From: %s;tag=%s" % (invite.value(b"to").decode(), call.tag.decode()),
            "To: " + invite.value(b"from").decode(), "Call-ID: " + invite.call_id.decode(),
            "CSeq: 1 BYE", *self._routes(invite), "Content-Length: 0",
        ]  # fmt: skip
        self.socket.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), call.peer)

    def _routes(self, invite):
        return ["Route: " + one.decode() for one in invite.items(b"record-route")]
