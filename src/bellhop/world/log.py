"""Notes, one line each: rate limited, without control characters (`system.readable`)."""

from .system import readable

LEVELS = ("error", "warning", "notice", "info")
# A stranger must not fill the log: this many lines at once, then one each INTERVAL.
BURST, INTERVAL = (40, 500)
# What is said again and again is left out after so many times within so many milliseconds; what
# counts wrong passwords in a log acts before. Past so many texts the oldest is forgotten.
REPEATS, REPEATS_WITHIN, MAX_TEXTS = (6, 600000, 32)


class Log:
    """Where notes go. write(level, text) puts one line somewhere; now(): milliseconds."""

    def __init__(self, write, now, level="notice"):
        self.write = write
        self.now = now
        self.level = level
        # When the lines that were written would be over, were one written each INTERVAL.
        self.over = 0
        self.left_out = 0
        # The texts of the last minutes: [text, since when, how often].
        self.texts = []

    def note(self, effect):
        """Perform a Note."""
        self.say(effect.level, effect.text)

    def say(self, level, text):
        """Write one line, if the level is shown and the rate allows it."""
        if LEVELS.index(level) > LEVELS.index(self.level):
            return
        now = self.now()
        if self._is_repeated(text, now):
            self.left_out += 1
            return
        over = max(self.over, now) + INTERVAL
        if over > now + BURST * INTERVAL:
            self.left_out += 1
            return
        self.over = over
        if self.left_out:
            self.write("warning", "%d lines were left out" % self.left_out)
            self.left_out = 0
        self.write(level, readable(text))

    def _is_repeated(self, text, now):
        """Count a text; tell whether it was said often enough."""
        self.texts = [one for one in self.texts if now - one[1] < REPEATS_WITHIN][-MAX_TEXTS:]
        for known in self.texts:
            if known[0] == text:
                known[2] += 1
                return known[2] > REPEATS
        self.texts.append([text, now, 1])
        return False
