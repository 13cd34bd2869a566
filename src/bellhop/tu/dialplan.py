"""Whom a Request-URI means, in the fixed order of steps, each with the reason that chose it."""

from collections import namedtuple

from ..errors import SipError
from ..sip import uri
from ..text import readable
from .registrar import gruu_instance

# One place to send a request to. uri: bytes for the Request-URI; flow: Flow or None where the
# hops must still be found; path: Route values; binding: Binding or None; q; reason: text; spare:
# Targets to try one after the other where this one is silent for `patience` ms (None: timer B).
Target = namedtuple(
    "Target", ("uri", "flow", "path", "binding", "q", "reason", "spare", "patience")
)

# rule: which of RULES found it; stages: lists of Targets, searched one after the other (section
# 16.6), empty where nobody is there now; callee: the local user or group meant, or None; patience:
# ms that each list but the last may ring, or None: as long as the settings say.
Found = namedtuple("Found", ("rule", "stages", "callee", "patience"))

EMERGENCY, LOCAL, PHONE_BOOK, CONTACT, ELSEWHERE, NUMBER = RULES = (
    "emergency", "local", "phone book", "contact", "elsewhere", "number",
)  # fmt: skip

# Own and pinned responders have so long to answer before those ring too whom nobody here knows, ms.
HELP_PATIENCE = 3000
# Speed dials that may lead to one another.
MOST_STEPS = 4
# RFC 5031: all emergency services begin with this name.
SOS = b"service:sos"


# Numbers by which people call for help or for public services somewhere: 3GPP TS 22.101 section
# 10.1.1 (what every mobile phone takes for an emergency), then those that countries have notified
# to ITU-T (E.129), then the European 116 numbers (Commission Decision 2007/116/EC).
SHORT_NUMBERS = frozenset(
    (
        b"000 08 110 112 118 119 911 999 "
        b"15 17 18 01 02 03 04 061 066 100 101 102 103 104 106 108 111 113 114 115 116 117 120 122 "
        b"123 124 128 129 130 131 132 133 140 144 147 150 155 158 160 166 168 180 190 191 192 193 "
        b"194 195 196 197 198 199 912 913 914 919 922 933 992 993 994 995 996 997 998 10111 10177"
    ).split()
)
EUROPEAN, EUROPEAN_DIGITS = (b"116", 6)


def is_short_number(settings, name):
    """Tell whether a name, as its key, is a public short number, which nobody may just claim."""
    if name in SHORT_NUMBERS or name in settings.emergency or name in settings.reserved:
        return True
    is_european = name[: len(EUROPEAN)] == EUROPEAN and len(name) == EUROPEAN_DIGITS
    return is_european and name.isdigit()


# What a Target says that is for help by somebody whom nobody here knows.
UNKNOWN = " (unknown)"


def is_unknown(target):
    """Tell whether a Target is somebody who says to answer calls for help, and nobody knows."""
    return target.reason.partition(", ")[0].endswith(UNKNOWN)


def towards(target_uri, flow, reason):
    """Return the Target of a URI that is no binding's."""
    return Target(target_uri, flow, (), None, 1000, reason, (), None)


def with_spare(target, spare):
    """Return a Target with other Targets to try where it is silent."""
    fields = list(target)
    fields[6] = tuple(spare)
    return Target(*fields)


def chained(targets):
    """Return one Target that leads to the first, and where that fails to the next of some."""
    fields = list(targets[0])
    fields[6] = tuple(targets[1:])
    return Target(*fields)


def is_ours(settings, listeners, target):
    """Tell whether the host of a Uri is this node: a domain of its own, or where it listens."""
    if target.host is None:
        return False
    host = target.host_key
    is_domain = host in settings.domains
    if is_domain and (target.port is None or not host[-1:].isdigit()):
        return True
    is_listener = False
    for listener in listeners:
        if listener is None or listener.key != host:
            continue
        if target.port is None or target.port == listener.port:
            return True
        is_listener = True  # On another port of this machine somebody else may listen.
    return is_domain and not is_listener


def callee(settings, target):
    """Return the user or group section that a Uri of ours names, or None."""
    if target.user is None:
        return None
    return settings.names.get(target.key)


def responders(settings):
    """Return the section of the user or group that emergency calls ring here, or None."""
    return settings.names.get(uri.key_of(settings.responders.encode()))


def is_emergency(settings, listeners, target):
    """Tell whether a Uri asks for help: urn:service:sos, or a number of the owner's list."""
    if target.scheme == b"urn":
        return target.rest.lower().startswith(SOS)
    if target.user is None or target.key not in settings.emergency:
        return False
    return target.scheme == b"tel" or is_ours(settings, listeners, target)


