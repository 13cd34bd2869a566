"""Runs sipp scenarios on 127.0.0.1 and reads what sipp counted."""

import contextlib
import csv
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parent
HOST = "127.0.0.1"
DOMAIN = "sipp.test"
PASSWORD = "secret"
STOP_SECONDS = 30
SIPP_STOP_SECONDS = 1


def why_unavailable():
    """Return why no scenario can run here, or None."""
    return None if shutil.which("sipp") else "sipp is missing (Debian package sip-tester)"


def free_ports(count):
    """Return ports of 127.0.0.1 that neither UDP nor TCP uses now; no two of a call are equal.

    They lie below those that the kernel gives to connections, for one of those may take a port
    that a test has let go of.
    """
    with contextlib.ExitStack() as held:
        found = []
        while len(found) < count:
            here = (HOST, random.randrange(21000, 32768))
            tcp = held.enter_context(socket.socket())
            udp = held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            with contextlib.suppress(OSError):
                tcp.bind(here)
                udp.bind(here)
                found.append(here[1])
        return found


def write_users(path, names, password=PASSWORD):
    """Write the -inf file of the scenarios: user name, credentials; taken in turn.

    password: of all, with {0} for the name.
    """
    row = "{0};[authentication username={0} password=%s];\n" % password
    path.write_text("SEQUENTIAL\n" + "".join(row.format(name) for name in names))


def on_core(core):
    """Return the command that binds a process to one core, () for None."""
    return () if core is None else ("taskset", "-c", str(core))


class Sipp:
    """One run of a scenario; `folder` takes its files and may hold other runs as well.

    server_port: None for a scenario that waits for calls. rate: calls a second.
    """

    def __init__(
        self, scenario, folder, port, server_port=None, *, users=None, calls=None, rate=10,
        hold_ms=0, transport="u1", options=(), core=None, domain=DOMAIN, host=HOST,
    ):  # fmt: skip
        self.name = "%s-%d" % (scenario, port)
        self.port = port
        self.stat = Path(folder, self.name + ".stat")
        self.errors = Path(folder, self.name + ".errors")
        self.folder = Path(folder)
        command = [*on_core(core), "sipp", "-sf", SCENARIOS / (scenario + ".xml"), "-nostdin"]
        command += ["-i", host, "-p", str(port), "-t", transport, "-key", "domain", domain]
        command += ["-d", str(hold_ms), "-r", str(rate), "-trace_stat", "-stf", self.stat]
        command += ["-fd", "1", "-trace_counts", "-trace_err", "-error_file", self.errors]
        command += ["-m", str(calls)] if calls else []
        command += ["-inf", users] if users else []
        command += [*options, *([f"{HOST}:{server_port}"] if server_port else [])]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )

    def wait(self, seconds):
        """Wait for the end of the run; raises AssertionError where a call failed."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            status = "none after %d s" % seconds
        if status != 0:
            raise AssertionError("%s ended with %s: %s" % (self.name, status, self.report()))
        return self

    def listening(self, seconds):
        """Wait until it takes calls by UDP; raises AssertionError where it does not."""
        deadline = time.monotonic() + seconds
        mark = ":%04X " % self.port
        while mark not in Path("/proc/net/udp").read_text():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError("%s takes no calls: %s" % (self.name, self.report()))
            time.sleep(0.05)
        return self

    def stop(self):
        """End the run, if need be by force."""
        # SIGUSR1: write the counts and finish; a second one does not wait for open calls.
        for number in (signal.SIGUSR1, signal.SIGUSR1, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(SIPP_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    continue

    def report(self):
        """Return the counts that are not 0, and the errors that sipp logged first."""
        counts = {name: value for name, value in self.counts().items() if value}
        errors = self.errors.read_text(errors="replace") if self.errors.exists() else ""
        return "%s\n%s" % (counts, errors[:4000])

    def counts(self):
        """Return the cumulative counters of sipp: name -> number."""
        names = ("SuccessfulCall", "FailedCall", "Retransmissions", "OutOfCallMsgs", "DeadCallMsgs")
        row = _last_row(self.stat)
        return {name: int(row.get(name + "(C)") or 0) for name in names}

    def rate(self):
        """Return the calls a second that sipp has made."""
        return float(_last_row(self.stat).get("CallRate(C)") or 0)

    def messages(self):
        """Return what happened to the scenario's messages, as in "1_INVITE_Retrans": 0."""
        row = _last_row(
            self.folder / ("%s_%d_counts.csv" % (self.name.rpartition("-")[0], self.process.pid))
        )
        return {
            name: int(value) for name, value in row.items() if name and value and value.isdigit()
        }


def _last_row(path):
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return rows[-1] if rows else {}


class Server:
    """A SIP server in a process of its own; a subclass says how it is configured and started."""

    # domain: that of its users, "" for its address; password: of its users, with {0} for the name.
    name = ""
    host = HOST
    start_seconds = 20
    domain = DOMAIN
    password = PASSWORD

    def __init__(self, folder, port, users, core=None):
        self.folder = Path(folder)
        self.port = port
        self.users = users
        self.core = core
        self.process = None

    def configure(self):
        """Write the configuration; return (command, environment to add)."""
        raise NotImplementedError

    def start(self):
        """Start the server; return the seconds until it answered OPTIONS."""
        command, environment = self.configure()
        with open(self.folder / (self.name + ".log"), "ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen(
                [*on_core(self.core), *command],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_ready(begun + self.start_seconds)
        return time.monotonic() - begun

    def _wait_ready(self, deadline):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.bind((self.host, 0))
            asking.settimeout(0.005)
            here = "%s:%d" % asking.getsockname()
            number = 0
            while self.process.poll() is None and time.monotonic() < deadline:
                number += 1
                asking.sendto(_options(number, here, self.host, self.port), (self.host, self.port))
                try:
                    if asking.recv(65535).startswith(b"SIP/2.0 "):
                        return
                except OSError:
                    continue
        raise AssertionError("%s does not answer:\n%s" % (self.name, self.log_tail()))

    def log_tail(self):
        """Return the end of what the server wrote."""
        return (self.folder / (self.name + ".log")).read_text(errors="replace")[-4000:]

    def stop(self):
        """End the server, if need be by force."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _options(number, here, host, port):
    lines = [
        "OPTIONS sip:%s:%d SIP/2.0" % (host, port),
        "Via: SIP/2.0/UDP %s;branch=z9hG4bKready%d;rport" % (here, number),
        "From: <sip:ready@%s>;tag=r%d" % (here, number),
        "To: <sip:%s:%d>" % (host, port),
        "Call-ID: ready%d@%s" % (number, here),
        "CSeq: %d OPTIONS" % number,
        "Max-Forwards: 70",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
