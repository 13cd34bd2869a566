"""The directory's API (DIRECTORY.md section 5): JSON over HTTPS below /v1."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from .. import web
from ..web import Problem, base64_of, network_of, numbers_of, octets_of


class Api(web.Service):
    """service: service.Directory."""

    def __init__(self, service, public_url, limits=None):
        super().__init__(public_url, limits)
        self.service = service

    def routes(self):
        """Return the rows of the directory."""
        return [
            *super().routes(),
            ("/v1/about", "GET", self.about), ("/v1/list", "GET", self.list),
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
        ]  # fmt: skip

    async def about(self, request):
        """Who this directory is."""
        return {
            "directory": self.service.zone.text(),
            "statement_key": self.service.zone.head[0],
            "tag_key": self.service.zone.tag_key,
            "ways": sorted(self.service.ways),
        }

    async def list(self, request):
        """The keepers' list of directories and providers, as they signed it."""
        octets = await run_in_threadpool(self.service.signed_list)
        return Response(octets, media_type="application/octet-stream")

    async def openapi(self, request):
        """What there is."""
        from .openapi import DESCRIPTION

        return DESCRIPTION

    async def claim(self, request):
        """Begin a claim; a code goes to the number or the address."""
        key, (name,), body = await self.read(request, "name")
        how = str(body.get("how", ""))
        return await run_in_threadpool(self.service.claim, key, name, network_of(request), how)

    async def show(self, request):
        """How a claim is."""
        key, _ = await self.signed(request)
        return await run_in_threadpool(self.service.show, key, request.path_params["id"])

    async def prove(self, request):
        """The code that came."""
        key, (code,) = await self.signed(request, "code")
        return await run_in_threadpool(self.service.prove, key, request.path_params["id"], code)

    async def remove(self, request):
        """End a claim."""
        key, _ = await self.signed(request)
        await run_in_threadpool(self.service.remove, key, request.path_params["id"])
        return Response(status_code=204)

    async def put(self, request):
        """Where a number is reached."""
        key, (address, floor), body = await self.read(request, "address", "s")
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
        key, (points,) = await self.signed(request, "points")
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
        (first,) = numbers_of(request, "from")
        head, found, peaks = await run_in_threadpool(self.service.leaves, first)
        lists = {"leaves": found, "peaks": peaks}
        texts = {name: [base64_of(one) for one in rows] for name, rows in lists.items()}
        return dict(texts, head=base64_of(head))

    async def consistency(self, request):
        """What proves that the log has only grown."""
        found = await run_in_threadpool(
            self.service.consistency, *numbers_of(request, "old", "size")
        )
        return {"path": [base64_of(one) for one in found]}

    async def evidence(self, request):
        """What proves that a published name stands in the log; of an unlisted one, to its key."""
        key = None
        if "signature" in request.headers:
            key, _ = await self.signed(request)
        said, name = request.query_params.get("leaf"), request.path_params["name"]
        said = None if said is None else octets_of(said)
        found = await run_in_threadpool(self.service.evidence, name, key, said)
        texts = {name: base64_of(found[name]) for name in ("point", "proof", "head")}
        return dict(texts, index=found["index"], path=[base64_of(one) for one in found["path"]])

    async def succeed(self, request):
        """Another key takes a name over."""
        key, (new, proof) = await self.signed(request, "new", "proof")
        web.key_of(new)
        name = request.path_params["name"]
        return {"claim": await run_in_threadpool(self.service.succeed, key, name, new, str(proof))}
