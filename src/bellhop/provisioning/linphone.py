"""Linphone, on every system: an XML that its assistant fetches by the QR code of its address.

`config-uri` is emptied: else it asks the same address, which holds once, at every start.
"""

from ..text import xml

KIND = "application/xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<config xmlns="http://www.linphone.org/xsds/lpconfig.xsd">\n'
SECTION = '<section name="%s">\n%s</section>\n'
ENTRY = '<entry name="%s" overwrite="true">%s</entry>\n'
MEDIA = {"no": "none", "offer": "srtp", "must": "srtp"}


def file(description, name):
    """Return the text of the file; there is but one, whatever its name."""
    text = HEAD
    for title, entries in _sections(description):
        text += SECTION % (title, "".join([ENTRY % (key, xml(value)) for key, value in entries]))
    return text + "</config>\n"


def _sections(one):
    server = "<sip:%s:%d;transport=tcp>" % (one.host, one.port)
    return (
        ("misc", (("config-uri", ""),)),
        (
            "sip",
            (
                ("media_encryption", MEDIA[one.srtp]),
                ("media_encryption_mandatory", "1" if one.srtp == "must" else "0"),
                ("default_proxy", "0"),
            ),
        ),
        (
            "proxy_0",
            (
                (
                    "reg_identity",
                    '"%s" <sip:%s@%s>' % (one.name.replace('"', ""), one.user, one.domain),
                ),
                ("reg_proxy", server),
                ("reg_route", server),
                ("reg_sendregister", "1"),
                ("reg_expires", "3600"),
                ("publish", "0"),
            ),
        ),
        (
            "auth_info_0",
            (
                ("username", one.user),
                ("userid", one.login),
                ("ha1", one.ha1),
                ("algorithm", "MD5"),
                ("realm", one.domain),
                ("domain", one.domain),
            ),
        ),
    )
