"""UCI text becomes settings, or an error that its writer can act upon."""

import unittest

from bellhop.settings import notes, problems, reader, schema
from bellhop.sip import digest

USER = "config user\noption name alice\noption password x\n"


def parse(text):
    """Return the Settings in a text of the file `bellhop`."""
    return reader.parse(text, "bellhop", "router.lan")


def fault(text):
    """Return the one problem of a text."""
    (problem,) = parse(text).problems
    return problem


def line(problem):
    """Return the line in which a problem is."""
    return problem.place[1]


def whats(settings):
    """Return what is wrong, in the order of the lines."""
    return [one.what for one in settings.problems]


class FileTest(unittest.TestCase):
    def test_an_empty_file_gives_the_defaults(self):
        settings = parse("")
        self.assertEqual((settings.domain, settings.sip_port), (b"router.lan", 5060))
        self.assertEqual((settings.strangers, settings.trusted, settings.users), ("refuse", (), {}))
        self.assertEqual(settings.problems, [])

    def test_every_domain_means_this_node(self):
        text = "config node\noption domain home.test\nlist alias_domain a.test\n"
        self.assertEqual(parse(text).domains, {b"home.test", b"a.test"})

    def test_the_name_of_a_section_is_the_name_of_its_user(self):
        self.assertIn("bob", parse("config user bob\noption password x\n").users)

    def test_what_is_no_uci_costs_its_line_alone(self):
        settings = parse(USER + "option 'extension\nconfig group all\nlist member alice\n")
        (problem,) = settings.problems
        self.assertEqual((problem.what, problem.place), (problems.SYNTAX, ("bellhop", 4, 8)))
        self.assertEqual(settings.groups["all"].member, ("alice",))

    def test_a_problem_names_its_section_as_luci_does(self):
        text = "config node 'main'\noption sip_port x\nconfig user\noption name a\nlist alias '?'\n"
        node, user = [one.record() for one in parse(text + "option password x\n").problems]
        self.assertEqual((node["kind"], node["section"], node["index"]), ("node", "main", 0))
        self.assertEqual((user["kind"], user["section"], user["index"]), ("user", "", 1))
        self.assertEqual((user["option"], user["value"], user["line"]), ("alias", "?", 5))

    def test_problems_have_a_bound(self):
        text = "config node\n" + "option sip_port x;" * 10 + "nonsense\n" * 1000
        self.assertEqual(len(parse(text).problems), notes.MAX_PROBLEMS)


