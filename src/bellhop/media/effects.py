"""What the control side of media asks of the shell; the library's side of it is shell/relay.py."""

from collections import namedtuple

# Numbers of the media library (native/include/bellhop_media.h).
CLEAR, SECURE, UNTOUCHED = (0, 1, 2)
RECEIVE, SEND = (1, 2)

# Bind the ports of a relay. relay: a number of ours; sides: (local address octets, lowest port,
# highest port) of side A, the caller's, and of side B. The answer is Relays.opened(relay, ports,
# problem), ports being A's RTP and RTCP, then B's.
RelayOpen = namedtuple("RelayOpen", ("relay", "sides"))

# Change one side of a relay. side: 0 or 1; changes: dict of what shell/relay.py's relay_update
# takes by name. It holds keys: no log and no answer may show it.
RelayUpdate = namedtuple("RelayUpdate", ("relay", "side", "changes"))

# Close the ports of a relay and forget its keys, whether it could be opened or not.
RelayClose = namedtuple("RelayClose", ("relay",))
