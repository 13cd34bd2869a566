"""Phone books as spreadsheets, telephones and address books write them."""

import unittest

from bellhop.errors import BellhopError
from bellhop.features.phonebook import formats, reading

JO = {"display": "Jo", "number": "71", "address": "sip:j@far.test"}
SPELLINGS = (
    "name,number,address\r\nJo,71,sip:j@far.test\r\n",
    "\ufeffname,number,address\nJo,71,sip:j@far.test",
    "name,number,address\rJo,71,sip:j@far.test\r",
    "\n\nName ; NUMBER;Address\n\nJo;71;sip:j@far.test\n;;\n",
    "name\tnumber\taddress\r\nJo\t71\tsip:j@far.test\r\n",
    "sep=|\r\nname|number|address\r\nJo|71|sip:j@far.test\r\n",
    'name, number, address\n "Jo" , "71", "sip:j@far.test"\n',
    "address,note,number,name\nsip:j@far.test,x,71,Jo\n",
    'name,number,address\nJo,="71",sip:j@far.test\n',
    'name,number,address\nJo,"=""71""",sip:j@far.test\n',
    "BEGIN:VCARD\nFN:Jo\nAGENT:\nBEGIN:VCARD\nFN:Ann\nTEL:72\nEND:VCARD\nTEL:71\n"
    "IMPP:sip:j@far.test\nEND:VCARD\n",
    "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Jo\r\nTEL:71\r\nIMPP:sip:j@far.test\r\nEND:VCARD\r\n",
    "begin:vcard\nVERSION:3.0\nN:;Jo;;;\nitem1.TEL;TYPE=\"cell,voice\":7\n 1\n"
    "X-SIP:j@far.test\nEND:VCARD\n",
    "BEGIN:VCARD\nFN:Jo\nTEL;VALUE=uri:tel:71;ext=5\nTEL;VALUE=uri:sip:j@far.test\nEND:VCARD\n",
    "BEGIN:VCARD\nVERSION:2.1\nN;ENCODING=QUOTED-PRINTABLE:;=4A=\n=6F\nPHOTO;ENCODING=b:QUJD\n"
    " RA==\n\nTEL;CELL:71\nIMPP:sip:j@far.test\nEND:VCARD",
)  # fmt: skip


class SpellingTest(unittest.TestCase):
    def test_one_person_is_read_from_every_spelling(self):
        for text in SPELLINGS:
            self.assertEqual(reading.read(text), ([JO], 0), text)

    def test_what_was_written_is_read_again(self):
        people = [
            {"display": name, "number": number, "address": address}
            for name, number, address in (
                ('Ann "A", Dr.; x', "201", "sip:ann@h"), ("=1+1", "+49-30 1", "tel:+4930"),
                ("'+x", "*21", ""), ("'t Hooft", "@7", "sips:a@b"), ("Help", "112",
                "urn:service:sos"), ("a\\b, c", "(030) 7", "sip:x@y"),
            )
        ]  # fmt: skip
        told = [dict(one, registered=True) for one in people]
        for form in ("csv", "vcard"):
            text, _ = formats.write(form, told, "")
            self.assertEqual(reading.read(text), (people, 0))

    def test_quotes_hold_delimiters_quotes_and_line_breaks(self):
        text = 'name;number\n"Smith;\r\n ""Bob""";71\nBen;72\n'
        names = [one["display"] for one in reading.read(text)[0]]
        self.assertEqual(names, ['Smith; "Bob"', "Ben"])

    def test_a_quote_within_a_field_is_a_letter(self):
        entries, _ = reading.read('name,number\n5" screen,71\n')
        self.assertEqual(entries[0]["display"], '5" screen')

    def test_blanks_of_any_kind_are_blanks(self):
        entries, _ = reading.read("name,number\nJo\xa0 Ann,+49\xa030\xa01\n")
        self.assertEqual(entries[0]["display"], "Jo Ann")
        self.assertEqual(entries[0]["number"], "+49 30 1")


class CardTest(unittest.TestCase):
    def test_each_number_of_a_person_is_an_entry(self):
        entries, _ = reading.read(
            "BEGIN:VCARD\nFN:Jo\nTEL;HOME:71\nTEL;TYPE=cell:72\nTEL:73\nIMPP:sip:j@far.test\n"
            "END:VCARD"
        )
        self.assertEqual(
            [(one["display"], one["number"], one["address"]) for one in entries],
            [("Jo (home)", "71", "sip:j@far.test"), ("Jo (cell)", "72", ""), ("Jo", "73", "")],
        )

    def test_letters_in_quoted_printable_have_the_charset_of_their_octets(self):
        for written in ("J=C3=BCrgen", "J=FCrgen"):
            card = "BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:%s\nTEL:1\nEND:VCARD" % written
            self.assertEqual(reading.read(card)[0][0]["display"], "J\xfcrgen")

    def test_who_cannot_be_called_is_left_out_and_counted(self):
        card = "BEGIN:VCARD\nFN:Jo\nEMAIL:j@far.test\nEND:VCARD\n"
        self.assertEqual(reading.read(card + card), ([], 2))

    def test_escapes_are_undone(self):
        card = "BEGIN:VCARD\nFN:Smith\\, Bob\\nx\nTEL:1\nEND:VCARD"
        self.assertEqual(reading.read(card)[0][0]["display"], "Smith, Bob x")


class RefusalTest(unittest.TestCase):
    def test_the_cause_and_its_line_are_named(self):
        for text, words in (
            ("", "empty"),
            ("\r\n \r\n", "empty"),
            ("n\0a\0", "no text"),
            ("name\nBen\n", "it says name"),
            ("Vorname;Nummer\nBen;1\n", "it says vorname, nummer"),
            ("name,number\nBen,7\n,8\n", "line 3"),
            ("name,number\n\nBen,\n", "line 3"),
            ('name,number\n"Ben,7\nx,1\n', "line 2: a quote"),
            ("name,address\nBen,http://x\n", "line 2"),
            ("BEGIN:VCARD\nFN:Jo\n", "END:VCARD"),
            ("BEGIN:VCARD\nFN:Jo\nTEL\nEND:VCARD\n", "line 3"),
            ('BEGIN:VCARD\nFN;X="a:Jo\nEND:VCARD\n', "line 2"),
            ("BEGIN:VCARD\nEND:VCARD\nTEL:1\n", "line 3"),
            ("BEGIN:VCARD\nFN:Jo\nTEL:1\nBEGIN:VCARD\nFN:Al\nEND:VCARD\n", "card of line 1"),
            ("name,number\nBen,4.93E+11\n", "rounded this number to 4.93E+11"),
            ("name;number\nBen;4,93e+11\n", "line 2: the spreadsheet has rounded"),
            ('<?xml version="1.0"?><phonebooks>', "this is XML"),
        ):
            with self.assertRaises(BellhopError) as caught:
                reading.read(text)
            self.assertIn(words, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
