"""A fake clock and a fake network around one engine, with telephones that speak SIP by hand."""

from bellhop.effects import TRUNK, Commit, Event, Receive, Resolve, Send
from bellhop.features import catalogue
from bellhop.sip import digest, message, scan, uri

from .messages import LISTENERS, PASSWORDS, Tokens, flow, settings, wire

START = 1000000


class Exchange:
    """An engine and what it wanted done. `now`: ms; `sent`: list of (ms, Send).

    kept: the Stores that were committed; disk_problem: why the disk takes none, or ""; unwritten:
    None, or the Commits that a slow disk has not written yet.
    """

    def __init__(self, configured=None, listeners=LISTENERS):
        self.now = START
        self.engine = catalogue.node(configured or settings(), Tokens(), self.now)
        self.engine.listen(listeners, self.now)
        self.sent = []
        self.questions = []
        self.events = []
        self.kept = []
        self.disk_problem = ""
        self.unwritten = None

    @property
    def node(self):
        """The state of the engine, for what no message shows."""
        return self.engine.node

    def take(self, effects):
        """Carry out a list of effects; what a provider is told, and tells the house, too."""
        came = []
        for effect in effects:
            if isinstance(effect, Receive):
                came.append(effect)
            elif isinstance(effect, Send) and effect.flow.transport == TRUNK:
                told = self.engine.hear("trunks", "send", effect.flow, effect.data, self.now)
                effects = effects + self.take(told)
            elif isinstance(effect, Send):
                self.sent.append((self.now, effect))
            elif isinstance(effect, Resolve):
                self.questions.append(effect)
            elif isinstance(effect, Event):
                self.events.append(effect)
            elif isinstance(effect, Commit) and self.unwritten is not None:
                self.unwritten.append(effect)
            elif isinstance(effect, Commit):
                self.kept.append(effect.store)
                answer = self.take(self.engine.kept(effect.number, self.disk_problem, self.now))
                effects = effects + answer
        for effect in came:
            effects = effects + self.take(self.engine.take(effect.message, effect.flow, self.now))
        return effects

    def receive(self, data, source):
        """Hand in octets from a flow; return the list of Send effects that follow at once."""
        effects = self.take(self.engine.receive(data, source, self.now))
        return [effect for effect in effects if isinstance(effect, Send)]

    def write(self):
        """Let a slow disk write what waits for it."""
        waiting, self.unwritten = self.unwritten, None
        self.take(waiting)

    def answers(self, data, source):
        """Hand in octets; return the status codes that go back to their source."""
        replies = [send for send in self.receive(data, source) if send.flow == source]
        return [message.parse(send.data).status for send in replies]

    def resolve(self, flows, problem=None):
        """Answer the oldest DNS question."""
        question = self.questions.pop(0)
        self.take(self.engine.resolved(question.query, flows, problem, self.now))

    def break_flow(self, broken):
        """Tell the engine that a stream has gone."""
        self.take(self.engine.flow_failed(broken, "closed by the peer", self.now))

    def advance(self, milliseconds):
        """Let time pass; every deadline is served at its own time."""
        end = self.now + milliseconds
        deadline = self.engine.next_deadline()
        while deadline is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.take(self.engine.fire(self.now))
            deadline = self.engine.next_deadline()
        self.now = end


