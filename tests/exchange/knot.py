"""A real knot that takes a directory's names by updates (RFC 2136), and signs what it has taken."""

import base64
import os
import re
import shutil
import socket
import subprocess
import time

from ..support.lab import KNOTD, PATIENCE, SERVER

KEYMGR = shutil.which("keymgr") or shutil.which("keymgr", path="/usr/sbin")
SIGNING = """\
key:
  - id: directory
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: updates
    key: directory
    action: update
policy:
  - id: signed
    algorithm: ecdsap256sha256
    single-type-signing: on
    nsec3: on
zone:
  - domain: {zone}
    file: {folder}/zone
    zonefile-sync: -1
    journal-content: all
    dnssec-signing: on
    dnssec-policy: signed
    acl: updates
"""
CONFIG = SERVER + SIGNING
ZONE = "$ORIGIN {zone}.\n$TTL 300\n@ SOA at-dir.test. admin.test. 1 3600 600 86400 60\n"
UPDATES = """\
[updates]
server = "{host}:53"
key = "directory"
secret_file = "{folder}/tsig"
"""


class Knot:
    """A server of one zone. It is the `dns` of a world.World: more: lines of its settings."""

    def __init__(self, folder, zone):
        number = os.getpid() % 65000
        self.host = f"127.253.{number // 254}.{1 + number % 254}"
        self.folder, self.zone = folder / "knot", zone
        self.database = f"sqlite:///{folder}/directory.db"
        self.folder.mkdir()
        secret = base64.b64encode(os.urandom(32)).decode()
        (self.folder / "tsig").write_text(secret + "\n")
        self.write(secret)
        (self.folder / "zone").write_text(ZONE.format(zone=zone) + "@ NS at-dir.test.\n")
        self.more = UPDATES.format(host=self.host, folder=self.folder)
        self.process = None
        self.start()

    def write(self, secret):
        """Write its settings; secret: of the updates."""
        text = CONFIG.format(folder=self.folder, host=self.host, zone=self.zone, secret=secret)
        (self.folder / "knot.conf").write_text(text)

    def secure(self):
        """Return the DS lines for the zone above."""
        config = str(self.folder / "knot.conf")
        command = [KEYMGR, "-c", config, self.zone, "ds"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        lines = re.findall(r"^\S+ (?:IN )?DS .*$", found.stdout, re.MULTILINE)
        assert lines, found.stdout + found.stderr
        return "\n".join(lines)

    def start(self):
        """Answer from now on."""
        if self.process is not None and self.process.poll() is None:
            return
        with open(self.folder / "log", "ab") as log:
            command = [KNOTD, "-c", str(self.folder / "knot.conf")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        question = bytes.fromhex("0001 0000 0001 0000 0000 0000 03") + b"dir\x04test\0"
        end = time.monotonic() + PATIENCE
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            while time.monotonic() < end:
                try:
                    probe.sendto(question + b"\0\x06\0\1", (self.host, 53))
                    if probe.recv(4096)[3] & 15 == 0:  # NOERROR: the zone is loaded and signed.
                        return
                except OSError:
                    assert self.process.poll() is None, (self.folder / "log").read_text()
        raise OSError("knot does not answer: " + (self.folder / "log").read_text())

    def stop(self):
        """End it."""
        self.process.terminate()
        self.process.wait(PATIENCE)
