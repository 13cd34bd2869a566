"""UCI text becomes settings, or an error that its writer can act upon."""

import unittest

from bellhop.errors import ConfigError
from bellhop.settings import reader, schema
from bellhop.sip import digest

USER = "config user\noption name alice\noption password x\n"


def parse(text):
    """Return the Settings in a text of the file `bellhop`."""
    return reader.parse(text, "bellhop", "router.lan")


def fault(text):
    """Return the ConfigError of a text."""
    try:
        parse(text)
    except ConfigError as error:
        return error
    raise AssertionError("accepted: " + text)


class GrammarTest(unittest.TestCase):
    def test_an_empty_file_gives_the_defaults(self):
        settings = parse("")
        self.assertEqual((settings.domain, settings.sip_port), (b"router.lan", 5060))
        self.assertEqual((settings.strangers, settings.trusted, settings.users), ("refuse", (), {}))

    def test_words_may_be_bare_or_quoted_and_lines_indented(self):
        settings = parse(
            "package bellhop\n\n# all of it\nconfig node 'main'  # the node\n"
            "\toption domain \"home.test\"\n    option 'sip_port' 5070\r\n"
            "\tlist alias_domain a.test\n"
            "\tlist alias_domain 'b.test'\n"
        )
        self.assertEqual((settings.domain, settings.sip_port), (b"home.test", 5070))
        self.assertEqual(settings.domains, {b"home.test", b"a.test", b"b.test"})

    def test_quotes_keep_blanks_and_signs(self):
        text = USER + "option display_name 'Alice # \"L\"'\n"
        self.assertEqual(parse(text).users["alice"].display_name, 'Alice # "L"')
        text = USER + 'option display_name "a\\"b"\n'
        self.assertEqual(parse(text).users["alice"].display_name, 'a"b')
        text = USER + "option display_name don\\'t\n"
        self.assertEqual(parse(text).users["alice"].display_name, "don't")
        text = USER + "option display_name 'it'\\''s'\n"
        self.assertEqual(parse(text).users["alice"].display_name, "it's")

    def test_a_hash_inside_a_word_begins_no_comment(self):
        self.assertEqual(
            parse(USER + "option display_name a#b\n").users["alice"].display_name, "a#b"
        )

    def test_the_name_of_a_section_is_the_name_of_its_user(self):
        self.assertIn("bob", parse("config user bob\noption password x\n").users)

    def test_a_later_option_replaces_an_earlier_one(self):
        self.assertEqual(parse("config node\noption sip_port 1\noption sip_port 2\n").sip_port, 2)

    def test_what_is_no_uci_is_refused_with_its_line(self):
        for line, problem in (
            ("config", "TYPE"), ("config nodes", "TYPE one of"), ("config node a b", "TYPE"),
            ("option a", "option NAME VALUE"), ("list a b c", "list NAME VALUE"),
            ("set a b", "config TYPE"),
            ("option 'a b", "not closed"),
        ):  # fmt: skip
            error = fault("config node\n\n" + line + "\n")
            self.assertEqual(error.where, "bellhop:3", line)
            self.assertIn(problem, error.problem, line)

    def test_an_option_before_any_section_is_refused(self):
        error = fault("option domain x\n")
        self.assertEqual(error.where, "bellhop:1")


class OptionsTest(unittest.TestCase):
    def test_every_option_tells_its_line_its_name_and_what_it_accepts(self):
        for kind in schema.SCHEMA:
            for name, option in schema.SCHEMA[kind].items():
                error = fault("config %s x\n\toption %s '\x01'\n" % (kind, name))
                self.assertEqual(error.where, "bellhop:2", name)
                self.assertIn("'%s'" % name, error.problem)
                self.assertIn("accepted is ", error.problem, name)
                self.assertIn(option.help, error.problem)
                self.assertIn("bellhop:2: ", str(error))

    def test_every_option_has_help_and_a_default_that_it_would_accept(self):
        for kind in schema.SCHEMA:
            for name, option in schema.SCHEMA[kind].items():
                self.assertTrue(option.help, name)

    def test_an_unknown_option_is_refused_with_the_known_ones(self):
        error = fault("config node\noption prot 1\n")
        self.assertIn("'prot'", error.problem)
        self.assertIn("sip_port", error.problem)

    def test_numbers_have_bounds(self):
        for value in ("-1", "65536", "", "1e3", "0x10", "\u00b2", "99999999999"):
            error = fault("config node\noption sip_port '%s'\n" % value)
            self.assertIn("a number from 0 to 65535", error.problem)

    def test_flags_are_read_as_openwrt_reads_them(self):
        for value, meant in (
            ("1", True),
            ("on", True),
            ("yes", True),
            ("0", False),
            ("off", False),
        ):
            self.assertEqual(parse("config node\noption enabled %s\n" % value).enabled, meant)

    def test_networks_are_octets_and_length(self):
        settings = parse(
            "config node\nlist trusted 10.0.0.0/8\nlist trusted 2001:db8::/32\nlist trusted ::1\n"
        )
        self.assertEqual(settings.trusted[0], (bytes([10, 0, 0, 0]), 8))
        self.assertEqual(settings.trusted[1], (b"\x20\x01\x0d\xb8" + bytes(12), 32))
        self.assertEqual(settings.trusted[2], (bytes(15) + b"\1", 128))

    def test_what_is_no_network_is_refused(self):
        for value in ("10.0.0.0/33", "10.0.0", "::/129", "10.0.0.0/", "10.0.0.0/x", "host",
        "10.0.0.256",
                      "1:2:3:4:5:6:7:8:9", "1::2::3", ":::", "::g", "\u00b2.0.0.1",
                      "10.0.0.0/\u00b2"):  # fmt: skip
            error = fault("config node\nlist trusted '%s'\n" % value)
            self.assertIn("a network", error.problem, value)


