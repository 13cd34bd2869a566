"""The value types that cross the border between the engine and the shell."""

from collections import namedtuple

# One way to reach a peer. transport: "udp", "tcp", "tls", "ws" or "wss"; local: index of the
# listener in use; host, port: the peer's address; connection: number the shell gave to a stream,
# 0 for datagrams and for streams still to be opened; name: the host name that a certificate must
# show, "" where none is asked for.
Flow = namedtuple("Flow", ("transport", "local", "host", "port", "connection", "name"))

# The transport of a Flow to another node of the mesh: `host` is its key.
CELLS = "cells"
# And to a provider of telephone numbers: `name` is the provider's, `host` where it is.
TRUNK = "trunk"

# Where the node can be reached. host: text; port: number.
Listener = namedtuple("Listener", ("transport", "host", "port"))

# Send `data` on `flow`: octets, to a provider the message itself (`sending`). A stream that fails
# is reported with Engine.flow_failed.
Send = namedtuple("Send", ("flow", "data"))

# Close a stream that broke the rules; `reason` goes to the log.
Close = namedtuple("Close", ("flow", "reason"))

# Find the hops of a SIP URI (RFC 3263); the answer is Engine.resolved(query, hops, problem).
# host: bytes; port: number or None; transport: "udp"... or None; secure: True for sips.
Resolve = namedtuple("Resolve", ("query", "host", "port", "transport", "secure"))

# Ask the DNS for the records of a name; the answer is Engine.hear("dns", "answered", number,
# names.answer.Answer). name, zone: text; zone: the domain whose servers alone shall see the name;
# kind: the number of a type.
Ask = namedtuple("Ask", ("number", "name", "kind", "zone"))

# Let a process speak to a directory's API and end; the answer is Engine.hear("errands", "told",
# number, a dict), with "problem" where there is none. job, fields: of shell/dnssec/errand.py.
Errand = namedtuple("Errand", ("number", "job", "fields"))

# Keep what `read(now)` returns (a JSON-able value) under `name` over a restart of the daemon. It is
# read when the shell really writes, so that many changes cost one writing. changes: None for all of
# it; or, where it is a list of rows, each a dict with its "id", what differs from what was kept
# last: id -> row, or None for a row that has gone; or changes(now), which returns that.
Store = namedtuple("Store", ("name", "read", "changes"))

# Perform a Store before anything behind it, so that a loss of power does not take it. The answer is
# Engine.kept(number, problem), with "" where all is well.
Commit = namedtuple("Commit", ("number", "store"))

# Something an owner may want to see: `kind` ("call", "registration", ...), fields as a dict.
Event = namedtuple("Event", ("kind", "fields"))

# Wake a phone that sleeps: POST to a URL (RFC 8030). The answer is
# Engine.hear("asleep", "pushed", url, problem), with "" where it was taken.
Push = namedtuple("Push", ("url",))

# One line for the log. level: "error", "warning", "notice", "info".
Note = namedtuple("Note", ("level", "text"))

# Send one datagram of the mesh from a link; address: (host, port), or None for all on the link;
# is_cell: it brings SIP, and nothing that keeps the mesh together.
SendMesh = namedtuple("SendMesh", ("link", "address", "data", "is_cell"))

# Give the engine a message that this node has made, and uses no more: Engine.take(message, flow).
Receive = namedtuple("Receive", ("flow", "message"))

# Bind the ports of a relay. relay: a number of ours; sides: (local address octets, lowest port,
# highest port, name of the interface where the address is link-local, or None) of side A, the
# caller's, and of side B. The answer is
# Engine.hear("media", "opened", relay, ports, problem), ports being A's RTP and RTCP, then B's.
RelayOpen = namedtuple("RelayOpen", ("relay", "sides"))

# Bind the ports of a relay of the run before again; its packets go on where they ended. sides:
# (local address octets, RTP port, RTCP port, name of the interface or None). The answer is
# Engine.hear("lasting", "opened", relay, ports, problem).
RelayResume = namedtuple("RelayResume", ("relay", "sides"))

# Change one side of a relay. side: 0 or 1; changes: dict of what shell/media/library.py takes in
# relay_update by name, but `local`: (octets, zone), and with `remote` the `zone` (name of an
# interface) of a link-local one, or None. It holds keys: no log and no answer may show it.
RelayUpdate = namedtuple("RelayUpdate", ("relay", "side", "changes"))

# Close the ports of a relay and forget its keys, whether it could be opened or not.
RelayClose = namedtuple("RelayClose", ("relay",))

# Sign octets with the owner's OpenPGP key. The answer is Engine.hear("pgp", "signed", number,
# signature, problem).
Sign = namedtuple("Sign", ("number", "octets"))

# Check a detached signature. The answer is Engine.hear("pgp", "verified", number, fingerprints,
# problem).
Verify = namedtuple("Verify", ("number", "octets", "signature"))

# Send a text by the SIM card. number: octets, as +49301234; text: octets, UTF-8.
SendText = namedtuple("SendText", ("number", "text"))

# Carry sound by circuits of the mesh. number: of ours; role: "relay", "caller" or "called"; count:
# the first of what an end sends; back, forward: (link, host, port, label) of the neighbours towards
# the caller and the called, None at that end; layers: [(forward key, back key, offset)]; ports:
# those wanted on 127.0.0.1 for the streams of an end, 0 for any; peers: the ports there that speak,
# 0: none yet. An end's answer is Engine.hear("mesh circuits", "sounding", number, ports), () where
# it cannot be.
SoundOpen = namedtuple(
    "SoundOpen", ("number", "role", "count", "back", "forward", "layers", "ports", "peers")
)

# The ports that speak to the streams of an end have changed.
SoundMeet = namedtuple("SoundMeet", ("number", "peers"))

# Send a datagram to the router that leads to the Internet (PCP, NAT-PMP); what it says comes by
# Engine.hear(name, "heard", data). name: of the feature that asks, "gateway" or "gateway6".
AskGateway = namedtuple("AskGateway", ("name", "data"))

# Ask that router by UPnP for a port. The answer is Engine.hear(name, "mapped", port, external port
# or None, address, problem), the name being that of the family of `source`.
MapPort = namedtuple("MapPort", ("is_tcp", "port", "source", "seconds"))

# A neighbour is elsewhere; is_forward: 1 for the one towards the called; place: as in SoundOpen.
SoundMove = namedtuple("SoundMove", ("number", "is_forward", "place"))

# Close a circuit of sound, whether it could be opened or not.
SoundClose = namedtuple("SoundClose", ("number",))


def sending(flow, message):
    """Return the Send of a message: what does not leave the node is not written as octets."""
    return Send(flow, message if flow.transport == TRUNK else message.write())
