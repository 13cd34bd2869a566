"""baresip 1.0 (Debian baresip-core), driven over its ctrl_tcp module.

Commands and events are JSON in netstrings. The microphone is `ausine` (48 kHz
stereo only); what is heard goes through `sndfile` into a WAV of the folder.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from .phone import Phone, address

START_SECONDS = 30
COMMAND_SECONDS = 60
MODULES = "/usr/lib/baresip/modules"
ENCRYPTIONS = {
    None: "",
    "srtp": ";mediaenc=srtp-mand",
    "srtp-offer": ";mediaenc=srtp",  # where the other side does too
    "dtls": ";mediaenc=dtls_srtp",
}

CONFIG = """\
poll_method epoll
sip_trans_bufsize 128
call_local_timeout {ring_seconds}
call_max_calls 4
audio_source ausine,{hz}
audio_player nothing
ausrc_srate 48000
ausrc_channels 2
audio_txmode poll
audio_buffer 20-160
jitter_buffer_delay 1-10
rtp_stats no
snd_path {folder}
module_path {modules}
module stdio.so
module g711.so
module ausine.so
module sndfile.so
module srtp.so
module dtls_srtp.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app contact.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{port}
{interface}
"""
EVENTS = {
    "REGISTER_OK": "registered",
    "REGISTER_FAIL": "unregistered",
    "CALL_INCOMING": "incoming",
    "CALL_RINGING": "ringing",
    "CALL_PROGRESS": "ringing",
    "CALL_ESTABLISHED": "established",
    "CALL_CLOSED": "closed",
    "CALL_DTMF_START": "dtmf",
    "CALL_TRANSFER": "transferred",
}
MESSAGE_SHOWN = re.compile(r'(?:^|\r)sips?:[^ ]+: "(.*)"$')


class Baresip(Phone):
    """One baresip process with one account."""

    records_after_hold = False  # 1.0 drops the recording filter for the call's rest

    @staticmethod
    def why_unavailable():
        """Return why baresip cannot run here, or None."""
        return None if shutil.which("baresip") else "no baresip (Debian package baresip-core)"

    def start(self):
        """Write the configuration, start the program, connect to it."""
        self._port = self._free_port()
        self._write("config", self._config())
        self._write("accounts", "")
        self._write("contacts", "")
        self.process = self.host.popen(
            ["baresip", "-s", "-f", self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._answers = {}
        self._tokens = 0
        threading.Thread(target=self._read_output, daemon=True).start()
        self._control = self._connect()
        threading.Thread(target=self._read_control, daemon=True).start()
        # Only now, or the registration's event is over before anybody listens.
        self.command("uanew", self._account_line())

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def _free_port(self):
        with self.host.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def _config(self):
        return CONFIG.format(
            hz=self.hz,
            folder=self.folder,
            modules=MODULES,
            ring_seconds=self.ring_seconds,
            port=self._port,
            interface=f"net_interface {self.host.address}" if self.host.is_loopback else "",
        )

    def _account_line(self):
        account = self.account
        return (
            f"<sip:{account.user}@{account.domain};transport={account.transport}>"
            f";auth_pass={account.password}"
            f';outbound="sip:{address(account.server)}:{account.port}'
            f';transport={account.transport}"'
            ";regint=600;answermode=manual;mwi=no;pubint=0;audio_codecs=PCMU/8000/1"
            f"{ENCRYPTIONS[account.encryption]}"
        )

    def _connect(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            control = self.host.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                control.connect(("127.0.0.1", self._port))
                return control
            except OSError:
                control.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise self.failure("does not start\n" + self.log_tail()) from None
                time.sleep(0.05)

    def _read_output(self):
        """Reader thread: output into the log; messages are shown only there."""
        with open(self.log_path, "wb", buffering=0) as log:
            for line in self.process.stdout:
                log.write(line)
                shown = MESSAGE_SHOWN.search(line.decode(errors="replace"))
                if shown:
                    self.emit("message", shown.group(1))

    def _read_control(self):
        """Reader thread: netstrings into events and answers, until the end."""
        data = b""
        while True:
            try:
                chunk = self._control.recv(65536)
            except OSError:
                chunk = b""
            if not chunk:
                self._control.close()
                return
            data += chunk
            size, colon, rest = data.partition(b":")
            while colon and len(rest) > int(size):
                self._take(json.loads(rest[: int(size)].decode(errors="replace")))
                data = rest[int(size) + 1 :]
                size, colon, rest = data.partition(b":")

    def _take(self, value):
        if value.get("event"):
            kind = EVENTS.get(value["type"])
            if kind:
                self.emit(kind, value.get("param") or value.get("peeruri", ""))
        elif value.get("response"):
            with self._changed:
                self._answers[value.get("token")] = value
                self._changed.notify_all()

    def command(self, name, parameters=""):
        """Send one command, return what baresip printed for it."""
        self._tokens += 1
        token = str(self._tokens)
        text = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        self._control.sendall(b"%d:%s," % (len(text), text))
        with self._changed:
            if not self._changed.wait_for(lambda: token in self._answers, COMMAND_SECONDS):
                raise self.failure(f"no answer to {name}")
            return self._answers.pop(token).get("data", "")

    def dial(self, target):
        """Call a name, an extension or a URI."""
        self.command("dial", self.uri(target))

    def answer(self):
        """Take the ringing call."""
        self.command("accept")

    def hangup(self):
        """End, cancel, or refuse (486) the current call."""
        self.command("hangup")

    reject = cancel = hangup

    def hold(self):
        """Put the call on hold (a=sendonly)."""
        self.command("hold")

    def resume(self):
        """Take the call back."""
        self.command("resume")

    def transfer(self, target):
        """Transfer the current call, blind."""
        self.command("transfer", self.uri(target))

    def message(self, target, text):
        """Write to anybody: baresip itself writes only to its current contact."""
        uri = self.uri(target)
        self._write("contacts", f'"peer" <{uri}>\n')
        self._write("current_contact", uri)
        self.command("rmmod", "contact")
        self.command("insmod", "contact")
        self.command("message", text)

    def dtmf(self, digits):
        """Send digits as RFC 4733 events."""
        for digit in digits:
            self.command("sndcode", digit)

    def is_recording(self, name):
        """Tell what was heard from what was said."""
        return name.startswith("dump-") and name.endswith("-dec.wav")

    def quit(self):
        """Ask the program to end: it unregisters first."""
        self.command("quit")
