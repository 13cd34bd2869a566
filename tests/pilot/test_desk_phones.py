"""Desk phones that ask the network: stand-ins of five brands that speak as their documents say.

No desk phone was at hand: each stand-in sends the SUBSCRIBE of its brand, takes the NOTIFY,
fetches what its brand fetches, and registers by hand with what it found there.
"""

import re
import socket
import time

import pytest

from tests.support.exchange import Phone
from tests.support.messages import flow

GROUP = ("224.0.1.75", 5060)
SUBSCRIBE = (
    "SUBSCRIBE sip:%(user)s224.0.1.75 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP %(here)s;branch=z9hG4bK-1;rport\r\n"
    "From: %(sender)s\r\nTo: <sip:%(user)s224.0.1.75>\r\nCall-ID: 1@%(here)s\r\n"
    "CSeq: 1 SUBSCRIBE\r\n"
    "Contact: <sip:%(here)s>\r\nEvent: ua-profile;%(event)s\r\nUser-Agent: %(agent)s\r\n"
    "Accept: application/url\r\nExpires: 0\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
DEVICE = 'profile-type="device";vendor="%s";model="%s";version="1.0"'
# Brand: its address, user of the URIs, From, parameters of Event, User-Agent, files that it asks.
BRANDS = {
    "yealink": ("001565000001", "MAC%3a001565000001@",
                '"x" <sip:MAC%3a001565000001@224.0.1.75>;tag=1',
                DEVICE % ("yealink", "SIP-T46S"), "Yealink SIP-T46S 66.86",
                ("001565000001.boot", "001565000001.cfg")),
    "snom": ("000413000002", "MAC%3a000413000002@", "<sip:MAC%3a000413000002@224.0.1.75>;tag=2",
             DEVICE % ("snom", "snomD375"), "snomD375/10.1", ("",)),
    # Some of the Fanvil family write no tag.
    "fanvil": ("0c383e000003", "MAC%3A0c383e000003@", "<sip:MAC%3A0c383e000003@224.0.1.75>",
               DEVICE % ("Fanvil", "X4"), "Fanvil X4 2.12", ("0c383e000003.cfg",)),
    "grandstream": ("000b82000004", "MAC=000B82000004@", "<sip:MAC=000B82000004@224.0.1.75>;tag=4",
                    DEVICE % ("Grandstream", "GXP2160"), "Grandstream GXP2160 1.0",
                    ("cfg000b82000004", "cfg000b82000004.xml")),
    "gigaset": ("7c2f80000005", "MAC%3a7c2f80000005@", "<sip:MAC%3a7c2f80000005@224.0.1.75>;tag=5",
                "profile-type=application;vendor=Gigaset;model=N510;version=42", "Gigaset N510",
                ("7c2f80000005.xml",)),
}  # fmt: skip
# Where each file says as whom the phone logs in, with which password.
LOGINS = {
    "yealink": (r"account\.1\.auth_name = (\S+)", r"account\.1\.password = (\S+)"),
    "snom": (r">([^<]+)</user_pname>", r">([^<]+)</user_pass>"),
    "fanvil": (r"SIP1 Register User\s*:(\S+)", r"SIP1 Register Pswd\s*:(\S+)"),
    "grandstream": (r"<P36>([^<]+)<", r"<P34>([^<]+)<"),
    "gigaset": (r"aucS_SIP_LOGIN_ID\"[^>]*'&quot;([^&]+)|aucS_SIP_LOGIN_ID\"[^>]*'\"([^\"]+)",
                r"aucS_SIP_PASSWORD\"[^>]*'\"([^\"]+)"),
}  # fmt: skip


class StandIn:
    """One phone on a host."""

    def __init__(self, host, brand):
        self.host, self.brand = host, brand
        self.mac, self.user, self.sender, self.event, self.agent, self.files = BRANDS[brand]
        self.socket = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host.address, 0))
        self.socket.settimeout(3)
        option = socket.inet_aton(host.address)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, option)
        self.here = "%s:%d" % self.socket.getsockname()

    def ask(self):
        """Ask the network; return the URL that came, or None after the 200."""
        text = SUBSCRIBE % {"user": self.user, "here": self.here, "sender": self.sender,
                            "event": self.event, "agent": self.agent}  # fmt: skip
        self.socket.sendto(text.encode(), GROUP)
        assert self.socket.recv(4096).startswith(b"SIP/2.0 200 ")
        self.socket.settimeout(0.5)
        try:
            notify = self.socket.recv(4096)
        except TimeoutError:
            return None
        finally:
            self.socket.settimeout(3)
        assert b"\r\nEvent: ua-profile;" in notify
        return notify.partition(b"\r\n\r\n")[2].decode()

    def fetch(self, url):
        """Fetch the files as the brand does; return the text of the last."""
        text = ""
        for name in self.files:
            target = url + name
            place, _, path = target.partition("://")[2].partition("/")
            host, _, port = place.partition(":")
            with self.host.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
                made.connect((host, int(port)))
                made.sendall(
                    f"GET /{path} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: x\r\n\r\n".encode()
                )
                data = b""
                while more := made.recv(65536):
                    data += more
            text = data.partition(b"\r\n\r\n")[2].decode()
        return text

    def register(self, text, node, user):
        """Register by hand with what the file says; return the final status."""
        login, password = ["".join(re.search(one, text).groups("")) for one in LOGINS[self.brand]]
        phone = Phone("desk", user, flow(self.host.address, self.socket.getsockname()[1]),
                      password=password.encode())  # fmt: skip
        where = (node.address, node.port)
        self.socket.sendto(phone.request("REGISTER", "sip:home.test"), where)
        phone.hear(self.socket.recv(4096))
        phone.user = login  # As whom it answers; the account in the header stays.
        data = phone.proven("REGISTER")
        self.socket.sendto(data, where)
        return int(self.socket.recv(4096).split(b" ")[1])


