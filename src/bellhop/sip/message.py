"""Request and Response: parse one message, read its fields, write it (RFC 3261 section 7).

Header lines stay the bytes that the peer wrote, in their order; a value is parsed when something
asks for it. A message that the node passes on is the same list of lines with a few replaced.
"""

from ..errors import SipError
from ..limits import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADER_LINES
from . import address, scan, uri, via
from .fields import MAX_NUMBER, Fields, cseq_in, number_in
from .headers import NAMES, SINGLE, canonical
from .memo import Once, remember
from .status import reason_phrase

VERSION = b"SIP/2.0"
END = b"\r\n\r\n"
MANDATORY = (b"call-id", b"cseq", b"from", b"to", b"via")
# What a response repeats (sections 8.2.6.1 and 8.2.6.2): every Via, of the others the first.
ECHOED = frozenset((b"via", b"from", b"to", b"call-id", b"cseq", b"timestamp"))

# How often a line was not sent because it held a line end.
gate = {"lines_dropped": 0}
# What start lines say.
_starts = {}


class Message(Fields):
    """Header lines and the body; what a field says is read when somebody asks, and once.

    octets: how many it had when it came in, 0 for one of the node's own.
    from_, to: the Address there; contacts: the Addresses in Contact; call_id: bytes; cseq: the pair
    (number, method). To read what is malformed refuses with 400.
    """

    octets = 0
    call_id = Once("call_id", lambda message: message.value(b"call-id"))
    cseq = Once("cseq", lambda message: cseq_in(message.value(b"cseq")))
    from_ = Once("from_", lambda message: address.parse(message.value(b"from")))
    to = Once("to", lambda message: address.parse(message.value(b"to")))
    contacts = Once("contacts", lambda message: message.addresses(b"contact"))

    @property
    def via(self):
        """The topmost Via."""
        if self._via is None:
            self._via = via.parse(self.value(b"via"))
        return self._via

    def replace_via(self, found):
        """Put this Via in the place of the topmost one."""
        self.replace_first(b"via", found.write())
        self._via = found

    def set(self, name, line):
        """Replace the first field `name` by `line`, or add it at the end."""
        Fields.set(self, name, line)
        if name == b"from":
            self.from_ = address.parse(self.value(name))
        elif name == b"to":
            self.to = address.parse(self.value(name))
        elif name == b"cseq":
            self.cseq = cseq_in(self.value(name))

    def check(self):
        """Refuse with SipError what a message of the node's own lacks, as `parse` does."""
        _read(self, self.index(), self.body)

    def measure(self):
        """Add Content-Length where a datagram came without: a stream needs it (section 18.3)."""
        if not self.has(b"content-length"):
            self.add(b"content-length", b"Content-Length: " + str(len(self.body)).encode())


class Request(Message):
    """method: bytes as written; uri: bytes as written; parsed_uri: the Uri that this is.

    max_forwards: the number in Max-Forwards, 70 where there is none (section 16.6 step 3).
    """

    parsed_uri = Once("parsed_uri", lambda request: uri.parse(request.uri))
    max_forwards = Once("max_forwards", lambda request: request.number(b"max-forwards", 255, 70))
    # The Request-URI as the peer wrote it, where a Route has taken its place; who has sent it
    # (core/admission.Caller) and as whom (octets), once that is known.
    wrote = caller = login = None

    def __init__(self, method, target, names, lines, body=b""):
        self.method = method
        self.uri = target
        self.names = names
        self.lines = lines
        self.first = None
        self.body = body

    def be_admitted(self, caller):
        """Take who sent it, an admission.Caller."""
        self.caller = caller

    def aim(self, target):
        """Take another Request-URI (bytes)."""
        self.uri, self.parsed_uri = target, uri.parse(target)

    def be_proved(self, login):
        """Take as whom its sender has logged in, octets."""
        self.login = login

    def unroute(self, target):
        """Put the last Route in the place of the Request-URI (RFC 3261 section 16.4)."""
        self.wrote = self.uri
        self.aim(target)

    def copy(self):
        """Return a request whose lines can be changed without changing this one."""
        return Request(self.method, self.uri, self.names[:], self.lines[:], self.body)

    def passed_on(self, target):
        """Return a copy of a request that was parsed, for another Request-URI (bytes).

        It knows what has been read of this one, but for the Via, which a proxy changes.
        """
        copy = Request(self.method, target, self.names[:], self.lines[:], self.body)
        copy.first, copy.twice = self.index().copy(), self.twice
        copy.call_id, copy.cseq, copy.max_forwards = self.call_id, self.cseq, self.max_forwards
        copy.from_, copy.to = self.from_, self.to
        return copy

    def size(self):
        """Return about how many octets `write` will return."""
        return self.octets or sum([len(line) for line in self.lines]) + len(self.body)

    def write(self):
        """Return the message as bytes."""
        return _written(self.method + b" " + self.uri + b" " + VERSION, self)


