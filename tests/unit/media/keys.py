"""Two sides of a key agreement for tests, brought as far as a test wants them."""

import hashlib

from bellhop.media.agreement import CALLEE, CALLER, Agreement

from .curve import TOY, toy_identity

LINES = [b"audio RTP/AVP 0"]
OTHER_LINES = [b"audio RTP/AVP 8"]
SUITES = (4, 3, 1)
ALICE, BOB, EVE = toy_identity("a"), toy_identity("b"), toy_identity("e")


class Tokens:
    """Randomness that a test can foresee."""

    def __init__(self, first=0):
        self.count = first

    def __call__(self, size):
        self.count += 1
        return hashlib.sha256(b"%d" % self.count).digest()[:size]


def caller(dh=TOY, identity=ALICE):
    return Agreement(dh, identity, CALLER, b"call-1")


def callee(dh=TOY, identity=BOB, call_id=b"call-1"):
    return Agreement(dh, identity, CALLEE, call_id)


def answered(one, two, suites=SUITES):
    """Bring two sides to ANSWERED; return the three messages so far."""
    offer = one.offer(suites, Tokens(0))
    two.read_offer(offer, None, SUITES)
    answer = two.answer(Tokens(100), LINES, LINES)
    one.accept(answer, None, LINES, LINES)
    return offer, answer


def confirmed(one, two):
    """Bring two sides to CONFIRMED; return the confirmation."""
    answered(one, two)
    confirmation = one.confirm(LINES, LINES)
    two.verify(confirmation, LINES, LINES)
    return confirmation
