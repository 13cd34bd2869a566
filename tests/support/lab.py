"""A DNS of one's own on loopback: a root, its anchor, and zones that are right and wrong.

    with Lab(folder, {"named": 'www TXT "hello"'}) as lab:      # the zone named.test
        Unbound(loop, anchor=lab.anchor, root_hints=lab.hints)

Signed by ldns, served by knot on port 53 of 127.x.y.z: delegations carry no port, so this needs
root. Beside the zones that are asked for there are

    plain.test     unsigned                 bogus.test    a record changed after it was signed
    expired.test   signatures of 2020       silent.test   its server never answers
    slow.test      unsigned, answers after two seconds

each with the records of `WRONG`.
"""

import datetime
import itertools
import os
import shutil
import socket
import subprocess
import threading
import time

PATIENCE = 60
KNOTD = shutil.which("knotd") or shutil.which("knotd", path="/usr/sbin")
TOOLS = ("ldns-keygen", "ldns-signzone")
HEAD = "$ORIGIN {zone}\n$TTL 60\n@ SOA ns.test. admin.test. 1 3600 600 86400 5\n@ NS {server}\n"
WRONG = {
    "plain": 'www TXT "hello"', "bogus": 'www TXT "hello"\nwww A 127.0.0.9',
    "expired": 'www TXT "hello"', "silent": "", "slow": 'www TXT "hello"',
}  # fmt: skip
UNSIGNED = ("silent", "slow", "plain")
SLOW_SECONDS = 2
LABS = itertools.count()
# How each knotd of the tests begins.
SERVER = """\
server:
  rundir: {folder}
  listen: {host}@53
log:
  - target: stderr
    any: warning
database:
  storage: {folder}
"""
ZONES = """\
template:
  - id: default
    zonefile-load: whole
    journal-content: none
zone:
"""
CONFIG = SERVER + ZONES


