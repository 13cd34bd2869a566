"""Which names to ask for, and in which order to try what they give (RFC 3263, RFC 2782).

Records are names.answer.Naptr and Srv, with text in place of octets.
"""

SERVICES = {"SIPS+D2T": "tls", "SIP+D2T": "tcp", "SIP+D2U": "udp"}
SRV_LABELS = {"tls": "_sips._tcp.", "tcp": "_sip._tcp.", "udp": "_sip._udp."}
DEFAULT_PORTS = {"tls": 5061, "tcp": 5060, "udp": 5060}
# Without NAPTR: the transports in the order in which their SRV records are asked for.
PREFERENCE = ("udp", "tcp", "tls")
# Hosts that are tried for one request; a domain with more is a trap or a mistake.
MAX_HOPS = 8


def transport_of(asked, secure):
    """Return the transport that a URI names, "" where it names none, None where we have it not."""
    if asked in (None, ""):
        return "tls" if secure else ""
    if asked == "tcp" and secure:
        return "tls"
    if asked == "tls" or (asked in ("tcp", "udp") and not secure):
        return asked
    return None


def services(records, secure):
    """Return [(transport, SRV name)] of NAPTR records, the first choice first (section 4.1)."""
    found = []
    for record in sorted(records, key=lambda one: (one.order, one.preference)):
        transport = SERVICES.get(record.service.upper())
        is_fit = transport is not None and record.flags.lower() == "s"
        if is_fit and (transport == "tls" or not secure):
            found.append((transport, record.replacement))
    return found


def srv_names(domain, transport, secure):
    """Return [(transport, SRV name)] to ask where there is no NAPTR record."""
    if transport or secure:
        transport = transport or "tls"
        return [(transport, SRV_LABELS[transport] + domain)]
    return [(transport, SRV_LABELS[transport] + domain) for transport in PREFERENCE]


def in_order(records, random):
    """Return SRV records in the order to try them: by priority, then drawn by weight (RFC 2782)."""
    found = []
    for priority in sorted({record.priority for record in records}):
        # Those of weight 0 stand first, so that they are drawn only when the number is 0.
        rest = sorted((one for one in records if one.priority == priority), key=_weight)
        while rest:
            chosen = _drawn(rest, random)
            rest.remove(chosen)
            found.append(chosen)
    return found


def _weight(record):
    return record.weight


def _drawn(records, random):
    total = sum(map(_weight, records))
    number = int.from_bytes(random(4), "big") % (total + 1)
    running = 0
    for record in records:
        running += record.weight
        if running >= number:
            return record
    return records[-1]


def is_refused(records):
    """Tell whether a domain says by its SRV record that it has no such service (RFC 2782)."""
    return len(records) == 1 and records[0].target in ("", ".")
