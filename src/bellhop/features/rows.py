"""The rows of the features' verbs (core/rows.py). A module of texts alone."""

from ..core.rows import Row

FEATURES = (
    Row(
        "phonebook", "phonebook", "show", ("format", "page", "url"), 0, False,
        "everybody who can be called; format: csv, vcard, or a phone's brand",
    ),
    Row(
        "history", "call records", "show", ("format",), 0, False,
        "calls that have ended, the last one first; format: csv",
    ),
    Row(
        "wipe", "call records", "wipe", ("what",), 0, True,
        "forget past calls with their messages (calls), texts, keys that nobody compared, or all",
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
    Row("end-calls", "restart", "end_calls", (), 0, True, "end all calls: the node is stopped"),
    Row("flush-mailbox", "messages", "flush", ("user",), 1, True, "drop what waits for a user"),
    Row("wishes", "wishes", "show", ("user",), 1, False, "where calls of a user go, who may call"),
    Row(
        "set-wish", "wishes", "change", ("user", "wish", "value"), 2, True,
        "change a wish of a user; without a value: as the owner's options say",
    ),
    Row("providers", "trunks", "show", (), 0, False, "the telephone network: by which providers"),
    Row(
        "test-provider", "trunks", "test", ("provider",), 1, True,
        "call the own number out by a provider and in again: do the phones ring?",
    ),
    Row("bill", "trunks", "told_bill", (), 0, False, "calls by providers, month by month"),
    Row("identity", "mesh", "identity", (), 0, False, "the key of this node"),
    Row("person", "mesh", "person", ("user",), 1, False, "the address that a user keeps"),
    Row("peers", "mesh", "peers", (), 0, False, "the nodes around this one"),
    Row("routes", "mesh", "routes", (), 0, False, "the nodes that can be reached, and how"),
    Row("mesh", "mesh", "graph", (), 0, False, "the links between all nodes"),
    Row("names", "selfcheck", "show", (), 0, False, "what the DNS says of this house's keys"),
    Row("accounts", "accounts", "show", (), 0, False, "numbers of one's own, and how far they are"),
    Row(
        "get-number", "accounts", "go", ("user", "number", "code", "provider", "how"), 1, True,
        "do the steps to a number of a user's own; with the code that came; how: sms or call",
    ),
    Row(
        "set-statement", "directories", "keep", ("user", "statement"), 2, True,
        "keep what a directory says of a user, for calls where it cannot be asked",
    ),
    Row(
        "pins", "mesh heirs", "show", (), 0, False,
        "the nodes that the configuration names, their keys, and what became of them",
    ),
    Row(
        "confirm", "mesh heirs", "confirm", ("name", "verdict"), 2, True,
        "yes or no to a new key or router of a contact",
    ),
    Row(
        "replaces", "mesh heirs", "replaces", ("name",), 1, True,
        "this router stands in the place of another one",
    ),
    Row(
        "privacy", "mesh", "privacy", (), 0, False,
        "how privately contacts are called: what each level hides, costs and does not hide",
    ),
    Row(
        "boxes", "boxes", "show", (), 0, False,
        "addresses that lead to somebody here, and tell nobody where that is",
    ),
    Row(
        "renew-box", "boxes", "renew", ("name",), 1, True,
        "give a box another address; the one before leads nowhere from now on",
    ),
    Row("outbox", "mesh outbox", "show", (), 0, False, "texts that wait for nodes that are off"),
    Row("drop-outbox", "mesh outbox", "drop", ("user",), 1, True, "bring no text of a user later"),
    Row("trust", "media", "trust", (), 0, False, "whose keys are known, and what they are worth"),
    Row(
        "set-trust", "media", "set_trust", ("contact", "verdict"), 2, True,
        "say of a contact's key: compared, or forget it",
    ),
    Row(
        "verify", "media", "verify", ("call", "verdict"), 2, True,
        "the words of a call were the same, or different",
    ),
    # How a member comes to the page, and a phone into the house.
    Row("pilot-link", "pilot", "link", ("user",), 1, True, "a link by which a user signs in once"),
    Row(
        "add-phone", "provision", "add", ("user", "kind", "name"), 2, True,
        "a login, and a link for a new phone of a user",
    ),
    Row("forget-phone", "provision", "forget", ("user", "phone"), 2, True, "lock a phone out"),
    Row("new-phones", "provision", "new", ("user",), 0, False, "desk phones that ask who they are"),
    Row(
        "assign-phone", "provision", "assign", ("user", "mac", "name"), 2, True,
        "let a desk phone that has asked be a user's",
    ),
    Row("kit", "provision", "kit", ("count",), 0, True, "a sheet for the first phones of a camp"),
)  # fmt: skip
# What the members' page, phones and `bellhop number` ask for; the command's help leaves it out.
OF_PAGE = (
    Row(
        "list-head", "lists", "newest", ("head",), 0, True,
        "the newest signed list of providers that the mesh knows; head: of one that is here",
    ),
    Row(
        "claim-code", "claim codes", "take", ("user", "name", "key"), 3, True,
        "the code that a directory has sent to an address of this house by itself",
    ),
    # What a member does on a page of his own: for the user who comes first.
    Row(
        "pilot-enter", "pilot", "enter", ("token", "user", "password", "host"), 0, True,
        "who signs in to the page: by a link's token, or by name and password",
    ),
    Row(
        "device-enter", "pilot", "enter_device", ("login", "password", "host"), 2, True,
        "whose a device's login and password are",
    ),
    Row("me", "pilot", "me", ("user",), 1, False, "a user's number, phones and rights"),
    Row("my-calls", "pilot", "live", ("user",), 1, False, "the calls of a user that go on"),
    Row(
        "my-history", "pilot", "history", ("user", "before", "missed"), 1, False,
        "the calls of a user that are over",
    ),
    Row("my-hangup", "pilot", "hang_up", ("user", "call"), 2, True, "end a call of a user"),
    Row("decline", "pilot", "decline", ("user", "call"), 2, True, "let a call ring no more"),
    Row(
        "my-verify", "pilot", "verify", ("user", "call", "verdict"), 3, True,
        "the words of a user's call were the same, or different",
    ),
    Row("book", "pilot", "book", ("user", "search"), 1, False, "whom a user can call"),
    Row(
        "set-contact", "pilot", "set_contact", ("user", "id", "name", "number"), 1, True,
        "keep a contact of a user's own; without a name: forget it",
    ),
    Row("my-wishes", "pilot", "wishes", ("user",), 1, False, "where calls of a user go"),
    Row(
        "set-my-wishes", "pilot", "set_wishes", ("user", "wish", "value"), 2, True,
        "change a wish of a user's own",
    ),
    Row("price", "pilot", "price", ("user", "to"), 1, True, "what a call would cost"),
    Row("balance", "pilot", "balance", ("user",), 1, True, "what is left to call with"),
    Row("my-voice", "pilot", "voice", ("user",), 1, False, "what callers have said"),
    Row("voice", "pilot", "voice", ("user", "id"), 2, False, "what one caller has said"),
    Row("delete-voice", "pilot", "voice", ("user", "id"), 2, True, "forget what one has said"),
    Row("my-messages", "texts", "show", ("user",), 1, False, "the texts of a user"),
    Row("send", "texts", "send", ("user", "to", "text"), 3, True, "send a text as a user"),
    Row("delete-message", "texts", "delete", ("user", "id"), 2, True, "forget a text of a user"),
    Row(
        "ring-phone", "provision", "ring", ("user", "phone", "rings"), 3, True,
        "let a phone of a user ring: 1, or not: 0",
    ),
    Row(
        "phone-file", "provision", "file", ("base", "token", "file"), 1, True,
        "the file of a phone that was added, once",
    ),
    Row(
        "phone-asks", "provision", "ask", ("mac", "brand", "model", "version", "host"), 0, True,
        "where the file of a desk phone is that asks",
    ),
)  # fmt: skip
