"""The steps at which the core asks features, and who asks to be.

A feature is an object that a node has joined (`Engine.join`). It has

name     by which the shell reaches it (`Engine.hear`) and verbs are answered;
hooks    the steps at which it is asked: a method of that name each, as STEPS describes them;
events   names of the methods that `Engine.hear` may call; they return effects;
users    {class: method}: who takes the word of a client transaction whose user is of that class;
wakers   {class: method}: who is called when the deadline of such a thing has come.

It writes its own object, the effects that it returns and the message that it was handed, nothing
else. What it knows of a call or branch it keeps itself and lets go at `ended` or `finished`.
The order in which features are asked stands in features/catalogue.py.
"""

STEPS = (
    # Requests. RFC 3261 section 8.2, 16.5, 22, 16.4; what takes a request ends its way here.
    "arrives",  # request, server or None for an ACK, flow, now -> effects, or None: not mine
    "serve",  # request, server, flow, now -> effects, or None: not mine
    "locate",  # request, Found, now -> Found: whom it means
    "knows",  # flow -> whether another node is there
    "within",  # request -> Found of a request inside a dialog, or None
    "confides",  # flow of another node -> whether it hears the truth about calls
    "befriends",  # flow of another node, request or None -> whether it is of a contact
    "admits",  # request, Found, flow that is known -> whether it may go on
    "lead",  # request, flow, Found, now -> Found: where it goes on from there; may refuse
    "screen",  # request, flow, Found, admission.Caller -> nothing; edits the request or refuses it
    "take",  # request, server, flow, Caller, now -> effects, or None: it goes on; may refuse
    "absent",  # user's name, request, server, flow, now -> effects, or None: nobody takes it
    "seek",  # branch without a Flow, go_on, now -> effects, or None: not mine
    # On the way. Section 16.6; a method that may let a message wait comes last.
    "branch",  # branch, Target, now -> (reasons to stay, effects); may refuse
    "request",  # branch or None for an ACK, request, now -> (request or None, effects); may refuse
    "response",  # branch, response, now -> (response or None: it waits, effects); may refuse
    "follows",  # ResponseContext -> whether a recourse follows when nobody answers
    "recourse",  # ResponseContext, its refusal, now -> Found that is to be tried, or None
    "renewed",  # Call, a request inside it that may change its sound, its 2xx -> nothing
    "changed",  # Call, now -> effects: it rings, is answered, held, ended, one end is elsewhere
    "kept",  # Call -> what it takes to go on with its sound after a restart, JSON-able, or None
    "resume",  # Call of the run before, what was kept, now -> effects, or None: it cannot be
    "finished",  # branches that have come to their end -> effects
    "ended",  # Call that this node ends -> effects
    # What features ask each other.
    "caller",  # request, flow -> (name, node's id or b"") of a caller beyond the mesh, or None
    "callee",  # Uri -> (name, node's id) of somebody beyond the mesh, or None
    "named",  # branch, INVITE that goes out by it -> the Call-ID that another house knows, or None
    "priced",  # Uri, now -> Ways of a call to it by providers, the best first, or None: no provider
    "guise",  # flow, INVITE -> (key, secret) that name this house in this call alone, or None
    "sounds",  # flow, INVITE -> True where its sound goes by circuits, else None
    "plain",  # flow, INVITE -> True where nothing of it may be hidden, else None
    "srtp",  # flow -> how the sound of a provider is encrypted (media.decision.WISHES), or None
    "offered",  # session, request -> nothing: an INVITE whose sound this node encrypts
    "accepted",  # session, response -> nothing: its 2xx
    "confirmed",  # session, now -> effects: the ACK that confirms its keys
    "told",  # session, negotiation, request, now -> effects, or None: an INFO for this node
    # What becomes of the node.
    "adopt",  # Settings -> nothing: they are in force from now on
    "started",  # now -> effects
    "listening",  # now -> effects: the listeners have changed
    "posted",  # user's name, now -> nothing: how many texts wait for a user has changed
    "wished",  # user's name, now -> effects: what a member wishes has changed
    "registered",  # bindings added, bindings removed, now -> effects
    "failed",  # flow, now -> effects: a stream is gone
    "restore",  # name, records, now -> nothing: what a Store effect had kept
    "succeeded",  # old id, new id or None, now -> effects: one node's key stands for another's
    "wipes",  # what the owner wants forgotten ("calls", "texts", "keys", "all"), now -> effects
    # What the owner sees.
    "problems",  # -> sentences about what waits for the owner's word
    "counters",  # -> {part: {name: number}}
    "status",  # -> fields of the status
    "seen",  # Call -> fields of its record
    "seen_user",  # user's name -> fields of the user's record
    "entries",  # -> entries of the phone book
)


class Hooks:
    """For each step the methods that are asked there, a tuple; most are empty.

    order: the names of features, the first to be asked first; one without a place comes last.
    """

    def __init__(self, order):
        self.order = order
        self.features = []
        self._gather()

    def add(self, feature):
        """Ask a feature from now on."""
        self.features.append(feature)
        self.features.sort(key=self._place)
        self._gather()

    def _place(self, feature):
        return self.order.index(feature.name) if feature.name in self.order else len(self.order)

    def _gather(self):
        for step in STEPS:
            asked = [getattr(one, step) for one in self.features if step in one.hooks]
            setattr(self, step, tuple(asked))


def any_says(hooks, *asked):
    """Tell whether one of those who are asked says so."""
    for hook in hooks:
        if hook(*asked):
            return True
    return False


def first(hooks, *asked):
    """Return the first answer of those who are asked that is not None, or None."""
    for hook in hooks:
        answer = hook(*asked)
        if answer is not None:
            return answer
    return None
