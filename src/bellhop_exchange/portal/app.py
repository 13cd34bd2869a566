"""The portal's page and JSON: sign up, type a code, wait to be let in, go to the pilot page."""

import json

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .. import web
from ..web import Problem, network_of

SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
}  # fmt: skip
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A telephone</title>
<meta name="viewport" content="width=device-width">
<style>body{font:1em sans-serif;max-width:32em;margin:2em auto;padding:0 1em}
label{display:block;margin:1em 0}input{font:inherit;width:100%;padding:.4em;box-sizing:border-box}
button{font:inherit;padding:.4em 1em}</style>
<main><h1>A telephone</h1><p id="said" role="status"></p>
<form id="up"><label>Name <input name="user" autocomplete="username" required></label>
<label>Number or mail address <input name="contact" required></label><button>Sign up</button></form>
<form id="proof" hidden><label>Code that came
<input name="code" inputmode="numeric" required></label>
<button>Go on</button></form>
<p id="link" hidden><a>To your telephone</a></p></main><script src="portal.js"></script></html>
"""
SCRIPT = """'use strict';
const $ = id => document.getElementById(id), KEY = 'portal';
let mine = JSON.parse(localStorage.getItem(KEY) || 'null');
function ask(path, fields) {
	return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify(fields) }).then(answer => answer.json().then(found => {
			if (!answer.ok) throw new Error(found.detail);
			return found;
		}));
}
function say(text) { $('said').textContent = text; }
const WORDS = { asked: 'Somebody here has to let you in. Come back later.',
	proved: 'Somebody here has to let you in. Come back later.',
	refused: 'You were not let in.', approved: 'You are in.' };
function show(found) {
	$('up').hidden = true;
	$('proof').hidden = !(mine.code && found.state == 'asked');
	say($('proof').hidden ? WORDS[found.state] : 'A message with a code is on its way to you.');
	$('link').hidden = !found.link;
	if (found.link)
		$('link').firstChild.href = found.link;
}
function look() { return ask('v1/applicant', mine).then(show).catch(error => say(error.message)); }
function on(id, work) {
	$(id).addEventListener('submit', event => {
		event.preventDefault();
		work(Object.fromEntries(new FormData($(id)))).catch(error => say(error.message));
	});
}
on('up', fields => ask('v1/signup', fields).then(found => {
	mine = found;
	localStorage.setItem(KEY, JSON.stringify(mine));
	show(found);
}));
on('proof', fields => ask('v1/proof', Object.assign({}, mine, fields)).then(show));
if (mine)
	look();
"""


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
        return super().app(Route("/", self.page), Route("/portal.js", self.script))

    async def page(self, request):
        """The one page."""
        return HTMLResponse(PAGE, headers=SAFE)

    async def script(self, request):
        """What it does."""
        return Response(SCRIPT, media_type="text/javascript", headers=SAFE)

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
