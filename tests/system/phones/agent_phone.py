"""The test's side of a phone built on a library: each command is one line to its program."""

import json
import os
import subprocess
import sys
import threading

from tests.support import tone

from .phone import Phone

MICROPHONE_SECONDS = 10  # played in a loop


class AgentPhone(Phone):
    """A driver names its program and writes its settings."""

    program = None

    def start(self):
        """Write settings and microphone, start the program."""
        self.write_settings()
        tone.write_wav(os.path.join(self.folder, "microphone.wav"), self.hz, MICROPHONE_SECONDS)
        program = os.path.join(os.path.dirname(__file__), self.program)
        with open(self.log_path, "wb") as log:
            self.process = self.host.popen(
                [sys.executable, program, self.folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "HOME": self.folder},
            )
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, lines):
        """Reader thread: event lines until the program ends."""
        for line in lines:
            self.emit(*json.loads(line))

    def command(self, *words):
        """Send one command."""
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()

    def dial(self, target):
        """Call a name, an extension or a URI."""
        self.command("dial", self.uri(target))

    def answer(self):
        """Take the ringing call."""
        self.command("answer")

    def reject(self):
        """Refuse the ringing call as busy."""
        self.command("reject")

    def hangup(self):
        """End or cancel the newest call."""
        self.command("hangup")

    cancel = hangup

    def hold(self):
        """Put the newest call on hold."""
        self.command("hold")

    def resume(self):
        """Take the newest call back."""
        self.command("resume")

    def transfer(self, target):
        """Transfer the newest call, blind."""
        self.command("transfer", self.uri(target))

    def message(self, target, text):
        """Send a MESSAGE."""
        self.command("message", self.uri(target), text)

    def dtmf(self, digits):
        """Send digits as RFC 4733 events."""
        self.command("dtmf", digits)

    def is_recording(self, name):
        """Tell what was heard from the microphone."""
        return name.startswith("heard-")

    def quit(self):
        """Ask the program to unregister and end."""
        self.command("quit")
