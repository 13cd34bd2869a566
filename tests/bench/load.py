"""Loads a server with sipp and measures what it costs."""

import shutil
import time
from pathlib import Path

from tests.bench import latency, process
from tests.system.sipp import runner
from tests.system.sipp.runner import Sipp

# One core for the server, another for everything that loads it.
SERVER_CORE, LOAD_CORE = 0, 1
SECONDS = 120
# After a run: what a server still does for calls that have just ended.
SETTLE_SECONDS = 0.5
REGISTER_RATE = 300
# Calls that are only to be up at the same time.
CALLS_RATE = 60
# A call of the ramp that waits so long for a message has failed.
IMPATIENT = ("-recv_timeout", "3000")
# A step of the ramp counts where sipp could keep up with its rate.
ENOUGH = 0.8


class Trial:
    """One started server, its ports, and the phones that are registered with it."""

    def __init__(self, kind, folder, users):
        self.folder = Path(folder)
        self.port, self.phones, self.caller, self.others = runner.free_ports(4)
        self.users = self.folder / "users.csv"
        self.names = ["user%d" % number for number in range(users)]
        runner.write_users(self.users, self.names, kind.password)
        self.kind = kind
        self.domain = kind.domain or "%s:%d" % (runner.HOST, self.port)
        self.server = kind(self.folder, self.port, self.names, SERVER_CORE)
        self.server.phones = self.phones

    def __enter__(self):
        self.start_seconds = self.server.start()
        return self

    def __exit__(self, *failure):
        self.server.stop()
        shutil.rmtree(self.folder)

    def cpu(self):
        """Return the CPU seconds that the server has used so far."""
        return process.cpu_seconds(self.server.process.pid)

    def memory(self):
        """Return the megabytes that the server has in RAM."""
        return process.memory_mb(self.server.process.pid)

    def _sipp(self, scenario, port, server=True, **options):
        server_port = self.port if server else None
        options = dict(options, core=LOAD_CORE, domain=self.domain)
        return Sipp(scenario, self.folder, port, server_port, **options)

    def register(self, count, rate=REGISTER_RATE):
        """Register `count` times, all users in turn, from the port for phones."""
        if self.kind.registers:
            options = {"users": self.users, "calls": count, "rate": rate}
            # Otherwise sipp takes the server's address for what it asks for.
            options["options"] = ("-auth_uri", self.domain)
            self._sipp("register", self.phones, **options).wait(SECONDS + count / rate)

    def call(self, calls, rate, caller="call", called="answer", hold_ms=0, during=None, options=()):
        """Run calls; return (CPU seconds of the server, what `during()` gave, runs)."""
        answering = self._sipp(
            called, self.phones, server=False, calls=calls, hold_ms=self.kind.ring_ms
        )
        before = self.cpu()
        calling = self._sipp(
            caller, self.caller, users=self.users, calls=calls, rate=rate, hold_ms=hold_ms,
            options=options,
        )  # fmt: skip
        try:
            seen = during() if during else None
            calling.wait(SECONDS + calls / rate)
            answering.wait(SECONDS)
        finally:
            calling.stop()
            answering.stop()
        time.sleep(SETTLE_SECONDS)
        return self.cpu() - before, seen, (calling, answering)

    def cpu_per_1000_calls(self, seconds):
        """INVITE, 180, 200, ACK, BYE and 200, each in and out."""
        calls = self.kind.rate * seconds
        return self.call(calls, self.kind.rate)[0] * 1000 / calls

    def cpu_per_1000_registrations(self, count):
        """REGISTER, 401, REGISTER with digest, 200."""
        before = self.cpu()
        self.register(count)
        time.sleep(SETTLE_SECONDS)
        return (self.cpu() - before) * 1000 / count

    def highest_clean_rate(self, seconds, step):
        """Return (calls a second that went without any fault, what ended the ramp).

        A step that fails is tried once more: other load on the machine may have spoilt it.
        """
        rate, clean = self.kind.rate, 0
        while True:
            fault = self._fault(rate, seconds) and self._fault(rate, seconds)
            if fault:
                return clean, "%s at %d calls a second" % (fault, rate)
            clean, rate = int(rate), rate * step

    def _fault(self, rate, seconds):
        """Return what went wrong in one step of the ramp, or None."""
        try:
            _, _, runs = self.call(int(rate * seconds), rate, options=IMPATIENT)
        except AssertionError:
            return "a call failed"
        if any(run.counts()["Retransmissions"] for run in runs):
            return "messages were repeated"
        return "sipp gave out" if runs[0].rate() < ENOUGH * rate else None

    def latency(self, count, rate=100):
        """Return (p50, p95) in microseconds."""
        return latency.setup_microseconds(
            self.port, self.caller, self.phones, self.names[0], count, rate
        )

    def memory_while_ringing(self, calls):
        """Return megabytes while `calls` INVITEs ring: two transactions each in a proxy."""
        return self._memory_during(calls, "cancel", "ring")

    def memory_in_calls(self, calls):
        """Return megabytes while `calls` calls are up."""
        return self._memory_during(calls, "call", "answer")

    def _memory_during(self, calls, caller, called):
        def look():
            time.sleep(calls / CALLS_RATE + 1)
            return self.memory()

        hold_ms = int(calls / CALLS_RATE * 1000) + 2000
        return self.call(calls, CALLS_RATE, caller, called, hold_ms, look)[1]
