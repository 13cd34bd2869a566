"""Yealink desk phones: MAC.boot, which names MAC.cfg (names of values from its documents)."""

from .description import BLF, PAGE, PARK, SRTP, book, flat

KIND = "text/plain"
BOOT = '#!version:1.0.0.1\ninclude:config "%s.cfg"\noverwrite_mode = 1\n'
TYPES = {BLF: 16, PARK: 10, PAGE: 24}
SPEED_DIAL = 13


def file(description, name):
    """Return the text of the file `name`, or None where there is no such file."""
    if name.endswith(".boot"):
        mac = name[:-5]
        return None if mac.startswith("y0000") else BOOT % mac
    if not name.endswith(".cfg") or name.startswith("y0000"):
        return None
    one = description
    lines = [
        ("account.1.enable", 1), ("account.1.label", one.name),
        ("account.1.display_name", one.name), ("account.1.user_name", one.user),
        ("account.1.auth_name", one.login), ("account.1.password", one.password),
        ("account.1.sip_server.1.address", one.host), ("account.1.sip_server.1.port", one.port),
        ("account.1.sip_server.1.transport_type", 0), ("account.1.sip_server.1.expires", 3600),
        ("account.1.srtp_encryption", SRTP[one.srtp]),
        ("account.1.subscribe_mwi", 1), ("voice_mail.number.1", one.voicemail),
        ("features.intercom.allow", 1),
        ("features.pickup.direct_pickup_enable", 1),
        ("features.pickup.direct_pickup_code", one.pickup),
        ("features.pickup.group_pickup_enable", 1),
        ("features.pickup.group_pickup_code", one.pickup),
        ("remote_phonebook.data.1.name", one.domain),
        ("remote_phonebook.data.1.url", book(one, "yealink")),
        ("local_time.ntp_server1", one.host),
        ("static.zero_touch.enable", 0), ("static.auto_provision.pnp_enable", 1),
    ]  # fmt: skip
    for number, group in enumerate(one.groups, 1):
        lines += [
            ("multicast.listen_address.%d.label" % number, group.name),
            ("multicast.listen_address.%d.ip_address" % number, group.address),
        ]
    places = {group.name: group.address for group in one.groups}
    for number, key in enumerate(one.keys, 2):
        value = places.get(key.label, key.number) if key.kind == PAGE else key.number
        lines += [
            ("linekey.%d.type" % number, TYPES.get(key.kind, SPEED_DIAL)),
            ("linekey.%d.line" % number, 1),
            ("linekey.%d.value" % number, value),
            ("linekey.%d.label" % number, key.label),
            ("linekey.%d.extension" % number, one.pickup if key.kind == BLF else ""),
        ]
    return "#!version:1.0.0.1\n" + "".join(["%s = %s\n" % (k, flat(str(v))) for k, v in lines])
