"""Every bound that a stranger can press on, with its reason.

Sizes are for a router with 128 MB; a configuration may lower the table sizes (settings/schema.py).
"""

# A whole SIP message with video, ICE and key offers was seen at 2.3 kB; UDP carries 64 kB at most.
MAX_HEADER_BYTES = 32768
MAX_BODY_BYTES = 65535
# A larger body on a stream is refused and passed over up to this; past it the stream is closed.
MAX_PASSED_BYTES = 1048576
# A datagram that fills this may be cut; UDP carries no more.
MAX_DATAGRAM_BYTES = 65535
# The longest genuine header seen had 30 lines; RFC 4475 has none above 50.
MAX_HEADER_LINES = 128
# Values of one kind that are read once and remembered (sip/memo.py); past it all are forgotten.
MAX_REMEMBERED = 512
# Open transactions of all kinds. A call needs four for some seconds; 8,192 is 60 calls a second
# with lingers in full, and at 1 kB each 8 MB. Past it the one that has lingered longest ends early.
MAX_TRANSACTIONS = 8192
# Devices of one user; a family member owns fewer. Past it the binding that ends first goes.
MAX_BINDINGS_PER_USER = 10
# Bindings of all users together: 1,000 users with two devices.
MAX_BINDINGS = 2048
# Parties of one call: the caller, and every phone of a fork that says something; further ones are
# not known to it. Contacts that one party has named; past it the oldest is forgotten.
MAX_PARTIES = 62
MAX_CONTACTS = 4
# Branches of one request, over all targets and all sequential steps (RFC 5393 section 5.3).
MAX_BRANCHES = 60
# Nonces with counts in use; past it the oldest ends and its phone is challenged anew.
MAX_NONCES = 2048
# Addresses that were sent away, for the list that the owner sees; past it the one that has not come
# for longest is forgotten.
MAX_STRANGERS = 200
# Source addresses whose rate is watched; past it the one seen longest ago is forgotten.
MAX_SOURCES = 1024
# Dialogs whose tags are known: two for each call that is live. Past it the oldest is forgotten, and
# its parties show their password again.
MAX_DIALOGS = 1024
# Route values of one request: a way through the mesh has one for each of its nodes, 14 at most, and
# two where it changes the transport.
MAX_ROUTES = 30
# Live calls in the list, and finished ones in the history; past it the oldest goes.
MAX_CALLS = 512
MAX_HISTORY = 200
# Events that wait for a webhook which does not answer; past it the oldest goes.
MAX_WEBHOOK_EVENTS = 64
# Octets of the INVITE kept of a live call, by which a restart ends it: usual are 500; a longer one
# is not ended.
MAX_ROW_BYTES = 4096
# Messages of one call kept for `bellhop trace`, and calls that have a trace.
MAX_TRACE_MESSAGES = 64
MAX_TRACED_CALLS = 32
# DNS questions of the router in the air; past it a call to a far domain is refused with 503.
MAX_QUERIES = 256
# Waiting messages: octets for one user, and for all; past it a sender is told 480.
MAX_MAILBOX_BYTES = 65536
MAX_MAILBOXES_BYTES = 1048576
# Who sends: a user of this house, somebody of another node of the mesh, anybody else.
SENDERS = OWN, MEMBER, STRANGER = ("own", "member", "stranger")
# Into so many parts a mailbox, and all of them together, are divided: all senders of a kind may
# fill one part, and one sender a part of the second size. What strangers send leaves room.
MAILBOX_PARTS = {OWN: (1, 2), MEMBER: (2, 4), STRANGER: (4, 8)}
# Writings to flash in 24 hours that senders of a kind may cause, all together and one. 4,300 of
# 4 kB are 18 MB: 8 MB of flash that bear 10,000 erasures live for 12 years of such days. Past it a
# message that would have to wait is refused.
WRITINGS_A_DAY = {OWN: (2000, 1000), MEMBER: (2000, 1000), STRANGER: (300, 30)}
# Texts of other nodes that were brought in the last 7 days and must not come twice, 150 octets
# each: two for each writing of a day. Past it the oldest is forgotten.
MAX_TAKEN = 4096
# Octets of texts to nodes that are off, of one user and of all.
MAX_OUTBOX_BYTES = 65536
MAX_OUTBOXES_BYTES = 524288
# Transactions kept free for emergency calls when the table is full.
EMERGENCY_RESERVE = 64
# Entries of an imported phone book: a town's clubs and shops. Octets of one in the line that brings
# the book to the node, where each letter beyond ASCII may take six: one bound makes the other.
MAX_IMPORTED = 2000
MAX_IMPORTED_BYTES = 512
# Calls whose sound passes the node: each costs four ports a stream and about 10 kB of Python. A
# small router carries 50 to 100 encrypted ones; past it a call goes without the media library.
MAX_RELAYED_CALLS = 512
# Records of the mesh: 4,000 nodes is where one goes over to records of near nodes only.
MAX_RECORDS = 4096
# 4,096 usual records take 1.2 MB; forged ones of full size take 4 MB of memory with this bound.
MAX_RECORDS_BYTES = 2400000
# Neighbours on all links together; each costs half a kilobyte. Past it the net with the most of
# them gives one up, contacts, named peers and near ones excepted.
MAX_NEIGHBOURS = 128
# Nodes with which a meeting was asked for, or that were told of; past it one is forgotten.
MAX_PUNCHED = 64
# Handshakes under way, a kilobyte each for five seconds, and those of one net; past it a newcomer
# has to say hello again.
MAX_HALF_LINKS, MAX_HALF_LINKS_OF_SITE = 16, 8
# Circuits through the node as a relay, 0.7 kB each; past it a caller is told so and takes another
# way. Calls that begin or end here.
MAX_CIRCUITS, MAX_OWN_CALLS = 512, 128
# Boxes of this node, each of which keeps four circuits; cookies under which others listen at this
# node, past which a box has to take another one.
MAX_BOXES, MAX_LISTENING = 16, 128
# Set-ups that a prekey opens, 8 octets of memory each; past it there is a new prekey.
MAX_SET_UPS_SEEN = 8192
# Nodes of which is known whether their addresses answer, half a kilobyte each; past it the one that
# was asked longest ago is forgotten.
MAX_PROBED = 64
# Dialogs with other houses, of two kilobytes each; past it the one of longest silence is forgotten.
MAX_LINES = 256
# Calls of outsiders that ring or are held at once, and those of one node or network: past it a call
# is told at once that nobody can be reached, whomever it means.
MAX_HELD, MAX_HELD_OF_ONE = 64, 4
# Notices to other houses that a text has come, which wait for their moment.
MAX_NOTICES = 64
# Calls that were refused for want of a private way, and those dialled again; the oldest goes.
MAX_LOWERED = 64
# First messages of calls that are not whole yet, of five kilobytes each.
MAX_HALF_MESSAGES = 16
# Ended records that must not come back: as many as records, each of which may end.
MAX_TOMBSTONES = 4096
# Streams of all peers: 1,024 phones would be a large house, and cost 5 kB each, 50 kB with TLS. Of
# one IPv4 address or IPv6 /64: an office behind one address fits.
MAX_STREAMS = 1024
MAX_STREAMS_PER_SOURCE = 128
# Of one IPv4 /24 or IPv6 /56, where no phone has registered from the address; and the part (one of
# so many) of all streams that is kept for addresses of phones.
MAX_STREAMS_PER_NETWORK = 256
STREAMS_RESERVE = 4
# Octets that a peer that does not read may leave with us, and those of unfinished messages and of
# what waits to be sent, of all streams together.
MAX_STREAM_BYTES = 262144
MAX_STREAMS_BYTES = 16777216
# Listeners that have gone keep their number, for bindings name it, until there are so many.
MAX_LISTENERS = 256
# Peers whose way is kept, to make it once; past it all are forgotten and made again.
MAX_KEPT_FLOWS = 1024
# Datagrams that wait for a full send buffer; past it they are dropped, as the network would.
MAX_WAITING_DATAGRAMS = 256
# Clients of the control socket at once: the pages, a few terminals, ubus. What one that does not
# read may leave with us; then it is cut off.
MAX_CONTROL_CLIENTS = 32
MAX_CONTROL_BYTES = 1048576
# Subscriptions of phones to each other's state, 1.5 kB each, and of one address: a desk phone has
# 40 lamp keys.
MAX_SUBSCRIPTIONS = 512
MAX_SUBSCRIPTIONS_PER_HOST = 64
# Calls and texts to groups that hold members of other houses: whom each has reached is remembered
# until so many others have come; who is forgotten earlier rings twice.
MAX_ROUNDS = 64
# Calls with providers of telephone numbers, of two dialogs and three kilobytes each; a line of the
# largest houses has 30 channels.
MAX_TRUNK_CALLS = 128
# Texts that the page of one member shows, and octets of all that are kept for pages; past it the
# oldest goes.
MAX_TEXTS, MAX_TEXTS_BYTES = 200, 131072
# Links by which members may sign in to their pages now, contacts of one member's own, and who is
# signed in: of one member, and in all. Past it the oldest goes.
MAX_LINKS, MAX_OWN_CONTACTS = 64, 200
MAX_SESSIONS_OF_USER, MAX_SESSIONS = 8, 200
# Pages that are open at once, and octets that one may leave waiting: then it is cut off and comes
# back by itself.
MAX_PAGES, MAX_PAGE_BYTES = 16, 16384
# Devices with a password of their own, and those of one user; past it none is added.
MAX_DEVICES, MAX_DEVICES_OF_USER = 256, 10
# Phones whose file is ready to be fetched, and desk phones that have asked for one; past it the
# oldest goes.
MAX_OFFERS, MAX_NEW_PHONES = 64, 64
# Phones that were woken lately, and pushes under way; past it all are forgotten, none is sent.
MAX_PUSHED, MAX_PUSHES = 256, 64
# Apps that listen to the distributor of this router.
MAX_PUSH_STREAMS = 64
