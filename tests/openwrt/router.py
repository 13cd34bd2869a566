"""A router's root with our packages, in which a test runs a script (root.sh)."""

import binascii
import glob
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from . import real
from .feed import FEED, ROOT

HERE = Path(__file__).resolve().parent
LIBRARY = ROOT / "native" / ".build" / "host" / "libbellhop_media.so"
MICROPYTHON = ROOT / ".micropython" / "micropython"
START_MICROPYTHON = """#!/bin/sh
exec /usr/lib/mpy/ld-linux-x86-64.so.2 --library-path /usr/lib/mpy /usr/lib/mpy/micropython "$@"
"""
PROGRAMS = ("sbin/procd", "sbin/ujail", "sbin/validate_data", "sbin/uci", "bin/jsonfilter")
# Of the tree: where rc.common, procd.sh and uci.sh are.
SCRIPTS = ("base-files/files/etc/rc.common", "system/procd/files", "system/uci/files")
# What packages of OpenWrt's need that ours need, and what of this machine is in them where it
# matters: programs, foreign modules of Python, files that libraries load by name.
NEEDS_OF = {"python3-pynacl": ("python3-cffi",)}
PROGRAMS_OF = {
    "openssl-util": ("openssl",),
    "gnupg2": ("gpg", "gpg-agent", "gpgconf"),
}
MODULES_OF = {
    "python3-pynacl": ("nacl",), "python3-dns": ("dns",), "python3-gnupg": ("gnupg.py",),
    "python3-paho-mqtt": ("paho",),
    "python3-cffi": ("cffi", "pycparser", "_cffi_backend*", "*cffi*libs"),
}  # fmt: skip
# Debian's libsrtp2 is built over NSS, whose ciphers are modules; this MicroPython comes
# with the libc that it was built for.
FILES_OF = {
    "libsodium": {"/usr/lib/*/libsodium.so*": "/usr/lib/"},
    "libunbound": {"/usr/lib/*/libunbound.so.8": "/usr/lib/"},
    "micropython-mbedtls": {
        str(MICROPYTHON.parent / "root/usr/bin/*"): "/usr/lib/mpy/",
        str(MICROPYTHON.parent / "root/usr/lib/*/*.so*"): "/usr/lib/mpy/",
    },
    "openssl-util": {"/usr/lib/ssl/openssl.cnf": "/usr/lib/ssl/"},
    "libsrtp2": {"/usr/lib/*/lib%s*" % name: "/usr/lib/" for name in ("softokn3", "freebl")},
}
SECONDS = 400
# take PACKAGE...: install with what each needs, without a manager of packages.
# drop PACKAGE: remove.
# begin, end: start and stop the node.
PRELUDE = """
take() {
	local one
	for one; do
		[ ! -e "/lib/apk/packages/$one.list" ] || continue
		# shellcheck disable=SC2046
		[ ! -s "/packages/$one.needs" ] || take $(cat "/packages/$one.needs")
		[ -e "/packages/$one.files" ] || continue
		cp -a /packages/$one.files/. /
		pkgname=$one
		( . /packages/$one.post-install ) || echo "the script of $one failed"
	done
}
drop() {
	local list=/lib/apk/packages/$1.list
	[ ! -e "$list" ] || rm -f $(cat "$list") "$list"
}
until_so() {
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	echo "in vain: $*"
	return 1
}
answers() { ubus call bellhop status >/dev/null 2>&1; }
node() { pidof python3 || pidof ld-linux-x86-64.so.2; }
stopped() { ! ubus call service list '{"name":"bellhop"}' | grep -q instance && [ -z "$(node)" ]; }
begin() { /etc/init.d/bellhop start; until_so answers; }
end() { /etc/init.d/bellhop stop; until_so stopped; }
# Waits until a command prints other than before.
changed() {
	local before=$($1)
	differs() { [ "$before" != "$($1)" ]; }
	until_so differs "$1"
}
# Flash on which nothing more fits.
fill() {
	mount -o remount,size=$(df -k / | awk 'END { print $3 + 16 }')k /
	dd if=/dev/zero of=/filler bs=1k 2>/dev/null
}
# Addresses and ports that tests of other things must not disturb are the root's own.
quiet() {
	for option in tls_port ws_port wss_port http_port; do uci set bellhop.node.$option=0; done
	uci set bellhop.node.sip_port=5070
	uci commit bellhop
}
"""


