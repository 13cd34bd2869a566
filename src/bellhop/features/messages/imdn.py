"""Delivery notices (RFC 5438) for messages that have waited: who asked for one, and its words.

Phones ask inside message/cpim (RFC 3862); a header field of SIP for it does not exist.
"""

from ...text import readable, xml

CPIM = b"message/cpim"
NAMESPACE = b"<urn:ietf:params:imdn>"
DELIVERY = b"positive-delivery"
MAX_VALUE_BYTES = 128
XML = (
    b'<?xml version="1.0" encoding="UTF-8"?>\r\n'
    b'<imdn xmlns="urn:ietf:params:xml:ns:imdn">\r\n'
    b"<message-id>%s</message-id>\r\n<datetime>%s</datetime>\r\n"
    b"<recipient-uri>%s</recipient-uri>\r\n"
    b"<delivery-notification><status><delivered/></status></delivery-notification>\r\n"
    b"</imdn>\r\n"
)
NOTICE = (
    b"From: <%s>\r\nTo: <%s>\r\nNS: imdn " + NAMESPACE + b"\r\nimdn.Message-ID: %s\r\n\r\n"
    b"Content-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n"
    b"Content-Length: %d\r\n\r\n"
)


def asked(request):
    """Return (message id, date) where a MESSAGE asks to be told of its delivery, or None."""
    kind = (request.value(b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind != CPIM:
        return None
    fields, prefix = {}, None
    for line in request.body.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"ns" and value.endswith(NAMESPACE):
            prefix = value[: -len(NAMESPACE)].strip().lower()
        elif len(value) <= MAX_VALUE_BYTES:
            fields[name] = value
    if not prefix:
        return None
    wanted = fields.get(prefix + b".disposition-notification", b"").lower()
    message_id = fields.get(prefix + b".message-id", b"")
    if not message_id or DELIVERY not in [word.strip() for word in wanted.split(b",")]:
        return None
    return message_id, fields.get(b"datetime", b"")


def notice(sender, recipient, message_id, date, own_id):
    """Return the message/cpim body that tells `sender` (URI) that `recipient` has the message."""
    xml = XML % (_escaped(message_id), _escaped(date), _escaped(recipient))
    return NOTICE % (recipient, sender, own_id, len(xml)) + xml


def _escaped(value):
    return xml(readable(value)).encode()
