"""Fanvil desk phones: MAC.cfg, modules of `Name :value` (names from its documents)."""

from .description import BLF, book, flat

KIND = "text/plain"


def file(description, name):
    """Return the text of the file `name`, or None where there is no such file."""
    if not name.endswith(".cfg"):
        return None
    one = description
    line = [
        ("Phone Number", one.user), ("Display Name", one.name), ("Register Addr", one.host),
        ("Register Port", one.port), ("Register User", one.login), ("Register Pswd", one.password),
        ("Register TTL", 3600), ("Enable Reg", 1), ("MWI Num", one.voicemail),
        ("Pickup Num", one.pickup), ("RTP Encryption", {"no": 0, "offer": 2, "must": 1}[one.srtp]),
        ("Auto Answer By Alert-Info", 1),
    ]  # fmt: skip
    text = "<<VOIP CONFIG FILE>>Version:2.0002\n\n<SIP CONFIG MODULE>\n--SIP Line List--  :\n"
    text += "".join(["SIP1 %-18s:%s\n" % (key, flat(str(value))) for key, value in line])
    text += "\n<PHONE FEATURE MODULE>\n--Phone Feature--  :\nSNTP Server        :%s\n" % one.host
    text += (
        "\n<PHONEBOOK CONFIG MODULE>\n--XML PhoneBook--  :\nXML PBook1 Name   :%s\n" % one.domain
    )
    text += "XML PBook1 URL    :%s\n" % book(one, "cisco")
    text += "\n<DSSKEY CONFIG MODULE>\n--Dsskey Config1-- :\n"
    for number, key in enumerate(one.keys, 1):
        value = "%s@1/%s" % (key.number, "ba%s" % one.pickup if key.kind == BLF else "f")
        text += "Fkey%d Type         :1\nFkey%d Value        :%s\nFkey%d Title        :%s\n" % (
            number, number, flat(value), number, flat(key.label),
        )  # fmt: skip
    return text + "\n<<END OF FILE>>\n"