class OptionsTest(unittest.TestCase):
    def test_every_option_tells_its_line_its_name_and_what_it_accepts(self):
        for kind in schema.SCHEMA:
            for name, option in schema.SCHEMA[kind].items():
                found = parse("config %s x\n\toption %s '\x01'\n" % (kind, name)).problems
                (error,) = [one for one in found if one.what == problems.NOT_ACCEPTED]
                self.assertEqual(line(error), 2, name)
                self.assertIn("'%s'" % name, error.wrong)
                self.assertIn("accepted is ", error.wrong, name)
                self.assertIn(option.help, error.wrong)
                self.assertIn("bellhop:2: ", str(error))

    def test_every_option_has_help_and_a_default_that_it_would_accept(self):
        for kind in schema.SCHEMA:
            for name, option in schema.SCHEMA[kind].items():
                self.assertTrue(option.help, name)

    def test_an_option_that_is_not_accepted_has_its_default(self):
        for option in ("sip_port 70000", "strangers maybe", "enabled perhaps", "min_expires 1e3"):
            settings = parse("config node\noption tls_port 5161\noption %s\n" % option)
            name = option.partition(" ")[0]
            self.assertEqual(len(settings.problems), 1, option)
            self.assertEqual(getattr(settings, name), schema.SCHEMA["node"][name].default, option)
            self.assertEqual(settings.tls_port, 5161)

    def test_of_a_list_only_what_is_not_accepted_is_left_out(self):
        settings = parse("config node\nlist trusted 10.0.0.1\nlist trusted x\nlist trusted ::1\n")
        self.assertEqual((len(settings.trusted), line(settings.problems[0])), (2, 3))

    def test_what_this_version_does_not_know_is_a_warning(self):
        settings = parse(
            "config node\noption prot 1\noption sip_port 5070\nconfig lamp x\noption y 1\n"
        )
        self.assertEqual(settings.sip_port, 5070)
        option, section = settings.problems
        self.assertEqual(
            (option.what, option.is_warning, line(option)), (problems.UNKNOWN, True, 2)
        )
        self.assertIn("'prot'", option.wrong)
        self.assertEqual((section.is_warning, line(section)), (True, 4))

    def test_numbers_have_bounds(self):
        for value in ("-1", "65536", "1e3", "0x10", "\u00b2", "99999999999"):
            error = fault("config node\noption sip_port '%s'\n" % value)
            self.assertIn("a number from 0 to 65535", error.wrong)

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
            self.assertIn("a network", error.wrong, value)


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

    def test_a_user_without_a_password_is_there_and_no_phone_can_register(self):
        for text in ("config user a\n", "config user a\noption ha1_md5 x\n"):
            settings = parse(text + "option extension 201\n")
            self.assertEqual(settings.users["a"].ha1, {})
            self.assertIs(settings.names[b"201"], settings.users["a"])
            self.assertIn(problems.NO_PASSWORD, whats(settings))

    def test_a_hash_for_another_algorithm_is_used(self):
        settings = parse("config user a\noption ha1_sha256 %s\n" % ("0" * 64))
        self.assertEqual(settings.users["a"].algorithm, digest.SHA256)
        self.assertIn("has no password for MD5", settings.problems[0].wrong)

    def test_no_password_is_shown_in_a_problem(self):
        for option in ("password 'SECRET\x01'", "ha1_md5 SECRET", "ha1_sha256 SECRET"):
            for problem in parse("config user a\noption %s\n" % option).problems:
                self.assertNotIn("SECRET", str(problem) + str(problem.record()))

    def test_names_extensions_and_aliases_are_dialled_in_any_case(self):
        settings = parse(USER + "option extension 201\nlist alias Al\n")
        for dialled in (b"alice", b"201", b"al"):
            self.assertIs(settings.names[dialled], settings.users["alice"])

    def test_a_number_that_is_taken_is_lost_by_the_later_one_alone(self):
        for option in ("list alias 201", "option extension 201", "option extension 2-0-1"):
            settings = parse(
                USER + "option extension 201\nconfig user bob\noption password x\n%s\n" % option
            )
            (problem,) = settings.problems
            self.assertIn("is already used by the section in line 1", problem.wrong)
            self.assertEqual((problem.what, line(problem)), (problems.TAKEN, 7))
            self.assertIs(settings.names[b"201"], settings.users["alice"])
            self.assertIs(settings.names[b"bob"], settings.users["bob"])
            bob = settings.users["bob"]
            self.assertEqual((bob.extension, bob.alias), ("", ()))

    def test_a_name_goes_before_the_number_of_an_earlier_one(self):
        settings = parse(USER + "option extension bob\nconfig user bob\noption password x\n")
        self.assertIs(settings.names[b"bob"], settings.users["bob"])
        self.assertEqual(settings.users["alice"].extension, "")
        self.assertEqual(whats(settings), [problems.TAKEN])

    def test_the_later_of_two_of_one_name_is_left_out(self):
        for later in (USER, USER.replace("alice", "ALICE"), "config group alice\n"):
            settings = parse(USER + "option extension 201\n" + later + "option extension 202\n")
            self.assertEqual(whats(settings), [problems.TWICE])
            self.assertEqual((len(settings.users), settings.groups), (1, {}))
            self.assertEqual(sorted(settings.names), [b"201", b"alice"])

    def test_a_section_without_a_name_is_left_out(self):
        for text in ("config user\n", "config user\noption name '?'\n", "config group\n"):
            settings = parse(text + USER)
            self.assertEqual((list(settings.users), settings.groups), (["alice"], {}))
            self.assertIn(problems.NAMELESS, whats(settings))

    def test_a_number_for_emergency_calls_is_nobody_s(self):
        text = USER + "option extension 112\nlist alias 1-1-2\nlist alias 201\n"
        text += "config contact\noption number 911\noption address sip:a@b.test\n"
        settings = parse(text)
        alice = settings.users["alice"]
        self.assertEqual(whats(settings), [problems.TAKEN] * 3)
        self.assertEqual((alice.extension, alice.alias), ("", ("201",)))
        self.assertEqual(sorted(settings.names), [b"201", b"alice"])
        self.assertEqual(settings.speed_dial, {})

    def test_a_feature_code_is_nobody_s_number(self):
        for option in ("option extension '*21'", "list alias '*21'"):
            settings = parse(USER + option + "\n")
            self.assertEqual(
                (whats(settings), list(settings.names)), ([problems.TAKEN], [b"alice"])
            )

    def test_an_account_named_like_an_emergency_number_keeps_its_phone(self):
        settings = parse("config user 112\noption password x\n")
        self.assertEqual(whats(settings), [problems.TAKEN])
        self.assertIn("112", settings.users)

    def test_who_forwards_to_nobody_or_to_himself_forwards_not(self):
        for forward, what in (
            ("299", problems.GONE),
            ("201", problems.ITSELF),
            ("Alice", problems.ITSELF),
        ):
            settings = parse(USER + "option extension 201\noption forward %s\n" % forward)
            (problem,) = settings.problems
            self.assertEqual((problem.what, line(problem), problem.option), (what, 5, "forward"))
            self.assertEqual(settings.users["alice"].forward, "")


