"""The members' page: files, `POST /api`, server-sent events, the files of new phones.

A member asks for verbs of the node's own; `user` is always who is signed in, whatever was asked.
"""

import hashlib
import json

from ...errors import BellhopError, Refusal
from ...limits import MAX_PAGES
from ..http import Answer, text
from .files import SAFE, Files
from .sessions import Sessions, cookie

# Verb of the page -> verb of the node. Those that change something need the right `full`.
VERBS = {name: name for name in (
    "me", "my-calls", "my-history", "my-messages", "my-wishes", "my-voice", "voice", "book",
    "decline", "dial", "send", "delete-message", "set-contact", "set-my-wishes", "add-phone",
    "forget-phone", "ring-phone", "new-phones", "assign-phone", "price", "balance", "delete-voice",
)}  # fmt: skip
VERBS.update({"hangup": "my-hangup", "verify": "my-verify", "take": "take"})
JSON = "application/json"
# Changes are gathered so long; a stream that is silent says so after a while: proxies and browsers
# give up what they hear nothing of.
GATHER_MS, SILENCE_MS = 100, 25000
# What only shows, but is for those who may change something.
FOR_FULL = ("new-phones",)
FULL = "this needs the right to change something: the owner of this router gives it"
SIGN_IN = "sign in first"
# What the page is told of, and the verb that tells it.
STATES = (("me", "me"), ("calls", "my-calls"), ("messages", "my-messages"))


class Site:
    """The page. service: the node; ask(verb, arguments): its answer, raises BellhopError."""

    def __init__(self, service):
        self.service = service
        self.loop = service.loop
        self.ask = service.control.ask
        self.changes = {row.verb for row in service.rows if row.changes}
        self.takes = {row.verb: row.arguments for row in service.rows}
        self.sessions = Sessions(service.store)
        self.pages = []
        self.gathering = self.silence = None
        self.files = Files()
        self.others = {}
        self.adopt(service.settings)

    def answer(self, request):
        """Return the Answer to a request, None for what is none of the page's."""
        path = request.path
        if path == "/api":
            return self._api(request)
        if path[:3] == "/up":
            return self.distributor().answer(request)
        if path[:5] == "/dav/" or path == "/.well-known/carddav":
            return self._carddav().answer(request)
        if request.method not in ("GET", "HEAD"):
            return None
        if path == "/events":
            return self._events(request)
        if path[:3] == "/p/":
            return self._phone_file(request)
        return self.files.answer(request, "index.html" if path == "/" else path[1:])

    # What few houses use is loaded when it is asked for.

    def distributor(self):
        """Return the distributor of pushes."""
        if "distributor" not in self.others:
            from .distributor import Distributor

            self.others["distributor"] = Distributor(self.loop)
        return self.others["distributor"]

    def _carddav(self):
        if "book" not in self.others:
            from .carddav import CardDav

            self.others["book"] = CardDav(self.ask, lambda: self.service.settings.realm.decode())
        return self.others["book"]

    def _phone_file(self, request):
        """Return the file of a new phone: /p/TOKEN, /p/TOKEN/FILE, or /p/FILE of one that asks."""
        token, slash, file = request.path[3:].partition("/")
        if not slash and "." in token:
            token, file = "", token
        scheme = "https" if request.is_secure else "http"
        base = "%s://%s" % (scheme, request.host)
        if request.method == "HEAD":
            return text("200 OK", "")
        try:
            found = self.ask("phone-file", {"base": base, "token": token, "file": file})
        except BellhopError as error:
            return text("410 Gone", str(error))
        lines = [*SAFE, "Cache-Control: no-store"]
        return Answer("200 OK", found["content_type"], found["text"].encode(), lines, None)

    # Verbs.

    def _api(self, request):
        problem = _forged(request)
        if problem:
            return self._json(403, {"error": {"message": problem}})
        try:
            asked = json.loads(request.body)
            verb, arguments = str(asked["verb"]), dict(asked.get("arguments") or {})
        except (ValueError, TypeError, KeyError, RecursionError):
            words = 'a request is {"verb": TEXT, "arguments": {...}}'
            return self._json(400, {"error": {"message": words}})
        try:
            if verb == "sign-in":
                return self._sign_in(request, arguments)
            session = self.sessions.find(request.fields)
            if session is None or not self._right(session["user"]):
                return self._json(401, {"error": {"message": SIGN_IN}})
            return self._json(200, {"result": self._do(session, verb, arguments)}, session, verb)
        except BellhopError as error:
            told = {"message": str(error)}
            if isinstance(error, Refusal):
                told.update({"word": error.word, "fields": [str(one) for one in error.fields]})
            return self._json(200, {"error": told})

    def _json(self, status, value, session=None, verb=None):
        words = {
            200: "200 OK",
            400: "400 Bad Request",
            401: "401 Unauthorized",
            403: "403 Forbidden",
        }
        lines = [*SAFE, "Cache-Control: no-store"]
        if verb == "sign-out" and session not in self.sessions.rows:
            lines.append(cookie("", False))
        octets = json.dumps(value, separators=(",", ":")).encode()
        return Answer(words[status], JSON, octets, lines, None)

    def _right(self, name):
        """Return what a member may do here, "" for nothing."""
        user = self.service.settings.users.get(name)
        return "" if user is None or user.pilot == "no" else user.pilot

    def _sign_in(self, request, arguments):
        given = {
            name: str(arguments[name])
            for name in ("token", "user", "password")
            if name in arguments
        }
        found = self.ask("pilot-enter", dict(given, host=request.peer))
        token = self.sessions.begin(found["user"], browser_of(request.fields.get("user-agent", "")))
        answer = self._json(200, {"result": found})
        return answer._replace(lines=[*answer.lines, cookie(token, request.is_secure)])

    def _do(self, session, verb, arguments):
        """Return the answer to a verb of a member."""
        if verb == "sessions":
            rows, here = self.sessions.shown(session["user"]), session["id"][:16]
            return {"sessions": [dict(row, here=row["id"] == here) for row in rows]}
        if verb == "sign-out":
            wanted = str(arguments.get("id") or session["id"][:16])
            return {"signed_out": self.sign_out(session["user"], wanted)}
        own = VERBS.get(verb)
        if own is None:
            raise BellhopError("there is no verb '%s' here" % verb[:40])
        is_for_full = own in self.changes or own in FOR_FULL
        if is_for_full and self._right(session["user"]) != "full":
            raise Refusal("rights", FULL)
        given = {name: arguments[name] for name in arguments if name in self.takes[own]}
        return self.ask(own, dict(given, user=session["user"]))

    def sign_out(self, user, wanted):
        """End the session of a user that is wanted, "" for all; return how many those were."""
        gone = [row for row in self.sessions.of(user) if wanted in ("", row["id"][:16])]
        for row in gone:
            self.sessions.end(row)
        self._turn_out()
        return len(gone)

    # Events.

    def _events(self, request):
        session = self.sessions.find(request.fields)
        if session is None or not self._right(session["user"]):
            return self._json(401, {"error": {"message": SIGN_IN}})
        if len(self.pages) >= MAX_PAGES:
            self.pages[0].bye()
        lines = [*SAFE, "Cache-Control: no-store", "Connection: close"]
        page = Page(self, session)
        return Answer("200 OK", "text/event-stream", b"retry: 2000\n\n", lines, page)

    def entered(self, page):
        """A page is open."""
        self.pages.append(page)
        self.service.heed()
        page.tell()
        if self.silence is None:
            self.silence = self.loop.call_later(SILENCE_MS, self._break_silence)

    def left(self, page):
        """A page is closed."""
        if page in self.pages:
            self.pages.remove(page)
            self.service.heed()

    def is_heard(self):
        """Tell whether a page is open."""
        return bool(self.pages)

    def adopt(self, settings):
        """Sign out who lives here no more: another one may have that name later."""
        for row in self.sessions.rows[:]:
            if settings.is_nobody(row["user"]):
                self.sessions.end(row)
        self.changed()

    def changed(self):
        """Something has happened: the pages are told soon."""
        if self.pages and self.gathering is None:
            self.gathering = self.loop.call_later(GATHER_MS, self._tell)

    def _tell(self):
        self.gathering = None
        self._turn_out()
        for page in self.pages[:]:
            page.tell()

    def _turn_out(self):
        """End the pages of who is signed out, or has no right any more."""
        for page in self.pages[:]:
            if page.session not in self.sessions.rows or not self._right(page.session["user"]):
                page.bye()

    def _break_silence(self):
        self.silence = None
        if self.pages:
            for page in self.pages[:]:
                page.send(b":\n\n")
            self.silence = self.loop.call_later(SILENCE_MS, self._break_silence)

    def close(self):
        """The node stops."""
        self.loop.cancel(self.gathering)
        self.loop.cancel(self.silence)
        if "distributor" in self.others:
            self.others["distributor"].close()


