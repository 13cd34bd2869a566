"""What a browser loads of the page's own folder."""

import hashlib
import os

from ..http import Answer

KINDS = {
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "json": "application/json", "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json", "png": "image/png",
}  # fmt: skip
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "pilot")
SAFE = (
    "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
)  # fmt: skip


class Files:
    """The files. tags: path -> (its ETag, how many octets it had then)."""

    def __init__(self):
        self.tags = {}

    def answer(self, request, name):
        """Return the Answer that is a file, packed where it lies there packed, or None."""
        kind = KINDS.get(name.rpartition(".")[2])
        parts = name.split("/")
        if kind is None or len(parts) > 2 or [one for one in parts if one[:1] in ("", ".")]:
            return None
        path, lines = os.path.join(FOLDER, *parts), [*SAFE, "Cache-Control: no-cache"]
        packed = path + ".gz"
        if os.path.exists(packed):
            path = packed
            lines.append("Content-Encoding: gzip")
        try:
            with open(path, "rb") as file:
                octets = file.read()
        except OSError:
            return None
        tag = self.tags.get(path)
        if tag is None or tag[1] != len(octets):
            tag = '"%s"' % hashlib.sha256(octets).hexdigest()[:16], len(octets)
            self.tags[path] = tag
        lines.append("ETag: " + tag[0])
        if request.fields.get("if-none-match") == tag[0]:
            return Answer("304 Not Modified", kind, b"", lines, None)
        return Answer("200 OK", kind, octets, lines, None)
