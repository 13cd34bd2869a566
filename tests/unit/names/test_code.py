import unittest

from bellhop.names import code

KEY = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k="


class Code(unittest.TestCase):
    def test_what_is_written_is_read(self):
        text = code.write("dir.test", "01234567", KEY)
        self.assertEqual(code.read(text), ("dir.test", "01234567", KEY[:8]))

    def test_what_is_none_is_none(self):
        good = code.write("dir.test", "01234567", KEY)
        for text in (
            "", "hello", good.replace("0123", "x123"), good.replace("0123", "012"),
            good.replace("dir.test", ""), good.replace(KEY[:8], KEY[:7]), good[:30],
            good.replace("01234567", "٠١٢٣٤٥٦٧"), "\0" * 70000, good.partition(" for")[0],
        ):  # fmt: skip
            self.assertIsNone(code.read(text), text[:80])


if __name__ == "__main__":
    unittest.main()
