"""The first run: a sample configuration with two accounts, and what to tell their owner."""

import os

from ..world.endpoints import is_loopback
from ..world.system import files
from .passwords import hashes, new_password

# RFC 8375: the domain for homes, which no one else can have.
DOMAIN = "home.arpa"
ACCOUNTS = (("alice", "201"), ("bob", "202"))

HEAD = """\
# The configuration of this node, in the format of OpenWrt's UCI.
# After a change: `bellhop check-config`, then `bellhop reload`.

config node 'main'
	# Phones are sip:NAME@DOMAIN. The hashes below hold for this domain only.
	option domain '%s'
	# Addresses to listen on; none: all addresses of this machine.
	#list listen '192.168.1.1'
	# May callers from elsewhere ring the users below: allow, refuse.
	#option strangers 'refuse'
	# What the log shows: error, warning, notice, info.
	#option log_level 'notice'

# Other nodes within reach are found by themselves, and their users can be called.
config mesh
	option enabled '1'
	# Name of this node, as in sip:alice@NAME from another node; no other may have the same.
	option node_name '%s'
	# Who may read the phone book: home (contacts), emergency (everybody).
	option profile 'home'

# Sound of calls to other nodes is encrypted from node to node; it needs bellhop's media library.
config media
	option enabled '1'
	# Calls to other nodes: require, prefer, allow (no encryption).
	option encryption 'prefer'

# Accounts. `bellhop hash-password NAME` makes a new password and prints both hashes.
"""
USER = """
config user
	option name '%s'
	option extension '%s'
	option ha1_md5 '%s'
	option ha1_sha256 '%s'
"""
TRANSPORTS = (
    ("udp", "UDP"),
    ("tcp", "TCP"),
    ("tls", "TLS"),
    ("ws", "WebSocket"),
    ("wss", "secure WebSocket"),
)


def _node_name():
    """Return the machine's name with some letters more: many a machine has the same."""
    name = os.uname().nodename.partition(".")[0]
    name = "".join([letter for letter in name if letter.isascii() and letter.isalnum()])
    return "%s-%s" % (name or "node", new_password()[:4])


def create(path):
    """Write the sample configuration; return its passwords: user -> password."""
    passwords = {}
    text = HEAD % (DOMAIN, _node_name())
    for name, extension in ACCOUNTS:
        passwords[name] = new_password()
        text += USER % (name, extension, *hashes(name, DOMAIN, passwords[name]))
    files.replace(path, [text.encode()])
    return passwords


def greet(settings, listeners, path, state, passwords):
    """Print how to connect phones; `passwords`: of a first run, else None."""
    open_now = [one for one in listeners if one is not None]
    hosts = sorted(filter(_is_told, {one.host for one in open_now}), key=_easy_first)
    hosts = hosts or sorted({one.host for one in open_now})
    ports = {one.transport: one.port for one in open_now}
    shown = ["%s %d" % (title, ports[name]) for name, title in TRANSPORTS if name in ports]
    lines = ["", "bellhop is running.", ""]
    lines.append("  Server    %s" % (", ".join(hosts[:4]) or "none yet: no address to listen on"))
    lines.append("  Ports     %s" % ", ".join(shown))
    lines.append("  Domain    %s" % settings.domain.decode())
    if passwords is not None:
        lines += _accounts(settings, passwords)
    else:
        lines.append("  Accounts  %d in %s" % (len(settings.users), path))
    lines += ["", "  See it with   bellhop --state %s status" % state, ""]
    print("\n".join(lines), flush=True)


def _accounts(settings, passwords):
    lines = ["", "Two accounts are ready. Their passwords are shown this once:", ""]
    lines.append("  %-10s %-10s %-16s" % ("user name", "extension", "password"))
    for name, password in passwords.items():
        extension = settings.users[name].extension
        lines.append("  %-10s %-10s %-16s" % (name, extension, password))
    lines += [
        "",
        "Give each phone one user name, its password and the server's address (as domain, or as",
        "outbound proxy where the phone asks for both), then dial 202 on alice's phone.",
        "The accounts and all settings are in the file bellhop.config of the state folder.",
    ]
    return lines


def _is_told(host):
    """Tell whether people can give an address to a phone."""
    return not is_loopback(host) and "%" not in host


def _easy_first(host):
    """IPv4 before IPv6: the address that people type most easily."""
    return ":" in host, host
