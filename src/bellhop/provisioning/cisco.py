"""Cisco's and Linksys' SPA and MPP desk phones: MAC.xml, a flat profile (from its documents)."""

from ..text import xml
from .description import BLF, book

KIND = "application/xml"


def file(description, name):
    """Return the text of the file `name`, or None where there is no such file."""
    if not name.endswith((".xml", ".cfg")):
        return None
    one = description
    values = [
        ("Line_Enable_1_", "Yes"), ("Display_Name_1_", one.name), ("User_ID_1_", one.user),
        ("Use_Auth_ID_1_", "Yes"), ("Auth_ID_1_", one.login), ("Password_1_", one.password),
        ("Proxy_1_", "%s:%d" % (one.host, one.port)), ("Register_1_", "Yes"),
        ("Register_Expires_1_", "3600"), ("SIP_Transport_1_", "UDP"),
        ("Secure_Call_Setting_1_", "No" if one.srtp == "no" else "Yes"),
        ("Voice_Mail_Number", one.voicemail), ("Auto_Answer_Page", "Yes"),
        ("Call_Pickup_Code", one.pickup), ("Primary_NTP_Server", one.host),
        ("XML_Directory_Service_Name", one.domain),
        ("XML_Directory_Service_URL", book(one, "cisco")),
    ]  # fmt: skip
    # A phone speaks to a group, and hears it, by itself: the node has no part in it.
    paging = [
        "pggrp=%s;name=%s;num=%s;listen=yes;" % (group.address, group.name, group.number)
        for group in one.groups
        if group.number
    ]
    values += [("Group_Paging_Script", "".join(paging))] if paging else []
    for number, key in enumerate(one.keys, 2):
        does = "blf+sd+cp" if key.kind == BLF else "sd"
        function = "fnc=%s;sub=%s@$PROXY;ext=%s@$PROXY;nme=%s"
        function %= (does, key.number, key.number, key.label.replace(";", " "))
        values += [
            ("Extension_%d_" % number, "Disabled"),
            ("Extended_Function_%d_" % number, function),
        ]
    lines = ["<%s>%s</%s>\n" % (key, xml(value), key) for key, value in values]
    return '<?xml version="1.0" encoding="UTF-8"?>\n<flat-profile>\n%s</flat-profile>\n' % "".join(
        lines
    )
