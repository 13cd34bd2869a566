"""Feature codes: what is dialled, with every way in which phones write #."""

import unittest

from bellhop.settings import codes
from bellhop.settings.codes import CLEAR, SET, TELL, Dialled, read, table
from bellhop.tu import wishes

ETSI = table("etsi", {})
US = table("us", {})


class Reading(unittest.TestCase):
    def same(self, texts, feature, verb, number=b"", style=ETSI):
        for text in texts:
            with self.subTest(text=text):
                self.assertEqual(read(style, text), Dialled(feature, verb, number))

    def test_a_forward_is_set_with_a_number(self):
        texts = (b"*21*202#", b"*21*202", b"*21202", b"*21202#", b"*21*202%23", b"%2A21*202%23")
        self.same(
            texts + (b"*21*202;phone-context=home", b"*21*2-02"), "forward_always", SET, b"202"
        )
        self.same((b"*61*+4930123#", b"*61+49-30-123"), "forward_noanswer", SET, b"+4930123")
        self.same((b"*62*030123#", b"*62030123"), "forward_absent", SET, b"030123")

    def test_a_forward_is_set_again_without_one(self):
        self.same((b"*21", b"*21#", b"*21%23"), "forward_always", SET)

    def test_a_wish_is_cleared(self):
        self.same((b"#21#", b"#21", b"%2321%23", b"%2321"), "forward_always", CLEAR)
        self.same((b"#26#", b"#26"), "dnd", CLEAR)
        self.same((b"*73", b"*73#"), "forward_always", CLEAR, style=US)
        self.same((b"*79",), "dnd", CLEAR, style=US)

    def test_a_wish_is_told(self):
        self.same((b"*#21#", b"*#21", b"*%2321%23"), "forward_always", TELL)

    def test_pickup_intercom_and_places(self):
        self.same((b"*8", b"*8#"), "pickup", SET)
        self.same((b"*8202", b"*8*202", b"*8202#"), "pickup", SET, b"202")
        self.same((b"*80202", b"*80202#", b"*80*202"), "intercom", SET, b"202")
        self.same((b"*51", b"*51%23"), "park", SET, b"1")
        self.same((b"*61",), "park", SET, b"1", style=US)
        self.same((b"*69",), "last_caller", SET, style=US)
        self.same((b"*68",), "redial", SET, style=US)

    def test_other_calls_are_no_codes(self):
        others = b"202 alice * # *80 *50 *511 *26202 *21alice **21 *8alice %00*21 +4930 *800202 *99"
        for text in others.split(b" ") + [b"", b"*80 "]:
            with self.subTest(text=text):
                self.assertIsNone(read(ETSI, text))

    def test_no_style_has_no_codes(self):
        self.assertIsNone(read(table("off", {}), b"*21"))


class Tables(unittest.TestCase):
    def test_every_feature_has_a_row_and_each_style_fits_together(self):
        for style in codes.STYLES:
            for feature in table(style, {}):
                self.assertIn(feature, codes.ROWS)
        self.assertEqual(set(codes.ROWS), set(codes.FEATURES))
        self.assertTrue(set(codes.WISHES) <= set(wishes.NAMES))

    def test_the_owner_changes_and_takes_away(self):
        mine = table("etsi", {"pickup": "*9", "dnd": "off"})
        self.assertEqual(read(mine, b"*9202"), Dialled("pickup", SET, b"202"))
        self.assertIsNone(read(mine, b"*26"))

    def test_codes_that_cannot_be_told_apart_are_refused(self):
        for changes in ({"dnd": "*21"}, {"dnd": "*211"}, {"dnd": "*81"}, {"redial": "*801"}):
            with self.subTest(changes=changes), self.assertRaises(ValueError):
                table("etsi", changes)


if __name__ == "__main__":
    unittest.main()
