"""Devices with a login of their own, which of them ring, and phones that get their file."""

import json

from bellhop.errors import BellhopError
from bellhop.sip import message
from tests.support.exchange import Phone
from tests.support.members import USERS, PilotHouse
from tests.support.messages import flow, settings

BASE = "http://10.0.0.1:8086"
MAC = "001565aabbcc"


class Device(Phone):
    """A phone of alice's that logs in as a device."""

    def __init__(self, login, password, host="10.0.0.20"):
        super().__init__("device", "alice", flow(host), password=password.encode())
        self.login = login

    def credentials(self, method, target):
        """Answer a challenge as the login."""
        own, self.user = self.user, self.login
        try:
            return super().credentials(method, target)
        finally:
            self.user = own


class Devices(PilotHouse):
    node = "option field_mode 0\n"

    def setUp(self):
        super().setUp()
        made = self.ask("add-phone", user="alice", kind="other", name="Kitchen")
        self.login, self.device = made["login"], Device(made["login"], made["password"])

    def register(self, device):
        """Let a device register; return the last status."""
        exchange = self.exchange
        device.hear(
            exchange.receive(device.request("REGISTER", "sip:home.test"), device.flow)[0].data
        )
        found = exchange.receive(device.proven("REGISTER"), device.flow)
        return message.parse(found[0].data).status

    def rung(self, target="201"):
        """Return the hosts at which a call rings; it ends at once."""
        del self.exchange.sent[:]
        bob = self.phones["bob"]
        self.exchange.receive(bob.request("INVITE", "sip:%s@home.test" % target), bob.flow)
        if message.parse(self.exchange.sent[-1][1].data).__class__ is message.Response:
            bob.hear(self.exchange.sent[-1][1].data)
            self.exchange.receive(bob.proven("INVITE"), bob.flow)
        sent = [(one.flow.host, message.parse(one.data)) for _, one in self.exchange.sent]
        rung = [host for host, one in sent if getattr(one, "method", b"") == b"INVITE"]
        self.exchange.receive(bob.cancel(), bob.flow)
        return sorted(rung)

    def test_a_device_registers_as_its_user_with_its_own_password(self):
        self.assertEqual(self.register(self.device), 200)
        phones = self.ask("me", user="alice")["phones"]
        (mine,) = [one for one in phones if one["login"] == self.login]
        self.assertEqual((mine["name"], mine["there"], mine["own"]), ("Kitchen", True, True))
        self.assertEqual(self.rung(), ["10.0.0.2", "10.0.0.20"])

    def test_its_password_is_not_that_of_the_account_nor_of_another_device(self):
        other = self.ask("add-phone", user="alice", kind="other", name="Hall")
        self.assertNotEqual(
            self.register(Device(other["login"], self.device.password.decode())), 200
        )
        self.assertNotEqual(self.register(Device("alice", self.device.password.decode())), 200)
        self.assertNotEqual(self.register(Device(self.login, "wonderland")), 200)

    def test_a_forgotten_device_is_locked_out_and_all_others_stay(self):
        self.register(self.device)
        with self.assertRaises(BellhopError):
            self.ask("forget-phone", user="bob", phone=self.login)
        self.ask("forget-phone", user="alice", phone=self.login)
        self.assertEqual(self.rung(), ["10.0.0.2"])
        self.assertNotEqual(self.register(self.device), 200)
        self.assertEqual(len(self.ask("me", user="alice")["phones"]), 1)

    def test_one_that_does_not_ring_rings_for_help_only(self):
        self.register(self.device)
        self.ask("ring-phone", user="alice", phone=self.login, rings="0")
        self.assertEqual(self.rung(), ["10.0.0.2"])
        self.register(self.device)  # A refresh is no change.
        self.assertEqual(self.rung(), ["10.0.0.2"])
        (main,) = [one["id"] for one in self.ask("me", user="alice")["phones"] if not one["login"]]
        self.ask("ring-phone", user="alice", phone=main, rings="0")
        self.assertEqual(self.rung(), [])
        self.exchange.node.settings.responders = "alice"
        self.assertEqual(self.rung("112"), ["10.0.0.2", "10.0.0.20"])

    def test_devices_outlive_a_restart_and_a_reload(self):
        self.ask("ring-phone", user="alice", phone=self.login, rings="0")
        devices = self.exchange.engine.features["devices"]
        rows = json.loads(json.dumps(devices._dump(0)))
        devices.rows, devices.rings = {}, {}
        devices.adopt(self.exchange.node.settings)
        self.assertNotEqual(self.register(self.device), 200)
        self.exchange.engine.restore("devices", rows, self.exchange.now)
        self.assertEqual(self.register(self.device), 200)
        self.assertEqual(self.rung(), ["10.0.0.2"])
        self.exchange.take(self.exchange.engine.reload(self.exchange.node.settings, 0))
        self.assertEqual(self.register(self.device), 200)

    def test_there_are_so_many_devices_of_a_user_at_most(self):
        for _ in range(9):
            self.ask("add-phone", user="alice", kind="other")
        with self.assertRaises(BellhopError):
            self.ask("add-phone", user="alice", kind="other")

    def test_no_password_is_kept(self):
        text = json.dumps(self.exchange.engine.features["devices"]._dump(0))
        self.assertNotIn(self.device.password.decode(), text)


