"""baresip: one line of its file `accounts`, to be copied."""

from .description import flat

KIND = "text/plain"
MEDIA = {"no": "", "offer": ";mediaenc=srtp", "must": ";mediaenc=srtp-mandf"}


def file(description, name):
    """Return the line."""
    one = description
    line = '"%s" <sip:%s@%s;transport=tcp>;auth_user=%s;auth_pass=%s'
    line += ';outbound="sip:%s:%d;transport=tcp";regint=600%s\n'
    return line % (
        flat(one.name), one.user, one.domain, one.login, one.password, one.host, one.port,
        MEDIA[one.srtp],
    )  # fmt: skip
