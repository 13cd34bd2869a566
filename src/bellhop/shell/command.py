"""The command `bellhop`: without a verb it runs a node, with one it asks a running node."""

import argparse
import contextlib
import functools
import importlib.util
import json
import os
import socket
import sys
import time

from .. import __version__
from ..errors import BellhopError
from ..settings.problems import missing
from ..text import of_file
from ..world.cpython.log_text import readable
from ..world.rows import OF_PAGE, ROWS
from . import places, tables

# Where a node's control socket is sought, when neither option nor environment names a folder.
FOLDERS = ("/var/run/bellhop", places.STATE, ".state")
ANSWER_SECONDS = 10
# OpenWrt's bus, for those who may use it but not the control socket.
BUS = "/var/run/ubus/ubus.sock"

# Verbs whose arguments come from files or the terminal: they have commands of their own here.
OWN_WAY = (
    "kit",
    "import-phonebook", "export-identity", "backup", "restore", "check-config", "identity",
    "revocation", "revoke",
)  # fmt: skip
# What has ports of its own (settings.firewall) -> a module that its package brings.
PARTS = {"tls": ".tls.contexts", "mesh": ".mesh.identity", "media": ".media.library",
         "pilot": ".pilot.site"}  # fmt: skip


class Refused(BellhopError):
    """The control socket is another user's."""


def main(words):
    """Carry out a command line; return the exit status."""
    arguments = parser().parse_args(words)
    if arguments.version:
        print("bellhop " + __version__)
        return 0
    if arguments.verb is None:
        from .run import run  # Loads what a node loads.

        return run(arguments)
    try:
        return arguments.work(arguments)
    except BellhopError as error:
        print("bellhop:", error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `bellhop history | head`: nobody reads on, nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="bellhop", parents=[_places(None)], description="Without a verb: run a node."
    )
    top.add_argument("--run", metavar="DIR", help="folder of what may be lost with the power")
    top.add_argument("--syslog", action="store_true", help="log to syslog, not to standard error")
    top.add_argument("--version", action="store_true", help="show the version and leave")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    # Before the verb or after it: after it, silence must not undo what was said before.
    shared = _places(argparse.SUPPRESS)
    for row in ROWS:
        if row.verb in OWN_WAY:
            continue
        # A verb without a word of help is not in the list of `--help`.
        words = {} if row in OF_PAGE else {"help": row.help}
        made = verbs.add_parser(row.verb, parents=[shared], description=row.help, **words)
        made.add_argument("--json", action="store_true", help="as JSON, for programs")
        for argument in row.arguments:
            count = None if argument in row.arguments[: row.needed] else "?"
            made.add_argument(argument, metavar=argument.upper(), nargs=count)
        if row.verb == "history":
            made.add_argument("--csv", action="store_true", help="as CSV, for spreadsheets")
        made.set_defaults(work=_ask, accepted=row.arguments)
    _add_own(verbs, shared)
    return top


def _places(default):
    """Return a parser of the options that say where the node's files are."""
    made = argparse.ArgumentParser(add_help=False, argument_default=default)
    made.add_argument("--state", metavar="DIR", help="folder of the node's state")
    made.add_argument("--config", metavar="FILE", help="configuration in UCI format")
    return made