def why_not():
    """Return why there can be no lab here, or None."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if KNOTD is None or missing:
        return "no DNS lab: the Debian packages knot and ldnsutils are missing"
    if os.geteuid():
        return "no DNS lab: port 53 needs root"
    return None


class Lab:
    """A running DNS. zones: name below test. -> lines of its zone file.

    host: netns.Host that has it on its loopback, None for this machine; delay: seconds on the way
    to every server and back; apart: names of zones with a server of their own. seen: address of a
    server that is relayed -> the questions that it got, octets; elsewhere: name of a zone that
    another server has -> (its address, the DS lines for the zone above); lie(answer): what comes in
    the place of an answer of the zones apart, octets.
    """

    def __init__(self, folder, zones, host=None, delay=0, apart=(), elsewhere=None, lie=None):
        self.folder = folder
        self.popen = subprocess.Popen if host is None else host.popen
        self.socket = socket.socket if host is None else host.socket
        names = ("host", "mute", "late", "hidden", "behind", "other", "honest")
        number, first = os.getpid() % 65000, 20 + len(names) * (next(LABS) % 33)
        for at, name in enumerate(names):
            setattr(self, name, f"127.{first + at}.{number // 254}.{1 + number % 254}")
        self.anchor, self.hints = str(folder / "anchor"), str(folder / "hints")
        self.zones = dict(WRONG, **zones)
        self.delay, self.lie = delay, lie
        self.apart, self.elsewhere = apart, elsewhere or {}
        self.seen = {}
        self.processes = []
        self.sockets, self.threads = [], []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            process.wait(PATIENCE)
        for one in self.sockets:
            one.close()
        for thread in self.threads:
            thread.join()

    def _start(self):
        files = {}
        delegations = ""
        for name, lines in self.zones.items():
            zone = f"{name}.test."
            server = {"silent": "mute.test.", "slow": "late.test."}.get(name, "ns.test.")
            server = "other.test." if name in self.apart else server
            text = HEAD.format(zone=zone, server=server) + lines + "\n"
            delegations += f"{name} NS {server}\n"
            files[zone], secure = self._zone(zone, text, name)
            delegations += secure
        addresses = f"ns A {self.host}\nmute A {self.mute}\nlate A {self.late}\n"
        addresses += f"other A {self.other}\n"
        for name, (address, secure) in self.elsewhere.items():
            addresses += f"at-{name} A {address}\n"
            delegations += f"{name} NS at-{name}.test.\n{secure}\n"
        text = HEAD.format(zone="test.", server="ns.test.") + addresses + delegations
        files["test."], secure = self._zone("test.", text, "")
        text = HEAD.format(zone=".", server="ns.test.") + "test NS ns.test.\n" + secure
        text += f"ns.test. A {self.host}\n"
        files["."], _ = self._zone(".", text, "")
        with open(self.hints, "w", encoding="ascii") as file:
            file.write(f". 60 NS ns.test.\nns.test. 60 A {self.host}\n")
        del files["silent.test."]
        self._serve(self.hidden, {"slow.test.": files.pop("slow.test.")})
        self._relay(self.late, self.hidden, SLOW_SECONDS)
        apart = {f"{name}.test.": files.pop(f"{name}.test.") for name in self.apart}
        if apart:
            self._serve(self.honest if self.lie else self.other, apart)
        if self.lie:
            self._relay(self.other, self.honest, 0, self.lie)
        behind = self.behind if self.delay else self.host
        self._serve(behind, files)
        if self.delay:
            self._relay(self.host, behind, self.delay)
        self._open(self.mute)

    def _serve(self, host, files):
        """Serve some zones at an address."""
        folder = self.folder / host
        folder.mkdir()
        config = CONFIG.format(folder=folder, host=host)
        for zone, path in files.items():
            config += f"  - domain: {zone}\n    file: {path}\n"
        (folder / "knot.conf").write_text(config)
        self.processes.append(self.popen([KNOTD, "-c", str(folder / "knot.conf")]))
        self._wait(host)

    def _zone(self, zone, text, name):
        """Write a zone; return (its path, the DS lines for the zone above)."""
        path = self.folder / f"zone-{zone}"
        path.write_text(text)
        if name in UNSIGNED:
            return path, ""
        keys = []
        for kind in ("-k",), ():  # A key that signs keys, and one that signs the rest.
            made = self._run("ldns-keygen", "-a", "ECDSAP256SHA256", *kind, zone)
            keys.append(self.folder / made.strip())
        secure = keys[0].with_name(keys[0].name + ".ds").read_text()
        if zone == ".":
            shutil.copy(keys[0].with_name(keys[0].name + ".key"), self.anchor)
        end = datetime.date.today() + datetime.timedelta(days=30)
        dates = ["-i", "20200101", "-e", "20200201"] if name == "expired" else []
        dates = dates or ["-i", "20200101", "-e", end.strftime("%Y%m%d")]
        self._run("ldns-signzone", *dates, str(path), *map(str, keys))
        signed = path.with_name(path.name + ".signed")
        if name == "bogus":
            signed.write_text(
                signed.read_text().replace('"hello"', '"hullo"').replace(".0.9", ".0.8")
            )
        return signed, secure

    def _run(self, *command):
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise OSError(f"{command[0]}: {done.stderr}")
        return done.stdout

    def _open(self, host):
        made = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sockets.append(made)
        made.bind((host, 53))
        return made

    def _relay(self, front, behind, seconds, lie=bytes):
        """Answer at one address what another one says, after a while."""
        made = self._open(front)
        made.settimeout(0.1)
        thread = threading.Thread(target=self._pass, args=(made, behind, seconds, lie), daemon=True)
        thread.start()
        self.threads.append(thread)

    def _pass(self, made, behind, seconds, lie):
        while True:
            try:
                question, peer = made.recvfrom(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            self.seen.setdefault(made.getsockname()[0], []).append(question)
            asked = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
            asked.settimeout(PATIENCE)
            with asked:
                asked.sendto(question, (behind, 53))
                answer = lie(asked.recv(4096))
            threading.Timer(seconds, made.sendto, (answer, peer)).start()

    def _wait(self, host):
        """Wait until the last knot answers."""
        question = bytes.fromhex("0001 0000 0001 0000 0000 0000 00 0006 0001")
        end = time.monotonic() + PATIENCE
        with self.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            while time.monotonic() < end:
                if self.processes[-1].poll() is not None:
                    raise OSError("knotd has ended")
                try:
                    probe.sendto(question, (host, 53))
                    if probe.recv(4096):
                        return
                except OSError:
                    continue
        raise OSError("knotd does not answer")
