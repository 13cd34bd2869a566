"""Ways for a code to reach who has a name: a text by a USB modem or an SMS centre, a voice, a
MESSAGE by SIP, or the screen of a lab.
"""

import os
import secrets
import socket
import subprocess
import urllib.parse
import urllib.request

from bellhop.errors import SipError
from bellhop.names import code
from bellhop.sip import digest, framing, message

SECONDS = 20


class Printed:
    """For a lab: the text stands on standard output, or in a file."""

    def __init__(self, path=None):
        self.path = path

    def send(self, number, text):
        """Show a text."""
        if self.path is None:
            print("SMS to %s: %s" % (number, text), flush=True)
            return
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("%s %s\n" % (number, text))


class Gammu:
    """A USB modem by gammu-smsd: its command puts the text into its queue. config: its file."""

    def __init__(self, config):
        self.config = config

    def send(self, number, text):
        """Queue a text; raises OSError."""
        command = ["gammu-smsd-inject", "-c", self.config, "TEXT", number, "-text", text]
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        if done.returncode:
            raise OSError(done.stderr.decode(errors="replace").strip()[:200])


class Kannel:
    """An SMS centre by Kannel's `sendsms`. url: of it; the password is in a file.

    sender: the number or name that is shown, "" for Kannel's `global-sender`.
    """

    def __init__(self, url, username, password_file, sender=""):
        self.url = url
        self.sender = sender
        self.username = username
        self.password_file = password_file

    def send(self, number, text):
        """Hand a text to the centre; raises OSError."""
        with open(self.password_file, encoding="utf-8") as file:
            password = file.read().strip()
        fields = {"username": self.username, "password": password, "to": number, "text": text}
        fields.update({"from": self.sender} if self.sender else {})
        query = urllib.parse.urlencode(dict(fields, charset="UTF-8"))
        with urllib.request.urlopen(self.url + "?" + query, timeout=SECONDS) as answer:
            if answer.status not in (200, 202):
                raise OSError("the SMS centre answers %d" % answer.status)


class Voice:
    """Asterisk calls the number and says the code: a call file for its pbx_spool.

    spool: its folder `outgoing`; channel: such as PJSIP/trunk/sip:%s@carrier.example.
    """

    FILE = (
        "Channel: {channel}\nContext: bellhop-codes\nExtension: {what}\nPriority: 1\n"
        "MaxRetries: 0\nWaitTime: 45\nSetvar: BELLHOP_CODE={digits}\n"
    )

    def __init__(self, spool, channel):
        self.spool = spool
        self.channel = channel

    def send(self, number, text):
        """Have a number called; raises OSError. What is no code is only announced."""
        found = code.read(text)
        what, digits = ("notice", "") if found is None else ("code", found[1])
        octets = self.FILE.format(channel=self.channel % number, what=what, digits=digits)
        name = "bellhop-" + secrets.token_hex(8)
        beside, path = (os.path.join(self.spool, one) for one in ("." + name, name))
        with open(beside, "x", encoding="ascii") as file:
            file.write(octets)
        os.rename(beside, path)  # Asterisk takes what is whole.


class Message:
    """A MESSAGE by a SIP server of the operator's, where claims@ZONE is a user.

    server: HOST:PORT, by TCP; password_file: its path, "" where the server trusts this machine.
    """

    LINES = (
        "MESSAGE sip:{to} SIP/2.0", "Via: SIP/2.0/TCP {here};branch=z9hG4bK{branch}",
        "Max-Forwards: 70", "From: <{sender}>;tag={tag}", "To: <sip:{to}>",
        "Call-ID: {tag}@{zone}", "CSeq: {count} MESSAGE", "{proof}Content-Type: text/plain",
        "Content-Length: {length}", "", "",
    )  # fmt: skip

    def __init__(self, server, zone, password_file=""):
        self.host, _, self.port = server.rpartition(":")
        self.zone = zone
        self.password_file = password_file

    def send(self, address, text):
        """Hand a text to the server; raises OSError."""
        body, tag = text.encode(), secrets.token_hex(8)
        with socket.create_connection((self.host, int(self.port)), SECONDS) as line:
            fields = {
                "to": address, "here": "%s:%d" % line.getsockname()[:2], "zone": self.zone,
                "sender": "sip:claims@" + self.zone, "tag": tag, "length": len(body),
            }  # fmt: skip
            status, challenge = self._ask(line, fields, body, 1, "")
            if status in (401, 407) and self.password_file:
                proof = self._proof(status, challenge, "sip:" + address)
                status, _ = self._ask(line, fields, body, 2, proof)
        if status >= 300:
            raise OSError("the SIP server answers %d" % status)

    def _ask(self, line, fields, body, count, proof):
        """Send one request; return (status, value of the challenge) of its final response."""
        head = "\r\n".join(self.LINES).format(
            count=count, proof=proof, branch=secrets.token_hex(8), **fields
        )
        line.sendall(head.encode() + body)
        framer = framing.Framer()
        while True:
            octets = line.recv(65535)
            if not octets:
                raise OSError("the SIP server has hung up")
            for one in framer.feed(octets):
                try:
                    found = message.parse(one)
                except SipError as error:
                    raise OSError("the SIP server: %s" % error) from None
                if isinstance(found, message.Response) and found.status >= 200:
                    names = b"www-authenticate", b"proxy-authenticate"
                    values = [found.value(name) for name in names if found.has(name)]
                    return found.status, values[0] if values else b""

    def _proof(self, status, challenge, target):
        """Return the line that answers a challenge (RFC 3261 section 22)."""
        asked = digest.credentials(challenge)
        if asked is None or asked.algorithm not in digest.ALGORITHMS:
            raise OSError("the SIP server wants a proof that is not Digest")
        with open(self.password_file, "rb") as file:
            password = file.read().strip()
        asked.username, asked.uri = b"claims", target.encode()
        if asked.qop is not None:
            asked.qop, asked.nc, asked.cnonce = b"auth", b"00000001", b"0" * 8
        secret = digest.ha1(asked.algorithm, asked.username, asked.realm, password)
        right = digest.response(asked.algorithm, secret, b"MESSAGE", asked)
        fields = [(name, getattr(asked, name)) for name in ("username", "realm", "nonce", "uri")]
        line = ", ".join('%s="%s"' % (name, value.decode()) for name, value in fields)
        line += ', response="%s", algorithm=%s' % (right.decode(), asked.algorithm.decode())
        if asked.qop is not None:
            line += ', qop=auth, nc=00000001, cnonce="00000000"'
        name = "Authorization" if status == 401 else "Proxy-Authorization"
        return "%s: Digest %s\r\n" % (name, line)


def of(section):
    """Return the sender that the settings name."""
    kind = section.get("kind", "print")
    if kind == "gammu":
        return Gammu(os.fspath(section["config"]))
    if kind == "kannel":
        who = section["username"], section["password_file"], section.get("sender", "")
        return Kannel(section["url"], *who)
    return Printed(section.get("file"))


def ways(settings):
    """Return {how: what sends so} of a directory's settings."""
    found = {"sms": of(settings["sms"])} if "sms" in settings else {}
    if "call" in settings:
        found["call"] = Voice(settings["call"]["spool"], settings["call"]["channel"])
    if "message" in settings:
        section = settings["message"]
        password = section.get("password_file", "")
        found["message"] = Message(section["server"], settings["zone"], password)
    return found
