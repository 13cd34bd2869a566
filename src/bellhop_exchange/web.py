"""What all APIs share: requests signed by a key (RFC 9421), nonces (RFC 8555), refusals (RFC 9457).

One profile of RFC 9421: `("@method" "@target-uri" "content-digest")`, the digest only where there
is a body; alg ed25519, keyid the base64 of the public key, tag "bellhop-1", created, and a nonce
that the server gave. Replay is judged by the nonce: a router may not know what time it is.
"""

import base64
import binascii
import datetime
import functools
import hashlib
import ipaddress
import json
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TAG = "bellhop-1"
KEY_BYTES = 32
MAX_BODY_BYTES = 16384
NONCE_SECONDS, MAX_NONCES = 60, 100000
COMPONENTS = ('"@method"', '"@target-uri"')
DIGEST = '"content-digest"'


MINUTE, HOUR, DAY = 60, 3600, 86400
WHILE = {MINUTE: "a minute", HOUR: "an hour", DAY: "a day"}


class Problem(Exception):
    """A refusal: status, and a sentence for the person who meets it."""

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status = status
        self.detail = detail

    def response(self):
        """Return the answer (RFC 9457)."""
        body = {"status": self.status, "detail": self.detail}
        return JSONResponse(body, self.status, media_type="application/problem+json")


class Nonces:
    """Nonces that were given and not used; `clock()`: seconds."""

    def __init__(self, clock=time.monotonic):
        self.clock = clock
        self.given = {}

    def new(self):
        """Return a nonce that is good once, within a minute."""
        now = self.clock()
        if len(self.given) >= MAX_NONCES:
            self.given = {one: until for one, until in self.given.items() if until > now}
        if len(self.given) >= MAX_NONCES:
            raise Problem(503, "too many requests are under way: try again in a minute")
        nonce = secrets.token_urlsafe(16)
        self.given[nonce] = now + NONCE_SECONDS
        return nonce

    def use(self, nonce):
        """Take a nonce; tell whether it was good."""
        return self.given.pop(nonce, 0) > self.clock()


class _Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id):
        return Ed25519PublicKey.from_public_bytes(key_of(key_id))

    def resolve_private_key(self, key_id):
        raise LookupError(key_id)


class _Verifier(HTTPMessageVerifier):
    max_clock_skew = datetime.timedelta(days=36500)


class _Message:
    """A request as the library reads it."""

    def __init__(self, method, url, headers):
        self.method, self.url, self.headers = method, url, headers


def key_of(text):
    """Return the 32 octets of a public key in base64; raises Problem."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        octets = b""
    if len(octets) != KEY_BYTES or base64.b64encode(octets).decode() != text:
        raise Problem(401, "the keyid is no Ed25519 key in base64")
    return octets


async def body_of(request):
    """Return the octets of a request's body; raises Problem where there are too many."""
    octets = b""
    async for piece in request.stream():
        octets += piece
        if len(octets) > MAX_BODY_BYTES:
            raise Problem(413, "a request has at most %d octets" % MAX_BODY_BYTES)
    return octets


def signer_of(request, body, public_url, nonces):
    """Return the key (base64) that signed a request; raises Problem."""
    path = request.scope.get("raw_path", b"").decode("ascii", "replace")
    path += "?" + request.url.query if request.url.query else ""
    message = _Message(request.method, public_url + path, dict(request.headers))
    wanted = set(COMPONENTS) | ({DIGEST} if body else set())
    if body:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if request.headers.get("content-digest") != "sha-256=:%s:" % digest:
            raise Problem(400, "the Content-Digest does not fit the body")
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=_Keys())
    try:
        found = verifier.verify(message, expect_tag=TAG, max_age=None)[0]
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise Problem(401, "the request is not signed as it must be: %s" % error) from None
    if not wanted <= set(found.covered_components):
        raise Problem(401, "the signature must cover " + " ".join(sorted(wanted)))
    if not nonces.use(found.parameters.get("nonce", "")):
        raise Problem(401, "the nonce was used or is too old: take that of this answer")
    return found.parameters["keyid"]


class _Again(Exception):
    """A request that was answered already."""

    def __init__(self, response):
        super().__init__("again")
        self.response = response


