"""Request and Response: parse one message, read its fields, write it (RFC 3261 section 7).

Header lines stay the bytes that the peer wrote, in their order; a value is parsed when something
asks for it. A message that the node passes on is the same list of lines with a few replaced.
"""

from ..errors import SipError
from ..limits import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADER_LINES
from . import address, scan, uri, via
from .headers import LETTERS, NAMES, SINGLE, canonical
from .memo import remember
from .status import reason_phrase

VERSION = b"SIP/2.0"
END = b"\r\n\r\n"
MANDATORY = (b"call-id", b"cseq", b"from", b"to", b"via")
MAX_CSEQ = 2**31 - 1
MAX_NUMBER = 2**32 - 1
# What a response repeats (sections 8.2.6.1 and 8.2.6.2): every Via, of the others the first.
ECHOED = frozenset((b"via", b"from", b"to", b"call-id", b"cseq", b"timestamp"))

# How often a line was not sent because it held a line end.
gate = {"lines_dropped": 0}
# What start lines, CSeq values and values that are one number say.
_starts = {}
_cseqs = {}
_numbers = {}


class Message:
    """Header lines in order, with their canonical names beside them, and the body.

    names[i] is the lower-case full name of lines[i]; a folded line keeps its line ends inside.
    """

    # What has been read so far.
    _call_id = _via = _from = _to = _cseq = _contacts = None

    def value(self, name):
        """Return the value of the first field `name` (bytes, unfolded), or None."""
        names = self.names
        return line_value(self.lines[names.index(name)]) if name in names else None

    def values(self, name):
        """Return the values of all fields `name`, one for each line, unfolded."""
        count = self.names.count(name)
        if count > 1:
            return [line_value(self.lines[i]) for i, one in enumerate(self.names) if one == name]
        return [line_value(self.lines[self.names.index(name)])] if count else []

    def items(self, name):
        """Return all comma-separated elements of field `name`, in order."""
        found = []
        for value in self.values(name):
            found.extend(scan.split_outside(value, b",", angles=True))
        return found

    def tokens(self, name):
        """Return the lower-case elements of an option-tag list such as Supported."""
        if name not in self.names:
            return []
        return [item.lower() for item in self.items(name) if item]

    def addresses(self, name):
        """Return the Address values of field `name` (Contact, Route, ...)."""
        found = []
        for value in self.values(name):
            found += address.parse_list(value)
        return found

    @property
    def via(self):
        """The topmost Via."""
        if self._via is None:
            self._via = via.parse(self.value(b"via"))
        return self._via

    @property
    def from_(self):
        """The Address in From."""
        if self._from is None:
            self._from = address.parse(self.value(b"from"))
        return self._from

    @property
    def to(self):
        """The Address in To."""
        if self._to is None:
            self._to = address.parse(self.value(b"to"))
        return self._to

    @property
    def contacts(self):
        """The Addresses in Contact."""
        if self._contacts is None:
            self._contacts = self.addresses(b"contact")
        return self._contacts

    @property
    def call_id(self):
        """The Call-ID."""
        if self._call_id is None:
            self._call_id = self.value(b"call-id")
        return self._call_id

    @property
    def cseq(self):
        """The pair (number, method) of CSeq; refuses with 400."""
        if self._cseq is None:
            self._cseq = _cseq_in(self.value(b"cseq"))
        return self._cseq

    def number(self, name, highest, default=None):
        """Return a field that holds one number, or `default` where it is absent."""
        if name not in self.names:
            return default
        return _number_in(self.value(name), highest, name)

    def set(self, name, line):
        """Replace the first field `name` by `line`, or add it at the end."""
        if name == b"from":
            self._from = None
        elif name == b"cseq":
            self._cseq = None
        if name in self.names:
            self.lines[self.names.index(name)] = line
        else:
            self.names.append(name)
            self.lines.append(line)

    def insert(self, name, line):
        """Put `line` before the first field `name`, or behind the Vias where there is none."""
        names = self.names
        if name in names:
            index = names.index(name)
        else:
            index = names.index(b"via") + names.count(b"via") if b"via" in names else 0
        self.names.insert(index, name)
        self.lines.insert(index, line)
        self._via = None

    def compact(self):
        """Write the names of fields in their compact forms (section 7.3.3)."""
        for index, name in enumerate(self.names):
            letter = LETTERS.get(name)
            if letter is not None:
                self.lines[index] = letter + b":" + self.lines[index].partition(b":")[2].lstrip()

    def measure(self):
        """Add Content-Length where a datagram came without: a stream needs it (section 18.3)."""
        if b"content-length" not in self.names:
            self.names.append(b"content-length")
            self.lines.append(b"Content-Length: " + str(len(self.body)).encode())

    def remove(self, name):
        """Remove every field `name`."""
        while name in self.names:
            index = self.names.index(name)
            del self.names[index]
            del self.lines[index]

    def remove_first(self, name):
        """Remove the first comma-separated element of the first field `name`."""
        index = self.names.index(name)
        written = self.lines[index]
        rest = behind_comma(written)
        if rest:
            self.lines[index] = written[: written.find(b":")] + b": " + rest
        else:
            del self.names[index]
            del self.lines[index]
        self._via = None

    def replace_first(self, name, element):
        """Put `element` in place of the first comma-separated element of the first field `name`."""
        index = self.names.index(name)
        written = self.lines[index]
        rest = behind_comma(written)
        if rest:
            element += b", " + rest
        self.lines[index] = written[: written.find(b":")] + b": " + element
        self._via = None