class Response(Message):
    """status: number; reason: bytes as written.

    branch: that of the topmost Via; the rest of that Via is the node's own and is not read.
    """

    branch = Once("branch", lambda response: via.branch_of(response.value(b"via")))

    def __init__(self, status, reason, names, lines, body=b""):
        self.status = status
        self.reason = reason
        self.names = names
        self.lines = lines
        self.first = None
        self.body = body

    def copy(self):
        """Return a response whose lines can be changed without changing this one."""
        return Response(self.status, self.reason, self.names[:], self.lines[:], self.body)

    def write(self):
        """Return the message as bytes."""
        return _written(VERSION + b" " + str(self.status).encode() + b" " + self.reason, self)


def _written(start, message):
    """Return a message as bytes: the one place where lines become octets of the wire."""
    lines = [start] + message.lines
    if has_line_end(lines):
        lines = _gated(lines)
    return b"\r\n".join(lines) + END + message.body


def has_line_end(lines):
    """Tell whether an octet of a line end stands within lines."""
    together = b"".join(lines)
    return together.partition(b"\r")[1] or together.partition(b"\n")[1]


def _gated(lines):
    """Leave out lines with line ends inside: what stands behind one would be a field of its own.

    Those of a folded line, which its peer wrote, are none.
    """
    kept = [lines[0].replace(b"\r", b" ").replace(b"\n", b" ")]
    for line in lines[1:]:
        if has_line_end([line.replace(b"\r\n ", b"").replace(b"\r\n\t", b"")]):
            gate["lines_dropped"] += 1
        else:
            kept.append(line)
    return kept


def parse(data):
    """Return the Request or Response in one datagram (or one framed message).

    Refuses with SipError, what is too large with 513; where the message is a request whose header
    could be read so far, the exception's `partial` attribute holds it so that a refusal can be
    addressed.
    """
    if data[:2] == b"\r\n":
        data = data.lstrip(b"\r\n")
    header, end, body = data.partition(END)
    if not end and header[-2:] == b"\r\n":
        header, end = header[:-2], b"\r\n"
    if not end or len(header) > MAX_HEADER_BYTES:
        raise _endless(data)
    lines = header.split(b"\r\n")
    start = lines.pop(0)
    if len(lines) > MAX_HEADER_LINES:
        raise SipError(400, "the message has too many header lines")
    if has_line_end(lines):
        # Another element may take a lone CR or LF for a line end and read other fields than we do.
        raise SipError(400, "a header line holds a lone CR or LF")
    message = _begun(start, lines)
    message.octets = len(data)
    try:
        _read(message, _fields(message), body)
    except SipError as error:
        error.read(message)
        raise
    return message


def _endless(data):
    """Return the refusal of what has no end of its header, or only behind what is taken."""
    if len(data) < MAX_HEADER_BYTES:
        return SipError(400, "the message has no end of its header")
    error = SipError(513, "a header of at most %d octets is taken here" % MAX_HEADER_BYTES)
    lines = data[:MAX_HEADER_BYTES].split(b"\r\n")[:MAX_HEADER_LINES]
    message = _begun(lines[0], lines[1:-1])
    _fields(message)
    error.read(message)
    return error


def _fields(message):
    """Name the lines of a message and index them; return name -> value of the first so called."""
    names, first, twice = [], {}, ()
    try:
        for line in message.lines:
            name, colon, value = line.partition(b":")
            name = NAMES[name if colon else b""]
            if name in first:
                twice += (name,)
            else:
                first[name] = value
            names.append(name)
    except KeyError:
        return _unusual_fields(message)
    message.names, message.first, message.twice = names, first, twice
    return first


def _unusual_fields(message):
    """Do the same where a line is folded, or is named in a way that is not known here."""
    message.lines = _join_folded(message.lines)
    message.names = [_unusual_name(line) for line in message.lines]
    return message.index()


def _join_folded(lines):
    joined = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and joined:
            joined[-1] += b"\r\n" + line
        else:
            joined.append(line)
    return joined


