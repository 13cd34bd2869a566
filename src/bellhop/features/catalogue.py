"""Which features a node has, and in which order they are asked."""

from ..core.engine import Engine
from ..core.rows import CORE
from .alarm import Alarm
from .barring import Barring
from .blocking import Blocking
from .callrecords import Records
from .codes import Codes
from .dial import Dial
from .diversion import Diversion
from .holding import Holding
from .hunting import Hunting
from .keepalive import Keepalive
from .lamps import Lamps
from .messages.delivery import Delivery
from .messages.spread import Spread
from .phonebook.book import Book
from .pickup import Pickup
from .recall import Recall
from .restart import Restart
from .ringback import RingBack
from .ringtest import RingTest
from .rows import FEATURES, OF_PAGE
from .uniform import Uniform
from .wishes import Wishes

# A diversion may lead into the mesh; who may let a message wait comes after all others that are
# asked for messages.
ORDER = (
    "claim codes",
    "uniform",
    "guests",
    "devices",
    "pilot",
    "texts",
    "provision",
    "phonebook",
    "wishes",
    "codes",
    "recall",
    "dial",
    "ring back",
    "strict",
    "diversion",
    "hunting",
    "mesh",
    "mesh dialling",
    "mesh circuits",
    "boxes",
    "mesh heirs",
    "mesh outbox",
    "asleep",
    "dns",
    "named calls",
    "trunks",
    "gateways",
    "pickup",
    "barring",
    "blocking",
    "mesh over SIP",
    "holding",
    "alarm",
    "call records",
    "lamps",
    "keepalive",
    "group texts",
    "messages",
    "ringtest",
    "restart",
    "pgp",
    "unrelayed",
    "lasting",
    "media",
    "moving",
)
# Feature -> what the owner is told where it is asked and is not on.
NO_MESH = "the mesh is off: `option enabled 1` in `config mesh` turns it on"
OFF = {
    "mesh": NO_MESH,
    "mesh outbox": NO_MESH,
    "mesh heirs": NO_MESH,
    "boxes": NO_MESH,
    "trunks": "there is no provider: a section `config provider` names one",
    "media": "calls are not encrypted here: a section `config media` turns it on",
    "directories": "no names are looked up: sections `config dns` and `config media` turn it on",
    "lists": "no names are looked up: sections `config dns` and `config media` turn it on",
    "claim codes": "no names are looked up: sections `config dns` and `config media` turn it on",
    "accounts": "no names are looked up: sections `config dns` and `config media` turn it on",
    "selfcheck": "no names are looked up: sections `config dns` and `config media` turn it on",
}
NO_PAGE = (
    "members have no page here: the package bellhop-pilot brings it, beside a full node, and"
    " `option http_port` or `option https_port` says where it is served"
)
# What members' pages keep: phones and guests that they have added come in whether or not it shows.
OF_PILOT = ("devices", "guests", "contacts")
OFF.update(dict.fromkeys(("pilot", "texts", "provision"), NO_PAGE))


def node(settings, random, now):
    """Return the Engine of a node with the features that every node has."""
    engine = Engine(settings, random, now, ORDER, CORE + FEATURES + OF_PAGE, OFF)
    core, uac = engine.node, engine.uac
    engine.join(Book(core))
    wishes = Wishes(core)
    engine.join(wishes)
    codes = Codes(core, wishes)
    engine.join(codes)
    find = engine.routing.sent_on
    pickup = Pickup(core, engine.forwarder, find)
    engine.join(pickup)
    codes.does(pickup.actions())
    recall = Recall(core, wishes, codes.keep, find)
    engine.join(recall)
    codes.does(recall.actions())
    dial = Dial(core, uac)
    engine.join(dial)
    ring_back = RingBack(core, uac, codes.tell, find, dial.begin)
    engine.join(ring_back)
    codes.does(ring_back.actions())
    engine.join(Diversion(core, wishes, find))
    engine.join(Hunting(core, engine.forwarder, wishes, find))
    engine.join(Barring(core, wishes))
    engine.join(Blocking(core))
    engine.join(Holding(core))
    engine.join(Alarm(core))
    engine.join(Records(core))
    engine.join(Lamps(core, uac, wishes))
    engine.join(Keepalive(core, uac, engine.registrations))
    delivery = Delivery(core, uac, engine.admission, engine.routing.whom)
    engine.join(delivery)
    engine.join(Spread(core, uac, engine.admission, delivery, find))
    engine.join(RingTest(core, uac))
    engine.join(Uniform(core, engine.admission, engine.forwarder))
    engine.join(Restart(core, uac, engine.forwarder.release))
    return engine


def join_mesh(engine, seed, boot_epoch, crypto, now):
    """Become a member of the mesh under the identity of `seed` (32 octets)."""
    from .mesh.member import Member  # Only a node with a mesh pays for it in memory.
    from .mesh.outbox import Outbox

    core, uac = engine.node, engine.uac
    member = Member(core, uac, seed, boot_epoch, crypto, now)
    engine.join(member)
    for part in member.parts:
        engine.join(part)
    tell, whom = engine.features["messages"].tell, engine.routing.whom
    outbox = Outbox(core, uac, member.dialling, whom, tell)
    engine.join(outbox)
    engine.features["group texts"].post_by(outbox.post)


