"""Speaks to the API of a directory: JSON over HTTPS, each request signed by a person's key.

RFC 9421 in the one profile of DIRECTORY.md section 5. For the command alone: a node that runs
never loads it, because http.client with ssl takes more memory than the node itself.
"""

import base64
import hashlib
import http.client
import json
import ssl
import time
import urllib.parse

from ...errors import BellhopError

TAG = "bellhop-1"
SECONDS = 20
# Of an answer; a bucket of sealed statements is the longest.
MAX_BYTES = 262144


class Api:
    """base: the URI of the directory's API; seed: of the person's key; crypto: to sign with."""

    def __init__(self, base, seed, crypto):
        self.base = base.rstrip("/")
        self.seed, self.crypto = seed, crypto
        self.key = base64.b64encode(crypto.public_key(seed)).decode()
        self.nonce = None
        self.status = 0

    def ask(self, method, path, body=None, again=""):
        """Return what the directory answers, a dict; raises BellhopError with its words.

        again: the same text for what must not be done twice (Idempotency-Key).
        """
        if self.nonce is None:
            self._send("HEAD", "/v1/nonce", b"", {})
        octets = b"" if body is None else json.dumps(body).encode()
        for _ in range(2):  # A nonce grows old, or the directory was started anew (RFC 8555 6.5).
            headers = self._signed(method, self.base + path, octets)
            if again:
                headers["Idempotency-Key"] = again
            status, found = self._send(method, path, octets, headers)
            if status != 401:
                break
        self.status = status
        if status >= 300:
            raise BellhopError(found.get("detail") or "the directory answers %d" % status)
        return found

    def fetch(self, path):
        """Return the octets of what anybody may have; raises BellhopError."""
        status, octets = self._exchange("GET", path, b"", {})
        if status != 200:
            raise BellhopError("the directory answers %d" % status)
        return octets

    def _signed(self, method, uri, octets):
        lines = ['"@method": ' + method, '"@target-uri": ' + uri]
        names, headers = ['"@method"', '"@target-uri"'], {}
        if octets:
            digest = "sha-256=:%s:" % base64.b64encode(hashlib.sha256(octets).digest()).decode()
            lines.append('"content-digest": ' + digest)
            names.append('"content-digest"')
            headers = {"Content-Digest": digest, "Content-Type": "application/json"}
        fields = int(time.time()), self.key, self.nonce, TAG
        params = '(%s);created=%d;keyid="%s";alg="ed25519";nonce="%s";tag="%s"'
        params %= (" ".join(names), *fields)
        lines.append('"@signature-params": ' + params)
        signature = self.crypto.sign(self.seed, "\n".join(lines).encode())
        headers["Signature-Input"] = "sig=" + params
        headers["Signature"] = "sig=:%s:" % base64.b64encode(signature).decode()
        return headers

    def _send(self, method, path, octets, headers):
        status, text = self._exchange(method, path, octets, headers)
        try:
            return status, json.loads(text) if text else {}
        except ValueError:
            raise BellhopError("the directory at %s speaks no JSON" % self.base) from None

    def _exchange(self, method, path, octets, headers):
        """Return (status, octets of the answer); raises BellhopError."""
        place = urllib.parse.urlsplit(self.base)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise BellhopError("'%s' is no address of a directory's API" % self.base)
        connection = self._connection(place)
        try:
            connection.request(method, place.path + path, octets or None, headers)
            answer = connection.getresponse()
            self.nonce = answer.headers.get("Replay-Nonce")
            text = answer.read(MAX_BYTES)
            if answer.length:  # Of what was announced so much did not come.
                raise http.client.IncompleteRead(text, answer.length)
            return answer.status, text
        except (OSError, http.client.HTTPException) as error:
            words = "the directory at %s cannot be reached: %s"
            raise BellhopError(words % (self.base, error)) from None
        finally:
            connection.close()

    def _connection(self, place):
        where = place.hostname, place.port
        if place.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(*where, timeout=SECONDS, context=context)
        # Of a lab: who signs each request gives nothing away but the code.
        return http.client.HTTPConnection(*where, timeout=SECONDS)
