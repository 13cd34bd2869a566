"""The directory's API (DIRECTORY.md section 5): JSON over HTTPS below /v1."""

import functools
import ipaddress
import json

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .. import web
from ..web import Problem


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
        body = await web.body_of(request)
        key = web.signer_of(request, body, self.public_url, self.nonces)
        self.limits.take("key " + key)
        try:
            found = json.loads(body) if body else {}
        except ValueError:
            raise Problem(400, "the body is no JSON") from None
        if not isinstance(found, dict) or [one for one in fields if one not in found]:
            raise Problem(400, "the body needs: " + ", ".join(fields))
        return key, [found[one] for one in fields]

    async def about(self, request):
        """Who this directory is."""
        return {
            "directory": self.service.zone.text(),
            "statement_key": self.service.zone.head[0],
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
        key, (address, floor) = await self._signed(request, "address", "s")
        if not isinstance(floor, int) or not isinstance(address, str):
            raise Problem(400, "address is text and s a whole number")
        name = request.path_params["name"]
        await run_in_threadpool(self.service.put, key, name, address, floor)
        return Response(status_code=204)

    async def succeed(self, request):
        """Another key takes a name over."""
        key, (new, proof) = await self._signed(request, "new", "proof")
        web.key_of(new)
        name = request.path_params["name"]
        return {"claim": await run_in_threadpool(self.service.succeed, key, name, new, str(proof))}


class Limits:
    """Requests a minute: 20 of a key, 60 of a network (IPv4 /24, IPv6 /56). clock(): seconds."""

    OF_A_KEY, OF_A_NETWORK, MOST = 20, 60, 100000

    def __init__(self, clock=None):
        import time

        self.clock = clock or time.monotonic
        self.counts, self.minute = {}, 0

    def take(self, who):
        """Count a request; raises Problem 429."""
        minute = int(self.clock() // 60)
        if minute != self.minute or len(self.counts) >= self.MOST:
            self.counts, self.minute = {}, minute
        most = self.OF_A_KEY if who.startswith("key ") else self.OF_A_NETWORK
        self.counts[who] = self.counts.get(who, 0) + 1
        if self.counts[who] > most:
            raise Problem(429, "too many requests: wait a minute")


def network_of(request):
    """Return the network that a request comes from, text."""
    host = ipaddress.ip_address(request.client.host if request.client else "127.0.0.1")
    length = 24 if host.version == 4 else 56
    return str(ipaddress.ip_network((host, length), strict=False))