class Owned(Devices):
    """The same for a device of `config phone`."""

    more = "config phone\noption name Door\noption user bob\noption login bob-door\noption ring 0\n"

    def test_what_the_owner_wrote_is_shown_and_cannot_be_forgotten_on_the_page(self):
        (door,) = [one for one in self.ask("me", user="bob")["phones"] if one["login"]]
        self.assertEqual((door["id"], door["rings"], door["own"]), ("bob-door", False, False))
        with self.assertRaises(BellhopError):
            self.ask("forget-phone", user="bob", phone="bob-door")


class Files(PilotHouse):
    def add(self, kind):
        return self.ask("add-phone", user="alice", kind=kind, name="New")["path"].partition("/p/")[
            2
        ]

    def file(self, token, name=""):
        return self.ask("phone-file", base=BASE, token=token, file=name)["text"]

    def test_a_file_is_fetched_once(self):
        token = self.add("linphone")
        self.assertIn("alice-linphone", self.file(token))
        with self.assertRaises(BellhopError):
            self.file(token)

    def test_a_file_is_there_for_ten_minutes(self):
        token = self.add("linphone")
        self.exchange.advance(600001)
        with self.assertRaises(BellhopError):
            self.file(token)

    def test_the_boot_file_of_a_yealink_does_not_use_the_link_up(self):
        token = self.add("yealink")
        self.assertIn(MAC + ".cfg", self.file(token, MAC + ".boot"))
        with self.assertRaises(BellhopError):
            self.file(token, "y000000000028.cfg")
        self.assertIn("account.1.auth_name = alice-yealink", self.file(token, MAC + ".cfg"))
        with self.assertRaises(BellhopError):
            self.file(token, MAC + ".cfg")

    def test_a_forgotten_device_has_no_file_any_more(self):
        token = self.add("linphone")
        self.ask("forget-phone", user="alice", phone="alice-linphone")
        with self.assertRaises(BellhopError):
            self.file(token)

    def test_ten_thousand_guesses_find_nothing(self):
        token = self.add("linphone")
        for number in range(10000):
            with self.assertRaises(BellhopError):
                self.file("g%d" % number)
        self.assertIn("alice", self.file(token))


