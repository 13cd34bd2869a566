"""Certificates, TLS contexts and connections; the ssl module is loaded only when TLS is on."""

import errno
import os
import select
import socket

from ...world.connection import Connection
from ...world.system import files

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
        """Read the certificate anew; the first time without one, make it for hosts()."""
        self.verify = settings.tls_verify
        self.problem = ""
        if not settings.tls_port and not settings.wss_port:
            self.server = None
            return
        try:
            import ssl

            pair = self._files(settings, hosts)
            server = self.server or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.options |= ssl.OP_NO_RENEGOTIATION
            server.load_cert_chain(*pair)
            self.server = server
        except ImportError:
            self._off("the package python3-openssl is not installed")
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
        pair = [os.path.join(self.folder, name) for name in (CERTIFICATE, KEY)]
        if not all(map(os.path.exists, pair)):
            make_certificate(pair[0], pair[1], settings.domain.decode(), hosts())
        return pair

    def client_for(self, name):
        """Return the context for a connection of ours; its certificate must show `name`."""
        checked = bool(name) and self.verify
        if checked not in self.clients:
            self.clients[checked] = checking() if checked else _unchecked()
        return self.clients[checked]


class TlsConnection(Connection):
    """A Connection that speaks TLS. context: of ssl; name: what a server's certificate must show.

    The side that opened the connection, which has a target, is the client.
    """

    def __init__(self, loop, made, owner, most, target, context, name):
        self.context = context
        self.name = name
        self.is_wrapped = False
        self.need = select.POLLIN | select.POLLOUT
        super().__init__(loop, made, owner, most, target)
        self.is_open = False

    def _open(self):
        if not self.is_wrapped:
            if self.target is not None:
                super()._open()
            self._wrap()
            self.is_wrapped = True
        self._attempt(self.socket.do_handshake)

    def _wrap(self):
        is_client = self.target is not None
        try:
            self.socket = self.context.wrap_socket(
                self.socket,
                server_side=not is_client,
                do_handshake_on_connect=False,
                server_hostname=self.name.encode() if is_client else None,
            )
        except (TypeError, ValueError):
            raise OSError(errno.EINVAL, "no name that a certificate can show") from None

    def _attempt(self, work, *arguments):
        """Return work(); where TLS must wait, raise what a plain socket raises then."""
        import ssl

        self.need = select.POLLIN
        try:
            return work(*arguments)
        except ssl.SSLWantReadError:
            raise BlockingIOError(errno.EAGAIN, "waiting") from None
        except ssl.SSLWantWriteError:
            self.need = select.POLLOUT
            raise BlockingIOError(errno.EAGAIN, "waiting") from None

    def _read(self):
        super()._read()
        # What OpenSSL holds already wakes nobody again.
        while self.socket is not None and self.socket.pending():
            super()._read()

    def receive(self):
        """Return octets, b"" at the end; raises OSError."""
        return self._attempt(super().receive)

    def transmit(self, data):
        """Return how many octets were sent; raises OSError."""
        return self._attempt(super().transmit, data)

    def _wanted(self):
        return super()._wanted() if self.is_open else self.need

    def abort(self):
        """Close it now; the peer is told that this is the end, where there is room for it."""
        if self.is_open and self.socket is not None:
            try:
                self.socket.unwrap()
            except (OSError, ValueError):
                pass  # It waits for the peer's word, or there is no peer any more.
        super().abort()


def checking():
    """Return a context that takes the certificates of others where they are good."""
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

    In a process of its own: what is loaded for this once would stay for the life of the node.
    """
    near, far = os.pipe()
    child = os.fork()
    if not child:
        problem = "the process that made the certificate failed"
        try:
            _make(certificate, key, domain, hosts)
            problem = ""
        except OSError as error:
            problem = str(error)
        finally:
            os.write(far, problem.encode())
            os._exit(0)
    os.close(far)
    with open(near, "rb") as told:
        problem = told.read().decode()
    os.waitpid(child, 0)
    if problem:
        raise OSError(problem)


def _make(certificate, key, domain, hosts):
    """By the command `openssl`; raises OSError."""
    import subprocess
    import tempfile

    names = ["DNS:" + domain, "DNS:" + socket.gethostname()] + ["IP:" + host for host in hosts]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", DAYS, "-subj", "/CN=" + domain[:64]]
    command += ["-addext", "subjectAltName=" + ",".join(names)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            fresh = [os.path.join(folder, name) for name in (KEY, CERTIFICATE)]
            made = subprocess.run(
                command + ["-keyout", fresh[0], "-out", fresh[1]], capture_output=True,
                timeout=MAKING_SECONDS, umask=0o077, check=False,
            )  # fmt: skip
            if not made.returncode:
                files.make_folder(os.path.dirname(certificate))
                for path, made_path in zip((key, certificate), fresh):
                    with open(made_path, "rb") as file:
                        files.replace(path, [file.read()])
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
