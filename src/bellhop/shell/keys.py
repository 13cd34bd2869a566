"""Commands about keys: of the node, of its people, of what is sealed or signed with them."""

import importlib
import os
import sys

from ..errors import BellhopError
from ..settings.problems import missing
from . import places
from .asking import asking, show, show_code
from .own import HELP, Own, file, text_in


def _state(arguments):
    return arguments.state or os.environ.get("BELLHOP_STATE") or places.STATE


def _passphrase(is_new):
    """Read a passphrase: from the terminal, twice where it is new, or one line of a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    import getpass

    passphrase = getpass.getpass("passphrase: ")
    if is_new and getpass.getpass("once more: ") != passphrase:
        raise BellhopError("the two are not the same")
    return passphrase


def _of_the_mesh(name):
    """Return a module that is in OpenWrt's package bellhop-mesh; raises BellhopError without it."""
    try:
        return importlib.import_module(".mesh." + name, __package__)
    except ImportError:
        raise BellhopError(missing("bellhop-mesh", "keys are its work")) from None


def _export_identity(arguments):
    from ..world import sealed

    sealing = _of_the_mesh("identity").sealing()
    print(sealed.identity(sealing, _state(arguments), _passphrase(is_new=True)))
    return 0


def _import_identity(arguments):
    from ..world import sealed

    sealing, text = _of_the_mesh("identity").sealing(), text_in(arguments.file)
    seed, _ = sealed.opened(sealing, text, _passphrase(is_new=False))
    sealed.take_over(_state(arguments), seed, arguments.replace)
    print("the identity is in %s; restart the node to use it" % _state(arguments))
    return 0


def _sign_spam_list(arguments):
    from .. import spam
    from ..world import secrets
    from ..world.cpython import files

    crypto = _of_the_mesh("identity").crypto()
    seed = secrets.read(_state(arguments))
    lines = [line.strip().encode() for line in text_in(arguments.file).split("\n")]
    entries = [line for line in lines if line[:1] == b"+" and line[1:].rstrip(b"*").isdigit()]
    made = spam.unsigned(entries, os.urandom(spam.SALT))
    files.replace(arguments.list, [made + crypto.sign(seed, made)])
    print("%d numbers and beginnings of numbers, signed by" % len(entries))
    print(crypto.public_key(seed).hex())
    return 0


def _backup(arguments):
    passphrase = _passphrase(is_new=True)
    with asking(arguments) as asked:
        print(asked("backup", {"passphrase": passphrase})["sealed"])
    return 0


def _restore(arguments):
    given = {"sealed": text_in(arguments.file), "passphrase": _passphrase(is_new=False)}
    if arguments.replace:
        given["replace"] = "1"
    with asking(arguments) as asked:
        told = asked("restore", given)
    print("taken over: %s" % ", ".join(["the key", *told["restored"]]))
    if told["is_restart_needed"]:
        print("restart the node to use the key")
    return 0


def _identity(arguments):
    if arguments.revoke:
        return _revocation(arguments)
    if arguments.replaces:
        with asking(arguments) as asked:
            told = asked("replaces", {"name": arguments.replaces})
        print("this router stands in the place of " + told["old"])
        if not told["is_signed"]:
            print("No person of both has a key here: those who have it as a contact are asked, and")
            print("say `bellhop confirm NAME yes` once they have heard from you that it is true.")
        return 0
    if arguments.succeed:
        with asking(arguments) as asked:
            return _new_key(asked("succeed", {}))
    return show(arguments)


def _new_key(told):
    print(told["key"])
    if told["is_restart_needed"]:
        print("restart the node to use this key; others follow it by themselves")
    return 0


def _revocation(arguments):
    passphrase = _passphrase(is_new=True)
    with asking(arguments) as asked:
        print(asked("revocation", {"passphrase": passphrase})["sealed"])
    return 0


