"""A real push server of UnifiedPush: Prosody's mod_unified_push, and an app behind it.

The app is a client of its by hand (RFC 6120): it asks for an endpoint and hears pushes as IQs.
"""

import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from tests.system.sipp.runner import free_ports

PATIENCE = 60
MODULES = (
    "/usr/lib/prosody/modules/mod_unified_push",
    "/usr/share/prosody-modules/mod_unified_push",
)
CONFIG = """\
run_as_root = true
daemonize = false
pidfile = "{folder}/pid"
data_path = "{folder}/data"
log = {{ info = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
http_ports = {{}}
https_ports = {{ {https} }}
s2s_ports = {{}}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
ssl = {{ certificate = "{folder}/cert.pem", key = "{folder}/key.pem" }}
https_ssl = {{ certificate = "{folder}/cert.pem", key = "{folder}/key.pem" }}
modules_disabled = {{ "s2s" }}
modules_enabled = {{ "saslauth", "disco", "unified_push" }}
VirtualHost "push.test"
    http_host = "localhost"
    http_external_url = "https://localhost:{https}/"
"""
PLAIN = base64.b64encode(b"\0alice\0secret").decode()
OPEN = (
    "<?xml version='1.0'?><stream:stream to='push.test' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)
AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>" % PLAIN
BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>"
WHO = base64.b64encode(hashlib.sha256(b"bellhop").digest()).decode()
REGISTER = (
    "<iq type='set' id='r' to='push.test'><register xmlns='http://gultsch.de/xmpp/drafts/"
    "unified-push' application='%s' instance='%s'/></iq>" % (WHO, WHO)
)


def why_unavailable():
    """Return why there is no such server, or None."""
    if shutil.which("prosody") is None or not any(map(os.path.isdir, MODULES)):
        return "no Prosody with mod_unified_push (Debian packages prosody, prosody-modules)"
    return None


class PushServer:
    """The server, and one app at it. woken: called for each push; url: where pushes are posted.

    A node that is started inside `with` believes its certificate.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.woken = lambda: None
        self.url = None
        self.c2s, self.https = free_ports(2)
        self.certificate = self.folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
             self.folder / "key.pem", "-out", self.certificate], check=True, capture_output=True,
        )  # fmt: skip
        accounts = self.folder / "data" / "push%2etest" / "accounts"
        accounts.mkdir(parents=True)
        (accounts / "alice.dat").write_text('return { ["password"] = "secret"; };')
        config = self.folder / "prosody.cfg.lua"
        given = {"folder": self.folder, "c2s": self.c2s, "https": self.https}
        config.write_text(CONFIG.format(**given))
        with open(self.folder / "log", "wb") as log:
            words = ["prosody", "--config", config]
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        self.stream = self._connect()
        self.buffer = ""
        for sent, wanted in ((OPEN, "</stream:features>"), (AUTH, "<success"),
                             (OPEN, "</stream:features>"), (BIND, "</iq>")):  # fmt: skip
            self._say(sent, wanted)
        told = self._say(REGISTER, "id='r'")
        self.url = re.search(r"endpoint=['\"]([^'\"]+)", told)[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _connect(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.c2s))
            except OSError:
                words = (self.folder / "log").read_text()
                assert time.monotonic() < deadline and self.process.poll() is None, words
                time.sleep(0.05)

    def _say(self, sent, wanted):
        """Send; return what came once it holds what was wanted."""
        self.stream.sendall(sent.encode())
        return self._hear(wanted)

    def _hear(self, wanted):
        while wanted not in self.buffer:
            more = self.stream.recv(65536).decode()
            assert more, self.buffer
            self.buffer += more
        heard, self.buffer = self.buffer, ""
        return heard

    def _listen(self):
        """Hear pushes; each is acknowledged, and wakes the app."""
        try:
            while True:
                heard = self._hear("</push></iq>")
                (number,) = re.findall(r"<iq[^>]* id='([^']+)'[^>]*><push", heard)
                answer = "<iq type='result' id='%s' to='push.test'/>" % number
                self.stream.sendall(answer.encode())
                self.woken()
        except (OSError, AssertionError):
            return  # The test is over.

    def __enter__(self):
        os.environ["SSL_CERT_FILE"] = str(self.certificate)
        return self

    def __exit__(self, *failure):
        del os.environ["SSL_CERT_FILE"]
        self.stream.close()
        self.process.terminate()
        self.process.wait(PATIENCE)