@pytest.mark.parametrize("brand", sorted(BRANDS))
def test_a_stand_in_is_listed_assigned_on_the_page_and_registers_by_its_file(house, brand):
    phone = StandIn(house.hosts["alice"], brand)
    page, other = house.page("alice"), house.page("bob")
    page.press("#tab-phones")
    page.wait_for("No phone of yours is here yet.")
    assert phone.ask() is None  # It is plugged in while the page is open.
    other.wait("!!document.querySelector('#tab-phones .count')")
    page.press("This is mine")
    other.wait("!document.querySelector('#tab-phones .count')")
    page.wait("!document.getElementById('phones').innerText.includes('New phones')")
    page.wait_for("Now switch the phone off and on.")
    time_is_over = time.monotonic() + 60
    url = None
    while url is None and time.monotonic() < time_is_over:
        url = phone.ask()  # As it does when it is switched on; the node hears it each five seconds.
        if url is None:
            time.sleep(0.5)
    assert url.startswith(house.node.url("/p/"))
    text = phone.fetch(url)
    assert phone.register(text, house.node, "alice") == 200
    page.wait_for("alice-" + brand)
    assert "used already" in phone.fetch(url)


@pytest.mark.parametrize("house", ["config node 'field'\n"], indirect=True, ids=["field mode"])
def test_in_field_mode_a_phone_that_nobody_knows_has_a_number_at_once(house):
    path = house.node.write_configuration()
    with open(path) as file:
        text = file.read().replace("config node 'field'\n", "")
    with open(path, "w") as file:
        file.write(text.replace("option http_port", "option field_mode '1'\n\toption http_port", 1))
    house.node.ask("reload")
    phone = StandIn(house.hosts["alice"], "snom")
    url = phone.ask()
    text = phone.fetch(url)
    assert phone.register(text, house.node, "guest900") == 200
    page = house.page("bob")
    page.press("#tab-book")
    page.wait_for("snomD375")


def test_a_phone_led_by_dhcp_gets_its_file_by_its_address_once_assigned(house):
    phone = StandIn(house.hosts["alice"], "yealink")
    phone.ask()
    base = house.node.url("/p/")
    assert "used already" in phone.fetch(base)
    house.node.ask("assign-phone", "bob", phone.mac)
    assert phone.register(phone.fetch(base), house.node, "bob") == 200
