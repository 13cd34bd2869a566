"""The control verbs (DESIGN.md section 8): what the node tells about itself, JSON-able.

Every answer is a dict. Times are whole seconds before now.
"""

from .. import __version__
from ..errors import BellhopError
from ..features.phonebook import formats, reading
from ..limits import MAX_IMPORTED, MAX_IMPORTED_BYTES
from ..sip.ip import is_number
from ..tu.calls import readable

# Where the phone book has an entry from, unless another node brought it.
HERE, SPEED_DIAL, IMPORTED = PLACES = ("here", "speed dial", "imported")

# What two people find of the words of a call.
SAME, DIFFERENT = FINDINGS = ("same", "different")

MEDIA_OFF = "calls are not encrypted here: a section `config media` turns it on"
MESH_OFF = "the mesh is off: `option enabled 1` in `config mesh` turns it on"


def status(engine, now):
    """version, uptime_seconds, domain, listening, registrations, calls, counters."""
    node = engine.node
    return {
        "version": __version__,
        "uptime_seconds": (now - engine.started) // 1000,
        "domain": node.settings.domain.decode(),
        "listening": [
            {"transport": one.transport, "host": one.listener.host, "port": one.port}
            for one in node.listening
            if one is not None
        ],
        "users": len(node.settings.users),
        "registrations": node.location.size,
        "live_calls": len(node.calls.live),
        "transactions": len(node.layer),
        "media": None if engine.relaying is None else engine.relaying.status(),
        "writings_left": node.writings.seen(now),
        "counters": counters(engine),
    }


def counters(engine):
    """Return every counter as part -> name -> number."""
    node = engine.node
    return {
        "messages": node.counters,
        "transactions": node.layer.counters,
        "forwarding": engine.forwarder.counters,
        "registrations": node.location.counters,
        "access": node.access.counters,
        "rates": node.rates.counters,
        "calls": node.calls.counters,
        "mailbox": node.mailbox.counters,
        "writings": node.writings.counters,
        "media": {} if engine.relaying is None else engine.relaying.counters(),
        "mesh": {} if engine.meshing is None else engine.meshing.counters(),
    }


