"""What is wrong, and what works all the same: for the log, the status and the pages."""

# What is wrong, in words that stay; LuCI has its own sentences for them.
UNREADABLE, EMPTY, SYNTAX, UNKNOWN, NOT_ACCEPTED, NAMELESS, TWICE, TAKEN, GONE, ITSELF, UNFIT = (
    "file not readable", "file empty", "no UCI", "unknown", "not accepted", "no name",
    "stands twice", "number taken", "is gone", "forwards to itself", "does not fit",
)  # fmt: skip
NO_PASSWORD, NO_PACKAGE, NO_PORT, NO_ADDRESS, OTHER = (
    "no password", "package missing", "port not free", "address absent", "other",
)  # fmt: skip
WHATS = (
    UNREADABLE, EMPTY, SYNTAX, UNKNOWN, NOT_ACCEPTED, NAMELESS, TWICE, TAKEN, GONE, ITSELF, UNFIT,
    NO_PASSWORD, NO_PACKAGE, NO_PORT, NO_ADDRESS, OTHER,
)  # fmt: skip

# What stands in every sentence about a package that is not there.
MISSING = "the package %s is not installed"


def of_part(kind, sentence):
    """Return the Problem that a part tells of; kind: of the section that the part belongs to."""
    before, after = MISSING.split("%s")
    package, is_missing, _ = sentence.partition(after)
    if is_missing and package.startswith(before):
        return Problem(NO_PACKAGE, sentence).about(kind, "enabled", package[len(before) :])
    return Problem(OTHER, sentence).about(kind, "", "")


def missing(package, lost):
    """Return the sentence that tells of a package that is not there, and what is lost by it."""
    return MISSING % package + ": " + lost


class Problem:
    """One thing that is wrong. what: one of WHATS; wrong, works, advice: in sentences.

    place: (file, line, column) or None; kind, title, index: of the section, index -1 where there is
    none; option, value: "" where it is not about one. A warning costs nothing.
    """

    def __init__(self, what, wrong, works="", advice="", is_warning=False):
        self.what = what
        self.wrong = wrong
        self.works = works
        self.advice = advice
        self.is_warning = is_warning
        self.place = None
        self.kind = self.title = self.option = self.value = ""
        self.index = -1

    def about(self, kind, option, value):
        """Say what it is about; return the problem."""
        self.kind, self.option, self.value = kind, option, value
        return self

    def __str__(self):
        parts = [self.wrong, self.works, self.advice]
        if self.place is not None:
            parts[0] = "%s:%d: %s" % (self.place[0], self.place[1], self.wrong)
        return "; ".join([part for part in parts if part])

    def record(self):
        """Return the problem as a JSON-able dict."""
        file, line, column = self.place or ("", 0, 0)
        return {
            "what": self.what, "wrong": self.wrong, "works": self.works, "advice": self.advice,
            "is_warning": self.is_warning, "file": file, "line": line, "column": column,
            "kind": self.kind, "section": self.title, "index": self.index,
            "option": self.option, "value": self.value,
        }  # fmt: skip
