import unittest

from bellhop.limits import MAX_STRANGERS
from bellhop.tu.strangers import Strangers


class StrangersTest(unittest.TestCase):
    def test_each_address_has_one_row_the_last_first(self):
        strangers = Strangers()
        strangers.note("203.0.113.7", ("900", 404, "no"), False, 1000)
        strangers.note("203.0.113.8", ("901", 401, "no"), True, 2000)
        strangers.note("203.0.113.7", ("902", 403, "never"), True, 61000)
        first, second = strangers.rows(62000)
        self.assertEqual((first["address"], second["address"]), ("203.0.113.7", "203.0.113.8"))
        self.assertEqual((first["count"], first["wrong_passwords"]), (2, 1))
        self.assertEqual((first["seconds_since_first"], first["seconds_since_last"]), (61, 1))
        self.assertEqual((first["dialled"], first["status"], first["why"]), ("902", 403, "never"))

    def test_who_has_not_come_for_longest_is_forgotten(self):
        strangers = Strangers()
        for number in range(MAX_STRANGERS):
            strangers.note("10.0.0.%d" % number, ("", 403, ""), False, 0)
        strangers.note("10.0.0.0", ("", 403, ""), False, 0)
        strangers.note("x", ("", 403, ""), False, 0)
        self.assertEqual(len(strangers.known), MAX_STRANGERS)
        self.assertIn("10.0.0.0", strangers.known)
        self.assertNotIn("10.0.0.1", strangers.known)


if __name__ == "__main__":
    unittest.main()
