"""Makes the Debian package, for the machine that it runs on (a PC, a Raspberry Pi).

    python3 debian/package.py FOLDER

Needs dpkg-deb, and the native library of `make native`.
"""

import gzip
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "src"))
import bellhop  # noqa: E402

LIBRARY = ROOT / "native" / ".build" / "host" / "libbellhop_media.so"
ABOUT = tomllib.loads((ROOT / "src" / "pyproject.toml").read_text())["project"]
MAINTAINER = "{name} <{email}>".format(**ABOUT["authors"][0])
CONTROL = """\
Package: bellhop
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: adduser, init-system-helpers (>= 1.54~), libc6, libsodium23, libsrtp2-1, openssl, python3 (>= 3.11)
Recommends: gnupg, libunbound8, python3-cffi, python3-dnspython, python3-gnupg, python3-nacl
Suggests: avahi-daemon, python3-paho-mqtt
Section: comm
Priority: optional
Description: telephone exchange without a telephone company
 Phones in the house register with this machine and call each other by name,
 extension or address. Machines that reach each other find each other and
 connect calls; the sound between two houses is encrypted for phones that
 cannot do it themselves. No account anywhere, no Internet needed.
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2026 bellhop founders
License: GPL-3.0-or-later
 On Debian systems the full text of the GNU General Public License version 3
 is in /usr/share/common-licenses/GPL-3.
"""
COMMAND = "#!/usr/bin/python3\nimport sys\nfrom bellhop.__main__ import main\nsys.exit(main())\n"
# What only the lite node runs.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "lite", "micropython", "*.pyc")
CONFFILES = (
    "etc/bellhop.config", "etc/fail2ban/filter.d/bellhop.conf", "etc/avahi/services/bellhop.service",
)  # fmt: skip
SCRIPTS = ("postinst", "prerm", "postrm")
TIME = "Mon, 01 Jun 2026 00:00:00 +0000"


def told(*command):
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _put(path, octets, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    path.chmod(mode)


def changelog(version):
    """Return the operator's notes as Debian writes them."""
    notes = (ROOT / "openwrt" / "bellhop" / "CHANGES").read_text()
    rows = re.findall(r"^  \*.*(?:\n    .*)*", notes, re.MULTILINE)
    text = "bellhop (%s) stable; urgency=medium\n\n%s\n\n -- %s  %s\n"
    return text % (version, "\n".join(rows), MAINTAINER, TIME)


def fill(top, version):
    """Write the files of the package below a folder."""
    site = top / "usr/lib/python3/dist-packages/bellhop"
    shutil.copytree(ROOT / "src" / "bellhop", site, ignore=LEFT_OUT)
    triplet = told("dpkg-architecture", "-qDEB_HOST_MULTIARCH")
    for library in LIBRARY.parent.glob("*.so"):
        target = top / "usr/lib" / triplet / library.name
        _put(target, library.read_bytes())
        subprocess.run(["strip", "--strip-unneeded", target], check=True)
    _put(top / "usr/bin/bellhop", COMMAND.encode(), 0o755)
    _put(top / "lib/systemd/system/bellhop.service", (HERE / "bellhop.service").read_bytes())
    mqtt = HERE / "bellhop-mqtt.service"
    _put(top / "lib/systemd/system" / mqtt.name, mqtt.read_bytes())
    _put(top / CONFFILES[2], (HERE / "avahi.service").read_bytes())
    _put(top / CONFFILES[0], (HERE / "bellhop.config").read_bytes(), 0o640)
    bans = ROOT / "openwrt" / "bellhop" / "files" / "fail2ban.conf"
    _put(top / CONFFILES[1], bans.read_bytes())
    about = top / "usr/share/doc/bellhop"
    _put(about / "copyright", COPYRIGHT.encode())
    _put(about / "changelog.gz", gzip.compress(changelog(version).encode(), mtime=0))
    for path in top.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
        elif site in path.parents:
            path.chmod(0o644)


def make(folder):
    """Write the package into a folder; return its path."""
    version, architecture = bellhop.__version__, told("dpkg", "--print-architecture")
    with tempfile.TemporaryDirectory() as work:
        top = Path(work) / "bellhop"
        fill(top, version)
        size = sum(path.stat().st_size for path in top.rglob("*") if path.is_file()) // 1024
        control = CONTROL.format(
            version=version, architecture=architecture, maintainer=MAINTAINER, size=size
        )
        _put(top / "DEBIAN/control", control.encode())
        _put(top / "DEBIAN/conffiles", "".join("/%s\n" % one for one in CONFFILES).encode())
        _put(top / "DEBIAN/triggers", b"activate-noawait ldconfig\n")
        for name in SCRIPTS:
            _put(top / "DEBIAN" / name, (HERE / name).read_bytes(), 0o755)
        top.chmod(0o755)
        path = folder / ("bellhop_%s_%s.deb" % (version, architecture))
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", top, path],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return path


def main(folder):
    """Make the package, or say what it needs."""
    if not LIBRARY.exists():
        raise SystemExit("bellhop: there is no %s: `make native` makes it" % LIBRARY)
    folder.mkdir(parents=True, exist_ok=True)
    path = make(folder)
    print("%8d %s" % (path.stat().st_size, path))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