def join_dht(engine, seed, boot_epoch, crypto):
    """Find contacts by the BitTorrent DHT; the node must have joined the mesh."""
    from .dht.meeting import Meeting  # Only a node that wants it pays for it in memory.

    member = engine.features["mesh"]
    made = Meeting(engine.node, member.mesh, member.greet, seed, boot_epoch, crypto)
    member.beside[b"d"] = made.receive  # All messages of the DHT are dicts in bencode.
    engine.join(made)


def join_trunks(engine):
    """Call by providers of telephone numbers."""
    from .trunks.trunks import Trunks  # Only a node with a provider pays for it in memory.

    core = engine.node
    hang_up = engine.forwarder.release.hang_up
    trunks = Trunks(core, engine.uac, engine.lookups, engine.features["wishes"], hang_up)
    engine.join(trunks)
    engine.features["codes"].does(trunks.actions())


def join_gateway(engine):
    """Have ports led here by the router in front; the node must have joined the mesh."""
    from .mesh.gateway import Gateway

    for is_six in (False, True):
        engine.join(Gateway(engine.node, engine.features["mesh"].mesh, is_six))


def join_media(engine, suites, keys, is_in_memory=False):
    """Let sound pass this node; suites, keys: as for features.media.calls.Calls.

    is_in_memory: whether what is kept over a restart is on no flash.
    """
    from .media.calls import Calls  # Only a node with media pays for it in memory.
    from .media.lasting import Lasting
    from .media.strict import Strict

    forwarder, strict, core = engine.forwarder, Strict(), engine.node
    engine.join(strict)
    calls = Calls(core, forwarder.release, forwarder.go_on, strict, suites, keys)
    engine.join(calls)
    restart = engine.features["restart"]
    engine.join(Lasting(core, calls.relays, restart.changed, restart.give_up, is_in_memory))


def join_moving(engine, source_towards):
    """Let the sound of calls follow this node to other addresses; it must have joined media."""
    from .media.moving import Moving

    relays, changed = engine.features["media"].relays, engine.features["lasting"].changed
    circuits = engine.features.get("mesh circuits")
    reaches = (lambda flow: True) if circuits is None else circuits.reaches
    engine.join(Moving(engine.node, relays, engine.uac, source_towards, changed, reaches))


def join_unrelayed(engine, source_towards):
    """Refuse calls whose sound would have to pass this node; return the feature."""
    from .unrelayed import Unrelayed  # Only a lite node has it.

    feature = Unrelayed(engine.node, source_towards)
    engine.join(feature)
    return feature


def join_pilot(engine):
    """Give the members of the house a page of their own, and new phones their files."""
    from .pilot.asleep import Asleep
    from .pilot.devices import Devices  # Only a node with the pages pays for them in memory.
    from .pilot.guests import Guests
    from .pilot.member import Pilot
    from .pilot.provision import Provision
    from .pilot.texts import Texts

    core = engine.node
    guests, devices = Guests(core), Devices(core, engine.registrations)
    pilot = Pilot(core, engine.admission.passwords, engine.forwarder, engine.answer, devices)
    texts = Texts(core, engine.uac, engine.features["messages"], engine.routing.whom, pilot.who)
    asleep = Asleep(core, engine.forwarder)
    for feature in (guests, devices, pilot, texts, Provision(core, devices, guests), asleep):
        engine.join(feature)


def join_signing(engine):
    """Sign calls and check the signatures of others; the node must have joined media."""
    from .media.calls import contact_of
    from .pgp.signing import Signing  # Only a node that signs pays for it in memory.

    calls, core, release = engine.features["media"], engine.node, engine.forwarder.release
    engine.join(Signing(core, calls.relays, release, engine.uac, contact_of))


def join_names(engine, random, crypto, id):
    """Look numbers up in the DNS, and, on a node with media, whose keys are published there.

    crypto: as for features.dns.named.Named, or None; id: the node's public key.
    """
    from .dns.errands import Errands
    from .dns.numbers import Numbers  # Only a node with names pays for it in memory.
    from .dns.questions import Questions
    from .dns.reach import Reach

    questions, core, media = Questions(), engine.node, engine.features.get("media")
    has_keys = media is not None and crypto is not None
    is_kept = media.relays.keying.must if has_keys else lambda number: False
    errands, blindly = Errands(), []
    if has_keys:
        from .dns.accounts import Accounts
        from .dns.blindly import Blindly
        from .dns.codes import Codes as ClaimCodes
        from .dns.directories import Directories
        from .dns.lists import Lists

        directories = Directories(core, questions, crypto)
        blindly.append(Blindly(core, directories, errands))
        for feature in (
            errands,
            directories,
            blindly[0],
            Accounts(core, errands),
            ClaimCodes(core),
        ):
            engine.join(feature)
        member = engine.features.get("mesh")
        engine.join(Lists(core, None if member is None else member.mesh, crypto.verify))
    numbers = Numbers(core, questions, is_kept, blindly)
    engine.join(numbers)
    reach = Reach(core, questions, numbers, engine.features["phonebook"].entries)
    engine.join(reach)
    if not has_keys:
        return
    from .dns.named import Named
    from .dns.selfcheck import Selfcheck
    from .dns.watch import Watch
    from .media.calls import contact_of

    release = engine.forwarder.release
    mesh = engine.features.get("mesh dialling")
    to_person = mesh.to_person if mesh else lambda key, floor: None
    named = Named(core, questions, media, release, contact_of, to_person, blindly[0], id)
    engine.join(named)
    watch = Watch(directories, errands)
    engine.join(Selfcheck(core, questions, named, watch, reach, random))