def _add_own(verbs, shared):
    """Add the verbs of OWN_WAY, and those that need no running node."""
    help_of = {row.verb: row.help for row in ROWS}
    made = verbs.add_parser("check-config", parents=[shared], help=help_of["check-config"])
    made.add_argument("file", metavar="FILE", nargs="?")
    made.set_defaults(work=_check_config)
    made = verbs.add_parser(
        "firewall", parents=[shared], help="what to change in OpenWrt's firewall, for `uci batch`"
    )
    made.add_argument("--close", action="store_true", help="take all rules of the node away")
    made.set_defaults(work=_firewall)
    made = verbs.add_parser(
        "mqtt", parents=[shared], help="tell an MQTT broker of calls and people, as long as it runs"
    )
    made.set_defaults(work=_mqtt)
    made = verbs.add_parser("options", parents=[shared], help="every option, and its default")
    made.set_defaults(work=_options)
    made = verbs.add_parser("hash-password", parents=[shared], help="make a password")
    made.add_argument("name", metavar="NAME", help="the user")
    made.add_argument("--ask", action="store_true", help="read the password instead of making one")
    made.set_defaults(work=_hash_password)
    made = verbs.add_parser("import-phonebook", parents=[shared], help=help_of["import-phonebook"])
    made.add_argument(
        "file", metavar="FILE", help="vCard, or CSV with a first line: name,number,address"
    )
    made.set_defaults(work=_import_phonebook)
    made = verbs.add_parser("kit", parents=[shared], help=help_of["kit"])
    made.add_argument("--count", metavar="N", default="10", help="for how many phones")
    made.add_argument("--router", metavar="HOST", help="the router's address, as phones reach it")
    made.add_argument("--text", action="store_true", help="as text, without codes to scan")
    made.set_defaults(work=_kit)
    made = verbs.add_parser("export-identity", parents=[shared], help=help_of["export-identity"])
    made.set_defaults(work=_export_identity)
    made = verbs.add_parser("import-identity", parents=[shared], help="take over a node's key")
    made.add_argument("file", metavar="FILE", help="what export-identity printed")
    made.add_argument("--replace", action="store_true", help="give up the key that is there")
    made.set_defaults(work=_import_identity)
    made = verbs.add_parser(
        "sign-spam-list", parents=[shared], help="make a list of callers for `option spam_list`"
    )
    made.add_argument("file", metavar="FILE", help="numbers as +49301234, +4930*, one a line")
    made.add_argument("list", metavar="LIST", help="where to write it")
    made.set_defaults(work=_sign_spam_list)
    made = verbs.add_parser("backup", parents=[shared], help=help_of["backup"])
    made.set_defaults(work=_backup)
    made = verbs.add_parser("restore", parents=[shared], help=help_of["restore"])
    made.add_argument("file", metavar="FILE", help="what backup printed")
    made.add_argument("--replace", action="store_true", help="give up the key that is there")
    made.set_defaults(work=_restore)
    made = verbs.add_parser("identity", parents=[shared], help=help_of["identity"])
    made.add_argument("--json", action="store_true", help="as JSON, for programs")
    made.add_argument("--succeed", action="store_true", help=help_of["succeed"])
    made.add_argument("--revoke", action="store_true", help=help_of["revocation"])
    made.add_argument("--replaces", metavar="NAME", help=help_of["replaces"])
    made.set_defaults(work=_identity, verb="identity", accepted=())
    made = verbs.add_parser("revocation", parents=[shared], help=help_of["revocation"])
    made.set_defaults(work=_revocation)
    made = verbs.add_parser("revoke", parents=[shared], help=help_of["revoke"])
    made.add_argument("file", metavar="FILE", help="what revocation printed")
    made.add_argument("--adopt", action="store_true", help="go on with the key that follows")
    made.set_defaults(work=_revoke)
    made = verbs.add_parser("person-key", parents=[shared], help="an address that a user keeps")
    made.add_argument("name", metavar="NAME", help="the user")
    made.add_argument(
        "--lost", action="store_true", help="another router with this key was lost: outdate it"
    )
    made.set_defaults(work=_person_key)
    made = verbs.add_parser("export-person", parents=[shared], help="a user's key, sealed")
    made.add_argument("name", metavar="NAME", help="the user")
    made.set_defaults(work=_export_person)
    made = verbs.add_parser(
        "claim", parents=[shared], help="let a directory say that a number is a user's"
    )
    made.add_argument("user", metavar="USER", help="who has a key (person-key)")
    made.add_argument("name", metavar="NAME", help="a number such as +49301234, or an address")
    made.add_argument("address", metavar="ADDRESS", nargs="?", help="where calls to it go")
    made.add_argument("--directory", metavar="ZONE", help="which one, where there are several")
    made.set_defaults(work=_claim)
    made = verbs.add_parser(
        "prove-person", parents=[shared], help="let a user's key speak for another router too"
    )
    made.add_argument("name", metavar="NAME", help="the user")
    made.add_argument("key", metavar="KEY", help="the other router's key, as `identity` shows it")
    made.set_defaults(work=_prove_person)
    made = verbs.add_parser("import-person", parents=[shared], help="take in a user's key")
    made.add_argument("file", metavar="FILE", help="what export-person printed, or a key")
    made.add_argument(
        "name", metavar="NAME", nargs="?",
        help="the user of a key of another program (64 hexadecimal digits, PKCS#8, OpenSSH)",
    )  # fmt: skip
    made.set_defaults(work=_import_person)