class Phone:
    """A telephone: one account, one address, the dialog it was last in."""

    def __init__(self, name, user, where, domain="home.test", password=None):
        self.name = name
        self.user = user
        self.password = password or PASSWORDS.get(user.lower())
        self.flow = where
        self.domain = domain
        self.contact = "<sip:%s@%s>" % (user, _host_port(where))
        self.count = 0
        self.cseq = 0
        self.nonces = {}
        self.challenge = None
        self.last = None
        self.asked = {}
        self.sent = {}
        self.dialog = None

    def request(self, method, target, lines=(), body=""):
        """Return the octets of a request outside of any dialog."""
        self.count += 1
        call_id = "%s-%d" % (self.name, self.count)
        own = "<sip:%s@%s>" % (self.user, self.domain)
        to = own if method == "REGISTER" else "<%s>" % target
        return self._build(method, target, own + ";tag=" + self.name, to, call_id, lines, body)

    def within(self, method, lines=(), body=""):
        """Return the octets of a request inside the dialog."""
        dialog = self.dialog
        routes = ["Route: " + route for route in dialog.routes]
        return self._build(
            method, dialog.target, dialog.local, dialog.remote, dialog.call_id,
            routes + list(lines), body,
        )  # fmt: skip

    def _build(self, method, target, sender, to, call_id, lines, body):
        if method != "ACK":
            self.cseq += 1
        branch = "z9hG4bK%s-%d-%s" % (self.name, self.cseq, method)
        via = self.flow.transport.upper() + " " + _host_port(self.flow)
        lines = list(lines)
        if method in ("INVITE", "REGISTER", "SUBSCRIBE") and not _has(lines, "contact"):
            lines.append("Contact: " + self.contact)
        fields = [
            "%s %s SIP/2.0" % (method, target),
            "Via: SIP/2.0/%s;branch=%s;rport" % (via, branch),
            "Max-Forwards: 70",
            "From: " + sender,
            "To: " + to,
            "Call-ID: " + call_id,
            "CSeq: %d %s" % (self.cseq, method),
        ]
        data = wire(fields + lines + ["Content-Length: %d" % len(body)], body)
        self.last = data
        if method != "ACK":
            self.sent[method] = message.parse(data)
        return data

    def proven(self, method):
        """Return the last request of this method again, with an answer to the challenge."""
        old = self.sent[method].copy()
        self.cseq += 1
        line = "CSeq: %d %s" % (self.cseq, method)
        old.set(b"cseq", line.encode())
        branch = "%s-%d-%s" % (self.name, self.cseq, method)
        via = old.lines[0].replace(old.via.branch, b"z9hG4bK" + branch.encode())
        old.set(b"via", via)
        name, line = self.credentials(method.encode(), old.uri)
        old.remove(name)
        old.insert(name, line)
        self.last = old.write()
        self.sent[method] = message.parse(self.last)
        return self.last

    def credentials(self, method, target):
        """Return (header name, line) that answers the challenge last received."""
        response = self.challenge
        to_proxy = response.status == 407
        value = response.value(b"proxy-authenticate" if to_proxy else b"www-authenticate")
        fields = digest.credentials(value)
        self.nonces[fields.nonce] = self.nonces.get(fields.nonce, 0) + 1
        fields.nc = ("%08x" % self.nonces[fields.nonce]).encode()
        fields.cnonce, fields.uri = b"cn", target
        user = self.user.encode()
        secret = digest.ha1(fields.algorithm, user, fields.realm, self.password)
        result = digest.response(fields.algorithm, secret, method, fields)
        line = b"Proxy-Authorization" if to_proxy else b"Authorization"
        line += b": Digest username=" + scan.quote(user) + b", realm=" + scan.quote(fields.realm)
        line += b', nonce="' + fields.nonce + b'", uri="' + target + b'", response="' + result
        line += b'", algorithm=' + fields.algorithm + b', qop=auth, cnonce="cn", nc=' + fields.nc
        return line.partition(b":")[0].lower(), line

    def cancel(self):
        """Return the CANCEL of the last INVITE."""
        return self._repeat_start("CANCEL", None)

    def acknowledge(self, lines=()):
        """Return the ACK for the last final response to the INVITE."""
        response = self.asked.get("response")
        if response.status < 300:
            cseq, self.cseq = self.cseq, response.cseq[0]
            data = self.within("ACK", lines)
            self.cseq = cseq
            return data
        return self._repeat_start("ACK", response.value(b"to").decode())

    def _repeat_start(self, method, to):
        """A request with the branch of the INVITE (sections 9.1 and 17.1.1.3)."""
        invite = self.sent["INVITE"]
        fields = ["%s %s SIP/2.0" % (method, invite.uri.decode())]
        for name, line in zip(invite.names, invite.lines):
            if name in (b"via", b"max-forwards", b"from", b"call-id", b"route"):
                fields.append(line.decode())
        fields.append("To: " + (to or invite.value(b"to").decode()))
        fields.append("CSeq: %d %s" % (invite.cseq[0], method))
        self.last = wire(fields + ["Content-Length: 0"])
        return self.last

    def answer(self, status, method=None, lines=(), body=""):
        """Return a response to the last request received, or to the last one of `method`."""
        asked = self.asked[method or "request"]
        lines = [line.encode() for line in lines]
        if asked.method == b"INVITE" and 101 <= status < 300:
            for route in asked.values(b"record-route"):
                lines.append(b"Record-Route: " + route)
            if not [line for line in lines if line[:8].lower() == b"contact:"]:
                lines.append(b"Contact: " + self.contact.encode())
        tag = None if status == 100 else self.name.encode()
        response = message.response_to(asked, status, None, lines, tag)
        if asked.method == b"INVITE" and 101 <= status < 300:
            routes = [route.decode() for route in asked.items(b"record-route")]
            self._enter(response.value(b"to"), asked.value(b"from"), asked, routes)
        if body:
            response.set(b"content-length", b"Content-Length: " + str(len(body)).encode())
            response.body = body.encode()
        self.last = response.write()
        return self.last

    def hear(self, data):
        """Learn from a message that came in; return it parsed."""
        heard = message.parse(data)
        if isinstance(heard, message.Request):
            self.asked["request"] = self.asked[heard.method.decode()] = heard
            return heard
        if heard.status in (401, 407):
            self.challenge = heard
        if heard.cseq[1] == b"INVITE" and heard.status > 100:
            self.asked["response"] = heard
            if heard.status < 300:
                routes = [route.decode() for route in reversed(heard.items(b"record-route"))]
                self._enter(heard.value(b"from"), heard.value(b"to"), heard, routes)
        return heard

    def _enter(self, local, remote, message, routes):
        """Enter the dialog of a message; inside one only the remote target changes (12.2)."""
        contacts = message.addresses(b"contact")
        if not contacts:
            return
        if self.dialog is not None and self.dialog.is_between(local, remote, message.call_id):
            routes = self.dialog.routes
        target = contacts[0].uri_bytes
        self.dialog = Dialog(local, remote, message.call_id, target, routes)