class DeskPhones(PilotHouse):
    more = """
config phone
	option name Hall
	option user bob
	option login bob-hall
	option mac 00:0E:08:11:22:33
	list key blf:201
	list key park:1
	list key page:700
config page
	option name family
	option extension 700
	option address 224.0.2.60:5004
config page
	option name nowhere
"""

    def asks(self, mac=MAC, brand="yealink", host="10.0.0.50"):
        found = self.ask("phone-asks", mac=mac, brand=brand, model="T46S", version="1", host=host)
        return found["path"]

    def test_an_unknown_phone_is_listed_and_told_nothing(self):
        self.assertEqual(self.asks(), "")
        (row,) = self.ask("new-phones")["new"]
        self.assertEqual((row["mac"], row["model"], row["brand"]), (MAC, "T46S", "yealink"))

    def test_one_that_a_member_takes_gets_its_file_when_it_asks_again_once(self):
        self.asks()
        self.ask("assign-phone", user="alice", mac=MAC)
        self.assertEqual(self.ask("new-phones")["new"], [])
        self.assertEqual(self.asks(), "")  # Too soon.
        self.exchange.advance(5000)
        path = self.asks()
        self.assertEqual(path[:3], "/p/")
        text = self.ask("phone-file", base=BASE, token=path[3:-1], file=MAC + ".cfg")["text"]
        self.assertIn("account.1.user_name = alice", text)
        self.exchange.advance(5000)
        self.assertEqual(self.asks(), "")
        self.assertEqual(self.ask("new-phones")["new"], [])

    def test_by_dhcp_it_asks_without_a_token_by_its_address(self):
        self.asks()
        with self.assertRaises(BellhopError):
            self.ask("phone-file", base=BASE, token="", file=MAC + ".cfg")
        self.ask("assign-phone", user="alice", mac="00:15:65:aa:bb:cc")
        text = self.ask("phone-file", base=BASE, token="", file=MAC.upper() + ".cfg")["text"]
        self.assertIn("account.1.user_name = alice", text)

    def test_a_phone_that_the_owner_named_needs_nobody_and_has_its_keys(self):
        path = self.asks("000e08112233", "cisco")
        text = self.ask("phone-file", base=BASE, token=path[3:-1], file="000e08112233.xml")["text"]
        self.assertIn("<Auth_ID_1_>bob-hall<", text)
        self.assertIn("fnc=blf+sd+cp;sub=201@$PROXY", text)
        self.assertIn("*51", text)
        self.assertIn("pggrp=224.0.2.60:5004;name=family;num=700;listen=yes;<", text)
        self.assertIn("sub=700@$PROXY;ext=700@$PROXY;nme=family", text)

    def test_a_storm_of_phones_fills_a_list_of_64(self):
        for number in range(1000):
            self.asks("%012x" % number, host="10.1.%d.%d" % (number // 250, number % 250))
        self.assertEqual(len(self.ask("new-phones")["new"]), 64)

    def test_one_address_is_heard_each_five_seconds(self):
        self.asks()
        self.asks("000000000001")
        self.assertEqual(len(self.ask("new-phones")["new"]), 1)


class Field(PilotHouse):
    node = "list trusted 10.0.0.0/24\noption field_mode 1\noption field_numbers 900-902\n"

    def guest(self, number):
        found = self.ask("phone-asks", mac="00000000000%d" % number, brand="snom", model="D375",
                         host="10.0.1.%d" % number)  # fmt: skip
        return found["path"]

    def test_an_unknown_desk_phone_gets_a_number_at_once_as_long_as_there_are_some(self):
        paths = [self.guest(number) for number in range(4)]
        self.assertEqual([bool(path) for path in paths], [True, True, True, False])
        text = self.ask("phone-file", base=BASE, token=paths[0][3:-1], file="snom.xml")["text"]
        self.assertIn(">guest900<", text)
        shown = [row["number"] for row in self.ask("book", user="alice", search="D375")["book"]]
        self.assertEqual(shown, ["900", "901", "902"])

    def test_a_guest_calls_inside_the_mesh_and_is_gone_when_field_mode_ends(self):
        self.guest(1)
        guest = self.exchange.node.settings.users["guest900"]
        self.assertEqual((guest.may_call, guest.pilot), ("mesh", "no"))
        self.exchange.take(self.exchange.engine.reload(settings("", "", USERS), self.exchange.now))
        self.assertNotIn("guest900", self.exchange.node.settings.users)
        self.assertEqual(self.ask("book", user="alice", search="900")["book"], [])

    def test_a_kit_has_logins_and_links_for_phones(self):
        kit = self.ask("kit", count="3")
        self.assertEqual([one["number"] for one in kit["phones"]], ["900", "901", "902"])
        self.assertEqual(kit["help"], "112")
        text = self.ask("phone-file", base=BASE, token=kit["phones"][0]["path"][3:])["text"]
        self.assertIn("guest900", text)
        with self.assertRaises(BellhopError):
            self.ask("kit", count="1")