def _ask(arguments):
    given = {name: getattr(arguments, name) for name in arguments.accepted}
    given = {name: value for name, value in given.items() if value is not None}
    if arguments.verb == "events":
        return _show_events(arguments)
    if getattr(arguments, "csv", False):
        given["format"] = "csv"
    with _asking(arguments) as asked:
        result = asked(arguments.verb, given)
        while arguments.verb == "ring" and not result["is_over"]:
            time.sleep(1)
            result = asked("rung", given)
    if arguments.json:
        print(json.dumps(result, indent=2, sort_keys=True))
    elif "content_type" in result:
        sys.stdout.write(result["text"])
    else:
        for line in tables.shown(arguments.verb, result):
            print(readable(line))
        if arguments.verb == "identity":
            _show_code("sip:" + result["key"])
        elif result.get("url"):
            _show_code(result["url"])
    return 0


def _show_code(text):
    """Draw a text as a QR code, where the library for it is installed."""
    try:
        import segno
    except ImportError:
        print("(a QR code of it needs the package python3-segno; elsewhere `pip install segno`)")
        return
    segno.make(text, error="m").terminal(compact=True)


def _show_events(arguments):
    with contextlib.closing(connect(arguments.state)) as connection:
        lines = connection.makefile("rb")
        ask(connection, lines, "events", {})
        connection.settimeout(None)
        for line in lines:
            event = json.loads(line)
            shown = json.dumps(event) if arguments.json else readable(tables.event(event))
            print(shown, flush=True)
    raise BellhopError("the node has stopped")


@contextlib.contextmanager
def _asking(arguments):
    """Give asked(verb, arguments), which the running node answers: by its socket, or by ubus."""
    is_named = arguments.state or os.environ.get("BELLHOP_STATE")
    try:
        connection = connect(arguments.state)
    except BellhopError as problem:
        if is_named or not os.path.exists(BUS):
            raise
        yield _bus(problem)
        return
    with contextlib.closing(connection):
        yield functools.partial(ask, connection, connection.makefile("rb"))


def _bus(problem):
    """Return what asks the object `bellhop` by ubus. problem: why the socket does not do."""
    try:
        import ubus  # Only on OpenWrt, and only where the socket is out of reach.
    except ImportError:
        if isinstance(problem, Refused):
            problem = "%s, or install python3-ubus to ask by ubus" % problem
        raise BellhopError(problem) from None

    def asked(verb, given):
        try:
            if not ubus.get_connected():
                ubus.connect(BUS)
            (answer,) = ubus.call("bellhop", verb, given, ANSWER_SECONDS * 1000)
        except (OSError, RuntimeError, ValueError) as error:
            raise BellhopError("%s; by ubus: %s" % (problem, str(error).strip())) from None
        if "error" in answer:
            raise BellhopError(answer["error"]["message"])
        return answer

    return asked


def connect(state):
    """Return a socket connected to the node; raises BellhopError where none answers."""
    named = state or os.environ.get("BELLHOP_STATE")
    paths = [places.control_path(folder) for folder in ([named] if named else FOLDERS)]
    for path in paths:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(path)
        except PermissionError:
            raise Refused("%s belongs to another user: try as root" % path) from None
        except OSError:
            connection.close()
            continue
        return connection
    start = "bellhop --state %s" % named if named else "/etc/init.d/bellhop start"
    raise BellhopError("no node answers at %s; start it with `%s`" % (", ".join(paths), start))


