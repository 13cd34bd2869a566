"""One circuit as a node on it sees it, and the keys that others make circuits with.

Tested with the circuits.
"""

from ..limits import MAX_SET_UPS_SEEN
from . import cells
from .identity import KEY_BYTES
from .plain import Plain
from .session import Window

LAST_STEP = 1 << 31


class Prekey:
    """One key that others make circuits with. seen: the set-ups that were opened with it."""

    __slots__ = ("id", "public", "secret", "seen", "since")

    def __init__(self, secret, public, now):
        self.secret = secret
        self.public = public
        self.id = cells.prekey_id(public)
        self.seen = set()
        self.since = now

    def is_new(self, seen):
        """Tell whether a set-up comes for the first time; it is remembered."""
        if seen in self.seen or len(self.seen) >= MAX_SET_UPS_SEEN:
            return False
        self.seen.add(seen)
        return True


class Prekeys:
    """Those of this node, or of a box. all: the newest last; node: whose key goes with them."""

    def __init__(self, mesh, now, node=None):
        self.mesh = mesh
        self.node = node or mesh.id
        self.all = []
        self.renew(now)

    def renew(self, now):
        """Make another prekey, whose number is not that of the one before."""
        last = self.all[-1].id if self.all else None
        while True:
            secret = self.mesh.random(KEY_BYTES)
            made = Prekey(secret, self.mesh.crypto.base(secret), now)
            if made.id != last:
                break
        self.all = self.all[-1:] + [made]

    def told(self):
        """Return what the record says of the newest prekey: number 1 | public key 32."""
        newest = self.all[-1]
        return bytes((newest.id,)) + newest.public

    def hop(self, number):
        """Return (Hop of this node for a prekey's number, Prekey), or None."""
        for prekey in self.all:
            if prekey.id == number:
                return cells.Hop(self.node, number, prekey.public, prekey.secret), prekey
        return None


class Circuit:
    """One way. near, far: (short id, label) towards its maker and its end; None where it is here.

    base: count of the set-up that came, or of the maker's own; keys: Keys, of the maker a list;
    crypto: a world.secrets.Crypto, or a Plain; step: of the cell that came last, counted from the
    set-up; through: ids of the nodes on the way, of the maker; mute: how its sound is to be opened
    once a neighbour has said where it takes some, else None.
    """

    __slots__ = (
        "at", "back", "base", "crypto", "far", "forward", "keys", "mute", "near", "role", "sent",
        "sound", "step", "through", "user",
    )  # fmt: skip

    def __init__(self, role, near, far, base, keys, crypto, now):
        self.role = role
        self.crypto = crypto
        self.near = near
        self.far = far
        self.base = base
        self.keys = keys
        self.forward, self.back = Window(), Window()
        self.sent = self.step = 0
        self.sound = self.mute = self.user = None
        self.through = ()
        self.at = now

    def is_plain(self):
        """Tell whether everybody on the way may read it."""
        return isinstance(self.crypto, Plain)

    def takes(self, window, count, base, now):
        """Tell whether a count comes for the first time; it counts once."""
        step = cells.after(count, -base)
        if not 0 < step < LAST_STEP or not window.is_new(step):
            return False
        window.take(step)
        self.at, self.step = now, step
        return True