class UsersTest(unittest.TestCase):
    def test_a_password_becomes_hashes_and_is_forgotten(self):
        user = parse("config node\noption domain home.test\n" + USER).users["alice"]
        self.assertEqual(user.password, "")
        for algorithm in digest.ALGORITHMS:
            self.assertEqual(
                user.ha1[algorithm], digest.ha1(algorithm, b"alice", b"home.test", b"x")
            )

    def test_a_password_holds_for_every_spelling_that_a_phone_logs_in_with(self):
        text = USER + "option extension 201\nlist alias Al\n"
        user = parse("config node\noption domain home.test\n" + text).users["alice"]
        for username in (b"Alice", b"ALICE", b"alice", b"201", b"Al", b"alice@home.test"):
            for algorithm in digest.ALGORITHMS:
                self.assertEqual(
                    user.ha1_of(algorithm, username),
                    digest.ha1(algorithm, username, b"home.test", b"x"),
                )

    def test_hashes_do_without_the_password(self):
        user = parse("config user a\noption ha1_md5 %s\n" % ("AB" * 16)).users["a"]
        self.assertEqual(user.ha1, {digest.MD5: b"ab" * 16})
        user = parse(
            "config user a\noption ha1_sha256 %s\noption algorithm sha256\n" % ("0" * 64)
        ).users["a"]
        self.assertEqual((user.algorithm, user.ha1), (digest.SHA256, {digest.SHA256: b"0" * 64}))

    def test_a_user_without_a_password_for_the_algorithm_is_refused(self):
        for text in ("config user a\n", "config user a\noption ha1_sha256 %s\n" % ("0" * 64)):
            error = fault(text)
            self.assertEqual(error.where, "bellhop:1")
            self.assertIn("has no password for MD5", error.problem)

    def test_no_password_is_shown_in_an_error(self):
        error = fault("config user a\noption password 'SECRET\x01'\n")
        self.assertNotIn("SECRET", str(error))
        error = fault("config user a\noption ha1_md5 SECRET\n")
        self.assertNotIn("SECRET", str(error))

    def test_names_extensions_and_aliases_are_dialled_in_any_case(self):
        settings = parse(USER + "option extension 201\nlist alias Al\n")
        for dialled in (b"alice", b"201", b"al"):
            self.assertIs(settings.names[dialled], settings.users["alice"])

    def test_a_name_that_is_taken_is_refused_with_the_other_place(self):
        error = fault(
            USER + "option extension 201\nconfig user bob\noption password x\nlist alias 201\n"
        )
        self.assertIn("'201' is already used by the section at bellhop:1", error.problem)
        self.assertEqual(error.where, "bellhop:5")
        self.assertIn("taken", fault(USER + USER).problem)
        self.assertIn("taken", fault(USER + "config group alice\n").problem)

    def test_a_section_needs_a_name(self):
        self.assertIn("needs a name", fault("config user\noption password x\n").problem)


class GroupsTest(unittest.TestCase):
    def test_members_are_users(self):
        settings = parse(USER + "config group all\nlist member alice\noption extension 600\n")
        self.assertEqual(settings.groups["all"].member, ("alice",))
        self.assertIs(settings.names[b"600"], settings.groups["all"])

    def test_an_unknown_member_is_refused(self):
        error = fault(USER + "config group all\nlist member bob\n")
        self.assertEqual(
            (error.where, error.problem), ("bellhop:4", "the member 'bob' is not a user")
        )


class ContactsTest(unittest.TestCase):
    CONTACT = "config contact\noption name Gran\noption number 7\noption address "

    def test_a_number_becomes_a_speed_dial(self):
        settings = parse(self.CONTACT + "sip:gran@far.test\n")
        self.assertEqual(settings.speed_dial, {b"7": b"sip:gran@far.test"})

    def test_an_address_needs_a_scheme(self):
        self.assertIn("sip:gran@far.test", fault(self.CONTACT + "gran@far.test\n").problem)


class MeshTest(unittest.TestCase):
    def test_peers_are_hosts_with_or_without_port(self):
        text = "config mesh\nlist peer a.test\nlist peer a.test:70\n"
        text += "list peer [::1]:70\nlist peer ::1\n"
        self.assertEqual(
            parse(text).mesh.peer, (("a.test", 0), ("a.test", 70), ("::1", 70), ("::1", 0))
        )
        for peer in ("a.test:x", "a b", ":70", "[::1]:"):
            self.assertIn("a host name", fault("config mesh\nlist peer '%s'\n" % peer).problem)

    def test_without_its_section_it_is_off(self):
        self.assertEqual(
            (parse("").mesh.enabled, parse("config mesh\n").mesh.enabled), (False, True)
        )


class WholeTest(unittest.TestCase):
    def test_responders_are_a_user_or_a_group(self):
        error = fault(USER + "config node\noption responders fire\n")
        self.assertIn("responders 'fire' is no user or group", error.problem)

    def test_there_is_one_node(self):
        self.assertEqual(fault("config node\nconfig node\n").where, "bellhop:2")

    def test_the_three_expiries_must_rise(self):
        error = fault("config node\noption max_expires 600\n")
        self.assertIn("must rise", error.problem)

    def test_only_text_on_one_line_is_accepted(self):
        fault(USER + "option display_name 'a\tb'\n")
