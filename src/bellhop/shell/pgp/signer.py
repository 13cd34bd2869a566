"""Signs and checks with the owner's GnuPG home (python-gnupg, gnupg2), two at a time, off the loop.

gpg shows nobody a prompt, asks no network, and is killed when it takes too long.
"""

import os
import tempfile
import threading

import gnupg

from ...errors import BellhopError
from ...settings.problems import missing
from ..workers import Workers

WORKERS = 2
# Signatures that wait for a worker; past it one is not made, or counts as bad.
MAX_WAITING = 32
# A small router needs some seconds for RSA.
GPG_SECONDS = 15
OPTIONS = [
    # Whose keys count is said in the configuration, not by the web of trust.
    "--trust-model=always",
    "--pinentry-mode=error",
    "--no-auto-key-retrieve",
    "--no-auto-key-locate",
    "--disable-dirmngr",
    # The home is on flash; here nothing but reading is done in it.
    "--lock-never",
    "--weak-digest=SHA1",
    # A clock without battery must make no good key bad; the hash of a call is new by itself.
    "--ignore-time-conflict",
]
TEST = b"bellhop test signature\n"
UNABLE = "calls are not signed: "
ELSEWHERE = "elsewhere than on OpenWrt: gnupg with gpg-agent"
# Why gpg does not sign (the last 16 bits of libgpg-error's code), and what to do.
NO_SECRET_KEY, UNUSABLE, CANCELLED, NO_PINENTRY = (17, 54, 99, 85)
LOCKED = (
    "it has a passphrase that gpg-agent does not know: unlock it there before the node starts, or "
    "give it a signing subkey without one"
)
HINTS = {
    NO_SECRET_KEY: "its secret key is not there",
    UNUSABLE: "it has expired, was revoked, or may not sign",
    CANCELLED: LOCKED,
    NO_PINENTRY: LOCKED,
}
# What python-gnupg says of a signature, in words for people; what is not here stays as it is.
FAULTS = {
    "signature bad": "it does not fit the keys of this call",
    "no public key": "its key is not in the keyring",
    "signature error": "it cannot be read",
    "signature expected but not found": "it cannot be read",
}


class Gpg(gnupg.GPG):
    """python-gnupg with a time limit. running: of each thread, the timer of its gpg."""

    running = threading.local()

    def _open_subprocess(self, *arguments):
        process = super()._open_subprocess(*arguments)
        self.running.timer = threading.Timer(GPG_SECONDS, process.kill)
        self.running.timer.daemon = True
        self.running.timer.start()
        return process

    def finished(self):
        """The gpg of this thread needs its limit no more."""
        timer = getattr(self.running, "timer", None)
        if timer is not None:
            timer.cancel()


class Signer:
    """Performs Sign and Verify. loop: the Loop; home, key: of `config pgp`."""

    def __init__(self, loop, home, key):
        self.loop = loop
        self.home, self.key = home, key
        if not os.path.isdir(home):
            problem = "there is no folder %s: make it, with mode 0700, and in it a key"
            raise BellhopError(UNABLE + problem % home)
        try:
            self.gpg = Gpg(gnupghome=home, options=OPTIONS)
            self.gpg.finished()
        except (OSError, ValueError) as error:
            lost = "%s%s (%s)" % (UNABLE, error, ELSEWHERE)
            raise BellhopError(missing("bellhop-pgp", lost)) from None
        self._try()
        self.workers = Workers(loop, WORKERS)

    def _try(self):
        """Sign once, so that the owner hears of a useless key now and not from his callers."""
        signature, problem = self._work(self._sign, TEST)
        if problem is None:
            problem = self._work(self._verify, TEST, signature)[1]
        if problem is not None:
            problem = "the key %s in %s cannot be used: %s" % (self.key, self.home, problem)
            raise BellhopError(UNABLE + problem)

    def close(self):
        """Take no more; what waits and what runs is still answered while the loop lives."""
        self.workers.close()

    def perform_sign(self, effect):
        """Have a worker sign."""
        self._perform("signed", effect.number, self._sign, effect.octets)

    def perform_verify(self, effect):
        """Have a worker check."""
        self._perform("verified", effect.number, self._verify, effect.octets, effect.signature)

    def _perform(self, event, number, work, *octets):
        hear = self.loop.engine.hear
        if self.workers.waiting >= MAX_WAITING:
            self.loop.later(hear, "pgp", event, number, (), "too many signatures at once")
            return
        self.workers.start(
            lambda: self._work(work, *octets),
            lambda found: self.loop.later(hear, "pgp", event, number, *found),
            ((), "gpg could not be asked: the log says where"),
        )

    # In a worker.

    def _work(self, work, *octets):
        """Return (what came of it or nothing, problem or None)."""
        try:
            return work(*octets)
        except OSError as error:
            return (), str(error)
        finally:
            self.gpg.finished()

    def _sign(self, octets):
        result = self.gpg.sign(octets, detach=True, extra_args=["--local-user", self.key])
        if result.fingerprint and result.data:
            return result.data, None
        return (), _why_not_signed(result.stderr)

    def _verify(self, octets, signature):
        with tempfile.NamedTemporaryFile(prefix="bellhop-") as file:
            file.write(signature)
            file.flush()
            result = self.gpg.verify_data(file.name, octets)
        if result.valid and not result.problems and not result.returncode:
            return (result.fingerprint, result.pubkey_fingerprint), None
        faults = [problem["status"] for problem in result.problems] or [result.status]
        fault = faults[-1] or "gpg took too long"
        return (), FAULTS.get(fault, fault)


def _why_not_signed(stderr):
    for line in stderr.splitlines():
        words = line.split()
        if words[:3] == ["[GNUPG:]", "FAILURE", "sign"]:
            code = int(words[3]) & 0xFFFF
            return HINTS.get(code) or "gpg's error %d" % code
    return "gpg took too long"
