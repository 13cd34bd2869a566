"""Keys that openssl and ssh-keygen made are taken in; everything else is refused in words."""

import shutil
import subprocess

import pytest

from bellhop.errors import BellhopError

key_formats = pytest.importorskip("bellhop.shell.mesh.key_formats")
identity = pytest.importorskip("bellhop.shell.mesh.identity")
pytest.importorskip("nacl", reason="PyNaCl is missing")
SEED = bytes(range(32))


def run(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_hexadecimal():
    assert key_formats.seed(SEED.hex().upper() + "\n") == SEED


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl")
def test_pkcs8_of_openssl(tmp_path):
    path = tmp_path / "key.pem"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", path)
    public = run("openssl", "pkey", "-in", path, "-pubout", "-outform", "DER")[-32:]
    assert identity.crypto().public_key(key_formats.seed(path.read_text())) == public
    sealed = run("openssl", "pkey", "-in", path, "-aes128", "-passout", "pass:secret")
    with pytest.raises(BellhopError, match="under a passphrase"):
        key_formats.seed(sealed.decode())
    other = run("openssl", "genpkey", "-algorithm", "x25519").decode()
    with pytest.raises(BellhopError, match="no key that is understood"):
        key_formats.seed(other)


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen")
def test_openssh(tmp_path):
    path = tmp_path / "id"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)
    public = key_formats.binascii.a2b_base64(path.with_suffix(".pub").read_text().split()[1])[-32:]
    text = path.read_text()
    assert identity.crypto().public_key(key_formats.seed(text)) == public
    lines = text.split("\n")
    for end in range(1, len(lines) - 2):
        with pytest.raises(BellhopError):
            key_formats.seed("\n".join(lines[:end] + lines[-2:]))
    run("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", path)
    with pytest.raises(BellhopError, match="under a passphrase"):
        key_formats.seed(path.read_text())
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", tmp_path / "rsa")
    with pytest.raises(BellhopError, match="no key that is understood"):
        key_formats.seed((tmp_path / "rsa").read_text())


@pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "--", "-----BEGIN PRIVATE KEY-----"])
def test_nonsense(text):
    with pytest.raises(BellhopError, match="no key that is understood"):
        key_formats.seed(text)
