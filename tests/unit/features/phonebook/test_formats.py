import unittest

from bellhop.errors import BellhopError
from bellhop.features.phonebook import formats

ANN = {"display": 'Ann "A" <x>, Dr.', "number": "201", "address": "sip:ann@h", "registered": True}
BEN = {"display": "Ben", "number": "7", "address": "sip:ben@far.test", "registered": False}


class WritingTest(unittest.TestCase):
    def test_xml_formats_escape_what_a_stranger_chose_as_name(self):
        for form in ("generic", "yealink", "cisco", "snom", "grandstream"):
            text, kind = formats.write(form, [ANN, BEN], "home.test")
            self.assertIn("Ann &quot;A&quot; &lt;x&gt;, Dr.", text)
            self.assertIn("201", text)
            self.assertIn("xml", kind)

    def test_control_characters_reach_no_terminal_and_no_phone(self):
        bad = dict(BEN, display="a\x1b[2J\r\nb\x7f\x9bc")
        for form in formats.FORMATS:
            text, _ = formats.write(form, [bad], "home.test")
            self.assertIn("a[2Jbc", text)

    def test_a_cisco_page_holds_32_entries(self):
        text, _ = formats.write("cisco", [BEN] * 40, "home.test")
        self.assertEqual(text.count("<DirectoryEntry>"), 32)

    def test_a_spreadsheet_runs_no_formula(self):
        text, _ = formats.write("csv", [dict(BEN, display="=1+1")], "")
        self.assertIn("'=1+1,7,", text)

    def test_an_unknown_format_names_the_known_ones(self):
        with self.assertRaises(BellhopError) as caught:
            formats.write("pdf", [], "")
        self.assertIn("yealink", str(caught.exception))


class ReadingTest(unittest.TestCase):
    def test_what_was_written_as_csv_is_read_again(self):
        text, _ = formats.write("csv", [ANN, BEN], "")
        names = ("display", "number", "address")
        self.assertEqual(
            [[entry[name] for name in names] for entry in formats.read_csv(text)],
            [[entry[name] for name in names] for entry in (ANN, BEN)],
        )

    def test_columns_may_stand_in_any_order(self):
        entries = formats.read_csv("number,name\n7,Ben\n")
        self.assertEqual(entries, [{"display": "Ben", "number": "7", "address": ""}])

    def test_errors_name_the_line(self):
        for text, line in (
            ("", "line 1"),
            ("name\nBen\n", "line 1"),
            ("name,number\nBen,7\n,8\n", "line 3"),
            ('name,number\n"Ben,7\n', "line 2"),
            ("name,address\nBen,http://x\n", "line 2"),
        ):
            with self.assertRaises(BellhopError) as caught:
                formats.read_csv(text)
            self.assertIn(line, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
