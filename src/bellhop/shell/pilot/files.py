"""What a browser loads of the page's own folder."""

import hashlib
import os
import zlib

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


# A stored file is a member of gzip (RFC 1952), which zlib knows by this width of its window.
GZIP = 31


def takes_gzip(accepted):
    """Tell whether a client takes gzip; accepted: its Accept-Encoding (RFC 9110 section 12.5.3)."""
    weights = {}
    for one in accepted.lower().replace(" ", "").split(","):
        coding, _, weight = one.partition(";")
        weights[coding] = weight
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", "q=0")))
    return weight[:2] != "q=" or weight[2:].strip("0.") != ""


class Files:
    """The files. tags: (path, is it sent packed) -> (its ETag, how many octets it had then)."""

    def __init__(self):
        self.tags = {}

    def answer(self, request, name):
        """Return the Answer that is a file, as it lies there or unpacked, or None."""
        kind = KINDS.get(name.rpartition(".")[2])
        parts = name.split("/")
        if kind is None or len(parts) > 2 or [one for one in parts if one[:1] in ("", ".")]:
            return None
        path, lines = os.path.join(FOLDER, *parts), [*SAFE, "Cache-Control: no-cache"]
        is_stored_packed = os.path.exists(path + ".gz")
        is_packed = is_stored_packed and takes_gzip(request.fields.get("accept-encoding", ""))
        try:
            with open(path + ".gz" if is_stored_packed else path, "rb") as file:
                octets = file.read()
            if is_stored_packed and not is_packed:
                octets = zlib.decompress(octets, GZIP)
        except (OSError, zlib.error):
            return None
        if is_stored_packed:
            lines.append("Vary: Accept-Encoding")
        if is_packed:
            lines.append("Content-Encoding: gzip")
        tag = self.tags.get((path, is_packed))
        if tag is None or tag[1] != len(octets):
            tag = '"%s"' % hashlib.sha256(octets).hexdigest()[:16], len(octets)
            self.tags[path, is_packed] = tag
        lines.append("ETag: " + tag[0])
        if tag[0] in request.fields.get("if-none-match", ""):
            return Answer("304 Not Modified", kind, b"", lines, None)
        return Answer("200 OK", kind, octets, lines, None)