class Request(Message):
    """method: bytes as written; uri: bytes as written."""

    _max_forwards = None
    # The Request-URI as the peer wrote it, where a Route has taken its place; who has sent it
    # (core/admission.Caller), once that is known.
    wrote = caller = None

    def __init__(self, method, uri, names, lines, body=b""):
        self.names = names
        self.lines = lines
        self.body = body
        self.method = method
        self.uri = uri

    def be_admitted(self, caller):
        """Take who sent it, an admission.Caller."""
        self.caller = caller

    def unroute(self, uri):
        """Put the last Route in the place of the Request-URI (RFC 3261 section 16.4)."""
        self.wrote, self.uri = self.uri, uri

    @property
    def parsed_uri(self):
        """The Request-URI as a Uri; refuses with 400."""
        return uri.parse(self.uri)

    @property
    def max_forwards(self):
        """The number in Max-Forwards, 70 where there is none (section 16.6 step 3)."""
        if self._max_forwards is None:
            self._max_forwards = self.number(b"max-forwards", 255, 70)
        return self._max_forwards

    def copy(self):
        """Return a request whose lines can be changed without changing this one.

        It knows what has been read of this one, but for the Via, which a proxy changes.
        """
        copy = Request(self.method, self.uri, self.names[:], self.lines[:], self.body)
        copy._call_id, copy._cseq = self._call_id, self._cseq
        copy._from, copy._to, copy._max_forwards = self._from, self._to, self._max_forwards
        return copy

    def size(self):
        """Return about how many octets `write` will return."""
        return sum([len(line) for line in self.lines]) + len(self.body)

    def write(self):
        """Return the message as bytes."""
        return _written(self.method + b" " + self.uri + b" " + VERSION, self)


class Response(Message):
    """status: number; reason: bytes as written."""

    _branch = None

    @property
    def branch(self):
        """The branch of the topmost Via; the rest of that Via is the node's own and is not read."""
        if self._branch is None:
            self._branch = via.branch_of(self.value(b"via"))
        return self._branch

    def __init__(self, status, reason, names, lines, body=b""):
        self.names = names
        self.lines = lines
        self.body = body
        self.status = status
        self.reason = reason

    def copy(self):
        """Return a response whose lines can be changed without changing this one."""
        return Response(self.status, self.reason, self.names[:], self.lines[:], self.body)

    def write(self):
        """Return the message as bytes."""
        return _written(VERSION + b" " + str(self.status).encode() + b" " + self.reason, self)


def _written(start, message):
    """Return a message as bytes: the one place where lines become octets of the wire."""
    lines = message.lines
    head = b"\r\n".join([start] + lines)
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
        head = _gated(start, lines)
    return head + END + message.body


