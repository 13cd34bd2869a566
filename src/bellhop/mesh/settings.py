"""What the owner decides about the mesh."""

from .database import MAX_RECORDS
from .hello import HELLO_INTERVAL
from .record import RELAYS_CELLS

# Neighbours across the Internet, whose routers forget who may send to them.
KEEPALIVE_INTERVAL = 20000


class MeshSettings:
    """What the owner decides. name: the node's name, text; peers: [(host, port)] to greet.

    contacts: ids whose claims come first, and that may read a closed phone book; flags: of
    record.FLAGS; radio: names of the interfaces that are amateur radio, and its callsign, octets;
    port: of its packets.
    """

    def __init__(
        self,
        name="",
        profile="home",
        peers=(),
        contacts=(),
        hello_ms=HELLO_INTERVAL,
        radio=((), b""),
        port=0,
    ):
        self.name = name
        self.peers = peers
        self.port = port
        self.book_open = profile == "emergency"
        self.contacts = tuple(contacts)
        self.flags = RELAYS_CELLS
        self.amateur, self.callsign = radio
        self.hello_ms = hello_ms
        self.keepalive_ms = KEEPALIVE_INTERVAL
        self.max_records = MAX_RECORDS

    def offer(self, flag):
        """Tell others that this node does what a flag says."""
        self.flags |= flag

    def withdraw(self, flag):
        """Take back one of record.FLAGS."""
        self.flags &= ~flag
