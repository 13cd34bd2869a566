"""What all APIs share: requests signed by a key (RFC 9421), nonces (RFC 8555), refusals (RFC 9457).

One profile of RFC 9421: `("@method" "@target-uri" "content-digest")`, the digest only where there
is a body; alg ed25519, keyid the base64 of the public key, tag "bellhop-1", created, and a nonce
that the server gave. Replay is judged by the nonce: a router may not know what time it is.
"""

import base64
import binascii
import datetime
import hashlib
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from starlette.responses import JSONResponse

TAG = "bellhop-1"
KEY_BYTES = 32
MAX_BODY_BYTES = 16384
NONCE_SECONDS, MAX_NONCES = 60, 100000
COMPONENTS = ('"@method"', '"@target-uri"')
DIGEST = '"content-digest"'


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
