"""The portal's page and JSON: sign up, type a code, wait to be let in, go to the pilot page."""

import json
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from .. import web
from ..web import Problem, network_of

SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
}  # fmt: skip
PAGE = Path(__file__).parent / "page"
FILES = {
    "/": ("index.html", "text/html"),
    "/portal.css": ("portal.css", "text/css"),
    "/portal.js": ("portal.js", "text/javascript"),
    "/words.json": ("words.json", "application/json"),
}


def _file(name, kind):
    text = (PAGE / name).read_text(encoding="utf-8")

    async def answer(request):
        return Response(text, media_type=kind, headers=SAFE)

    return answer


class Api(web.Service):
    """service: service.Portal."""

    def __init__(self, service, public_url, limits=None):
        super().__init__(public_url, limits)
        self.service = service

    def routes(self):
        """Return the rows."""
        return [
            ("/v1/signup", "POST", self.sign_up), ("/v1/proof", "POST", self.prove),
            ("/v1/applicant", "POST", self.show),
        ]  # fmt: skip

    def app(self):
        """Return the ASGI application."""
        return super().app(*[Route(path, _file(*one)) for path, one in FILES.items()])

    async def _fields(self, request, *names):
        """Return the fields of a body that comes from this page; raises Problem."""
        origin = request.headers.get("origin")
        if origin is not None and origin != self.public_url:
            raise Problem(403, "this page is asked from its own site only")
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise Problem(415, "the body is JSON")
        try:
            found = json.loads(await web.body_of(request))
            return [found[name] for name in names]
        except (ValueError, KeyError, TypeError):
            raise Problem(400, "the body needs: " + ", ".join(names)) from None

    async def sign_up(self, request):
        """Somebody wants to be a user."""
        words = await self._fields(request, "user", "contact")
        return await run_in_threadpool(self.service.sign_up, *words, network_of(request))

    async def prove(self, request):
        """The code that came."""
        words = await self._fields(request, "id", "secret", "code")
        return await run_in_threadpool(self.service.prove, *words)

    async def show(self, request):
        """How it stands."""
        words = await self._fields(request, "id", "secret")
        return await run_in_threadpool(self.service.show, *words)