class Dialog:
    """What a telephone keeps of a call (RFC 3261 section 12); all text."""

    def __init__(self, local, remote, call_id, target, routes):
        self.local = local.decode()
        self.remote = remote.decode()
        self.call_id = call_id.decode()
        self.target = target.decode()
        self.routes = routes

    def is_between(self, local, remote, call_id):
        """Tell whether it is the dialog of these From and To values in this call."""
        return (self.local, self.remote, self.call_id) == (
            local.decode(), remote.decode(), call_id.decode(),
        )  # fmt: skip


def register(exchange, phone, lines=()):
    """Register a phone with its password; return the parsed 200."""
    first = exchange.receive(phone.request("REGISTER", "sip:home.test", lines), phone.flow)
    phone.hear(first[0].data)
    second = exchange.receive(phone.proven("REGISTER"), phone.flow)
    response = phone.hear(second[0].data)
    assert response.status == 200, response.write()
    return response


def telephone(exchange, name, user, host, transport="udp", lines=(), password=None):
    """Return a registered Phone at `host`."""
    connection = 0 if transport == "udp" else len(exchange.sent) + 1
    where = flow(host, transport=transport, connection=connection)
    phone = Phone(name, user, where, password=password)
    register(exchange, phone, lines)
    del exchange.sent[:], exchange.events[:]
    return phone


def _host_port(where):
    return uri.host_port(where.host.encode(), where.port).decode()


def _has(lines, name):
    return bool([line for line in lines if line.lower().startswith(name + ":")])
