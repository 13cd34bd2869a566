"""The directory's API (DIRECTORY.md section 5): JSON over HTTPS below /v1."""

import base64
import binascii
import functools
import ipaddress
import json
import time

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .. import web
from ..web import Problem

MINUTE, HOUR, DAY = 60, 3600, 86400
WHILE = {MINUTE: "a minute", HOUR: "an hour", DAY: "a day"}


class Api:
    """service: service.Directory; public_url: as the world sees this server, without a slash."""

    def __init__(self, service, public_url, limits=None):
        self.service = service
        self.public_url = public_url
        self.nonces = web.Nonces()
        self.limits = limits or Limits()

    def app(self):
        """Return the ASGI application."""
        rows = (
            ("/v1/about", "GET", self.about), ("/v1/nonce", "HEAD", self.nonce),
            ("/v1/claims", "POST", self.claim), ("/v1/claims/{id}", "GET", self.show),
            ("/v1/claims/{id}", "DELETE", self.remove),
            ("/v1/claims/{id}/proof", "POST", self.prove),
            ("/v1/records/{name}", "PUT", self.put),
            ("/v1/records/{name}/key", "POST", self.succeed),
            ("/v1/blind", "POST", self.blind),
            ("/v1/buckets/{epoch:int}/{number:int}", "GET", self.bucket),
            ("/v1/log", "GET", self.head), ("/v1/log/leaves", "GET", self.leaves),
            ("/v1/log/consistency", "GET", self.consistency),
            ("/v1/log/names/{name}", "GET", self.evidence),
            ("/v1/openapi.json", "GET", self.openapi),
        )  # fmt: skip
        return Starlette(routes=[
            Route(path, functools.partial(self._answer, work), methods=[method])
            for path, method, work in rows
        ])  # fmt: skip

    async def _answer(self, work, request):
        try:
            self.limits.take(network_of(request))
            found = await work(request)
        except Problem as problem:
            found = problem.response()
        response = found if isinstance(found, Response) else JSONResponse(found)
        response.headers["Replay-Nonce"] = self.nonces.new()
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _signed(self, request, *fields):
        """Return (key that signed, values of the fields of the body); raises Problem."""
        return (await self._read(request, *fields))[:2]

    async def _read(self, request, *fields):
        """Return (key that signed, values of the fields, the body); raises Problem."""
        body = await web.body_of(request)
        key = web.signer_of(request, body, self.public_url, self.nonces)
        self.limits.take("key " + key)
        try:
            found = json.loads(body) if body else {}
        except ValueError:
            raise Problem(400, "the body is no JSON") from None
        if not isinstance(found, dict) or [one for one in fields if one not in found]:
            raise Problem(400, "the body needs: " + ", ".join(fields))
        return key, [found[one] for one in fields], found

    async def about(self, request):
        """Who this directory is."""
        return {
            "directory": self.service.zone.text(),
            "statement_key": self.service.zone.head[0],
            "tag_key": self.service.zone.tag_key,
            "ways": ["sms"],
        }

    async def nonce(self, request):
        """A nonce is in the header of every answer."""
        return Response()

    async def openapi(self, request):
        """What there is."""
        from .openapi import DESCRIPTION

        return DESCRIPTION

    async def claim(self, request):
        """Begin a claim; a code goes to the number."""
        key, (name,) = await self._signed(request, "name")
        return await run_in_threadpool(self.service.claim, key, name, network_of(request))

    async def show(self, request):
        """How a claim is."""
        key, _ = await self._signed(request)
        return await run_in_threadpool(self.service.show, key, request.path_params["id"])

    async def prove(self, request):
        """The code that came."""
        key, (code,) = await self._signed(request, "code")
        return await run_in_threadpool(self.service.prove, key, request.path_params["id"], code)

    async def remove(self, request):
        """End a claim."""
        key, _ = await self._signed(request)
        await run_in_threadpool(self.service.remove, key, request.path_params["id"])
        return Response(status_code=204)

    async def put(self, request):
        """Where a number is reached."""
        key, (address, floor), body = await self._read(request, "address", "s")
        listed = body.get("listed", True)
        if (
            not isinstance(floor, int)
            or not isinstance(address, str)
            or listed not in (True, False)
        ):
            raise Problem(400, "address is text, s a whole number, and listed true or false")
        name = request.path_params["name"]
        await run_in_threadpool(self.service.put, key, name, address, floor, listed)
        return Response(status_code=204)

    async def blind(self, request):
        """Evaluate points of who is published here; what they are for is not seen."""
        key, (points,) = await self._signed(request, "points")
        if not isinstance(points, list) or not all(isinstance(one, str) for one in points):
            raise Problem(400, "points is a list of octets in base64")
        if not await run_in_threadpool(self.service.is_held, key):
            raise Problem(403, "only who is published here may ask so: claim a number first")
        for budget, who in (
            (self.limits.blind, key),
            (self.limits.blind_network, network_of(request)),
        ):
            budget.take(who, len(points))
        octets = [octets_of(one) for one in points]
        found = await run_in_threadpool(self.service.buckets.evaluate, octets)
        return dict(found, points=[base64_of(one) for one in found["points"]])

    async def bucket(self, request):
        """Sealed statements."""
        where = request.path_params["epoch"], request.path_params["number"]
        octets = await run_in_threadpool(self.service.buckets.bucket, *where)
        return Response(octets, media_type="application/octet-stream")

    async def head(self, request):
        """The signed head of the public log."""
        return {"head": base64_of(await run_in_threadpool(self.service.head))}

    async def leaves(self, request):
        """Leaves of the public log, from one on, and its head."""
        (first,) = _numbers(request, "from")
        head, found, peaks = await run_in_threadpool(self.service.leaves, first)
        lists = {"leaves": found, "peaks": peaks}
        texts = {name: [base64_of(one) for one in rows] for name, rows in lists.items()}
        return dict(texts, head=base64_of(head))

    async def consistency(self, request):
        """What proves that the log has only grown."""
        found = await run_in_threadpool(self.service.consistency, *_numbers(request, "old", "size"))
        return {"path": [base64_of(one) for one in found]}

    async def evidence(self, request):
        """What proves that a published name stands in the log; of an unlisted one, to its key."""
        key = None
        if "signature" in request.headers:
            key, _ = await self._signed(request)
        said, name = request.query_params.get("leaf"), request.path_params["name"]
        said = None if said is None else octets_of(said)
        found = await run_in_threadpool(self.service.evidence, name, key, said)
        texts = {name: base64_of(found[name]) for name in ("point", "proof", "head")}
        return dict(texts, index=found["index"], path=[base64_of(one) for one in found["path"]])

    async def succeed(self, request):
        """Another key takes a name over."""
        key, (new, proof) = await self._signed(request, "new", "proof")
        web.key_of(new)
        name = request.path_params["name"]
        return {"claim": await run_in_threadpool(self.service.succeed, key, name, new, str(proof))}


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


def _numbers(request, *names):
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
