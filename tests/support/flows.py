"""Reads and plays transcripts: who says what to whom at which millisecond.

    option record_route needed              a line of `config node`
    phone A alice 10.0.0.2 udp              a registered telephone
    stranger S sam 203.0.113.7 udp          one without an account here
    at 0ms    A > node  INVITE 202          A says it; indented lines below are header lines
    at 0ms    node > B  INVITE              the node must say it at this time
              Record-Route:                 ... with a header line that begins so
              no Max-Breadth                ... and without this field
    at 0ms    node > B  INVITE lost         ... but B does not hear it

What the node says and the transcript does not have is a fault. What a telephone can say: a method
with a target (201, sip:...), one without (inside its dialog), a status code with an optional
method, `again`, `INVITE proven` (with credentials), `ACK`, `CANCEL`, `ping` (CRLF) and `closed`
(its stream breaks). `at 0ms node > DNS far.test` and `DNS > node  203.0.113.7 udp` ask for and
give the hops of a name, `DNS > node` alone tells that there are none. A telephone with transport
`tcp-new` is one to which the node has to open a stream.
"""

from bellhop.sip import message

from .exchange import START, Exchange, Phone, register
from .messages import flow, settings

DIALOG_METHODS = "BYE INFO UPDATE PRACK NOTIFY REFER INVITE MESSAGE SUBSCRIBE".split()


class Line:
    """One line of a transcript with the indented lines that belong to it."""

    def __init__(self, number, text):
        self.number = number
        self.words = text.split()
        self.details = []


def lines_of(text):
    """Return the Lines of a transcript; comments and empty lines are left out."""
    found = []
    for index, line in enumerate(text.split("\n")):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if line[:1] in " \t":
            found[-1].details.append(bare)
        else:
            found.append(Line(index + 1, bare))
    return found


def play(text):
    """Play a transcript; AssertionError names the line that does not hold."""
    lines = lines_of(text)
    stage = Stage([line for line in lines if line.words[0] in ("option", "list", "config")])
    for line in lines:
        try:
            stage.perform(line)
        except AssertionError as fault:
            raise AssertionError("line %d: %s" % (line.number, fault)) from fault
    stage.close()
    return stage


class Stage:
    """The exchange, the telephones by name, and what the node has said unheard."""

    def __init__(self, options):
        node = "\n".join([" ".join(line.words) for line in options])
        self.exchange = Exchange(settings(node))
        self.phones = {}

    def perform(self, line):
        """Carry out one line."""
        word = line.words[0]
        if word in ("phone", "stranger"):
            self._enter(line)
        elif word == "at":
            self._wait(line.words[1])
            speaker, _, hearer = line.words[2:5]
            if speaker == "node":
                self._hear(hearer, line)
            elif speaker == "DNS":
                self._resolve(line.words[5:])
            else:
                self._speak(self.phones[speaker], line.words[5:], line.details)

    def close(self):
        """Nothing may be left unheard."""
        for at, send in self.exchange.sent:
            raise AssertionError("the node also said\n" + self._told(at, send))

    def _enter(self, line):
        kind, name, user, host, transport = line.words
        connection = len(self.phones) + 1 if transport in ("tcp", "tls") else 0
        where = flow(host, transport=transport.partition("-")[0], connection=connection)
        phone = Phone(name, user, where, "home.test" if kind == "phone" else "far.test")
        self.phones[name] = phone
        if kind == "phone":
            register(self.exchange, phone, line.details)
            del self.exchange.sent[:]

    def _wait(self, time):
        unit = 1 if time.endswith("ms") else 1000
        at = START + int(time.rstrip("ms")) * unit
        assert at >= self.exchange.now, "time runs backwards"
        self.exchange.advance(at - self.exchange.now)

    def _resolve(self, words):
        assert self.exchange.questions, "the node has asked for no name"
        flows = []
        for host, transport in zip(words[::2], words[1::2]):
            flows.append(flow(host, transport=transport))
        self.exchange.resolve(flows)

    def _speak(self, phone, words, details):
        if words == ["closed"]:
            self.exchange.break_flow(phone.flow)
        else:
            self.exchange.receive(spoken(phone, words, details), phone.flow)

    def _hear(self, hearer, line):
        if hearer == "DNS":
            asked = [question.host.decode() for question in self.exchange.questions]
            assert line.words[5] in asked, "the names asked for are %s" % asked
            return
        phone = self.phones[hearer]
        for index, (at, send) in enumerate(self.exchange.sent):
            if _is_for(phone, send.flow) and fits(send.data, line.words[5:]):
                assert at == self.exchange.now, "it came at another time\n" + self._told(at, send)
                del self.exchange.sent[index]
                _check_details(send.data, line.details)
                if line.words[-1] != "lost":
                    phone.hear(send.data)
                return
        raise AssertionError("not said; unheard is\n" + "\n".join(
            [self._told(at, send) for at, send in self.exchange.sent]
        ))  # fmt: skip

    def _told(self, at, send):
        names = [name for name in sorted(self.phones) if _is_for(self.phones[name], send.flow)]
        text = "at %dms  node > %s\n" % (at - START, names or [send.flow])
        return text + "".join([chr(octet) for octet in send.data])


def spoken(phone, words, details):
    """Return the octets that the words of a transcript stand for."""
    body = ""
    if details and details[-1].startswith("body "):
        body = "x" * int(details[-1][5:])
        details = details[:-1]
    verb = words[0]
    if verb == "ping":
        return b"\r\n\r\n"
    if verb == "again":
        return phone.last
    if verb == "ACK":
        return phone.acknowledge(details)
    if verb == "CANCEL":
        return phone.cancel()
    if verb == "REGISTER" and len(words) == 1:
        return phone.request("REGISTER", "sip:home.test", details)
    if verb.isdigit():
        method = words[1] if len(words) > 1 else None
        return phone.answer(int(verb), method, details, body)
    if words[-1] == "proven":
        return phone.proven(verb)
    if len(words) == 1:
        assert verb in DIALOG_METHODS, "%s needs a target" % verb
        return phone.within(verb, details, body)
    target = words[1] if ":" in words[1] else "sip:%s@home.test" % words[1]
    return phone.request(verb, target, details, body)


def fits(data, words):
    """Tell whether a message is what the words of a transcript say: STATUS [METHOD] or METHOD."""
    heard = message.parse(data)
    words = [word for word in words if word != "lost"]
    if isinstance(heard, message.Request):
        named = [heard.method.decode()] if len(words) == 1 else [
            heard.method.decode(), heard.uri.decode(),
        ]  # fmt: skip
        return words == named
    named = [str(heard.status), heard.cseq[1].decode()]
    return words == named[: len(words)]


def _check_details(data, details):
    heard = message.parse(data)
    for detail in details:
        if detail.startswith("no "):
            assert detail[3:].lower().encode() not in heard.names, "there is a field " + detail[3:]
        elif detail.startswith("body "):
            assert len(heard.body) == int(detail[5:]), "the body has %d octets" % len(heard.body)
        else:
            found = [line for line in heard.lines if line.startswith(detail.encode())]
            assert found, "no line begins %s in\n%s" % (detail, data.decode())


def _is_for(phone, where):
    if phone.flow.connection:
        return phone.flow.connection == where.connection
    return phone.flow[:4] == where[:4]
