"""The command `bellhop` on a lite router: asks a running node; argparse is micropython-lib's."""

import argparse
import json
import os
import socket
import sys

from ..errors import BellhopError
from ..sip import digest
from ..text import of_file
from ..world.micropython import sockets
from ..world.rows import OF_PAGE, ROWS
from ..world.settings import checked, read_settings

FOLDERS = ("/var/run/bellhop", "/etc/bellhop")
# Verbs that a running node answers, and what their arguments are called. Of some of them a lite
# node says only that they are left to a full node.
ASKED = {row.verb: row.arguments for row in ROWS if row.owner != "control"}
OF_PEOPLE = [row.verb for row in ROWS if row not in OF_PAGE]
# uhttpd adds this to what the caller gives.
SESSION = "ubus_rpc_session"
# No letter that looks like another one: people type it into a phone.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
PASSWORD_LETTERS = 12


def main(words):
    """Carry out a command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Without a verb: run a node.")
    parser.add_argument("--state", help="folder of the node's state")
    parser.add_argument("--config", default="/etc/config/bellhop", help="file in UCI format")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.add_argument("verb", help=", ".join(sorted(set(OF_PEOPLE) | set(OWN))))
    parser.add_argument("rest", nargs="*", help="what the verb needs")
    given = parser.parse_args(words)
    try:
        return OWN.get(given.verb, _show)(given)
    except BellhopError as error:
        sys.stderr.write("bellhop: %s\n" % error)
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError:  # `bellhop history | head`: nobody reads on.
        return 1


class Node:
    """A connection to the control socket of a running node."""

    def __init__(self, folder):
        for path in [one + "/control" for one in ((folder,) if folder else FOLDERS)]:
            self.socket = socket.socket(sockets.AF_UNIX, socket.SOCK_STREAM)
            try:
                self.socket.connect(sockets.path(path))
                return
            except OSError:
                self.socket.close()
        raise BellhopError("no node answers; start it with `/etc/init.d/bellhop start`")

    def ask(self, verb, arguments):
        """Return the node's answer to a verb; raises BellhopError with the node's words."""
        self.socket.write(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
        answer = self.read()
        if "error" in answer:
            raise BellhopError(answer["error"]["message"])
        return answer["result"]

    def read(self):
        """Return the next line; raises BellhopError where the node has stopped."""
        line = self.socket.readline()
        if not line:
            raise BellhopError("the node has stopped")
        return json.loads(line)


def _show(given):
    if given.verb not in ASKED:
        raise BellhopError("there is no verb '%s'; see `bellhop --help`" % given.verb)
    arguments = dict(zip(ASKED[given.verb], given.rest))
    if given.verb == "import-phonebook":
        arguments["csv"] = _text_of(given)
    result = Node(given.state).ask(given.verb, arguments)
    if given.json:
        print(json.dumps(result))
    else:
        show(result, "")
    return 0


def _text_of(given):
    try:
        with open(given.rest[0], "rb") as file:
            return of_file(file.read())
    except (OSError, IndexError):
        problem = "`bellhop import-phonebook FILE`: a CSV or vCard file that is there"
        raise BellhopError(problem) from None


def show(value, pad):
    """Print an answer: a line for each plain value, the rest below its name."""
    for name in sorted(value) if isinstance(value, dict) else range(len(value)):
        one = value[name]
        title = name.replace("_", " ") if isinstance(name, str) else "-"
        if isinstance(one, (dict, list)) and one:
            print(pad + title)
            show(one, pad + "  ")
        elif one not in ({}, [], None) and (one or not pad):  # Most counters stand at 0.
            print("%s%s: %s" % (pad, title, one))


def _events(given):
    """Print what happens, as it happens, until Ctrl-C."""
    node = Node(given.state)
    node.ask("events", {})
    while True:
        print(json.dumps(node.read()))


def _check_config(given):
    path = given.rest[0] if given.rest else given.config
    lines, is_good = checked(path)
    print("\n".join(lines))
    return 0 if is_good else 1


def _sealed(given):
    """Print a sealed copy for another router; the passphrase comes from standard input."""
    asked = {"passphrase": sys.stdin.readline().strip("\n")}
    print(Node(given.state).ask(given.verb, asked)["sealed"])
    return 0


def _restore(given):
    """`restore FILE [replace]`, `revoke FILE [adopt]`: take over what was printed before."""
    asked = {"sealed": _text_of(given), "passphrase": sys.stdin.readline().strip("\n")}
    if given.rest[1:]:  # `restore FILE replace`, `revoke FILE adopt`.
        asked[given.rest[1]] = "1"
    show(Node(given.state).ask(given.verb, asked), "")
    return 0


def _hash_password(given):
    """Make a password for a user, and print what stands for it in the configuration."""
    if not given.rest:
        raise BellhopError("`bellhop hash-password NAME`")
    realm = read_settings(given.config).realm
    password = "".join([LETTERS[octet % len(LETTERS)] for octet in os.urandom(PASSWORD_LETTERS)])
    print("password (shown this once): " + password)
    for name, algorithm in zip(("ha1_md5", "ha1_sha256"), digest.ALGORITHMS):
        found = digest.ha1(algorithm, given.rest[0].encode(), realm, password.encode())
        print("\toption %s '%s'" % (name, found.decode()))
    return 0


def _rpcd(given):
    """Be the object `bellhop` of rpcd: tell the methods, or answer one, in JSON."""
    if not given.rest:
        methods = {}
        for verb in ASKED:
            methods[verb] = dict.fromkeys(ASKED[verb], "")
        print(json.dumps(methods))
        return 0
    try:
        arguments = json.loads(sys.stdin.read() or "{}")
        arguments.pop(SESSION, None)
        print(json.dumps(Node(given.state).ask(given.rest[0], arguments)))
    except BellhopError as error:
        print(json.dumps({"error": {"message": str(error)}}))
    return 0


def _options(_):
    from ..settings import reference

    print("\n".join(reference.lines()))
    return 0


OWN = {
    "options": _options, "events": _events, "check-config": _check_config,
    "hash-password": _hash_password, "rpcd": _rpcd, "export-identity": _sealed,
    "backup": _sealed, "restore": _restore, "revocation": _sealed, "revoke": _restore,
}  # fmt: skip
