"""The provider's API (DIRECTORY.md section 5): JSON over HTTPS below /v1; and a customer's page."""

import html
import secrets

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from .. import web
from ..web import Problem, octets_of

SESSION_SECONDS, MAX_SESSIONS = 1800, 10000
COOKIE = "bellhop_provider"
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Account</title>
<meta name="viewport" content="width=device-width">
<style>body{font:1em sans-serif;max-width:40em;margin:2em auto;padding:0 1em}
td,th{padding:.2em .8em;text-align:left}</style>
<h1>%s</h1><p>Balance: <strong>%s</strong>, held by calls: %s</p>
<h2>Last calls</h2><table><tr><th>To</th><th>Seconds</th><th>Cost</th><th></th></tr>%s</table>"""


class Api(web.Service):
    """service: service.Provider; settings: as service.Provider has them."""

    def __init__(self, service, public_url, limits=None):
        super().__init__(public_url, limits)
        self.service = service
        self.ledger = service.ledger
        self.sessions = {}

    def routes(self):
        """Return the rows of a provider."""
        return [
            *super().routes(),
            ("/v1/about", "GET", self.about), ("/v1/rates", "GET", self.rates),
            ("/v1/accounts", "POST", self.open), ("/v1/account", "GET", self.show),
            ("/v1/account", "DELETE", self.close),
            ("/v1/credentials", "POST", self.credentials),
            ("/v1/calls", "GET", self.calls), ("/v1/messages", "POST", self.text),
            ("/v1/credit", "POST", self.credit), ("/v1/login", "POST", self.login),
            ("/v1/openapi.json", "GET", self.openapi),
        ]  # fmt: skip

    def app(self):
        """Return the ASGI application."""
        return super().app(Route("/login/{token}", self.enter), Route("/account", self.page))

    async def about(self, request):
        """Who this provider is."""
        settings, free = self.service.settings, self.ledger.free
        names = ("name", "domain", "proxies", "stun", "countries", "currency")
        found = {name: settings[name] for name in names}
        found["free"] = {"calls": free.calls, "seconds": free.seconds, "prefixes": free.prefixes}
        return dict(found, directories=sorted(settings["directories"]))

    async def openapi(self, request):
        """What there is."""
        from .openapi import DESCRIPTION

        return DESCRIPTION

    async def rates(self, request):
        """What a call to a number costs."""
        number = request.query_params.get("to", "")
        return await run_in_threadpool(self.service.rate, number)

    async def open(self, request):
        """Open an account, or get its credentials anew."""
        key, (name, directory), body = await self.read(request, "name", "directory")
        said = octets_of(body["statement"]) if isinstance(body.get("statement"), str) else None
        return await run_in_threadpool(self.service.open, key, name, directory, said)

    async def show(self, request):
        """The account of a key."""
        key, _ = await self.signed(request)
        return await run_in_threadpool(self.service.show, key)

    async def close(self, request):
        """End an account."""
        key, _ = await self.signed(request)
        await run_in_threadpool(self.service.close, key)
        return Response(status_code=204)

    async def credentials(self, request):
        """New credentials for a day."""
        key, _ = await self.signed(request)
        return await run_in_threadpool(self.service.credentials, key)

    async def calls(self, request):
        """The last calls of an account."""
        key, _ = await self.signed(request)
        user = await run_in_threadpool(self.service.user_of, key)
        return {"calls": await run_in_threadpool(self.ledger.calls, user)}

    async def text(self, request):
        """A text to the telephone network."""
        key, (to, text) = await self.signed(request, "to", "text")
        return {"cost": await run_in_threadpool(self.service.text, key, to, text)}

    async def credit(self, request):
        """A voucher, or an amount that is to be paid elsewhere."""
        key, _, body = await self.read(request)
        user = await run_in_threadpool(self.service.user_of, key)
        if "voucher" in body:
            return {"paid": await run_in_threadpool(self.ledger.redeem, user, body["voucher"])}
        url = self.service.settings["pay_url"]
        if not url:
            raise Problem(501, "this provider takes vouchers only")
        id = await run_in_threadpool(self.ledger.bill, user, body.get("amount"))
        amount = "%d" % body["amount"]
        return {"pay_url": url.replace("{id}", id).replace("{amount}", amount)}

    async def login(self, request):
        """A link to the page of the account, good once."""
        key, _ = await self.signed(request)
        token = await run_in_threadpool(self.service.login, key)
        return {"url": "%s/login/%s" % (self.public_url, token)}

    # The page of a customer.

    async def enter(self, request):
        """Exchange a one-time link for a session."""
        try:
            user = self.service.use_login(request.path_params["token"])
        except Problem as problem:
            return HTMLResponse("<p>%s" % html.escape(problem.detail), problem.status, SAFE)
        now, token = self.service.clock(), secrets.token_urlsafe(24)
        self.sessions = {one: row for one, row in self.sessions.items() if row[1] > now}
        if len(self.sessions) >= MAX_SESSIONS:
            return HTMLResponse("<p>too many pages are open", 503, SAFE)
        self.sessions[token] = user, now + SESSION_SECONDS
        answer = RedirectResponse(self.public_url + "/account", 303, SAFE)
        is_tls = self.public_url.startswith("https:")
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=is_tls)
        return answer

    async def page(self, request):
        """Balance and calls."""
        user, until = self.sessions.get(request.cookies.get(COOKIE), (None, 0))
        if until <= self.service.clock():
            return HTMLResponse("<p>Open this page from your router, please.", 403, SAFE)
        free, held = await run_in_threadpool(self.ledger.show, user)
        rows = await run_in_threadpool(self.ledger.calls, user)
        lines = "".join(
            "<tr><td>%s<td>%d<td>%s<td>%s"
            % (
                html.escape(row["number"]), row["seconds"], self._money(row["cost"]),
                html.escape(row["why"]),
            )
            for row in rows
        )  # fmt: skip
        shown = html.escape(self.service.settings["name"]), self._money(free), self._money(held)
        return HTMLResponse(PAGE % (*shown, lines), headers=SAFE)

    def _money(self, amount):
        return "%d.%02d %s" % (
            amount // 10**6, amount % 10**6 // 10**4, html.escape(self.service.settings["currency"])
        )  # fmt: skip