class GroupsTest(unittest.TestCase):
    def test_members_are_users(self):
        settings = parse(USER + "config group all\nlist member alice\noption extension 600\n")
        self.assertEqual(settings.groups["all"].member, ("alice",))
        self.assertIs(settings.names[b"600"], settings.groups["all"])

    def test_members_who_are_gone_do_not_ring(self):
        settings = parse(USER + "config group all\nlist member bob\nlist member alice\n")
        (problem,) = settings.problems
        self.assertEqual((problem.what, line(problem), problem.value), (problems.GONE, 5, "bob"))
        self.assertIn("the others", problem.works)
        self.assertEqual(settings.groups["all"].member, ("alice",))
        settings = parse("config group all\nlist member bob\n")
        self.assertIn("rings nobody", settings.problems[0].works)


class NestedTest(unittest.TestCase):
    def test_a_circle_of_groups_keeps_nobody_from_ringing(self):
        text = "config group a\nlist member b\nlist member alice\n"
        text += "config group b\nlist member a\nlist member bob\n"
        settings = parse(USER + "config user bob\noption password y\n" + text)
        self.assertEqual(whats(settings), [problems.ITSELF] * 2)
        for name in ("a", "b"):
            self.assertEqual(sorted(settings.groups[name].rings), ["alice", "bob"])

    def test_many_ways_to_a_group_are_looked_at_once(self):
        text = USER + "config group g0\nlist member alice\n"
        for level in range(1, 7):
            for twin in range(12 if level > 1 else 1):
                text += "config group g%d%s\n" % (level, "x" * twin)
                for inner in range(12 if level > 2 else 1):
                    name = "g%d%s" % (level - 1, "x" * inner)
                    text += "list member %s\n" % name
        settings = parse(text)
        self.assertEqual((settings.problems, settings.groups["g6"].rings), ([], ["alice"]))


