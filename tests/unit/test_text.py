"""Octets of strangers as text for people."""

import unittest

from bellhop import text
from bellhop.mesh.identity import parse_key, write_key

# What UTF-16 makes of "Jürgen €" and of a letter beyond 16 bits.
LITTLE = b"\xff\xfeJ\0\xfc\0r\0g\0e\0n\0 \0\xac\x20\x3d\xd8\x00\xde"
BIG = b"\xfe\xff\0J\0\xfc\0r\0g\0e\0n\0 \x20\xac\xd8\x3d\xde\x00"


class FileTest(unittest.TestCase):
    def test_a_file_is_read_in_the_charset_it_was_written_in(self):
        for octets in (
            "J\xfcrgen \u20ac".encode(), b"\xef\xbb\xbf" + "J\xfcrgen \u20ac".encode(),
            b"J\xfcrgen \x80", LITTLE[:-4], BIG[:-4],
        ):  # fmt: skip
            self.assertEqual(text.of_file(octets), "J\xfcrgen \u20ac")
        for octets in (LITTLE, BIG):
            self.assertEqual(text.of_file(octets)[-1], "\U0001f600")

    def test_any_octets_are_some_text(self):
        for octets in (
            b"",
            b"\xff",
            b"\xff\xfe",
            b"\xff\xfe\0",
            b"\xff\xfe\0\xd8",
            bytes(range(256)),
        ):
            text.of_file(octets)
        self.assertEqual(text.of_file(b"\xff\xfe\0\xdc"), "\ufffd")


class PlainTest(unittest.TestCase):
    def test_letters_of_all_kinds_stay(self):
        for name in (
            b"Gran",
            "Gro\xdfmutter".encode(),
            "\u5976\u5976".encode(),
            b"",
            b"O'Hara (barn)",
        ):
            self.assertEqual(text.plain(name), name)
            self.assertTrue(text.is_name(name))

    def test_what_is_not_seen_goes(self):
        for letter in (
            "\u202e", "\u2066", "\u200f", "\u2028", "\u2029", "\ufeff", "\u061c", "\x85", "\ufffe",
            "\r", "\n", "\0", "\x7f", "\t",
        ):  # fmt: skip
            name = ("Gr" + letter + "an").encode()
            self.assertEqual(text.plain(name), b"Gran", letter)
            self.assertFalse(text.is_name(name), letter)

    def test_what_is_no_utf_8_shows_as_question_marks(self):
        self.assertEqual(text.plain(b"Gr\xffan\r"), b"Gr?an?")
        self.assertFalse(text.is_name(b"Gr\xffan"))

    def test_what_ends_a_name_in_a_header_is_no_name(self):
        for octets in (b'a"b', b"a<b", b"a>b", b"a\\b"):
            self.assertFalse(text.is_name(octets))


class XmlTest(unittest.TestCase):
    def test_only_characters_of_xml_are_left(self):
        for code in (0, 0x1B, 0x7F, 0x9F, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xFFFE, 0xFFFF):
            self.assertEqual(text.printable("a" + chr(code) + "b"), "ab", code)
        for code in (0x20, 0xA0, 0xFC, 0x2028, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x1F600):
            self.assertEqual(text.printable(chr(code)), chr(code))

    def test_signs_of_xml_are_escaped(self):
        self.assertEqual(text.xml('<a b="&">'), "&lt;a b=&quot;&amp;&quot;&gt;")


class ReadableTest(unittest.TestCase):
    def test_letters_are_letters_and_what_is_not_seen_is_a_question_mark(self):
        for octets, shown in (
            ("J\xfcrgen \u7279 \U0001f600".encode(), "J\xfcrgen \u7279 \U0001f600"),
            (b"a\x1b[2J\r\n", "a?[2J??"), ("a\u202eb\ufeff".encode(), "a?b?"),
            (b"J\xfcrgen", "J?rgen"), (b"", ""),
        ):  # fmt: skip
            self.assertEqual(text.readable(octets), shown)


class KeyTextTest(unittest.TestCase):
    def test_a_key_is_the_same_letters_everywhere(self):
        for size in (0, 1, 5, 20, 32):
            key = bytes(range(7, 7 + size))
            self.assertEqual(len(text.key_text(key)), (8 * size + 4) // 5)
        key = bytes(range(32))
        self.assertEqual(text.key_text(key).encode(), write_key(key))
        self.assertEqual(parse_key(text.key_text(key).encode()), key)


if __name__ == "__main__":
    unittest.main()