def find(settings, listeners, location, target, now, user=None, steps=0):
    """Return what a Request-URI leads to; refuses with 416.

    user: name of the local user whom To names; steps: how many speed dials have led here.
    """
    if is_emergency(settings, listeners, target):
        section = responders(settings)
        stages = targets_of(settings, location, section, now, None, True)
        return Found(EMERGENCY, stages, section, HELP_PATIENCE)
    if target.scheme == b"tel":
        return _local(settings, listeners, location, target, now, steps)
    if target.host is None:
        raise SipError(416, "Unsupported URI Scheme")
    if is_ours(settings, listeners, target):
        return _local(settings, listeners, location, target, now, steps)
    binding = location.by_contact(target, user)
    if binding is not None and binding.until > now:
        reason = "contact of %s's phone" % binding.user
        return Found(CONTACT, [[_to_binding(binding, target.write(), reason)]], None, None)
    reason = "host " + target.host.decode()
    return Found(ELSEWHERE, [[towards(target.write(), None, reason)]], None, None)


def _local(settings, listeners, location, target, now, steps):
    section = callee(settings, target)
    if section is None:
        return _speed_dial(settings, listeners, location, target, now, steps)
    stages = targets_of(settings, location, section, now, gruu_instance(target))
    patience = section.ring_each * 1000 if section.kind == "group" else None
    return Found(LOCAL, stages, section, patience)


def _speed_dial(settings, listeners, location, target, now, steps):
    """Return where the address of a speed dial leads: elsewhere, or to somebody here."""
    address = settings.speed_dial.get(target.key)
    if address is None or steps == MOST_STEPS:
        return Found(LOCAL, [], None, None)
    led = find(settings, listeners, location, uri.parse(address), now, None, steps + 1)
    if led.rule in (LOCAL, EMERGENCY):
        return led
    reason = "speed dial %s" % spoken(target)
    return Found(PHONE_BOOK, [[towards(address, None, reason)]], None, None)


def to_party(location, party, target_uri):
    """Return the Found of a request inside a dialog: the phone of a Party, wherever it is now."""
    binding = None if party.binding is None else location.current(party.binding)
    if binding is None:
        target = towards(target_uri, party.flow, "party of this call")
        return Found(ELSEWHERE, [[target]], None, None)
    target = _to_binding(binding, target_uri, "%s's phone in this call" % binding.user)
    return Found(CONTACT, [[target]], None, None)


def to_phone(binding, reason):
    """Return the Target of one phone that is registered here."""
    return _to_binding(binding, _request_uri(binding.contact), reason)


def without(found, phone):
    """Return a Found that does not ring the phone (Binding) of the caller itself."""
    stages = []
    for stage in found.stages:
        others = [one for one in stage if one.binding is not phone]
        if others or not stage:
            stages.append(others)
    if found.stages and not stages and found.rule == LOCAL:
        raise SipError(480, "no other phone of %s is registered" % found.callee.name)
    return Found(found.rule, stages, found.callee, found.patience)


def targets_of(settings, location, section, now, instance=None, is_help=False):
    """Return the stages of a user or group section, or of None.

    instance: of one phone alone; is_help: a call for help rings phones that do not ring else.
    """
    if section is None:
        return []
    if section.kind == "group":
        return _group_targets(settings, location, section, now, is_help)
    return _user_targets(location, section, instance, now, is_help)


def spoken(target):
    """Return the user part of a Uri as text that a log and a person can bear."""
    return readable(target.name)


def _user_targets(location, user, instance, now, is_help=False):
    """Return groups of equal q, the highest first (section 16.6: sequential search by q)."""
    groups = []
    devices = set()
    for binding in location.bindings(user.name, now):
        if instance is not None and binding.instance != instance:
            continue
        if binding.asleep or not (binding.rings or is_help or instance):
            continue
        # Further flows of one device are spare ways to the same bell (RFC 5626 section 5.1).
        if binding.instance is not None:
            if binding.instance in devices:
                continue
            devices.add(binding.instance)
        target = binding.target or binding.aim(
            _to_binding(binding, _request_uri(binding.contact), "%s's phone" % user.name)
        )
        if groups and groups[-1][0].q == binding.q:
            groups[-1].append(target)
        else:
            groups.append([target])
    return groups


def _group_targets(settings, location, group, now, is_help):
    lists = []
    for member in group.rings:
        found = member_targets(settings, location, member, now, is_help)
        if found:
            lists.append(found)
    if group.strategy != "parallel" or not lists:
        return lists
    together = []
    for targets in lists:
        together.extend(targets)
    return [together]


def member_targets(settings, location, member, now, is_help=False):
    """Return the Targets of one who rings for a group: a user's phones, or an address elsewhere."""
    user = settings.users.get(member)
    if user is None:
        return [towards(member.encode(), None, "member of a group")]
    found = _user_targets(location, user, None, now, is_help)
    return found[0] if found else []


def _request_uri(contact):
    """Return a contact without headers and method, which no Request-URI may hold (16.6 step 2)."""
    found = uri.parse(contact)
    if found.headers is None and found.param(b"method") is None:
        return contact
    params = [pair for pair in found.params if pair[0] != b"method"]
    bare = uri.Uri(found.scheme, found.user, found.host, found.port, params, None, found.password)
    return bare.write()


def _to_binding(binding, target_uri, reason):
    flow = None if binding.path else binding.flow
    return Target(target_uri, flow, binding.path, binding, binding.q, reason, (), None)
