"""Signs and checks with the owner's GnuPG home (python-gnupg, gnupg2), two at a time, off the loop.

gpg shows nobody a prompt, asks no network, reads no gpg.conf, and is killed when it takes too long.
"""

import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import gnupg

from ..errors import BellhopError

WORKERS = 2
# Signatures that wait for a worker; past it one is not made, or counts as bad.
MAX_WAITING = 32
# A small router needs some seconds for RSA.
GPG_SECONDS = 15
# A clock without battery must not make good keys bad: a call's hash is fresh by itself.
# Which keys count is said in the configuration, not by the web of trust.
OPTIONS = [
    "--no-options",
    "--pinentry-mode=error",
    "--trust-model=always",
    "--no-auto-key-retrieve",
    "--no-auto-key-locate",
    "--disable-dirmngr",
    "--ignore-time-conflict",
    "--weak-digest=SHA1",
]
TEST = b"bellhop test signature\n"
# A passphrase that no agent knows; a key that is not there.
HINTS = {
    "67108949": "it has a passphrase: unlock it in gpg-agent before the node starts, or give the "
    "node a signing subkey without one",
    "17": "it is not there: gpg --homedir %s --list-secret-keys shows which are",
}
UNABLE = "calls are not signed: "


class Signer:
    """Performs Sign and Verify. loop: the Loop; home, key: of `config pgp`."""

    def __init__(self, loop, home, key):
        self.loop = loop
        self.key = key
        self.waiting = 0
        try:
            self.gpg = _Gpg(gnupghome=home, options=OPTIONS)
        except (OSError, ValueError) as error:
            raise BellhopError(
                UNABLE + "%s (packages gnupg2 and gnupg2-utils)" % error
            ) from None
        self._try(home)
        self.executor = ThreadPoolExecutor(WORKERS, "gpg")

    def _try(self, home):
        """Sign once, so that the owner hears of a useless key now and not from his callers."""
        signature, problem = self._sign(TEST)
        if problem is None:
            problem = self._verify(TEST, signature)[1]
        if problem is not None:
            problem = "the key %s in %s does not sign: %s" % (self.key, home, problem)
            raise BellhopError(UNABLE + problem)

    def close(self):
        """Forget what waits; what runs ends by itself."""
        self.executor.shutdown(wait=False, cancel_futures=True)

    def perform_sign(self, effect):
        """Have a worker sign."""
        tell = self.loop.engine.signed
        self._perform(tell, effect.number, None, self._sign, effect.octets)

    def perform_verify(self, effect):
        """Have a worker check."""
        tell = self.loop.engine.verified
        self._perform(tell, effect.number, (), self._verify, effect.octets, effect.signature)

    def _perform(self, tell, number, nothing, work, *octets):
        if self.waiting >= MAX_WAITING:
            self.loop.later(tell, number, nothing, "too many signatures at once")
            return
        self.waiting += 1

        def done(future):
            self.waiting -= 1
            result, problem = future.result()
            self.loop.later(tell, number, result, problem)
            self.loop.settle()

        self.loop.aio.run_in_executor(self.executor, work, *octets).add_done_callback(done)

    # In a worker.

    def _sign(self, octets):
        """Return (armoured signature or None, problem or None)."""
        result = self.gpg.sign(
            octets, detach=True, extra_args=["--local-user", self.key + "!"]
        )
        if result.fingerprint and result.data:
            return result.data, None
        return None, _problem(result)

    def _verify(self, octets, signature):
        """Return (fingerprints of the signing key and of its primary key or (), problem or None)."""
        with tempfile.NamedTemporaryFile(prefix="bellhop-") as file:
            file.write(signature)
            file.flush()
            result = self.gpg.verify_data(file.name, octets)
        made = list(result.sig_info.values())
        if not result.valid or result.problems or result.returncode or len(made) != 1:
            return (), _problem(result)
        return (result.fingerprint, result.pubkey_fingerprint), None
