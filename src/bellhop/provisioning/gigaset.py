"""Gigaset's DECT bases (N510 and its like): MAC.xml of settings (names from its documents)."""

from ..text import xml
from .description import book

KIND = "application/xml"
ITEM = '<SYMB_ITEM ID="BS_IP_Data1.%s" class="symb_item" value=\'%s\'/>\n'


def file(description, name):
    """Return the text of the file `name`, or None where there is no such file."""
    if not name.endswith(".xml"):
        return None
    one = description
    values = (
        ("aucS_SIP_ACCOUNT_NAME_1", one.name), ("aucS_SIP_DISPLAYNAME", one.name),
        ("aucS_SIP_USER_ID", one.user), ("aucS_SIP_LOGIN_ID", one.login),
        ("aucS_SIP_PASSWORD", one.password), ("aucS_SIP_DOMAIN", one.host),
        ("aucS_SIP_SERVER", one.host), ("aucS_SIP_REGISTRAR", one.host),
        ("aucS_TIME_NTP_SERVER", one.host), ("aucS_NET_DIRECTORY_URL", book(one, "generic")),
    )  # fmt: skip
    numbers = (("uiI_SIP_SERVER_PORT", one.port), ("uiI_SIP_REGISTRAR_PORT", one.port),
               ("ucB_SIP_ACCOUNT_IS_ACTIVE_1", 1))  # fmt: skip
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<settings version="1.0" productID="e2">\n'
    text += "".join([ITEM % (key, '"%s"' % _quoted(value)) for key, value in values])
    text += "".join([ITEM % (key, "0x%x" % value) for key, value in numbers])
    return text + "</settings>\n"


def _quoted(value):
    return xml(value.replace('"', "").replace("'", ""))
