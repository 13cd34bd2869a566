"""A validating resolver inside the node: libunbound asks the name servers itself (RFC 4035).

What another machine says of DNSSEC is never believed: the signatures are checked here, from the
root's key downwards. Questions go out on a thread of the library's; answers come back on the loop.
"""

import os
import threading
import time

from bellhop.shell.dnssec.unbound_abi import ffi

from ...errors import BellhopError
from ...names.answer import BOGUS, INSECURE, SECURE, SILENT, Answer

LIBRARY = "libunbound.so.8"
# The keys of the Internet's root (IANA, 2017 and 2024), as DS records.
ROOT_KEYS = (
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
)
OPTIONS = (
    ("msg-cache-size:", "256k"),
    ("rrset-cache-size:", "512k"),
    ("key-cache-size:", "64k"),
    ("neg-cache-size:", "32k"),
    ("outgoing-range:", "32"),
    ("num-queries-per-thread:", "24"),
    # The names of numbers have 15 labels, and would take as many questions. That the root sees no
    # number is seen to by asking for the zone first (`zone` below).
    ("qname-minimisation:", "no"),
    # A zone's keys are asked for with what they have signed, not after it.
    ("prefetch-key:", "yes"),
)
# Zones below which nobody is asked by default, but somebody may have names of their own there.
OWN_ZONES = ("test.", "invalid.", "home.arpa.")
MAX_WAITING = 256
MAX_RECORDS = 16
MAX_ZONES, ZONE_MS = (64, 600000)
IN, NS = (1, 2)
# RFC 1035 section 4.1.1: NOERROR, and NXDOMAIN.
ANSWERED = (0, 3)
STACK_BYTES = 512 * 1024
# Of struct timex and pthread_attr_t, on any machine.
ROOM_BYTES = 512
UNSYNCHRONISED = 5
# No clock that is right shows an earlier time than this program's.
EARLIEST = 1790000000
# Routers have no clock that goes on without power: until NTP was heard they believe an old date.
CLOCK, ROUTER = "/sys/class/rtc/rtc0", "/etc/openwrt_release"
NO_CLOCK = "the clock is not set yet"
FULL = "too many names are being looked up"


