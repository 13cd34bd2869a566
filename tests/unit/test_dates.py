"""Moments as people write them, against the calendar of the interpreter's library."""

import time
import unittest

from bellhop import dates

DAY = 86400


class DatesTest(unittest.TestCase):
    def test_days_are_those_of_the_calendar(self):
        for days in list(range(400)) + list(range(10900, 11500)) + list(range(20000, 24850, 7)):
            seconds = days * DAY + 45296
            wanted = "%04d-%02d-%02dT%02d:%02d:%02d" % tuple(time.gmtime(seconds))[:6]
            self.assertEqual(dates.iso(seconds, 0), wanted + "+00:00")

    def test_a_place_has_its_own_day(self):
        self.assertEqual(dates.iso(0, 60), "1970-01-01T01:00:00+01:00")
        self.assertEqual(dates.iso(0, -210), "1969-12-31T20:30:00-03:30")
        self.assertEqual(dates.iso(951868799, 1), "2000-03-01T00:00:59+00:01")

    def test_minutes_before_utc(self):
        def at(day, hour, minute):
            return (2026, 1, 1, hour, minute, 0, 0, day)

        self.assertEqual(dates.offset_minutes(at(1, 0, 30), at(365, 23, 30)), 60)
        self.assertEqual(dates.offset_minutes(at(365, 20, 0), at(1, 1, 0)), -300)
        self.assertEqual(dates.offset_minutes(at(5, 5, 45), at(5, 0, 0)), 345)


if __name__ == "__main__":
    unittest.main()