def _revoke(arguments):
    given = {"sealed": text_in(arguments.file), "passphrase": _passphrase(is_new=False)}
    if arguments.adopt:
        given["adopt"] = "1"
    with asking(arguments) as asked:
        told = asked("revoke", given)
    print("the revocation is out")
    return _new_key(told) if told["is_restart_needed"] else 0


def _person_key(arguments):
    keys_of_people = _of_the_mesh("keys_of_people")
    with asking(arguments) as asked:
        users = asked("users", {})["users"]
        if arguments.name not in [user["name"] for user in users]:
            raise BellhopError("there is no user '%s'; `bellhop users` shows them" % arguments.name)
        keys_of_people.make(_state(arguments), arguments.name)
        if arguments.lost:
            keys_of_people.outdate(_state(arguments), arguments.name)
        asked("reload", {})
        told = asked("person", {"user": arguments.name})
    print(told["address"])
    show_code(told["address"].partition(":")[2])
    return 0


def _export_person(arguments):
    keys_of_people = _of_the_mesh("keys_of_people")
    print(keys_of_people.export(_state(arguments), arguments.name, _passphrase(is_new=True)))
    return 0


def _claim(arguments):
    keys_of_people = _of_the_mesh("keys_of_people")
    try:
        from .dnssec import api, claim
    except ImportError:
        raise BellhopError(missing("bellhop-dns", "no number can be claimed")) from None
    with asking(arguments) as asked:
        found = [one for one in asked("names", {})["directories"] if one["api"]]
        if arguments.directory:
            found = [one for one in found if one["zone"] == arguments.directory]
        if not found:
            raise BellhopError("no directory is known: `list directory` in `config dns` names one")
        seed = keys_of_people.own(_state(arguments), arguments.user)
        crypto = _of_the_mesh("identity").crypto()
        speaking = api.Api(found[0]["api"], seed, crypto)
        speaking = claim.Claim(speaking, arguments.user, asked, print, lambda: input("code: "))
        name = arguments.name.lower()
        told = speaking.go(name, arguments.address or "", arguments.how or "")
        if "statement" in told:
            asked("set-statement", {"user": arguments.user, "statement": told["statement"]})
    return 0


def _number(arguments):
    from ..world.settings import read_settings

    try:
        from .dnssec.number import Number
    except ImportError:
        raise BellhopError(missing("bellhop-dns", "no number can be had")) from None
    settings = read_settings(places.config_path(arguments))
    with asking(arguments) as asked:
        one = Number(
            _state(arguments), settings, arguments.user, asked, print, lambda: input("code: ")
        )
        if arguments.voucher:
            print(one.credit(arguments.voucher))
        elif arguments.page:
            print(one.page())
        elif arguments.text:
            print(one.text(*arguments.text))
        elif arguments.price is not None:
            print("\n".join(one.money(arguments.price)))
        elif arguments.move:
            one.move(arguments.move)
        else:
            given = arguments.name, arguments.directory, arguments.provider, arguments.how
            one.go(*[text or "" for text in given])
    return 0


def _prove_person(arguments):
    keys_of_people = _of_the_mesh("keys_of_people")
    line = keys_of_people.prove(_state(arguments), arguments.name, arguments.key)
    print(line)
    print("there `bellhop import-person FILE` shows:", keys_of_people.check(line), file=sys.stderr)
    return 0


def _import_proof(arguments, keys_of_people, text):
    from ..world import secrets

    seed = secrets.read(_state(arguments))
    node = _of_the_mesh("identity").crypto().public_key(seed)
    name = keys_of_people.take_proof(_state(arguments), text, node)
    print("the key of %s speaks for this router; `bellhop reload` puts it in force" % name)
    print("the other router showed:", keys_of_people.check(text))
    return 0


