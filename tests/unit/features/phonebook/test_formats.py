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

    def test_what_is_no_character_of_xml_reaches_no_phone(self):
        named = "a" + "".join([chr(code) for code in (1, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF)]) + "b"
        for form in formats.FORMATS:
            text, _ = formats.write(form, [dict(BEN, display=named)], named)
            self.assertIn("ab", text)
            text.encode()

    def test_a_cisco_phone_reads_32_entries_and_finds_the_next_page_by_a_key(self):
        people = [dict(BEN, number=str(number)) for number in range(70)]
        url = "http://10.0.0.1:8086/phonebook/cisco.xml?a&page="
        seen = []
        for page, is_last in ((1, False), (2, False), (3, True)):
            text, _ = formats.write("cisco", people, "home.test", page, url)
            seen += [part.partition("<")[0] for part in text.split("<Telephone>")[1:]]
            following = "<URL>%s%d</URL>" % (url.replace("&", "&amp;"), page + 1)
            self.assertEqual(following in text, not is_last)
        self.assertEqual(seen, [str(number) for number in range(70)])

    def test_a_file_for_a_cisco_phone_holds_all(self):
        text, _ = formats.write("cisco", [BEN] * 40, "home.test")
        self.assertEqual(text.count("<DirectoryEntry>"), 40)

    def test_a_spreadsheet_runs_no_formula(self):
        text, _ = formats.write("csv", [dict(BEN, display="=1+1")], "")
        self.assertIn("'=1+1,7,", text)

    def test_an_unknown_format_names_the_known_ones(self):
        with self.assertRaises(BellhopError) as caught:
            formats.write("pdf", [], "")
        self.assertIn("yealink", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
