"""Texts through the folders of gammu-smsd (backend `files`): what came lies in one, what goes in
another. Its file names are INyyyymmdd_hhmmss_NN_NUMBER_PART.txt and OUTAyyyymmdd_..._NUMBER_x.txt.
"""

import os
import time

from ..world.cpython import files

LOOK_MS = 2000
# A text in parts is whole when its last part has lain there so long, seconds.
SETTLED = 2
MOST_BYTES = 65536


class Spool:
    """The two folders. came(sender, octets): who takes what has come; it lies there until then."""

    def __init__(self, loop, section, came):
        self.loop = loop
        self.section = section
        self.came = came
        self.number = 0
        self.problem = ""
        self.timer = loop.call_later(0, self._look)

    def close(self):
        """Look no more."""
        self.loop.cancel(self.timer)

    def send(self, effect):
        """Perform a SendText."""
        self.number += 1
        stamp = time.strftime("%Y%m%d_%H%M%S")
        name = "OUTA%s_%02d_%s_bellhop%d.txt" % (
            stamp, self.number % 100, effect.number.decode(), self.number,
        )  # fmt: skip
        try:
            files.replace(os.path.join(self.section.outbox, name), [effect.text])
            self.problem = ""
        except OSError as error:
            self.problem = "a text could not be sent: %s: %s" % (self.section.outbox, error)

    def _look(self):
        self.timer = self.loop.call_later(LOOK_MS, self._look)
        folder = self.section.inbox
        try:
            names = [one for one in os.listdir(folder) if one.startswith("IN") and "_" in one]
        except OSError as error:
            self.problem = "no texts come: %s: %s" % (folder, error.strerror)
            return
        self.problem = ""
        texts = {}
        for name in sorted(names):
            texts.setdefault(name.rpartition("_")[0], []).append(os.path.join(folder, name))
        for start, paths in texts.items():
            self._take(start, paths)

    def _take(self, start, paths):
        """Give one text, all its parts, to the node, and take it out of the folder."""
        try:
            if time.time() - os.stat(paths[-1]).st_mtime < SETTLED:
                return
            parts = []
            for path in paths:
                with open(path, "rb") as file:
                    parts.append(text_of(file.read(MOST_BYTES)))
            sender = (start.split("_") + ["", "", ""])[3]
            self.came(sender, "".join(parts).encode())
            for path in paths:
                os.remove(path)
        except OSError as error:
            self.problem = "a text cannot be read: %s" % error


def text_of(octets):
    """Return what a file holds: UTF-16 with its mark, UTF-8, or the letters of western Europe."""
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return octets.decode("utf-16", "replace")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")
