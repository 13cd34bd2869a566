"""Ways for a code to reach a telephone number: a USB modem, an SMS centre, or the screen."""

import os
import subprocess
import urllib.parse
import urllib.request

SECONDS = 20


class Printed:
    """For a lab: the text stands on standard output, or in a file."""

    def __init__(self, path=None):
        self.path = path

    def send(self, number, text):
        """Show a text."""
        if self.path is None:
            print("SMS to %s: %s" % (number, text), flush=True)
            return
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("%s %s\n" % (number, text))


class Gammu:
    """A USB modem by gammu-smsd: its command puts the text into its queue. config: its file."""

    def __init__(self, config):
        self.config = config

    def send(self, number, text):
        """Queue a text; raises OSError."""
        command = ["gammu-smsd-inject", "-c", self.config, "TEXT", number, "-text", text]
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        if done.returncode:
            raise OSError(done.stderr.decode(errors="replace").strip()[:200])


class Kannel:
    """An SMS centre by Kannel's `sendsms`. url: of it; the password is in a file."""

    def __init__(self, url, username, password_file):
        self.url = url
        self.username = username
        self.password_file = password_file

    def send(self, number, text):
        """Hand a text to the centre; raises OSError."""
        with open(self.password_file, encoding="utf-8") as file:
            password = file.read().strip()
        fields = {"username": self.username, "password": password, "to": number, "text": text}
        query = urllib.parse.urlencode(dict(fields, charset="UTF-8"))
        with urllib.request.urlopen(self.url + "?" + query, timeout=SECONDS) as answer:
            if answer.status not in (200, 202):
                raise OSError("the SMS centre answers %d" % answer.status)


def of(section):
    """Return the sender that the settings name."""
    kind = section.get("kind", "print")
    if kind == "gammu":
        return Gammu(os.fspath(section["config"]))
    if kind == "kannel":
        return Kannel(section["url"], section["username"], section["password_file"])
    return Printed(section.get("file"))
