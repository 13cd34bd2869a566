"""The rows of the features' verbs (core/rows.py). A module of texts alone."""

from ..core.rows import Row

FEATURES = (
    Row(
        "phonebook", "phonebook", "show", ("format", "page", "url"), 0, False,
        "everybody who can be called; format: csv, vcard, or a phone's brand",
    ),
    Row("import-phonebook", "phonebook", "bring", ("csv", "more"), 1, True, "take in a CSV file"),
    Row(
        "dial", "dial", "dial", ("user", "to"), 2, True,
        "ring the phones of a user; the one that is taken dials",
    ),
    Row(
        "take", "pickup", "take_up", ("user", "call"), 2, True,
        "let the phones of a user ring with a call that rings elsewhere or is parked",
    ),
    Row("ring", "ringtest", "ring", ("user",), 1, True, "ring all phones of a user to find them"),
    Row("rung", "ringtest", "rung", ("user",), 1, False, "how the last `ring` of a user goes"),
    Row("flush-mailbox", "messages", "flush", ("user",), 1, True, "drop what waits for a user"),
    Row("wishes", "wishes", "show", ("user",), 1, False, "where calls of a user go, who may call"),
    Row(
        "set-wish", "wishes", "change", ("user", "wish", "value"), 2, True,
        "change a wish of a user; without a value: as the owner's options say",
    ),
    Row("providers", "trunks", "show", (), 0, False, "the telephone network: by which providers"),
    Row("identity", "mesh", "identity", (), 0, False, "the key of this node"),
    Row("person", "mesh", "person", ("user",), 1, False, "the address that a user keeps"),
    Row("peers", "mesh", "peers", (), 0, False, "the nodes around this one"),
    Row("routes", "mesh", "routes", (), 0, False, "the nodes that can be reached, and how"),
    Row("mesh", "mesh", "graph", (), 0, False, "the links between all nodes"),
    Row("names", "selfcheck", "show", (), 0, False, "what the DNS says of this house's keys"),
    Row(
        "set-statement", "directories", "keep", ("user", "statement"), 2, True,
        "keep what a directory says of a user, for calls where it cannot be asked",
    ),
    Row("trust", "media", "trust", (), 0, False, "whose keys are known, and what they are worth"),
    Row(
        "set-trust", "media", "set_trust", ("contact", "verdict"), 2, True,
        "say of a contact's key: compared, or forget it",
    ),
    Row(
        "verify", "media", "verify", ("call", "verdict"), 2, True,
        "the words of a call were the same, or different",
    ),
)  # fmt: skip
