"""A small router of OpenWrt's own programs: ubusd, rpcd, uhttpd and a node, in mounts of their own.

OPENWRT_ROOT names the folder that they were installed into: bin/ubus, sbin/{ubusd,rpcd,uhttpd},
lib/, share/. Nothing of it is seen outside: /etc, /var/run and the folders of rights are mounted
for these processes alone.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from .feed import BELLHOP, LUCI

SECONDS = 60
PROGRAMS = ("bin/ubus", "sbin/ubusd", "sbin/rpcd", "sbin/uhttpd")
# What the private mounts hold; {0} is the folder of one test.
MOUNTS = """
set -e
mount -t overlay etc -o lowerdir=/etc,upperdir={0}/etc,workdir={0}/work /etc
mount -t tmpfs run /var/run
mkdir /var/run/ubus
mount -t overlay share -o lowerdir=/usr/share,upperdir={0}/share,workdir={0}/work2 /usr/share
mkdir /usr/share/acl.d
mount --bind {0}/bus /usr/share/acl.d
mount --bind {0}/rights {1}/share/rpcd/acl.d
echo ready
exec sleep 100000
"""
LOGINS = """
config login
	option username 'owner'
	option password '%s'
	list read '*'
	list write '*'

config login
	option username 'guest'
	option password '%s'
	list read 'luci-app-bellhop'
"""
# What rpcd lets anybody do.
ANYBODY = {
    "unauthenticated": {
        "description": "log in", "read": {"ubus": {"session": ["access", "login"]}}
    }
}  # fmt: skip


def why_unavailable():
    """Return why there can be no such router here, or None."""
    root = os.environ.get("OPENWRT_ROOT")
    if not root:
        return "OPENWRT_ROOT is not set: no real ubusd, rpcd and uhttpd to test with"
    missing = [name for name in PROGRAMS if not os.path.exists(os.path.join(root, name))]
    if missing:
        return "OPENWRT_ROOT has no " + ", ".join(missing)
    if os.geteuid() or not shutil.which("unshare"):
        return "mounts of one's own need root and unshare"
    return None


def free_port():
    """Return a port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Router:
    """One router. config: the text of /etc/config/bellhop; http: the port of uhttpd."""

    def __init__(self, folder, config):
        self.folder = Path(folder)
        self.root = os.environ["OPENWRT_ROOT"]
        self.http = free_port()
        self.processes = []
        for name in ("etc/config", "share", "bus", "rights", "work", "work2"):
            (self.folder / name).mkdir(parents=True)
        word = subprocess.run(
            ["openssl", "passwd", "-6", "secret"], capture_output=True, text=True, check=True
        ).stdout.strip()
        (self.folder / "etc/config/bellhop").write_text(config)
        (self.folder / "etc/config/rpcd").write_text(LOGINS % (word, word))
        self.give_rights("nobody")
        rights = LUCI / "root/usr/share/rpcd/acl.d"
        shutil.copytree(rights, self.folder / "rights", dirs_exist_ok=True)
        (self.folder / "rights/anybody.json").write_text(json.dumps(ANYBODY))

    def give_rights(self, user):
        """Put the node's rights on the bus where ubusd reads them, for a user of this machine."""
        rights = (BELLHOP / "files/bellhop.acl.json").read_text()
        path = self.folder / "bus/bellhop.json"
        path.write_text(rights.replace('"user": "bellhop"', '"user": "%s"' % user))
        path.chmod(0o644)

    def __enter__(self):
        script = MOUNTS.format(self.folder, self.root)
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
        self.holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        for process in [*self.processes, self.holder]:
            process.kill()
            process.wait(SECONDS)

    def _inside(self, words):
        return ["nsenter", "--mount=/proc/%d/ns/mnt" % self.holder.pid, "--", *map(str, words)]

    def _environment(self):
        return dict(os.environ, LD_LIBRARY_PATH=os.path.join(self.root, "lib"))

    def start(self, *words, **options):
        """Start a program of the root; return its process."""
        process = subprocess.Popen(
            self._inside([os.path.join(self.root, words[0]), *words[1:]]),
            env=self._environment(), stderr=subprocess.DEVNULL, text=True, **options,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def start_bus(self):
        """Start ubusd."""
        made = self.start("sbin/ubusd")
        self.until(lambda: self.run("bin/ubus", "list").returncode == 0)
        return made

    def start_pages(self):
        """Start rpcd and uhttpd, as LuCI has them."""
        self.start("sbin/rpcd")
        self.ubus("wait_for", "session", "uci")
        place = "127.0.0.1:%d" % self.http
        self.start("sbin/uhttpd", "-f", "-p", place, "-h", LUCI / "htdocs", "-u", "/ubus")

        def is_open():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.http)):
                return True
            return False

        self.until(is_open)

    def start_node(self, user="nobody", as_packaged=False):
        """Start a node as this user. as_packaged: with its socket where the package has it."""
        folder = "/var/run/bellhop" if as_packaged else "/var/run/state"
        words = ["--config", "/etc/config/bellhop", "--state", folder]
        prepare = "mkdir -m 0700 {0} && chown {1} {0} && exec ".format(folder, user)
        node = "setpriv --reuid=%s --clear-groups -- %s -m bellhop %s" % (
            user, sys.executable, " ".join(words),
        )  # fmt: skip
        self.output = self.folder / "output"
        with open(self.output, "w") as output:
            self.node = subprocess.Popen(
                self._inside(["sh", "-c", prepare + node]), stdout=output, stderr=output
            )
        self.processes.append(self.node)
        self.until(lambda: "bellhop is running" in self.output.read_text())

    def run(self, *words):
        """Run a program of the root."""
        return subprocess.run(
            self._inside([os.path.join(self.root, words[0]), *words[1:]]),
            env=self._environment(), capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip

    def ubus(self, *words):
        """Run the command ubus; return what it printed."""
        done = self.run("bin/ubus", "-t", "10", *words)
        assert done.returncode == 0, done
        return done.stdout

    def until(self, is_so):
        """Wait until something is so."""
        end = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < end, "it did not come to pass"
            time.sleep(0.05)
