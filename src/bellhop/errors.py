"""Every exception that bellhop raises on purpose."""


class BellhopError(Exception):
    """Root of all errors that are not plain bugs."""


class Refusal(BellhopError):
    """What a member of the house asks for cannot be.

    word: by which his page knows it, to say it in his language; fields: what stands in the
    sentence, each for one %s or %d of it.
    """

    def __init__(self, word, sentence, *fields):
        super().__init__(sentence % fields if fields else sentence)
        self.word = word
        self.fields = fields


class SipError(BellhopError):
    """A fault of the peer, with the status code and reason to answer it with.

    partial: what could be read of the request that is refused, or None; items: what came whole
    before it in a stream; account: the user name (bytes) whose password was wrong, or None.
    """

    partial = account = None
    items = ()

    def __init__(self, status, reason, headers=()):
        """`headers`: header lines (bytes, no line end) that the refusal must carry."""
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = headers

    def read(self, request):
        """Take what could be read of the request that is refused."""
        self.partial = request

    def follow(self, items):
        """Take what came whole before the fault in a stream."""
        self.items = items

    def guess(self, account):
        """Take the user name whose password was wrong."""
        self.account = account


class ConfigError(BellhopError):
    """A fault in the configuration, told to the person who wrote it."""

    def __init__(self, where, problem):
        """`where`: "file:line"; `problem`: what is wrong and what would be right."""
        super().__init__(where + ": " + problem)
        self.where = where
        self.problem = problem


class MeshError(BellhopError):
    """What a peer sent, or a file held, breaks the mesh's rules."""
