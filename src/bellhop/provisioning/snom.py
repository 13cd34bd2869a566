"""Snom desk phones: one XML of settings (names of values from its documents)."""

from ..text import xml
from .description import BLF, PARK, book

KIND = "application/xml"
SETTING = '<%s%s perm="">%s</%s>\n'
KEY = '<fkey idx="%d" context="1" label="%s" perm="">%s</fkey>\n'


def file(description, name):
    """Return the text of the file, whatever its name; None for one of firmware or pictures."""
    if not (name.endswith((".xml", ".htm", ".html")) or "." not in name):
        return None
    one = description
    mine = (
        ("user_active", "on"), ("user_realname", one.name), ("user_name", one.user),
        ("user_pname", one.login), ("user_pass", one.password), ("user_host", one.host),
        ("user_outbound", "sip:%s:%d" % (one.host, one.port)), ("user_mailbox", one.voicemail),
        ("user_srtp", "off" if one.srtp == "no" else "on"),
        ("user_savp", {"no": "off", "offer": "optional", "must": "mandatory"}[one.srtp]),
        ("user_expiry", "3600"),
    )  # fmt: skip
    general = (
        ("answer_after_policy", "idle"), ("ntp_server", one.host),
        ("dkey_directory", "url " + book(one, "snom")),
        ("provisioning_order", "pnp:stop dhcp:stop"),
    )  # fmt: skip
    text = '<?xml version="1.0" encoding="utf-8"?>\n<settings>\n<phone-settings e="2">\n'
    text += "".join([SETTING % (key, ' idx="1"', xml(value), key) for key, value in mine])
    text += "".join([SETTING % (key, "", xml(value), key) for key, value in general])
    text += '</phone-settings>\n<functionKeys e="2">\n'
    for number, key in enumerate(one.keys):
        text += KEY % (number, xml(key.label), xml(_function(one, key)))
    return text + "</functionKeys>\n</settings>\n"


def _function(one, key):
    address = "sip:%s@%s" % (key.number, one.host)
    if key.kind == BLF:
        return "blf %s|%s" % (address, one.pickup)
    return ("orbit " if key.kind == PARK else "speed ") + address
