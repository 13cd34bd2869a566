"""GnuPG homes for nodes, with fresh keys."""

import os
import shutil
import subprocess
import tempfile

LONG_AGO = "20200101T000000"


class Rings:
    """Some homes in a folder with a short name: gpg-agent's socket is in them."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bellhop-pgp-")

    def home(self, name):
        """Return the path of a home, made at the first call."""
        path = os.path.join(self.folder, name)
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def gpg(self, name, *words, data=None):
        """Run gpg in a home; return what it printed."""
        words = ["gpg", "--homedir", self.home(name), "--batch", "--yes", *words]
        done = subprocess.run(words, input=data, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def make(self, name, kind="ed25519", passphrase="", expires="never", then=()):
        """Make a signing key in a home; return its fingerprint."""
        secret = ["--pinentry-mode", "loopback", "--passphrase", passphrase]
        address = f"{name} <{name}@home.test>"
        self.gpg(name, *then, *secret, "--quick-gen-key", address, kind, "sign", expires)
        lines = self.gpg(name, "--with-colons", "--list-keys").decode().splitlines()
        return [line.split(":")[9] for line in lines if line.startswith("fpr:")][-1]

    def make_expired(self, name):
        """Make a key that expired long ago; return its fingerprint."""
        return self.make(name, expires="1d", then=["--faked-system-time", LONG_AGO])

    def extend(self, name, fingerprint):
        """Let a key be good for ever, in this home only."""
        self.gpg(name, "--passphrase", "", "--quick-set-expire", fingerprint, "0")

    def give(self, name, other):
        """Copy the public keys of a home into another."""
        self.gpg(other, "--import", data=self.gpg(name, "--export"))

    def revoke(self, name, fingerprint, where):
        """Revoke a key of a home in another home only."""
        path = os.path.join(self.home(name), "openpgp-revocs.d", fingerprint + ".rev")
        with open(path) as file:
            certificate = file.read().replace(":-----BEGIN", "-----BEGIN")
        self.gpg(where, "--import", data=certificate.encode())

    def forget_passphrases(self, name):
        """End the agent of a home."""
        words = ["gpgconf", "--homedir", self.home(name), "--kill", "gpg-agent"]
        subprocess.run(words, check=True, timeout=60)

    def close(self):
        """End the agents, remove the folder."""
        for name in os.listdir(self.folder):
            self.forget_passphrases(name)
        shutil.rmtree(self.folder)
