"""The messages of the newest calls, bounded; no password and no key is shown."""

from ..effects import TRUNK, Send
from ..limits import MAX_TRACE_MESSAGES, MAX_TRACED_CALLS
from ..text import readable

# Header fields and SDP attributes that hold passwords or keys; SDP's k= is the third kind.
SECRETS = (
    b"authorization", b"proxy-authorization", b"a=crypto", b"a=key-mgmt", b"a=ice-pwd",
)  # fmt: skip


class Trace:
    """The messages of the newest calls."""

    def __init__(self):
        self.order = []
        self.kept = {}

    def begin(self, call_id):
        """Keep the messages of this call from now on; the oldest trace goes."""
        if call_id in self.kept:
            return
        if len(self.order) >= MAX_TRACED_CALLS:
            oldest = self.order.pop(0)
            # The place of a deleted entry may keep the value alive for a long time (MicroPython).
            self.kept[oldest] = None
            del self.kept[oldest]
        self.order.append(call_id)
        self.kept[call_id] = []

    def also(self, call_id, other):
        """A call has another Call-ID elsewhere: its messages there are kept with the others."""
        if call_id in self.kept and other not in self.kept:
            self.begin(other)
            self.kept[other] = self.kept[call_id]

    def forget(self, call_id):
        """Keep nothing of a call any more."""
        if self.kept.pop(call_id, None) is not None:
            self.order.remove(call_id)

    def note(self, call_id, now, flow, data, effects):
        """Keep of a traced call what came, None for nothing, and what was sent upon it.

        What a provider is sent is traced as it leaves the node.
        """
        kept = self.kept.get(call_id)
        if kept is None or len(kept) >= MAX_TRACE_MESSAGES:
            return
        if data is not None:
            kept.append((now, "received", flow, data))
        for effect in effects:
            is_one = isinstance(effect, Send) and effect.flow.transport != TRUNK
            if is_one and len(kept) < MAX_TRACE_MESSAGES:
                kept.append((now, "sent", effect.flow, effect.data))

    def read(self, call_id, now):
        """Return the messages as JSON-able dicts, secrets masked."""
        return [
            {
                "seconds_ago": (now - at) // 1000,
                "ms": at,
                "direction": direction,
                "transport": flow.transport,
                "peer": "%s port %d" % (flow.host, flow.port),
                "message": masked(data),
            }
            for at, direction, flow, data in self.kept.get(call_id, ())
        ]


def masked(data):
    """Return a message as text in which no credential and no key can be read."""
    lines = []
    hidden = False
    for line in data.replace(b"\r\n", b"\n").split(b"\n"):
        if hidden and line[:1] in (b" ", b"\t"):
            continue  # The rest of a folded line.
        name = line.partition(b":")[0]
        hidden = name.strip().lower() in SECRETS or name[:2] == b"k="
        lines.append(readable(name + b": ***" if hidden else _without_passwords(line)))
    return "\n".join(lines)


def _without_passwords(line):
    """Mask what stands between user and host of each address, and the headers behind it."""
    if b"@" not in line or b"sip" not in line.lower():
        return line
    parts = line.split(b"@")
    for index, part in enumerate(parts[:-1]):
        at = max(part.lower().rfind(b"sip:"), part.lower().rfind(b"sips:") + 1)
        colon = part.find(b":", at + 4) if at >= 0 else -1
        if colon >= 0 and b" " not in part[at:] and b">" not in part[at:]:
            parts[index] = part[: colon + 1] + b"***"
    return b"@".join([_without_headers(part) for part in parts])


def _without_headers(part):
    question, greater = part.find(b"?"), part.find(b">")
    return part[: question + 1] + b"***" + part[greater:] if 0 <= question < greater else part
