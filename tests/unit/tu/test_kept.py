"""What of the bindings outlives a restart, and a loss of power."""

import json
import unittest

from bellhop.tu.kept import LASTING, NOW, Kept
from bellhop.tu.location import Location
from tests.support.messages import LISTENERS, flow
from tests.unit.tu.test_location import binding

FIELDS = ("user", "contact", "params", "q", "call_id", "cseq", "path", "flow", "instance", "reg_id",
          "agent", "number", "seconds")  # fmt: skip
USERS = ("bob",)
LATER = 500000


class KeptTest(unittest.TestCase):
    def setUp(self):
        self.location = Location(100)
        self.listeners = LISTENERS
        self.kept = Kept(self.location, lambda: self.listeners)
        self.files = {NOW: {}, LASTING: {}}
        self.writings, self.waiting = [], []

    def add(self, *arguments, now=0, **fields):
        """Register a phone of bob; return its binding."""
        made = binding(*arguments, **fields)
        gone = self.location.add(made)
        self.keep(self.kept.stores([made], gone, now))
        return made

    def keep(self, effects):
        """Write what is to be written now; what may wait is written by `settle`."""
        for effect in effects:
            self.writings.append(effect.name)
            if isinstance(effect.changes, dict):
                self.files[effect.name].update(effect.changes)
            else:
                self.waiting.append(effect)

    def settle(self, now=0):
        """Write what waits."""
        for effect in self.waiting:
            self.files[effect.name].update(effect.changes(now))
        self.waiting = []

    def restored(self, *names, users=USERS, listeners=LISTENERS):
        """Return (Kept, its bindings) of the next process, by another clock."""
        table = Location(100)
        other = Kept(table, lambda: listeners)
        for name in names:
            rows = [row for row in self.files[name].values() if row is not None]
            other.restore(name, json.loads(json.dumps(rows)), users, LATER)
        return other, table.all(LATER)

    def test_what_is_kept_comes_back(self):
        made = self.add(
            b"sip:b%C3%B6b@10.0.0.3", params=[(b"ob", None), (b"x", b'"\xff"')],
            path=[b"<sip:p;lr>"], instance=b"<urn:uuid:1>", reg_id=2, q=700, since=-5000,
            agent=None, seconds=90,
        )  # fmt: skip
        for name, times in ((NOW, (60000, 5000)), (LASTING, (90000, 0))):
            (back,) = self.restored(name)[1]
            for field in FIELDS:
                self.assertEqual(getattr(back, field), getattr(made, field), field)
            self.assertEqual((back.until - LATER, LATER - back.since), times)

    def test_a_refresh_costs_the_flash_nothing(self):
        self.add()
        self.writings = []
        self.add(until=90000, cseq=2)
        self.assertEqual(self.writings, [NOW])
        self.settle()
        (back,) = self.restored(NOW, LASTING)[1]
        self.assertEqual((back.cseq, back.until), (2, LATER + 90000))
        (back,) = self.restored(LASTING)[1]
        self.assertEqual((back.cseq, back.until), (1, LATER + 60000))

    def test_many_refreshes_are_one_writing(self):
        phones = (b"sip:bob@10.0.0.3", b"sip:bob@10.0.0.4", b"sip:bob@10.0.0.5")
        for contact in phones:
            self.add(contact, call_id=contact)
        self.writings = []
        for cseq in (2, 3):
            for contact in phones:
                self.add(contact, until=90000, cseq=cseq, call_id=contact)
        self.assertEqual(self.writings, [NOW])
        self.settle()
        self.assertEqual([one.cseq for one in self.restored(NOW)[1]], [3, 3, 3])
        self.add(phones[0], until=99000, cseq=4, call_id=phones[0])
        self.assertEqual(self.writings, [NOW, NOW])

    def test_a_phone_that_goes_before_its_refresh_was_written_stays_away(self):
        self.add()
        made = self.add(until=90000, cseq=2)
        self.location.remove(made)
        self.keep(self.kept.stores([], [made], 0))
        self.settle()
        self.assertEqual(self.restored(NOW)[1], [])

    def test_what_was_there_before_the_restart_is_newer_than_the_flash(self):
        made = self.add()
        self.location.remove(made)
        (now, lasting) = self.kept.stores([], [made], 0)
        self.files[NOW].update(now.changes)
        self.assertEqual(lasting.changes, {1: None})
        self.assertEqual(self.restored(NOW, LASTING)[1], [])

    def test_an_address_that_comes_later_brings_its_phones(self):
        self.add()
        self.add(b"sip:bob@10.0.0.4", flow=flow("10.0.0.4", 5060, "tcp"))
        listeners = [LISTENERS[0]]
        other, found = self.restored(LASTING, listeners=listeners)
        self.assertEqual([one.contact for one in found], [b"sip:bob@10.0.0.3"])
        rows = {effect.name: effect.read(LATER) for effect in other.start()}
        self.assertEqual([row["id"] for row in rows[LASTING]], [1, 2])
        self.assertEqual(other.look_again(USERS, LATER), [])
        listeners.append(LISTENERS[1])
        self.assertEqual(len(other.look_again(USERS, LATER + 1000)), 1)
        self.assertEqual(len(other.location.all(LATER + 1000)), 2)

    def test_a_phone_that_was_faster_than_its_address_is_there_once(self):
        self.add(instance=b"<urn:uuid:1>")
        listeners = LISTENERS[1:]
        other, _ = self.restored(LASTING, listeners=listeners)
        fresh = binding(b"sip:bob@10.0.0.9", instance=b"<urn:uuid:1>", until=LATER + 60000)
        other.location.add(fresh)
        listeners.append(LISTENERS[0])
        self.assertEqual(other.look_again(USERS, LATER + 1000), [])
        self.assertEqual(other.location.all(LATER), [fresh])
        self.assertEqual(fresh.number, 2)

    def test_phones_of_addresses_that_never_come_are_forgotten(self):
        self.add()
        other, _ = self.restored(LASTING, listeners=LISTENERS[1:])
        other.look_again(USERS, LATER + 60000)
        self.assertEqual(other.start()[0].read(LATER), [])

    def test_a_user_who_is_gone_does_not_come_back(self):
        self.add()
        self.assertEqual(self.restored(LASTING, users=("alice",))[1], [])

    def test_a_listener_that_moved_is_found_again(self):
        self.add()
        (back,) = self.restored(NOW, listeners=[None] + LISTENERS)[1]
        self.assertEqual(back.flow.local, 1)

    def test_a_phone_whose_address_has_gone_is_not_kept(self):
        self.listeners = [None] + LISTENERS[1:]
        self.add()
        self.assertEqual(self.files[NOW], {1: None})

    def test_a_stream_is_opened_anew_where_the_phone_can_be_reached(self):
        for contact, port in ((b"sip:bob@10.0.0.3:5070;transport=tcp", 5070),
                              (b"sip:bob@10.0.0.3;transport=tcp", 5060)):  # fmt: skip
            self.add(contact, flow=flow("10.0.0.3", 40000, "tcp", 7))
            (back,) = self.restored(LASTING)[1]
            self.assertEqual(back.flow, flow("10.0.0.3", port, "tcp"))
            self.setUp()
        self.add(b"sip:bob@192.168.1.3:5070;transport=tcp", flow=flow("10.0.0.3", 40000, "tcp", 7))
        (back,) = self.restored(LASTING)[1]
        self.assertEqual(back.flow, flow("10.0.0.3", 40000, "tcp", 7))

    def test_what_an_earlier_version_has_kept_is_taken(self):
        self.add()
        for name in ("id", "granted"):
            del self.files[NOW][1][name]
        (back,) = self.restored(NOW)[1]
        self.assertEqual((back.seconds, back.contact), (60, b"sip:bob@10.0.0.3"))
