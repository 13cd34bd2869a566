"""Real servers as providers: Kamailio (Debian), Asterisk (built beside the tree) on 127.0.0.x.

Each registers one customer, user1 with the password `secret`, and sends what he dials to one
address, the telephone network; what comes from there goes to him.
"""

import os
import shutil
from pathlib import Path

from tests.system.sipp.runner import Server

HERE = Path(__file__).resolve().parent
USER, PASSWORD = ("user1", "secret")
ASTERISK_HOME = os.environ.get("BELLHOP_ASTERISK", "/opt/asterisk")


class Provider(Server):
    """A provider in a process of its own. network: (host, port) of the telephone network."""

    start_seconds = 60
    domain = "tel.test"

    def __init__(self, folder, host, port, network):
        Server.__init__(self, folder, port, ())
        self.host = host
        self.place = (host, port)
        self.network = network


class Kamailio(Provider):
    """Kamailio with one worker."""

    name = "kamailio"

    @staticmethod
    def why_unavailable():
        """Return why it cannot be had here, or None."""
        return None if shutil.which("kamailio") else "not installed (Debian package kamailio)"

    def configure(self):
        """Fill in kamailio.cfg."""
        text = (HERE / "kamailio.cfg").read_text()
        for name, value in (
            ("PORT", self.place[1]), ("HOST", self.place[0]), ("DOMAIN", self.domain),
            ("PASSWORD", PASSWORD), ("USER", USER), ("NETWORK_PORT", self.network[1]),
            ("NETWORK", self.network[0]),
        ):  # fmt: skip
            text = text.replace("@%s@" % name, str(value))
        (self.folder / "kamailio.cfg").write_text(text)
        command = ["kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-Y", str(self.folder)]
        return [*command, "-f", str(self.folder / "kamailio.cfg")], {}


ASTERISK = {
    "asterisk.conf": "[directories]\nastetcdir => {folder}\nastmoddir => {home}/lib/asterisk/"
    "modules\nastvarlibdir => {folder}\nastdbdir => {folder}\nastkeydir => {folder}\n"
    "astdatadir => {folder}\nastagidir => {folder}\nastspooldir => {folder}\n"
    "astrundir => {folder}\nastlogdir => {folder}\nastsbindir => {home}/sbin\n",
    "logger.conf": "[general]\n[logfiles]\nconsole => error,warning\n",
    "modules.conf": "[modules]\nautoload=yes\n",
    "rtp.conf": "[general]\nrtpstart=19000\nrtpend=19100\n",
    "pjsip.conf": """[global]
type=global
[udp]
type=transport
protocol=udp
bind={host}:{port}
[user1]
type=endpoint
context=house
disallow=all
allow=alaw
auth=user1
aors=user1
transport=udp
direct_media=no
from_domain={domain}
100rel=peer_supported
timers=yes
send_pai=yes
{secret}
[user1]
type=auth
auth_type=userpass
username=user1
password={password}
realm={domain}
[user1]
type=aor
max_contacts=1
remove_existing=yes
[network]
type=endpoint
context=network
disallow=all
allow=alaw
trust_id_inbound=yes
aors=network
transport=udp
direct_media=no
[network]
type=aor
contact=sip:{network}:{network_port}
[network]
type=identify
endpoint=network
match={network}
""",
    "extensions.conf": """[house]
exten => _[+0-9].,1,Dial(PJSIP/network/sip:${{EXTEN}}@{network}:{network_port},30)
same => n,Hangup(${{HANGUPCAUSE}})
[network]
exten => _[+0-9].,1,Dial(PJSIP/user1,30)
same => n,Hangup(${{HANGUPCAUSE}})
""",
}


class Asterisk(Provider):
    """Asterisk with chan_pjsip: a user agent on both sides, its sound passes it."""

    name = "asterisk"
    # Further lines of the customer's endpoint.
    secret = ""

    @staticmethod
    def why_unavailable():
        """Return why it cannot be had here, or None."""
        if shutil.which("asterisk") or os.path.exists(ASTERISK_HOME + "/sbin/asterisk"):
            return None
        return "not there: Debian 12 has none, BELLHOP_ASTERISK names the folder of a built one"

    def configure(self):
        """Write its files."""
        found = ASTERISK_HOME + "/sbin/asterisk"
        binary = found if os.path.exists(found) else shutil.which("asterisk")
        home = Path(binary).parents[1]
        values = {
            "folder": self.folder, "home": home, "host": self.place[0], "port": self.place[1],
            "domain": self.domain, "password": PASSWORD, "network": self.network[0],
            "network_port": self.network[1], "secret": self.secret,
        }  # fmt: skip
        for name, text in ASTERISK.items():
            (self.folder / name).write_text(text.format(**values))
        command = [binary, "-f", "-n", "-C", str(self.folder / "asterisk.conf")]
        return command, {"LD_LIBRARY_PATH": str(home / "lib")}


class Secret(Asterisk):
    """Asterisk that takes no sound but encrypted, with keys by SDES (RFC 4568)."""

    secret = "media_encryption=sdes"


SERVERS = (Kamailio, Asterisk)
