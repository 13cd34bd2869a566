"""The command `bellhop`: without a verb it runs a node, with one it asks a running node."""

import argparse
import contextlib
import importlib.util
import os
import sys

from .. import __version__
from ..errors import BellhopError
from ..world.cpython.log_text import readable
from ..world.rows import OF_PAGE, ROWS
from . import keys, places
from .asking import ask, asking, connect, show
from .own import Own, file, text_in

# What has ports of its own (settings.firewall) -> a module that its package brings.
PARTS = {"tls": ".tls.contexts", "mesh": ".mesh.identity", "media": ".media.library",
         "pilot": ".pilot.site"}  # fmt: skip


def main(words):
    """Carry out a command line; return the exit status."""
    arguments = parser().parse_args(words)
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
    # As an action it leaves no name behind that an argument of a verb may have.
    version = "bellhop " + __version__
    top.add_argument("--version", action="version", version=version, help="show it and leave")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    # Before the verb or after it: after it, silence must not undo what was said before.
    shared = _places(argparse.SUPPRESS)
    commands = (*COMMANDS, *keys.COMMANDS)
    own = {command.verb for command in commands}
    for row in ROWS:
        if row.verb in own:
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
        made.set_defaults(work=show, accepted=row.arguments)
    for command in commands:
        command.add(verbs, shared)
    return top


def _places(default):
    """Return a parser of the options that say where the node's files are."""
    made = argparse.ArgumentParser(add_help=False, argument_default=default)
    made.add_argument("--state", metavar="DIR", help="folder of the node's state")
    made.add_argument("--config", metavar="FILE", help="configuration in UCI format")
    return made


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


def _import_phonebook(arguments):
    text = text_in(arguments.file)
    with asking(arguments) as asked:
        result = asked("import-phonebook", {"csv": text})
    print("%d entries are in the phone book" % result["imported"])
    if result["left_out"]:
        print("%d cards have neither name nor number" % result["left_out"])
    return 0


def _kit(arguments):
    with asking(arguments) as asked:
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


COMMANDS = (
    Own("check-config", None, _check_config, file(None, "?")),
    Own(
        "firewall", "what to change in OpenWrt's firewall, for `uci batch`", _firewall,
        ("--close", {"action": "store_true", "help": "take all rules of the node away"}),
    ),
    Own("mqtt", "tell an MQTT broker of calls and people, as long as it runs", _mqtt),
    Own("options", "every option, and its default", _options),
    Own(
        "hash-password", "make a password", _hash_password,
        ("name", {"metavar": "NAME", "help": "the user"}),
        ("--ask", {"action": "store_true", "help": "read the password instead of making one"}),
    ),
    Own(
        "import-phonebook", None, _import_phonebook,
        file("vCard, or CSV with a first line: name,number,address"),
    ),
    Own(
        "kit", None, _kit,
        ("--count", {"metavar": "N", "default": "10", "help": "for how many phones"}),
        ("--router", {"metavar": "HOST", "help": "the router's address, as phones reach it"}),
        ("--text", {"action": "store_true", "help": "as text, without codes to scan"}),
    ),
)  # fmt: skip