def packages():
    """Return the modules openwrt/packages.py and archives.py."""
    sys.path.insert(0, str(FEED))
    try:
        import archives
        import packages as made
    finally:
        sys.path.remove(str(FEED))
    return made, archives


def why_unavailable():
    """Return why there can be no such root here, or None."""
    reason = real.why_unavailable()
    if reason:
        return reason
    tree = Path(os.environ.get("OPENWRT_TREE", "/nowhere")) / "package"
    root = Path(os.environ["OPENWRT_ROOT"])
    missing = [one for one in PROGRAMS if not (root / one).exists()]
    missing += [one for one in SCRIPTS if not (tree / one).exists()]
    if missing:
        return "OPENWRT_ROOT and OPENWRT_TREE have no " + ", ".join(missing)
    if not hasattr(binascii, "__file__"):
        return "this Python has its modules built in, unlike OpenWrt's: run with one of pyenv's"
    return None


def every_package():
    """Yield each of our packages as this machine can run it, those of the native library too."""
    made, _ = packages()
    yield made.node()
    for name in made.FEATURES:
        has_library = name == "bellhop-media" and LIBRARY.exists()
        library = LIBRARY.parent.glob("*.so") if has_library else ()
        yield made.feature(name, {"/usr/lib/" + one.name: one.read_bytes() for one in library})
    yield made.lite()
    yield from made.pages()


def of_openwrt():
    """Yield the packages of OpenWrt's that ours need, with what this machine has of them."""
    _, archives = packages()
    site = Path(sysconfig.get_path("purelib"))
    inside = "/usr/lib/python%d.%d/site-packages/" % sys.version_info[:2]
    ours = list(every_package())
    needed = {one for package in ours for one in package.depends} | {"libc"}
    own = {package.name for package in ours} | {one for package in ours for one in package.provides}
    for name in sorted(needed - own):
        files = {}
        for program in filter(None, map(shutil.which, PROGRAMS_OF.get(name, ()))):
            files["/usr/bin/" + Path(program).name] = Path(program).read_bytes()
        tops = [top for part in MODULES_OF.get(name, ()) for top in site.glob(part)]
        for path in [one for top in tops for one in (top, *top.rglob("*"))]:
            if path.is_file() and path.suffix != ".pyc":
                files[inside + path.relative_to(site).as_posix()] = path.read_bytes()
        for pattern, target in FILES_OF.get(name, {}).items():
            for path in map(Path, glob.glob(pattern)):
                files[target + path.name] = path.read_bytes()
        if name == "micropython-mbedtls":
            files["/usr/bin/micropython"] = START_MICROPYTHON.encode()
        package = archives.Package(name, name, list(NEEDS_OF.get(name, ())), files)
        package.mode = lambda path: 0o755
        yield package


def lay(folder):
    """Write the packages as folders of their files and what runs after them, for `take`."""
    _, archives = packages()
    for package in [*of_openwrt(), *every_package()]:
        archives.tree(package, folder / (package.name + ".files"))
        script = archives.scripts(package)["post-install"]
        (folder / (package.name + ".post-install")).write_text(script)
        (folder / (package.name + ".needs")).write_text(" ".join(package.depends))


def run(work, scenario, made, program="", host=None):
    """Run a script in a root; return the lines that it printed.

    work: an empty folder; made: a folder for /packages; program: a manager of packages; host: a
    netns.Host whose network it has, None for one of its own.
    """
    (work / "scenario").write_text(PRELUDE + scenario)
    (work / "new").mkdir()
    command = ["unshare", "--net"] if host is None else ["ip", "netns", "exec", host.namespace]
    command += ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    command += ["--propagation", "private", "sh", HERE / "root.sh"]
    places = {
        "WORK": work, "OURS": ROOT, "ROOT": os.environ["OPENWRT_ROOT"], "PACKAGES": made,
        "TREE": Path(os.environ["OPENWRT_TREE"]) / "package", "PREFIX": sys.base_prefix,
        "VERSION": "%d.%d" % sys.version_info[:2], "MANAGER": program,
    }  # fmt: skip
    environment = dict(os.environ, **{name: str(places[name]) for name in places})
    output = work / "output"
    with open(output, "w") as file:
        subprocess.run(command, env=environment, stdout=file, stderr=file, timeout=SECONDS)
    return output.read_text().split("\n")


def installer(name):
    """Return the path of apk or opkg: from the variable of its name, else PATH."""
    return os.environ.get(name.upper()) or shutil.which(name)