def ask(connection, lines, verb, arguments):
    """Return the node's answer to a verb; raises BellhopError with the node's words."""
    request = {"verb": verb, "arguments": arguments}
    connection.sendall(json.dumps(request).encode() + b"\n")
    try:
        answer = json.loads(lines.readline() or b"{}")
    except TimeoutError:
        raise BellhopError("the node does not answer") from None
    if "error" in answer:
        raise BellhopError(answer["error"]["message"])
    if "result" not in answer:
        raise BellhopError("the node has stopped")
    return answer["result"]


def _check_config(arguments):
    from ..world.settings import checked  # Only here and in a node: it loads the SIP side.

    path = arguments.file or places.config_path(arguments)
    lines, is_good = checked(path)
    for line in lines:
        print(readable(line))
    return 0 if is_good else 1


def _mqtt(arguments):
    from ..world.settings import read_settings

    try:
        from .mqtt import bridge  # It is in a package of its own.
    except ImportError:
        raise BellhopError("the package bellhop-mqtt is not installed") from None
    settings = read_settings(places.config_path(arguments))
    if not settings.mqtt.enabled:
        raise BellhopError("`config mqtt` is switched off, or there is no such section")
    with contextlib.suppress(KeyboardInterrupt):
        bridge.Bridge(settings, lambda: connect(arguments.state), ask, _say).run()
    return 0


def _say(words):
    print(words, file=sys.stderr, flush=True)


def _options(_):
    from ..settings import reference

    print("\n".join(reference.lines()))
    return 0


def _is_there(name):
    """Tell whether a module is installed; opkg leaves the folders of what it takes away."""
    try:
        return importlib.util.find_spec(name, __package__) is not None
    except ModuleNotFoundError:
        return False


def _firewall(arguments):
    from ..world import firewall

    installed = [part for part in PARTS if _is_there(PARTS[part])]
    return firewall.tell(places.config_path(arguments), installed, arguments.close)


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

    sealing, text = _of_the_mesh("identity").sealing(), _text_in(arguments.file)
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
    lines = [line.strip().encode() for line in _text_in(arguments.file).split("\n")]
    entries = [line for line in lines if line[:1] == b"+" and line[1:].rstrip(b"*").isdigit()]
    made = spam.unsigned(entries, os.urandom(spam.SALT))
    files.replace(arguments.list, [made + crypto.sign(seed, made)])
    print("%d numbers and beginnings of numbers, signed by" % len(entries))
    print(crypto.public_key(seed).hex())
    return 0


def _backup(arguments):
    passphrase = _passphrase(is_new=True)
    with _asking(arguments) as asked:
        print(asked("backup", {"passphrase": passphrase})["sealed"])
    return 0


def _restore(arguments):
    given = {"sealed": _text_in(arguments.file), "passphrase": _passphrase(is_new=False)}
    if arguments.replace:
        given["replace"] = "1"
    with _asking(arguments) as asked:
        told = asked("restore", given)
    print("taken over: %s" % ", ".join(["the key", *told["restored"]]))
    if told["is_restart_needed"]:
        print("restart the node to use the key")
    return 0


def _identity(arguments):
    if arguments.revoke:
        return _revocation(arguments)
    if arguments.replaces:
        with _asking(arguments) as asked:
            told = asked("replaces", {"name": arguments.replaces})
        print("this router stands in the place of " + told["old"])
        if not told["is_signed"]:
            print("No person of both has a key here: those who have it as a contact are asked, and")
            print("say `bellhop confirm NAME yes` once they have heard from you that it is true.")
        return 0
    if arguments.succeed:
        with _asking(arguments) as asked:
            return _new_key(asked("succeed", {}))
    return _ask(arguments)


def _new_key(told):
    print(told["key"])
    if told["is_restart_needed"]:
        print("restart the node to use this key; others follow it by themselves")
    return 0


