"""UCI text is read as libuci reads it; what is no UCI is told with its place, and the rest read."""

import unittest

from bellhop.settings import grammar


def read(text):
    """Return what grammar.read gives for a text."""
    return grammar.read(text.encode())


def sections(text):
    """Return [(kind, title, {name: [texts]})] of a text without faults."""
    blocks, faults = read(text)
    assert not faults, faults
    return told(blocks)


def told(blocks):
    """Return what stands in some Blocks."""
    return [
        (
            one.kind,
            one.title,
            {name: [text for text, _ in one.options[name]] for name in one.options},
        )
        for one in blocks
    ]


def value(text):
    """Return the value that a text gives to the option `x`."""
    return sections("config a\n\toption x " + text + "\n")[0][2]["x"][0]


class WordsTest(unittest.TestCase):
    def test_words_are_bare_or_quoted_or_both(self):
        for text, meant in (
            ("a", "a"), ("'a b'", "a b"), ('"a b"', "a b"), ("'Al'\"i\"ce", "Alice"),
            ("'it'\\''s'", "it's"), ('"a\\"b"', 'a"b'), ("don\\'t", "don't"),
            ("a\\ b", "a b"), ('"a\\\\b"', "a\\b"), ("'a\\b'", "a\\b"), ('"\\n"', "n"),
            ("'a # \"b\" ; c'", 'a # "b" ; c'), ("\\\\", "\\"),
        ):  # fmt: skip
            self.assertEqual(value(text), meant, text)

    def test_a_hash_begins_a_comment_even_in_a_bare_word(self):
        for text in ("201 # hall", "201#hall", "201# 'open", "'201'#hall", "201 #"):
            self.assertEqual(value(text), "201", text)
        self.assertEqual(value("a\\#b"), "a#b")

    def test_a_semicolon_ends_a_statement_even_in_a_bare_word(self):
        meant = [("user", "alice", {"a": ["1"], "b": ["2"]})]
        for text in (
            "config user 'alice'; option a '1'; option b '2'\n",
            "config user alice;option a 1;option b 2",
            "config user alice;\noption a 1;;option b 2;",
        ):
            self.assertEqual(sections(text), meant, text)

    def test_quotes_go_over_lines_and_a_backslash_joins_two(self):
        self.assertEqual(value("'two\nlines'"), "two\nlines")
        self.assertEqual(value('"two\nlines"'), "two\nlines")
        self.assertEqual(value("two\\\nlines"), "twolines")
        self.assertEqual(value('"two\\\nlines"'), "twolines")
        self.assertEqual(value("\\\n 'far'"), "far")

    def test_carriage_returns_tabs_and_a_missing_end_are_as_blanks(self):
        self.assertEqual(
            sections("  config\tnode 'main'\r\n\toption\tx  1\r\n list y 2"),
            [("node", "main", {"x": ["1"], "y": ["2"]})],
        )

    def test_commands_may_be_one_letter(self):
        self.assertEqual(
            sections("p x\nc a b\no x 1\nl y 2"), [("a", "b", {"x": ["1"], "y": ["2"]})]
        )


class SectionsTest(unittest.TestCase):
    def test_a_section_given_twice_is_one(self):
        text = "config a x\noption p 1\nconfig b\noption q 2\nconfig a x\noption r 3\n"
        self.assertEqual(
            sections(text), [("a", "x", {"p": ["1"], "r": ["3"]}), ("b", "", {"q": ["2"]})]
        )
        self.assertEqual(len(sections("config a\nconfig a\n")), 2)

    def test_options_replace_lists_add_and_nothing_takes_away(self):
        for text, meant in (
            ("option x 1\noption x 2", ["2"]), ("list x 1\nlist x 2", ["1", "2"]),
            ("option x 1\nlist x 2", ["1", "2"]), ("list x 1\noption x 2", ["2"]),
            ("option x 1\noption x ''\nlist x 3", ["3"]),
        ):  # fmt: skip
            self.assertEqual(sections("config a\n" + text)[0][2], {"x": meant}, text)
        for text in ("option x ''", "option x", "option x 1\noption x ''", "list x ''"):
            self.assertEqual(sections("config a\n" + text)[0][2], {}, text)

    def test_sections_are_counted_as_luci_counts_them(self):
        blocks, _ = read("config a x\nconfig b\nconfig a x\nconfig c\n")
        self.assertEqual([(one.kind, one.index) for one in blocks], [("a", 0), ("b", 1), ("c", 2)])


class FaultsTest(unittest.TestCase):
    def test_a_fault_has_its_place_and_costs_its_line_only(self):
        for line, column, words in (
            ("config", 1, "TYPE"), ("config node a b", 15, "quotes"), ("option", 1, "NAME VALUE"),
            ("option a b c", 12, "a word too many"), ("set a b", 1, "expected"),
            ("  option 'a b", 10, "not closed"), ('option a "b', 10, "not closed"),
            ("option a b;nonsense", 12, "expected"), ("config b x", 1, "`config node`"),
        ):  # fmt: skip
            text = "config node x\noption y 1\n" + line + "\nconfig c\noption z 2\n"
            blocks, ((at, wrong),) = read(text)
            self.assertEqual(grammar.place_of(text.encode(), at), (3, column), line)
            self.assertIn(words, wrong, line)
            self.assertEqual(told(blocks)[1], ("c", "", {"z": ["2"]}), line)

    def test_a_forgotten_quote_swallows_no_option(self):
        for end in ("'2'", "2", "'it'\\''s'"):
            text = "config a\noption x 'one\noption y %s\noption z '3'\n" % end
            blocks, faults = read(text)
            self.assertEqual([grammar.place_of(text.encode(), at) for at, _ in faults], [(2, 10)])
            self.assertEqual(sorted(blocks[0].options), ["y", "z"])

    def test_what_stands_below_a_faulty_section_line_goes_to_no_other(self):
        blocks, faults = read("config a\noption x 1\nconfig b 'c\noption x 2\nconfig d\n")
        self.assertEqual(told(blocks), [("a", "", {"x": ["1"]}), ("d", "", {})])
        self.assertEqual(len(faults), 1)

    def test_an_option_before_any_section_is_a_fault(self):
        blocks, faults = read("option x 1\nconfig a\n")
        self.assertEqual((told(blocks), len(faults)), ([("a", "", {})], 1))

    def test_nothing_that_may_stand_in_a_file_stops_the_reader(self):
        pieces = (
            "config a\n",
            "option x ",
            "'",
            '"',
            "\\",
            "\n",
            ";",
            "#",
            " ",
            "b",
            "\0",
            "\u20ac",
        )
        for first in pieces:
            for second in pieces:
                for third in pieces:
                    read(first + second + third)
                    read("config a\noption " + first + second + third)
