"""What every phone driver shares: events in order, waiting, the log, the tone."""

import os
import threading
import time
from collections import namedtuple

from tests.support import tone

REGISTER_SECONDS = 60
RING_SECONDS = 40
CALL_SECONDS = 45
HEAR_SECONDS = 40
LISTEN_SECONDS = 0.5
PURE = 0.9  # G.711, a jitter buffer's corrections and a lost packet stay above
LOG_LINES = 400

# transport: udp, tcp or tls; encryption: None, srtp, dtls or zrtp (mandatory);
# server and port: where everything is sent, as an outbound proxy.
Account = namedtuple("Account", "user password domain server port transport encryption")


def address(host):
    """Write an IP address as a URI wants it."""
    return f"[{host}]" if ":" in host else host


class PhoneError(AssertionError):
    """A phone did not do in time what the test expects; carries its log."""


class Phone:
    """One phone on one host; a driver fills in the methods that raise here.

    Events: registered, unregistered, incoming, ringing, established, held, resumed,
    closed, transferred, message, dtmf; each with a text (reason, peer, digit).
    """

    records_after_hold = True

    def __init__(self, host, folder, hz, ring_seconds=120):
        self.host = host
        self.ring_seconds = ring_seconds  # how long it rings unanswered
        self.folder = str(folder)
        self.hz = hz
        self.account = None
        self.process = None
        self.log_path = os.path.join(self.folder, "log")
        self._events = []
        self._seen = 0
        self._changed = threading.Condition()
        os.makedirs(self.folder, exist_ok=True)

    def register(self, user, password, domain, server, port=5060, transport="udp", encryption=None):
        """Start the phone with this one account; it registers by itself."""
        self.account = Account(user, password, domain, server, port, transport, encryption)
        self.start()

    def uri(self, target):
        """Complete a name or an extension with the account's domain."""
        return target if ":" in target else f"sip:{target}@{self.account.domain}"

    def press(self, keys):
        """Dial what the keys of the phone have written, or what stands where they write to."""
        self.dial(self.uri(keys))

    def emit(self, kind, text=""):
        """Record an event (called by the driver's reader thread)."""
        with self._changed:
            self._events.append((kind, text))
            self._changed.notify_all()

    def events(self):
        """Return all events so far as (kind, text)."""
        with self._changed:
            return list(self._events)

    def wait(self, kind, seconds, but_not=()):
        """Wait for the next event of a kind; return its text.

        Events before it count as seen; one of `but_not` fails at once.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for place in range(self._seen, len(self._events)):
                    found, text = self._events[place]
                    if found == kind:
                        self._seen = place + 1
                        return text
                    if found in but_not:
                        raise self.failure(f"{found} ({text}) instead of {kind}")
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise self.failure(f"no {kind} within {seconds} s")

    def wait_registered(self, seconds=REGISTER_SECONDS):
        """Wait until the registrar has said yes."""
        self.wait("registered", seconds, but_not=("unregistered",))

    def wait_incoming(self, seconds=RING_SECONDS):
        """Wait until this phone rings; return who calls."""
        return self.wait("incoming", seconds)

    def wait_ringing(self, seconds=RING_SECONDS):
        """Wait until the called phone rings."""
        self.wait("ringing", seconds, but_not=("closed",))

    def wait_established(self, seconds=CALL_SECONDS):
        """Wait until the call stands."""
        return self.wait("established", seconds, but_not=("closed",))

    def wait_closed(self, seconds=CALL_SECONDS):
        """Wait until the call has ended; return the reason as the phone words it."""
        return self.wait("closed", seconds)

    def hear(self, hz, seconds=HEAR_SECONDS):
        """Wait until the last half second heard is this pure tone; return the Tone."""
        return self._listen(
            lambda heard: heard.hz == hz and heard.purity > PURE and heard.gap_seconds == 0,
            f"{hz} Hz",
            seconds,
        )

    def hear_nothing_of(self, hz, seconds=HEAR_SECONDS):
        """Wait until a tone is gone: silence, or no new sound at all."""
        self._listen(lambda heard: heard.hz != hz, f"no more {hz} Hz", seconds, grow=False)

    def _listen(self, accept, wanted, seconds, grow=True):
        """Look at the growing recording's end until `accept` likes it, or it rests."""
        deadline = time.monotonic() + seconds
        sizes = []
        heard = None
        while time.monotonic() < deadline:
            time.sleep(LISTEN_SECONDS / 2)  # sound grows only with time
            path = self.recording()
            sizes = [*sizes[-2:], os.path.getsize(path) if path else 0]
            if len(sizes) == 3 and len(set(sizes)) == 1 and not grow:
                return None
            if len(sizes) == 1 or sizes[-1] == sizes[-2]:
                continue
            heard = tone.measure(path, LISTEN_SECONDS)
            if heard.seconds > LISTEN_SECONDS * 0.9 and accept(heard):
                return heard
        raise self.failure(f"did not hear {wanted} but {heard}")

    def failure(self, what):
        """Return a PhoneError with the phone's state."""
        with self._changed:
            events = list(self._events)
        return PhoneError(f"{self}: {what}; events: {events}")

    def log_tail(self):
        """Return the end of the phone's log, SIP messages included."""
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-LOG_LINES:])

    def recordings(self):
        """Return the paths of what was heard, oldest first."""
        found = [
            os.path.join(self.folder, name)
            for name in os.listdir(self.folder)
            if self.is_recording(name)
        ]
        return sorted(found, key=os.path.getmtime)

    def recording(self):
        """Return the path of the newest recording, or None."""
        found = self.recordings()
        return found[-1] if found else None

    def close(self):
        """End the program, gently and then not."""
        if self.process is None:
            return
        try:
            self.quit()
            self.process.wait(3)
        except Exception:  # whatever it was, the program must go
            self.process.kill()
            self.process.wait(5)
        self.process = None

    def __repr__(self):
        user = self.account.user if self.account else "?"
        return f"{type(self).__name__}({user})"
