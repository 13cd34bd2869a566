"""Looks published keys up with a validating resolver inside this process (libunbound, ctypes)."""

import ctypes
import threading

from bellhop.names import keys
from bellhop.names.answer import TXT

LIBRARY = "libunbound.so.8"
IN = 1
# The keys of the Internet's root (IANA, 2017 and 2024), as DS records.
ROOT_KEYS = (
    b". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    b". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
)


class _Result(ctypes.Structure):
    """struct ub_result of unbound.h."""

    _fields_ = (
        ("qname", ctypes.c_char_p), ("qtype", ctypes.c_int), ("qclass", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_void_p)), ("len", ctypes.POINTER(ctypes.c_int)),
        ("canonname", ctypes.c_char_p), ("rcode", ctypes.c_int), ("packet", ctypes.c_void_p),
        ("packet_len", ctypes.c_int), ("havedata", ctypes.c_int), ("nxdomain", ctypes.c_int),
        ("secure", ctypes.c_int), ("bogus", ctypes.c_int), ("why_bogus", ctypes.c_char_p),
    )  # fmt: skip


class Resolver:
    """anchor, root_hints: paths of a root of one's own, "" for the Internet's."""

    def __init__(self, anchor="", root_hints=""):
        self.library = ctypes.CDLL(LIBRARY)
        self.library.ub_ctx_create.restype = ctypes.c_void_p
        self.lock = threading.Lock()
        self.root = anchor, root_hints

    def _context(self):
        """Return a new context: what it caches of a key that has just changed would be old."""
        anchor, hints = self.root
        context = ctypes.c_void_p(self.library.ub_ctx_create())
        if hints:
            for option, value in ((b"root-hints:", hints), (b"do-not-query-localhost:", "no")):
                self.library.ub_ctx_set_option(context, option, value.encode())
        if anchor:
            self.library.ub_ctx_add_ta_file(context, anchor.encode())
        for key in () if anchor else ROOT_KEYS:
            self.library.ub_ctx_add_ta(context, key)
        if hints:
            self.library.ub_ctx_zone_remove(context, b"test.")
        return context

    def keys(self, name):
        """Return (keys.Published that DNSSEC proves, why there are none); name: text."""
        with self.lock:
            context = self._context()
            found = ctypes.POINTER(_Result)()
            code = self.library.ub_resolve(context, name.encode(), TXT, IN, ctypes.byref(found))
            try:
                return ([], "the DNS does not answer") if code else _read(found.contents)
            finally:
                if not code:
                    self.library.ub_resolve_free(found)
                self.library.ub_ctx_delete(context)


def _read(found):
    if found.bogus:
        return [], "the DNS says what DNSSEC refutes"
    records, at = [], 0
    while found.data[at]:
        records.append(ctypes.string_at(found.data[at], found.len[at]))
        at += 1
    if not found.secure:
        return [], "it is not proved by DNSSEC"
    published = keys.published(records)
    return published, "" if published else "no key is published"