def registration(binding, now):
    """Return one binding as a dict."""
    return {
        "user": binding.user,
        "contact": readable(binding.contact),
        "transport": binding.flow.transport,
        "seen_from": "%s port %d" % (binding.flow.host, binding.flow.port),
        "behind_nat": binding.is_behind_nat(),
        "phone": readable(binding.agent or b""),
        "q": binding.q / 1000,
        "expires_seconds": max(0, (binding.until - now) // 1000),
        "seconds_since_start": (now - binding.since) // 1000,
    }


def _users(engine, arguments, now):
    node = engine.node
    found = []
    for name in sorted(node.settings.users):
        user = node.settings.users[name]
        found.append(
            {
                "name": name,
                "display_name": user.display_name,
                "extension": user.extension,
                "aliases": list(user.alias),
                "phones": len(node.location.bindings(name, now)),
                "messages": len(node.mailbox.waiting(name)),
                "address": "sip:%s@%s" % (name, node.settings.domain.decode()),
            }
        )
    return {"users": found}


def _groups(engine, arguments, now):
    groups = engine.node.settings.groups
    return {
        "groups": [
            {
                "name": name,
                "display_name": groups[name].display_name,
                "extension": groups[name].extension,
                "members": list(groups[name].member),
                "strategy": groups[name].strategy,
            }
            for name in sorted(groups)
        ]
    }


def _registrations(engine, arguments, now):
    wanted = arguments.get("user")
    bindings = engine.node.location.all(now)
    return {
        "registrations": [
            registration(binding, now)
            for binding in bindings
            if wanted is None or binding.user == wanted
        ]
    }


def _calls(engine, arguments, now):
    live = sorted(engine.node.calls.live.values(), key=lambda call: call.number)
    rows = [call.record(now) for call in live]
    if engine.relaying is not None:
        for call, row in zip(live, rows):
            row.update(engine.relaying.seen(call))
    return {"calls": rows}


def _hangup(engine, arguments, now):
    """`call`: the number that `calls` shows, or a Call-ID."""
    call = _live(engine, arguments)
    return {"call": dict(call.record(now), state="ended")}, engine.ending.hang_up(call, now)


def _live(engine, arguments):
    wanted = str(arguments.get("call", ""))
    for call in engine.node.calls.live.values():
        if wanted in (str(call.number), readable(call.call_id)):
            return call
    raise BellhopError("there is no call '%s' now; `bellhop calls` shows the numbers" % wanted)


def _user(engine, arguments):
    name = str(arguments.get("user", ""))
    if name not in engine.node.settings.users:
        raise BellhopError("there is no user '%s'; `bellhop users` shows the names" % name)
    return name


def _ring(engine, arguments, now):
    user = _user(engine, arguments)
    effects = engine.ringer.ring(user, now)
    return engine.ringer.told(user), effects


def _rung(engine, arguments, now):
    return engine.ringer.told(_user(engine, arguments))


def _flush_mailbox(engine, arguments, now):
    removed, effects = engine.agent.flush(_user(engine, arguments))
    return {"removed": removed}, effects


def _history(engine, arguments, now):
    return {"history": [call.record(now) for call in reversed(engine.node.calls.history)]}


def _trust(engine, arguments, now):
    return {"trust": _relaying(engine).trusted()}


def _set_trust(engine, arguments, now):
    """`contact`: as `trust` shows it; `verdict`: one of relaying.VERDICTS."""
    contact, verdict = str(arguments.get("contact", "")), arguments.get("verdict")
    effects = _relaying(engine).set_trust(contact.lower(), verdict)
    return {"trust": engine.relaying.trusted()}, effects


def _verify(engine, arguments, now):
    """`call`: its number; `verdict`: one of FINDINGS."""
    verdict = arguments.get("verdict", "")
    if verdict not in FINDINGS:
        raise BellhopError("are the words 'same' or 'different'?")
    call = _live(engine, arguments)
    effects = _relaying(engine).verify(call, verdict == SAME)
    return {"call": dict(call.record(now), **engine.relaying.seen(call))}, effects


def _relaying(engine):
    if engine.relaying is None:
        raise BellhopError(engine.lacking.get("media") or MEDIA_OFF)
    return engine.relaying


def _trace(engine, arguments, now):
    """`call`: the number that `calls` and `history` show, or a Call-ID."""
    wanted = str(arguments.get("call", ""))
    calls = engine.node.calls
    for call in list(calls.live.values()) + calls.history:
        if wanted in (str(call.number), readable(call.call_id)):
            return {"call": call.record(now), "messages": engine.node.trace.read(call.call_id, now)}
    raise BellhopError("there is no call '%s'; `bellhop history` shows the numbers" % wanted)


def phonebook(engine, now):
    """Return the entries of everybody who can be called: here, by speed dial, in the mesh."""
    node = engine.node
    domain = node.settings.domain.decode()
    entries = []
    for section in node.settings.called():
        shown, number = section.display_name or section.name, section.extension or section.name
        there = node.is_there(section, now)
        entries.append(_entry(shown, number, section.name, domain, HERE, there))
    for contact in node.settings.contacts:
        entry = _entry(contact.name, contact.number, "", "", SPEED_DIAL, False)
        entry["address"] = contact.address
        entries.append(entry)
    for imported in node.imported:
        entries.append(dict(imported, place=IMPORTED, registered=False))
    if engine.meshing is not None:
        entries += engine.meshing.phonebook()
    return entries


def _import_phonebook(engine, arguments, now):
    """`csv`: the text of a file, CSV or vCard; it takes the place of what was imported before.

    `more`: anything, where the rest of the text follows in further requests.
    """
    text = engine.unread + arguments.get("csv", "")
    engine.unread = ""
    if len(text) > MAX_IMPORTED * MAX_IMPORTED_BYTES:
        raise BellhopError("more than %d entries do not fit" % MAX_IMPORTED)
    if arguments.get("more"):
        engine.unread = text
        return {"imported": 0}, []
    entries, left_out = reading.read(text)
    answer = {"imported": len(entries), "left_out": left_out}
    return answer, engine.import_phonebook(entries)


def _entry(display, number, name, domain, place, registered):
    return {
        "display": display,
        "number": number,
        "address": "sip:%s@%s" % (name, domain),
        "place": place,
        "registered": registered,
    }


def _phonebook(engine, arguments, now):
    """`format`: none for the entries themselves, or one of formats.FORMATS.

    `page`, `url`: of formats that phones read page by page, as formats.write takes them.
    """
    entries = phonebook(engine, now)
    form, page = arguments.get("format"), arguments.get("page")
    if form is None:
        return {"phonebook": entries}
    if page is not None and (not is_number(str(page)) or not int(page)):
        raise BellhopError("pages have numbers, from 1")
    title, url = engine.node.settings.domain.decode(), arguments.get("url", "")
    text, content_type = formats.write(form, entries, title, page and int(page), url)
    return {"text": text, "content_type": content_type}


def _of_mesh(read):
    def answer(engine, arguments, now):
        if engine.meshing is None:
            raise BellhopError(engine.lacking.get("mesh") or MESH_OFF)
        return read(engine.meshing, now)

    return answer


def _identity(meshing, now):
    return {"key": meshing.mesh.key, "address_example": "sip:alice@" + meshing.mesh.key}


def _person(engine, arguments, now):
    """`user`: who has a key of their own (`bellhop person-key` makes one)."""
    name = arguments.get("user", "")
    address = None if engine.meshing is None else engine.meshing.address_of(name)
    if address is None:
        raise BellhopError("'%s' is no user with a key, or the mesh is off" % name)
    return {"user": name, "address": address}


def _peers(meshing, now):
    """`hosts`: addresses that might be neighbours and are none, with the reason."""
    return {"peers": meshing.mesh.peers(), "hosts": meshing.mesh.hosts()}


def _status(engine, arguments, now):
    return status(engine, now)


VERBS = {
    "status": (_status, ()),
    "users": (_users, ()),
    "groups": (_groups, ()),
    "registrations": (_registrations, ("user",)),
    "calls": (_calls, ()),
    "history": (_history, ()),
    "rung": (_rung, ("user",)),
    "trace": (_trace, ("call",)),
    "phonebook": (_phonebook, ("format", "page", "url")),
    "trust": (_trust, ()),
    "identity": (_of_mesh(_identity), ()),
    "person": (_person, ("user",)),
    "peers": (_of_mesh(_peers), ()),
    "routes": (_of_mesh(lambda meshing, now: {"routes": meshing.mesh.routes()}), ()),
    "mesh": (_of_mesh(lambda meshing, now: meshing.mesh.graph()), ()),
}

# Verbs that change something: their functions return (answer, effects).
CHANGES = {
    "import-phonebook": (_import_phonebook, ("csv", "more")),
    "hangup": (_hangup, ("call",)),
    "ring": (_ring, ("user",)),
    "flush-mailbox": (_flush_mailbox, ("user",)),
    "set-trust": (_set_trust, ("contact", "verdict")),
    "verify": (_verify, ("call", "verdict")),
}


def arguments_of():
    """Return every verb: verb -> names of its arguments."""
    return {verb: table[verb][1] for table in (VERBS, CHANGES) for verb in table}


def answer(engine, verb, arguments, now):
    """Return (answer, effects) of a verb; raises BellhopError with words for the owner."""
    if verb not in VERBS and verb not in CHANGES:
        known = ", ".join(sorted(list(VERBS) + list(CHANGES)))
        raise BellhopError("there is no verb '%s'; there are %s" % (verb, known))
    function, accepted = VERBS.get(verb) or CHANGES[verb]
    for name in arguments:
        if name not in accepted:
            raise BellhopError("'%s' takes no argument '%s'" % (verb, name))
    result = function(engine, arguments, now)
    return result if verb in CHANGES else (result, [])