class Page:
    """An open page. told: state -> the JSON that it was told last."""

    def __init__(self, site, session):
        self.site = site
        self.session = session
        self.client = None
        self.told = {}

    def opened(self, client):
        """The stream to the browser is open."""
        self.client = client
        self.site.entered(self)

    def closed(self, client):
        """The browser has gone."""
        self.site.left(self)

    def tell(self):
        """Tell what has changed since the last time."""
        for name, verb in STATES:
            try:
                state = self.site.ask(verb, {"user": self.session["user"]})
            except BellhopError:
                return  # The user is gone: so is the page, next time.
            octets = json.dumps(state, separators=(",", ":")).encode()
            # What only grows with time the page counts itself.
            mark = hashlib.sha256(json.dumps(_timeless(state)).encode()).digest()
            if self.told.get(name) != mark:
                self.told[name] = mark
                self.send(b"event: " + name.encode() + b"\ndata: " + octets + b"\n\n")

    def send(self, data):
        """Send to the browser; one that does not read is cut off, and comes back by itself."""
        self.client.send(data)

    def bye(self):
        """Send it away."""
        self.send(b"event: bye\ndata: {}\n\n")
        self.client.leave()


def _timeless(value):
    """Return a state without what tells how long ago something was."""
    if isinstance(value, dict):
        names = [name for name in value if name not in ("talked", "seconds", "seconds_ago")]
        return {name: _timeless(value[name]) for name in names}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _forged(request):
    """Return why a request may be one of another page, or ""."""
    if request.method != "POST":
        return "verbs are posted"
    if request.fields.get("content-type", "").partition(";")[0].strip() != JSON:
        return "the type of a request is " + JSON
    origin = request.fields.get("origin")
    if origin is not None and origin.partition("://")[2] != request.fields.get("host"):
        return "this page is of another machine"
    if request.fields.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "this page is of another machine"
    return ""


def browser_of(agent):
    """Return what people call a browser, and where it runs."""
    browsers = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
                ("Safari/", "Safari"))  # fmt: skip
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
               ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))  # fmt: skip
    found = [[name for mark, name in table if mark in agent][:1] for table in (browsers, systems)]
    return ", ".join([one[0] for one in found if one]) or agent
