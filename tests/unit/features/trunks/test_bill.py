"""What calls by providers have cost, and what of it the mesh may spend."""

import unittest

from bellhop.features.trunks import bill
from bellhop.features.trunks.bill import Bill
from tests.support.carrier import provider
from tests.support.messages import settings

HALF_A_CENT = (500, None)


class Leg:
    """What a call is billed by."""

    def __init__(self, section, is_out=True, price=None, payer=None):
        self.provider = section
        self.is_out, self.price, self.payer = is_out, price, payer


def section(more=""):
    return settings(more=provider(more=more)).providers[0]


class BillTest(unittest.TestCase):
    def setUp(self):
        self.bill = Bill()
        self.bill.date("2026-11")

    def test_begun_minutes_count_and_calls_from_outside_cost_nothing(self):
        self.bill.add(Leg(section(), price=(1900, 5000)), 61)
        self.bill.add(Leg(section(), is_out=False), 30)
        row = self.bill.of("tel")
        self.assertEqual((row["calls_out"], row["seconds_out"], row["cost"]), (1, 61, 8800))
        self.assertEqual((row["calls_in"], row["seconds_in"]), (1, 30))

    def test_each_month_has_its_row_and_old_ones_go(self):
        for number in range(30):
            self.bill.date("20%02d-01" % number)
            self.bill.add(Leg(section()), 10)
        self.assertEqual(len(self.bill.rows), bill.MOST_MONTHS)
        changes = self.bill.changes(0)
        self.assertEqual(changes["2000-01 tel"], None)
        self.assertEqual(self.bill.changes(0), {})

    def test_it_outlives_a_restart(self):
        self.bill.add(Leg(section(), price=HALF_A_CENT), 60)
        after = Bill()
        after.date("2026-11")
        after.restore(self.bill.dump(0))
        self.assertEqual(after.of("tel"), self.bill.of("tel"))

    def test_the_mesh_has_minutes_and_money_and_no_more(self):
        offered = section("option offer all\n\toption offer_minutes 2\n\toption offer_money 1")
        self.assertEqual(self.bill.left(offered, None), 120)
        self.assertEqual(self.bill.left(offered, HALF_A_CENT), 120)
        self.assertEqual(self.bill.left(offered, (700, None)), 60)
        self.assertEqual(self.bill.left(offered, (1100, None)), 0)
        self.assertEqual(self.bill.left(offered, (None, 2000)), 0)
        self.bill.add(Leg(offered, price=HALF_A_CENT, payer="key"), 61)
        self.assertEqual(self.bill.left(offered, HALF_A_CENT), 0)
        self.assertEqual(self.bill.left(offered, None), 59)
        self.bill.date("2026-12")
        self.assertEqual(self.bill.left(offered, None), 120)


if __name__ == "__main__":
    unittest.main()
