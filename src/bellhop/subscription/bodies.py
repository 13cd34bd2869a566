"""The bodies of event packages: dialog-info (RFC 4235), PIDF (RFC 3863, RFC 4480), message-summary
(RFC 3842) and reginfo (RFC 3680). Texts in, octets out."""

from collections import namedtuple

from ..text import xml

DIALOG, PRESENCE, SUMMARY, REG = PACKAGES = (b"dialog", b"presence", b"message-summary", b"reg")
TYPES = {
    DIALOG: b"application/dialog-info+xml",
    PRESENCE: b"application/pidf+xml",
    SUMMARY: b"application/simple-message-summary",
    REG: b"application/reginfo+xml",
}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

# One call of somebody. state: trying, early or confirmed; is_caller: whose call it is; peer, shown:
# address and name of the other end, call_id: "" where the watcher may not know them.
Talk = namedtuple("Talk", ("number", "state", "is_caller", "call_id", "peer", "shown"))


def dialog_info(entity, version, talks):
    """Return the calls of an address (text, a URI) as dialog-info, all of them."""
    parts = [
        HEAD,
        '<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="%d" ' % version,
    ]
    parts.append('state="full" entity="%s">\n' % xml(entity))
    for talk in talks:
        known = ' call-id="%s"' % xml(talk.call_id) if talk.call_id else ""
        direction = "initiator" if talk.is_caller else "recipient"
        parts.append('<dialog id="%d"%s direction="%s">' % (talk.number, known, direction))
        parts.append("<state>%s</state>" % talk.state)
        if talk.peer:
            who = '<identity display="%s">%s</identity><target uri="%s"/>'
            who %= (xml(talk.shown), xml(talk.peer), xml(talk.peer))
            own = '<identity>%s</identity><target uri="%s"/>' % (xml(entity), xml(entity))
            parts.append("<remote>%s</remote><local>%s</local>" % (who, own))
        parts.append("</dialog>\n")
    return "".join(parts + ["</dialog-info>\n"]).encode()


def pidf(entity, is_there, activity):
    """Return whether somebody can be called; activity: "", "busy" (talks) or "dnd" (rests)."""
    note = "offline" if not is_there else activity or "online"
    parts = [HEAD, '<presence xmlns="urn:ietf:params:xml:ns:pidf" ']
    parts.append('xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" ')
    parts.append('xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="%s">\n' % xml(entity))
    basic = "open" if is_there else "closed"
    parts.append('<tuple id="a"><status><basic>%s</basic></status>' % basic)
    parts.append("<note>%s</note></tuple>\n" % note)
    # Some phones know but busy and away, others ask whether one is on the phone.
    shown = {"busy": "<rpid:on-the-phone/><rpid:busy/>", "dnd": "<rpid:busy/>"}.get(activity)
    if is_there and shown:
        parts.append('<dm:person id="p"><rpid:activities>%s</rpid:activities>' % shown)
        parts.append("<dm:note>%s</dm:note></dm:person>\n" % note)
    return "".join(parts + ["</presence>\n"]).encode()


def summary(account, texts):
    """Return how many texts wait for an account (a URI)."""
    waits = "yes" if texts else "no"
    lines = ["Messages-Waiting: " + waits, "Message-Account: " + account]
    return "\r\n".join(lines + ["Text-Message: %d/0" % texts, ""]).encode()


def reginfo(entity, version, contacts):
    """Return the phones of an address; contacts: [(number, URI, seconds left, q)]."""
    parts = [HEAD, '<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="%d" ' % version]
    parts.append('state="full">\n')
    state = "active" if contacts else "init"
    parts.append('<registration aor="%s" id="r" state="%s">\n' % (xml(entity), state))
    for number, contact, seconds, q in contacts:
        line = '<contact id="%s" state="active" event="registered" expires="%d" q="%s">'
        parts.append(line % (xml(number), seconds, q))
        parts.append("<uri>%s</uri></contact>\n" % xml(contact))
    return "".join(parts + ["</registration>\n</reginfo>\n"]).encode()