def _gated(start, lines):
    """Leave out lines with line ends inside: what stands behind one would be a field of its own.

    Those of a folded line, which its peer wrote, are none.
    """
    kept = []
    for line in lines:
        bare = line.replace(b"\r\n ", b"").replace(b"\r\n\t", b"")
        if b"\r" in bare or b"\n" in bare:
            gate["lines_dropped"] += 1
        else:
            kept.append(line)
    start = start.replace(b"\r", b" ").replace(b"\n", b" ")
    return b"\r\n".join([start] + kept)


def line_value(line):
    """Return the value of a header line: after the colon, unfolded, without outer blanks."""
    value = line.partition(b":")[2].strip(scan.BLANKS)
    return _unfolded(value) if value.count(b"\n") else value


def _unfolded(value):
    value = value.strip(scan.BLANKS)
    if not value.count(b"\n"):
        return value
    return b" ".join([part.strip(b" \t") for part in value.split(b"\r\n")])


def _number_in(value, highest, name):
    number = _numbers.get(value)
    if number is None:
        number = scan.number(_unfolded(value), MAX_NUMBER, name.decode())
        remember(_numbers, value, number)
    if number > highest:
        raise SipError(400, "%s is larger than %d" % (name.decode(), highest))
    return number


def _cseq_in(value):
    return _cseqs.get(value) or remember(_cseqs, value, _cseq(_unfolded(value)))


def _cseq(value):
    digits, method = scan.first_word(value)
    return scan.number(digits, MAX_CSEQ, "CSeq"), method


def behind_comma(line):
    """Return the elements of a header line that follow the first one; b"" where there are none."""
    if not line.count(b","):
        return b""
    value = line_value(line)
    comma = scan.find_outside(value, b",", 0, True)
    return b"" if comma < 0 else value[comma + 1 :].strip(scan.BLANKS)


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
    if header.count(b"\n") != len(lines) or header.count(b"\r") != len(lines):
        # Another element may take a lone CR or LF for a line end and read other fields than we do.
        raise SipError(400, "a header line holds a lone CR or LF")
    message = _begun(start, lines)
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
    """Name the lines of a message; return name -> value of the first so called, as written."""
    fields = {}
    names = []
    for line in message.lines:
        name, colon, value = line.partition(b":")
        name = NAMES.get(name) if colon else None
        if name is None:
            if names and line[:1] in (b" ", b"\t"):
                message.lines = _join_folded(message.lines)
                return _fields(message)
            name = _unusual_name(line)
        if name not in fields:
            fields[name] = value
        names.append(name)
    message.names = names
    return fields


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
    names = message.names
    message.body = body
    length = fields.get(b"content-length")
    if length is not None:
        size = _number_in(length, MAX_NUMBER, b"content-length")
        if size > MAX_BODY_BYTES:
            raise SipError(513, "a body of at most %d octets is taken here" % MAX_BODY_BYTES)
        if size > len(body):
            raise SipError(400, "the body is shorter than Content-Length says")
        message.body = body[:size]
    for name in MANDATORY:
        if name not in fields:
            raise SipError(400, "the field %s is missing" % name.decode())
    if len(fields) + names.count(b"via") <= len(names):
        _check_single(names)
    message._call_id = _unfolded(fields[b"call-id"])
    message._cseq = _cseq_in(fields[b"cseq"])
    if isinstance(message, Request):
        _read_request(message, fields)
    elif message.status < 100:
        raise SipError(400, "the status code is below 100")
    else:
        message._branch = via.branch_of(_unfolded(fields[b"via"]))


def _check_single(names):
    for name in SINGLE:
        if names.count(name) > 1:
            raise SipError(400, "the field %s stands twice" % name.decode())


def _read_request(request, fields):
    if request._cseq[1] != request.method:
        raise SipError(400, "CSeq names another method than the request")
    request._via = via.parse(_unfolded(fields[b"via"]))
    request._from = address.parse(_unfolded(fields[b"from"]))
    request._to = address.parse(_unfolded(fields[b"to"]))
    hops = fields.get(b"max-forwards")
    request._max_forwards = 70 if hops is None else _number_in(hops, 255, b"max-forwards")


def _lacks_tag(request):
    try:
        return request.to.param(b"tag") is None
    except SipError:
        return False  # A To that cannot be read goes back as it came.


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