class Unbound:
    """The resolver of a node. anchor, root_hints: paths, "" for the Internet's root."""

    def __init__(self, loop, anchor="", root_hints=""):
        self.loop = loop
        try:
            self.lib = ffi.dlopen(LIBRARY)
        except OSError as error:
            raise BellhopError("no names are checked by DNSSEC: %s" % error) from None
        self.libc = ffi.dlopen(None)
        self.is_clocked = self._has_clock()
        self.context = self.lib.ub_ctx_create()
        self.waiting = {}
        self.number = 0
        # Zones whose servers are known, until when; questions that wait for those of others.
        self.zones, self.sought = {}, {}
        self.counters = {outcome.replace(" ", "_"): 0 for outcome in (SECURE, INSECURE)}
        self.counters.update({"bogus": 0, "no_answer": 0})
        self.callback = ffi.callback("ub_callback_type", self._answered)
        try:
            self._configure(anchor, root_hints)
        except BellhopError:
            self.lib.ub_ctx_delete(self.context)
            raise
        loop.watch(self.lib.ub_fd(self.context), self._ready)

    def _configure(self, anchor, root_hints):
        for option, value in OPTIONS:
            self._set(option, value)
        if root_hints:
            self._set("root-hints:", root_hints)
            self._set("do-not-query-localhost:", "no")
        if not self.is_clocked:  # Signatures count, their dates do not.
            self._set("val-override-date:", "-1")
        if anchor:
            words = "the root's keys in %s cannot be read" % anchor
            self._check(self.lib.ub_ctx_add_ta_file(self.context, anchor.encode()), words)
        for key in () if anchor else ROOT_KEYS:
            self._check(self.lib.ub_ctx_add_ta(self.context, key.encode()), key)
        self._check(self.lib.ub_ctx_async(self.context, 1), "a thread")
        # These stand behind all options: the first of them makes the library read its settings.
        for zone in OWN_ZONES if root_hints else ():
            self.lib.ub_ctx_zone_remove(self.context, zone.encode())
        self._widen_stacks()

    def _set(self, option, value):
        words = "%s %s" % (option, value)
        self._check(
            self.lib.ub_ctx_set_option(self.context, option.encode(), value.encode()), words
        )

    def _check(self, code, words):
        if code:
            why = ffi.string(self.lib.ub_strerror(code)).decode()
            raise BellhopError("no names are checked by DNSSEC: %s: %s" % (words, why))

    def _widen_stacks(self):
        """The library's thread needs more than the 128 kB of musl, and cannot ask for it."""
        attributes = ffi.new("char[]", ROOM_BYTES)
        size = ffi.new("size_t *")
        self.libc.pthread_getattr_default_np(attributes)
        self.libc.pthread_attr_getstacksize(attributes, size)
        if size[0] < STACK_BYTES:
            self.libc.pthread_attr_setstacksize(attributes, STACK_BYTES)
            self.libc.pthread_setattr_default_np(attributes)

    def _has_clock(self):
        """Tell whether the dates of signatures can be judged by this machine's clock."""
        if time.time() < EARLIEST:
            return False
        if os.path.exists(CLOCK) or not os.path.exists(ROUTER):
            return True
        return self.libc.adjtimex(ffi.new("char[]", ROOM_BYTES)) != UNSYNCHRONISED

    def is_late(self):
        """Tell whether the clock has been set since: then a new Unbound judges by it."""
        return not self.is_clocked and self._has_clock()

    # Questions.

    def ask(self, name, kind, zone, seconds, told):
        """Ask for the records of a name; told(names.answer.Answer) is called once, on the loop.

        name, zone: text; zone: whose servers alone shall see the name; kind: number of a type.
        """
        question = _Question(self, name, kind, told)
        question.timer = self.loop.call_later(int(seconds * 1000), question.give_up)
        now = self.loop.now()
        if zone in ("", name) or self.zones.get(zone, now) > now:
            question.start()
        elif zone in self.sought:
            self.sought[zone].append(question)
        else:
            self.sought[zone] = [question]
            if self.begin(zone, NS, lambda answer: self._found(zone, answer)) is None:
                self._found(zone, Answer(SILENT, (), FULL))

    def _found(self, zone, answer):
        """Ask what has waited for the servers of a zone: nobody else is to see those names."""
        if answer.outcome != SILENT:
            if len(self.zones) >= MAX_ZONES:
                self.zones = {}
            self.zones[zone] = self.loop.now() + ZONE_MS
        for question in self.sought.pop(zone):
            if answer.outcome == SILENT:
                question.answered(answer)
            else:
                question.start()

    def look_up(self, name, kind, seconds):
        """As `ask`, for a worker: wait for the Answer and return it."""
        found, came = [], threading.Event()

        def told(answer):
            found.append(answer)
            came.set()

        number = self.begin(name, kind, told)
        if number is None:
            return Answer(SILENT, (), FULL)
        if not came.wait(seconds):
            self.drop(number)
            return Answer(SILENT, (), "no answer within %d s" % seconds)
        return found[0]

    def begin(self, name, kind, told):
        """Send a question; return its number, or None where it cannot be sent."""
        if len(self.waiting) >= MAX_WAITING:
            return None
        self.number += 1
        number, known = self.number, ffi.new("int *")
        self.waiting[number] = [told, 0]
        code = self.lib.ub_resolve_async(
            self.context, name.encode("ascii", "replace"), kind, IN,
            ffi.cast("void *", number), self.callback, known,
        )  # fmt: skip
        if code:
            del self.waiting[number]
            return None
        if number in self.waiting:
            self.waiting[number][1] = known[0]
        return number

    def drop(self, number):
        """Wait for an answer no longer."""
        waiting = self.waiting.pop(number, None)
        if waiting is not None:
            self.lib.ub_cancel(self.context, waiting[1])

    def _ready(self, events):
        self.lib.ub_process(self.context)

    def _answered(self, number, code, result):
        told, _ = self.waiting.pop(int(ffi.cast("intptr_t", number)), (None, None))
        answer = self._read(code, result)
        if not code:
            self.lib.ub_resolve_free(result)
        if told is not None:
            self.counters[answer.outcome.replace(" ", "_")] += 1
            told(answer)

    def _read(self, code, result):
        if code:
            return Answer(SILENT, (), ffi.string(self.lib.ub_strerror(code)).decode())
        if result.bogus:
            why = ffi.string(result.why_bogus).decode("ascii", "replace")
            return Answer(BOGUS, (), why if result.why_bogus else "the signatures are wrong")
        if result.rcode not in ANSWERED:
            return Answer(SILENT, (), "the name servers do not answer")
        records = []
        while len(records) < MAX_RECORDS and result.data[len(records)] != ffi.NULL:
            at = len(records)
            records.append(bytes(ffi.buffer(result.data[at], result.len[at])))
        why = "" if self.is_clocked else NO_CLOCK
        return Answer(SECURE if result.secure else INSECURE, tuple(records), why)

    def close(self):
        """End the library's thread; nothing may follow."""
        self.loop.forget(self.lib.ub_fd(self.context))
        self.waiting = {}
        self.lib.ub_ctx_delete(self.context)


class _Question:
    """One question of `ask`, from the first moment to its answer."""

    def __init__(self, unbound, name, kind, told):
        self.unbound = unbound
        self.name = name
        self.kind = kind
        self.told = told
        self.number = self.timer = None

    def start(self):
        if self.told is None:
            return
        self.number = self.unbound.begin(self.name, self.kind, self.answered)
        if self.number is None:
            self.answered(Answer(SILENT, (), FULL))

    def give_up(self):
        if self.number is not None:
            self.unbound.drop(self.number)
        self.unbound.counters["no_answer"] += 1
        self.answered(Answer(SILENT, (), "the name servers do not answer in time"))

    def answered(self, answer):
        """Tell who has asked, once."""
        self.unbound.loop.cancel(self.timer)
        told, self.told = self.told, None
        if told is not None:
            told(answer)