def _unusual_name(line):
    name, colon, _ = line.partition(b":")
    if not colon:
        raise SipError(400, "a header line has no colon")
    return canonical(name)


def _begun(start, lines):
    """Return the Request or Response of a start line, its fields not read yet."""
    known = _starts.get(start) or remember(_starts, start, _start_line(start, lines))
    kind, first, second = known
    return kind(first, second, [], lines)


def _start_line(start, lines):
    """Return (Request, method, URI) or (Response, status, reason)."""
    if start[:8] == b"SIP/2.0 ":
        status, _, reason = start[8:].partition(b" ")
        return Response, scan.number(status, 699, "the status code"), reason
    method, _, rest = start.partition(b" ")
    target, _, version = rest.partition(b" ")
    if not scan.is_token(method) or b"SIP/" not in rest.upper():
        raise SipError(400, "the first line is neither a request nor a response")
    if version != VERSION and version.upper() != VERSION:
        raise _bad_start(Request(method, target, [], lines), version)
    return Request, method, target


def _bad_start(request, version):
    """Return the refusal of a request line that is not method, URI and SIP/2.0 (section 7.1)."""
    if version[:4].upper() == b"SIP/" and b" " not in version:
        error = SipError(505, "only SIP/2.0 is spoken here")
    else:
        error = SipError(400, "the request line is not method, URI and version, one blank between")
    _fields(request)
    error.read(request)
    return error


def _read(message, fields, body):
    """Read what every message must have. fields: of `_fields`; body: all behind the header."""
    message.body = body
    length = fields.get(b"content-length")
    if length is not None:
        size = number_in(length, MAX_NUMBER, b"content-length")
        if size > MAX_BODY_BYTES:
            raise SipError(513, "a body of at most %d octets is taken here" % MAX_BODY_BYTES)
        if size > len(body):
            raise SipError(400, "the body is shorter than Content-Length says")
        message.body = body[:size]
    try:
        call_id, cseq, sender, addressee, top = [fields[name] for name in MANDATORY]
    except KeyError as missing:
        raise SipError(400, "the field %s is missing" % missing.args[0].decode()) from None
    for name in message.twice:
        if name in SINGLE:
            raise SipError(400, "the field %s stands twice" % name.decode())
    message.call_id = call_id.strip(scan.BLANKS)
    message.cseq = cseq_in(cseq)
    if isinstance(message, Request):
        if message.cseq[1] != message.method:
            raise SipError(400, "CSeq names another method than the request")
        message._via = via.parse(top.strip(scan.BLANKS))
        message.from_ = address.parse(sender.strip(scan.BLANKS))
        message.to = address.parse(addressee.strip(scan.BLANKS))
        _read_hops(message, fields.get(b"max-forwards"))
    elif message.status < 100:
        raise SipError(400, "the status code is below 100")
    else:
        message.branch = via.branch_of(top.strip(scan.BLANKS))


def _read_hops(request, hops):
    request.max_forwards = 70 if hops is None else number_in(hops, 255, b"max-forwards")


def _lacks_tag(request):
    try:
        return request.to.param(b"tag") is None
    except SipError:
        return False  # A To that cannot be read goes back as it came.


def echo(request, status, reason, names):
    """Return a Response that repeats the fields of these names of a request that was read.

    reason: octets. It is for this node itself: what is known of the request is known of it.
    """
    kept = [at for at, name in enumerate(request.names) if name in names]
    known = request.index()
    made = Response(
        status, reason, [request.names[at] for at in kept], [request.lines[at] for at in kept]
    )
    made.first = {name: known[name] for name in made.names}
    made.twice, made.call_id, made.cseq = request.twice, request.call_id, request.cseq
    return made


def response_to(request, status, reason=None, lines=(), to_tag=None):
    """Return the Response of a user agent to `request` (section 8.2.6).

    lines: further header lines; to_tag: the tag for To where the request has none.
    """
    names = []
    copied = []
    for name, line in zip(request.names, request.lines):
        if name in ECHOED and (name == b"via" or name not in names):
            names.append(name)
            copied.append(line)
    if to_tag is not None and b"to" in names and _lacks_tag(request):
        copied[names.index(b"to")] += b";tag=" + to_tag
    for line in lines:
        names.append(canonical(line.partition(b":")[0]))
        copied.append(line)
    names.append(b"content-length")
    copied.append(b"Content-Length: 0")
    if isinstance(reason, str):
        reason = reason.encode()
    return Response(status, reason or reason_phrase(status), names, copied)