class ContactsTest(unittest.TestCase):
    CONTACT = "config contact\noption name Gran\noption number 7\noption address "

    def test_a_number_becomes_a_speed_dial(self):
        settings = parse(self.CONTACT + "sip:gran@far.test\n")
        self.assertEqual(settings.speed_dial, {b"7": b"sip:gran@far.test"})

    def test_an_address_needs_a_scheme(self):
        for address in (
            "gran@far.test",
            "sip:",
            "sip:a@",
            "'sip:gran@far test'",
            "http://far.test",
        ):
            self.assertIn("sip:gran@far.test", fault(self.CONTACT + address + "\n").wrong)

    def test_a_number_is_dialled_for_the_first_who_has_it(self):
        text = self.CONTACT + "sip:gran@far.test\n" + self.CONTACT + "sip:gran@else.test\n"
        settings = parse(
            text + USER + "option extension 71\n" + self.CONTACT.replace("7", "71") + "tel:1\n"
        )
        self.assertEqual(settings.speed_dial, {b"7": b"sip:gran@far.test"})
        self.assertEqual(
            [(one.what, line(one)) for one in settings.problems],
            [(problems.TAKEN, 7), (problems.TAKEN, 15)],
        )


class MeshTest(unittest.TestCase):
    def test_peers_are_hosts_with_or_without_port(self):
        text = "config mesh\nlist peer a.test\nlist peer a.test:70\n"
        text += "list peer [::1]:70\nlist peer ::1\n"
        self.assertEqual(
            parse(text).mesh.peer, (("a.test", 0), ("a.test", 70), ("::1", 70), ("::1", 0))
        )
        for peer in ("a.test:x", "a b", ":70", "[::1]:"):
            self.assertIn("a host name", fault("config mesh\nlist peer '%s'\n" % peer).wrong)

    def test_without_its_section_it_is_off(self):
        self.assertEqual(
            (parse("").mesh.enabled, parse("config mesh\n").mesh.enabled), (False, True)
        )


class WholeTest(unittest.TestCase):
    def test_responders_who_are_gone_are_not_rung(self):
        settings = parse(USER + "config node\noption responders fire\n")
        (problem,) = settings.problems
        self.assertIn("responders 'fire' is no user or group", problem.wrong)
        self.assertEqual((line(problem), settings.responders), (5, ""))

    def test_there_is_one_node_the_first(self):
        settings = parse("config node\noption sip_port 1\nconfig node\noption sip_port 2\n")
        self.assertEqual((settings.sip_port, line(settings.problems[0])), (1, 3))
        self.assertEqual(settings.problems[0].what, problems.TWICE)

    def test_the_three_expiries_rise_whatever_is_given(self):
        for options, meant, at in (
            (("max_expires 600",), (60, 600, 600), 2),
            (("min_expires 5000", "max_expires 6000"), (5000, 5000, 6000), 3),
            (("default_expires 9000",), (60, 7200, 7200), 2),
            (("min_expires 900", "max_expires 600"), (60, 3600, 7200), 3),
        ):
            settings = parse("config node\n" + "".join(["option %s\n" % one for one in options]))
            found = settings.min_expires, settings.default_expires, settings.max_expires
            self.assertEqual(found, meant, options)
            self.assertEqual([line(one) for one in settings.problems], [at], options)
            self.assertIn("must rise", settings.problems[0].wrong)

    def test_one_port_stays_open(self):
        text = "".join(["option %s_port 0\n" % one for one in ("ws", "tls", "wss", "sip")])
        settings = parse("config node\n" + text)
        self.assertEqual((settings.sip_port, whats(settings)), (5060, [problems.UNFIT]))
        self.assertEqual(parse("config node\noption sip_port 0\n").sip_port, 0)

    def test_ports_of_sound_that_do_not_fit_are_the_usual_ones(self):
        settings = parse("config media\noption port_low 2000\noption port_high 2001\n")
        self.assertEqual((settings.media.port_low, settings.media.port_high), (16384, 18431))
        self.assertEqual(
            [(one.what, line(one)) for one in settings.problems], [(problems.UNFIT, 3)]
        )

    def test_only_text_on_one_line_is_accepted(self):
        for text in ("a\tb", "two\nlines", "a\0b"):
            fault(USER + "option display_name '%s'\n" % text)

    def test_every_word_for_what_is_wrong_is_one_of_the_list(self):
        self.assertEqual(len(set(problems.WHATS)), len(problems.WHATS))
