"""The files of phones: what each brand is told, and that no name breaks out of its place."""

import unittest

from bellhop.provisioning import brands
from bellhop.provisioning.description import Description, Group, Key

NASTY = "Zoë \"<&'\r\nP34 = 1\naccount.2.enable = 1"
KEYS = [Key("blf", "202", "Bob"), Key("speed", "71", "Gran"), Key("park", "*51", "P1")]
NAMES = {
    "linphone": "", "baresip": "", "yealink": "001565aabbcc.cfg", "snom": "snom.xml",
    "grandstream": "cfg001565aabbcc.xml", "fanvil": "001565aabbcc.cfg",
    "cisco": "001565aabbcc.xml", "gigaset": "001565aabbcc.xml",
}  # fmt: skip


FAMILY = Group("family", "700", "224.0.2.60:5004")


def description(name="Alice", srtp="no", keys=KEYS, groups=()):
    """Return the Description of a phone of alice's."""
    return Description(
        "alice", "alice-kitchen", "s3cretpassw0rd", "0123456789abcdef" * 2, name, "201",
        "home.test", "192.168.1.1", 5060, "http://192.168.1.1:8086", srtp, keys, "*8", "", groups,
    )  # fmt: skip


def file(kind, **given):
    """Return the file of a kind of phone."""
    return brands.module_of(kind).file(description(**given), NAMES[kind])


class Files(unittest.TestCase):
    def test_every_kind_has_a_file_that_holds_login_server_and_password(self):
        self.assertEqual(sorted(NAMES), sorted(brands.KINDS))
        for kind in NAMES:
            text = file(kind)
            for word in ("alice-kitchen", "192.168.1.1"):
                self.assertIn(word, text)
            self.assertEqual("s3cretpassw0rd" in text, kind != "linphone")

    def test_linphone_gets_the_hash_and_asks_once(self):
        text = file("linphone", srtp="must")
        self.assertIn(">0123456789abcdef0123456789abcdef<", text)
        self.assertIn('<entry name="config-uri" overwrite="true"></entry>', text)
        self.assertIn('<entry name="media_encryption_mandatory" overwrite="true">1</entry>', text)

    def test_desk_phones_get_book_lamps_clock_pickup_and_answer_by_themselves(self):
        for kind in brands.DESK:
            text = file(kind)
            self.assertIn("192.168.1.1:8086/phonebook/", text)
            if kind != "gigaset":
                self.assertIn("Bob", text)
                self.assertIn("202", text)
                self.assertIn("*8", text)
        self.assertIn("linekey.2.type = 16", file("yealink"))
        self.assertIn("linekey.4.type = 10", file("yealink"))
        self.assertIn("blf sip:202@192.168.1.1|*8", file("snom"))
        self.assertIn("<P323>1</P323>", file("grandstream"))

    def test_phones_that_can_listen_to_announcements_and_speak_by_a_key(self):
        keys = [Key("page", "700", "family"), Key("page", "701", "nobody")]
        text = file("yealink", keys=keys, groups=[FAMILY])
        for line in (
            "multicast.listen_address.1.ip_address = 224.0.2.60:5004",
            "multicast.listen_address.1.label = family",
            "linekey.2.type = 24", "linekey.2.value = 224.0.2.60:5004",
            "linekey.3.value = 701",
        ):  # fmt: skip
            self.assertIn(line + "\n", text)
        text = file("cisco", keys=keys, groups=[FAMILY, Group("deaf", "", "224.0.2.61:5004")])
        script = "pggrp=224.0.2.60:5004;name=family;num=700;listen=yes;"
        self.assertIn("<Group_Paging_Script>%s<" % script, text)
        self.assertNotIn("multicast", file("yealink"))
        self.assertNotIn("Paging_Script", file("cisco"))

    def test_no_name_ends_the_place_where_it_stands(self):
        for kind in NAMES:
            plain, nasty = file(kind), file(kind, name=NASTY)
            self.assertEqual(plain.count("\n"), nasty.count("\n"), kind)
            self.assertEqual(plain.count("<"), nasty.count("<"), kind)
            self.assertEqual(plain.count('"'), nasty.count('"'), kind)

    def test_what_is_none_of_a_brands_files_is_none(self):
        others = {"yealink": "y000000000028.cfg", "grandstream": "cfg001565aabbcc",
                  "fanvil": "x.txt", "cisco": "x.bin", "snom": "firmware.bin"}  # fmt: skip
        for kind, name in others.items():
            self.assertIsNone(brands.module_of(kind).file(description(), name))

    def test_a_brand_is_known_by_its_vendor_or_its_agent(self):
        for words, brand in (("Yealink SIP-T46S", "yealink"), ("snom snomD375/10", "snom"),
                             ("Grandstream GXP2160", "grandstream"), ("PLANET VIP", "fanvil"),
                             ("Linksys/SPA942", "cisco"), ("Siemens Gigaset N510", "gigaset"),
                             ("AudioCodes 420HD", "")):  # fmt: skip
            self.assertEqual(brands.brand_of(words), brand)