def _import_person(arguments):
    keys_of_people = _of_the_mesh("keys_of_people")
    text, sequence = text_in(arguments.file), 0
    if text.startswith(keys_of_people.PROOF_HEAD):
        return _import_proof(arguments, keys_of_people, text)
    if arguments.name:
        name, seed = arguments.name, _of_the_mesh("key_formats").seed(text)
    else:
        name, seed, sequence = keys_of_people.unseal(text, _passphrase(is_new=False))
    keys_of_people.write(_state(arguments), name, seed, sequence)
    print("the key of %s is here; `bellhop reload` puts it in force" % name)
    return 0


REPLACE = "--replace", {"action": "store_true", "help": "give up the key that is there"}
HOW = "--how", {"choices": ("sms", "call"), "help": "how the code comes: by text, or spoken"}
USER = "name", {"metavar": "NAME", "help": "the user"}
COMMANDS = (
    Own("export-identity", None, _export_identity),
    Own(
        "import-identity", "take over a node's key", _import_identity,
        file("what export-identity printed"), REPLACE,
    ),
    Own(
        "sign-spam-list", "make a list of callers for `option spam_list`", _sign_spam_list,
        file("numbers as +49301234, +4930*, one a line"),
        ("list", {"metavar": "LIST", "help": "where to write it"}),
    ),
    Own("backup", None, _backup),
    Own("restore", None, _restore, file("what backup printed"), REPLACE),
    Own(
        "identity", None, _identity,
        ("--json", {"action": "store_true", "help": "as JSON, for programs"}),
        ("--succeed", {"action": "store_true", "help": HELP["succeed"]}),
        ("--revoke", {"action": "store_true", "help": HELP["revocation"]}),
        ("--replaces", {"metavar": "NAME", "help": HELP["replaces"]}),
    ),
    Own("revocation", None, _revocation),
    Own(
        "revoke", None, _revoke,
        file("what revocation printed"),
        ("--adopt", {"action": "store_true", "help": "go on with the key that follows"}),
    ),
    Own(
        "person-key", "an address that a user keeps", _person_key,
        USER,
        ("--lost", {"action": "store_true",
                    "help": "another router with this key was lost: outdate it"}),
    ),
    Own("export-person", "a user's key, sealed", _export_person, USER),
    Own(
        "claim", "let a directory say that a number is a user's", _claim,
        ("user", {"metavar": "USER", "help": "who has a key (person-key)"}),
        ("name", {"metavar": "NAME", "help": "a number such as +49301234, or an address"}),
        ("address", {"metavar": "ADDRESS", "nargs": "?", "help": "where calls to it go"}),
        ("--directory", {"metavar": "ZONE", "help": "which one, where there are several"}),
        HOW,
    ),
    Own(
        "number", "a number of one's own: directory and provider, all steps", _number,
        ("user", {"metavar": "USER", "help": "whose it is"}),
        ("name", {"metavar": "NUMBER", "nargs": "?",
                  "help": "at first: such as +49301234, or an address"}),
        HOW,
        ("--directory", {"metavar": "ZONE", "help": "which one, where there are several"}),
        ("--provider", {"metavar": "URL", "help": "which one, instead of the best of the list"}),
        ("--move", {"metavar": "URL", "help": "go to another provider"}),
        ("--voucher", {"metavar": "CODE", "help": "pay with a voucher"}),
        ("--price", {"metavar": "NUMBER", "nargs": "?", "const": "",
                     "help": "the balance, and what a call there costs"}),
        ("--page", {"action": "store_true", "help": "the provider's page, a link for once"}),
        ("--text", {"metavar": ("NUMBER", "TEXT"), "nargs": 2, "help": "send a text, as an SMS"}),
    ),
    Own(
        "prove-person", "let a user's key speak for another router too", _prove_person,
        USER,
        ("key", {"metavar": "KEY", "help": "the other router's key, as `identity` shows it"}),
    ),
    Own(
        "import-person", "take in a user's key", _import_person,
        file("what export-person printed, or a key"),
        ("name", {"metavar": "NAME", "nargs": "?", "help":
         "the user of a key of another program (64 hexadecimal digits, PKCS#8, OpenSSH)"}),
    ),
)  # fmt: skip