def _revocation(arguments):
    passphrase = _passphrase(is_new=True)
    with _asking(arguments) as asked:
        print(asked("revocation", {"passphrase": passphrase})["sealed"])
    return 0


def _revoke(arguments):
    given = {"sealed": _text_in(arguments.file), "passphrase": _passphrase(is_new=False)}
    if arguments.adopt:
        given["adopt"] = "1"
    with _asking(arguments) as asked:
        told = asked("revoke", given)
    print("the revocation is out")
    return _new_key(told) if told["is_restart_needed"] else 0


def _person_key(arguments):
    keys_of_people = _of_the_mesh("keys_of_people")
    with _asking(arguments) as asked:
        users = asked("users", {})["users"]
        if arguments.name not in [user["name"] for user in users]:
            raise BellhopError("there is no user '%s'; `bellhop users` shows them" % arguments.name)
        keys_of_people.make(_state(arguments), arguments.name)
        if arguments.lost:
            keys_of_people.outdate(_state(arguments), arguments.name)
        asked("reload", {})
        told = asked("person", {"user": arguments.name})
    print(told["address"])
    _show_code(told["address"].partition(":")[2])
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
    with _asking(arguments) as asked:
        found = [one for one in asked("names", {})["directories"] if one["api"]]
        if arguments.directory:
            found = [one for one in found if one["zone"] == arguments.directory]
        if not found:
            raise BellhopError("no directory is known: `list directory` in `config dns` names one")
        seed = keys_of_people.own(_state(arguments), arguments.user)
        crypto = _of_the_mesh("identity").crypto()
        speaking = api.Api(found[0]["api"], seed, crypto)
        wanted = (arguments.name, arguments.address or "")
        told = claim.claim(speaking, *wanted, lambda: input("code: "), print)
        if "statement" in told:
            asked("set-statement", {"user": arguments.user, "statement": told["statement"]})
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
    text, sequence = _text_in(arguments.file), 0
    if text.startswith(keys_of_people.PROOF_HEAD):
        return _import_proof(arguments, keys_of_people, text)
    if arguments.name:
        name, seed = arguments.name, _of_the_mesh("key_formats").seed(text)
    else:
        name, seed, sequence = keys_of_people.unseal(text, _passphrase(is_new=False))
    keys_of_people.write(_state(arguments), name, seed, sequence)
    print("the key of %s is here; `bellhop reload` puts it in force" % name)
    return 0


def _text_in(path):
    try:
        with open(path, "rb") as file:
            return of_file(file.read())
    except OSError as error:
        raise BellhopError("cannot read %s: %s" % (path, error)) from None


def _import_phonebook(arguments):
    text = _text_in(arguments.file)
    with _asking(arguments) as asked:
        result = asked("import-phonebook", {"csv": text})
    print("%d entries are in the phone book" % result["imported"])
    if result["left_out"]:
        print("%d cards have neither name nor number" % result["left_out"])
    return 0


def _kit(arguments):
    with _asking(arguments) as asked:
        found = asked("kit", {"count": arguments.count})
    from .pilot import kit  # Who has answered has the pages installed.

    router = arguments.router or found["host"]
    pages = found["pages"].replace(found["host"], router, 1)
    router = "%s:%d" % (router, found["port"])
    if arguments.text:
        print("\n".join(kit.lines(found, router, pages)))
    else:
        print(kit.page(found, router, pages))
    return 0


def _hash_password(arguments):
    from ..world.settings import read_settings
    from . import passwords

    settings = read_settings(places.config_path(arguments))
    realm = settings.realm.decode()
    if arguments.ask:
        import getpass

        password = getpass.getpass("password for %s: " % arguments.name)
    else:
        password = passwords.new_password()
        print("password (shown this once): %s" % password)
    md5, sha256 = passwords.hashes(arguments.name, realm, password)
    print("For `config user` of %s, in the domain %s:" % (arguments.name, realm))
    print("\toption ha1_md5 '%s'\n\toption ha1_sha256 '%s'" % (md5, sha256))
    return 0
