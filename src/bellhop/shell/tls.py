"""Certificates and TLS contexts; the ssl module is loaded only when TLS is on."""

import os
import socket
import subprocess

CERTIFICATE, KEY = "certificate.pem", "key.pem"
DAYS = "3650"
MAKING_SECONDS = 60
SECURE = ("tls", "wss")


class Contexts:
    """The TLS side of the node. problem: why TLS is off, "" where it is on or not wanted."""

    def __init__(self, folder):
        self.folder = folder
        self.server = None
        self.clients = {}
        self.verify = True
        self.problem = ""

    def load(self, settings, hosts):
        """Read the certificate anew; the first time without one, make it."""
        self.verify = settings.tls_verify
        self.problem = ""
        if not settings.tls_port and not settings.wss_port:
            self.server = None
            return
        try:
            import ssl

            files = self._files(settings, hosts)
            if self.server is None:
                self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.server.load_cert_chain(*files)
        except ImportError:
            self._off("this Python has no module ssl (OpenWrt's package python3-openssl)")
        except OSError as error:  # What ssl and open raise; Missing too.
            self._off(str(error))

    def _off(self, problem):
        """Keep a certificate that was good before; else be without TLS."""
        if self.server is None:
            self.problem = "TLS is off: " + problem
        else:
            self.problem = "the earlier certificate stays in use: " + problem

    def _files(self, settings, hosts):
        """Return the paths of certificate and key."""
        if settings.certificate or settings.key:
            return settings.certificate, settings.key or settings.certificate
        files = [os.path.join(self.folder, name) for name in (CERTIFICATE, KEY)]
        if not all(map(os.path.exists, files)):
            make_certificate(files[0], files[1], settings.domain.decode(), hosts)
        return files

    def server_for(self, transport):
        """Return the context for accepted connections, or None for those in clear."""
        return self.server if transport in SECURE else None

    def client_for(self, transport, name):
        """Return the context for a connection of ours; its certificate must show `name`."""
        if transport not in SECURE:
            return None
        checked = bool(name) and self.verify
        if checked not in self.clients:
            self.clients[checked] = _checking() if checked else _unchecked()
        return self.clients[checked]


def _checking():
    import ssl

    return ssl.create_default_context()


def _unchecked():
    """Return a context that takes any certificate: a phone's, or all by the owner's choice."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def make_certificate(certificate, key, domain, hosts):
    """Make a self-signed certificate for the domain and the addresses; raises OSError.

    By the command `openssl`: a library that could do it would cost the node megabytes for one run.
    """
    os.makedirs(os.path.dirname(certificate), mode=0o700, exist_ok=True)
    names = ["DNS:" + domain, "DNS:" + socket.gethostname()] + ["IP:" + host for host in hosts]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", DAYS, "-subj", "/CN=" + domain[:64]]
    command += ["-addext", "subjectAltName=" + ",".join(names)]
    command += ["-keyout", key, "-out", certificate]
    try:
        made = subprocess.run(
            command, capture_output=True, timeout=MAKING_SECONDS, umask=0o077, check=False
        )
    except FileNotFoundError:
        raise OSError(
            "no certificate, and no command `openssl` to make one: install openssl-util, "
            "or give `option certificate` and `option key`"
        ) from None
    except subprocess.TimeoutExpired:
        raise OSError("`openssl` took too long to make a certificate") from None
    if made.returncode:
        words = made.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise OSError("`openssl` made no certificate: " + words)
