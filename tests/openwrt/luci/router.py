"""A router for the pages: serves them, and answers their ubus calls from what a test says.

The pages run over runtime.js, or over LuCI itself where a test names a checkout of it. Whatever
they send is kept in `calls`, so that a test can read what they wrote.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.openwrt.feed import LUCI, program

from . import system

HERE = Path(__file__).resolve().parent
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Router:
    """One router.

    answers: (object, method) -> dict, or function of the arguments; uci: id -> section of
    /etc/config/bellhop; luci: folder of a checkout of LuCI, or None.
    """

    def __init__(self, answers, uci, luci=None):
        self.luci = Path(luci) if luci else None
        self.answers = answers
        self.uci = uci
        self.files = system.configurations()
        self.calls = []
        self.scripts = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def url(self, view, script="", look="light", language="en"):
        """Return the address of a page; script: JavaScript that runs when it is drawn."""
        number = len(self.scripts)
        self.scripts[str(number)] = (view, script, look, language)
        return "http://127.0.0.1:%d/?page=%d" % (self.server.server_port, number)

    def answer(self, name, method, given):
        """Return the result of one ubus call: [status] or [status, data]."""
        self.calls.append((name, method, given))
        if name == "uci":
            return self._uci(method, given)
        found = self.answers.get((name, method))
        if found is None:
            return [4]
        return [0, found(given) if callable(found) else found]

    def _uci(self, method, given):
        if method == "get":
            files = dict(self.files, bellhop=self.uci)
            return [0, {"values": files[given["config"]]}] if given["config"] in files else [4]
        if method == "add":
            number = len(self.uci)
            while "cfg%02x" % number in self.uci:  # One that went leaves a gap.
                number += 1
            made = {".name": "cfg%02x" % number, ".index": number, ".anonymous": True}
            self.uci[made[".name"]] = dict(
                given.get("values", {}), **made, **{".type": given["type"]}
            )
            return [0, {"section": made[".name"]}]
        if method == "delete":
            section = self.uci[given["section"]]
            for name in given.get("options") or ():
                section.pop(name, None)
            if given.get("options") is None:
                del self.uci[given["section"]]
        if method == "set":
            self.uci.setdefault(given["section"], {}).update(given["values"])
        return [0, {"changes": {}}] if method == "changes" else [0]

    def read(self, path):
        """Return (octets, type) of a file of the pages, or None."""
        places = [HERE / "runtime.js"] if path == "/runtime.js" else []
        if path.startswith("/luci-static/"):
            roots = [LUCI]
            if self.luci:
                roots += [
                    self.luci / "modules/luci-base",
                    self.luci / "themes/luci-theme-bootstrap",
                    self.luci / "libs/luci-lib-uqr",
                ]
            places = [root / "htdocs" / path[1:] for root in roots]
        for file in filter(Path.is_file, places):
            octets = file.read_bytes()
            if self.luci and LUCI in file.parents and file.suffix == ".js":  # As packages have it.
                octets = program("minify").minified(octets.decode()).encode()
            return octets, KINDS.get(file.suffix, "application/octet-stream")
        return None

    def page(self, query):
        """Return the text of a page."""
        view, script, look, language = self.scripts[query["page"][0]]
        path = LUCI / "po" / language / "bellhop.po"
        said = program("translations").read(path) if path.exists() else {}
        if self.luci:  # It finds texts by their hash, as in an .lmo file.
            text_hash = program("lmo").text_hash
            said = {"%08x" % text_hash(text.encode()): said[text] for text in said}
        text = (HERE / ("real.html" if self.luci else "page.html")).read_text()
        text = text.replace("TRANSLATIONS", json.dumps(said)).replace("LANGUAGE", language)
        text = text.replace("IS_DARK", str(look == "dark").lower())
        return text.replace("VIEW", view).replace("SCRIPT", script)

    def _handler(router):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                if parts.path == "/":
                    self._send(router.page(parse_qs(parts.query)).encode(), "text/html")
                    return
                found = router.read(parts.path)
                if found is None:
                    self.send_error(404)
                else:
                    self._send(*found)

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                many = asked if isinstance(asked, list) else [asked]
                done = [
                    {"jsonrpc": "2.0", "id": one["id"], "result": router.answer(*one["params"][1:])}
                    if one["method"] == "call"
                    else {"jsonrpc": "2.0", "id": one["id"], "result": {}}
                    for one in many
                ]
                whole = done if isinstance(asked, list) else done[0]
                self._send(json.dumps(whole).encode(), "application/json")

            def _send(self, octets, kind):
                self.send_response(200)
                self.send_header("Content-Type", kind + "; charset=utf-8")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_):
                pass

        return Handler
