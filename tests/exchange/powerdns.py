"""A real PowerDNS over a directory's database: signs live, denies without letting anybody list."""

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

from sqlalchemy import make_url

SERVER = shutil.which("pdns_server") or shutil.which("pdns_server", path="/usr/sbin")
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
POSTGRES_SCHEMA = Path("/usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql")
PATIENCE = 60
SQLITE = """\
launch=gsqlite3
gsqlite3-database={database}
gsqlite3-dnssec=yes
"""
POSTGRES = """\
launch=gpgsql
gpgsql-host={url.host}
gpgsql-port={url.port}
gpgsql-dbname={url.database}
gpgsql-user={url.username}
gpgsql-dnssec=yes
"""
CONFIG = """\
local-address={host}
local-port=53
socket-dir={folder}
cache-ttl=1
query-cache-ttl=0
negquery-cache-ttl=1
guardian=no
daemon=no
setuid=
setgid=
"""


def why_not():
    """Return why there can be none here, or None."""
    if SERVER is None or not SCHEMA.exists() or not shutil.which("pdnsutil"):
        return "no PowerDNS: the Debian packages pdns-server, pdns-backend-sqlite3 are missing"
    return "no PowerDNS: port 53 needs root" if os.geteuid() else None


class PowerDns:
    """A server of one zone, whose tables lie in a database of SQLite, or that of a URL."""

    # Lines of the directory's settings that it needs.
    more = ""

    def __init__(self, folder, zone, url=""):
        number = os.getpid() % 65000
        self.host = f"127.254.{number // 254}.{1 + number % 254}"
        self.folder, self.zone = folder, zone
        self.database = url or f"sqlite:///{folder}/directory.db"
        self.process = None
        if url:
            words = ["psql", "-q", "-f", str(POSTGRES_SCHEMA), url.replace("+psycopg", "")]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, timeout=60)
            text = POSTGRES.format(url=make_url(url))
        else:
            with sqlite3.connect(folder / "directory.db") as database:
                database.executescript(SCHEMA.read_text())
            text = SQLITE.format(database=folder / "directory.db")
        text += CONFIG.format(host=self.host, folder=folder)
        (folder / "pdns.conf").write_text(text)

    def secure(self):
        """Sign the zone from now on; return the DS lines for the zone above."""
        self._run("secure-zone", self.zone)
        self._run("set-nsec3", self.zone, "1 0 0 -", "narrow")
        lines = self._run("export-zone-ds", self.zone).splitlines()
        return "\n".join(line.split(";")[0] for line in lines if " IN DS " in line)

    def _run(self, *words):
        command = ["pdnsutil", f"--config-dir={self.folder}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise OSError(done.stdout + done.stderr)
        return done.stdout

    def start(self):
        """Answer from now on."""
        command = [SERVER, f"--config-dir={self.folder}"]
        with open(self.folder / "pdns.log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        question = bytes.fromhex("0001 0000 0001 0000 0000 0000 00 0006 0001")
        end = time.monotonic() + PATIENCE
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            while time.monotonic() < end:
                try:
                    probe.sendto(question, (self.host, 53))
                    if probe.recv(4096):
                        return
                except OSError:
                    assert self.process.poll() is None, (self.folder / "pdns.log").read_text()
        raise OSError("PowerDNS does not answer")

    def stop(self):
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