class Service:
    """An API. A row is (path, method, async function of a request -> JSON-able or Response).

    public_url: as the world sees this server, without a slash at the end.
    """

    # Answers to requests with an Idempotency-Key that are kept, the last ones.
    MOST_KEPT = 10000

    def __init__(self, public_url, limits=None):
        self.public_url = public_url
        self.kept = {}
        self.nonces = Nonces()
        self.limits = limits or Limits()

    def app(self, *more):
        """Return the ASGI application; more: further routes of Starlette."""
        routes = [
            Route(path, functools.partial(self._answer, work), methods=[method])
            for path, method, work in self.routes()
        ]
        return Starlette(routes=[*routes, *more])

    def routes(self):
        """Return the rows."""
        return [("/v1/nonce", "HEAD", self.nonce)]

    async def nonce(self, request):
        """A nonce is in the header of every answer."""
        return Response()

    async def _answer(self, work, request):
        try:
            self.limits.take(network_of(request))
            found = await work(request)
        except _Again as again:
            found = again.response
        except Problem as problem:
            found = problem.response()
        response = found if isinstance(found, Response) else JSONResponse(found)
        mark = getattr(request.state, "mark", None)
        if mark is not None and response.status_code < 500:
            self.kept[mark] = response
            while len(self.kept) > self.MOST_KEPT:
                del self.kept[next(iter(self.kept))]
        response.headers["Replay-Nonce"] = self.nonces.new()
        response.headers["Cache-Control"] = "no-store"
        return response

    async def signed(self, request, *fields):
        """Return (key that signed, values of the fields of the body); raises Problem."""
        return (await self.read(request, *fields))[:2]

    async def read(self, request, *fields):
        """Return (key that signed, values of the fields, the body); raises Problem."""
        body = await body_of(request)
        key = signer_of(request, body, self.public_url, self.nonces)
        self.limits.take("key " + key)
        wanted = request.headers.get("idempotency-key")
        if wanted and request.method == "POST":
            mark = key, request.url.path, wanted
            if mark in self.kept:
                raise _Again(self.kept[mark])
            request.state.mark = mark
        try:
            found = json.loads(body) if body else {}
        except ValueError:
            raise Problem(400, "the body is no JSON") from None
        if not isinstance(found, dict) or [one for one in fields if one not in found]:
            raise Problem(400, "the body needs: " + ", ".join(fields))
        return key, [found[one] for one in fields], found


class Limits:
    """Requests a minute, and points of the blind look-up. clock(): seconds."""

    OF_A_KEY, OF_A_NETWORK = 20, 60
    POINTS_OF_A_KEY, POINTS_OF_A_NETWORK = 200, 2000

    def __init__(self, clock=time.monotonic):
        self.keys = Budget(self.OF_A_KEY, MINUTE, clock)
        self.networks = Budget(self.OF_A_NETWORK, MINUTE, clock)
        self.blind = Budget(self.POINTS_OF_A_KEY, HOUR, clock)
        self.blind_network = Budget(self.POINTS_OF_A_NETWORK, DAY, clock)

    def take(self, who):
        """Count a request of a network or a key; raises Problem 429."""
        (self.keys if who.startswith("key ") else self.networks).take(who)


class Budget:
    """So many in a while, for each of those who ask."""

    MOST = 100000

    def __init__(self, most, seconds, clock):
        self.most = most
        self.seconds = seconds
        self.clock = clock
        self.counts, self.period = {}, 0

    def take(self, who, count=1):
        """Count what one asks for; raises Problem 429."""
        period = int(self.clock() // self.seconds)
        if period != self.period or len(self.counts) >= self.MOST:
            self.counts, self.period = {}, period
        self.counts[who] = self.counts.get(who, 0) + count
        if self.counts[who] > self.most:
            raise Problem(429, "too many requests: wait %s" % WHILE[self.seconds])


def base64_of(octets):
    """Return octets as base64, text."""
    return base64.b64encode(octets).decode()


def octets_of(text):
    """Return what base64 stands for; raises Problem."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "this is no base64") from None


def numbers_of(request, *names):
    """Return the numbers in the query of a request; raises Problem."""
    found = [request.query_params.get(name, "") for name in names]
    if not all(one.isascii() and one.isdigit() and len(one) < 19 for one in found):
        raise Problem(400, "the query needs numbers: " + ", ".join(names))
    return [int(one) for one in found]


def network_of(request):
    """Return the network that a request comes from, text."""
    host = ipaddress.ip_address(request.client.host if request.client else "127.0.0.1")
    length = 24 if host.version == 4 else 56
    return str(ipaddress.ip_network((host, length), strict=False))
