"""Writes packages as OpenWrt's package-pack.mk does: .ipk for 24.10, .apk for 25.12."""

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

EXECUTABLE = ("/usr/bin/", "/usr/libexec/", "/etc/init.d/", "/etc/uci-defaults/")
LICENSE = "GPL-3.0-or-later"
COMMON = """\
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
"""
LIVE_ONLY = '#!/bin/sh\n[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0\n' + COMMON
INFO = "/lib/apk/packages/"


class Package:
    """One package. files: path on the router -> octets; kept: what a new system keeps; postinst,
    prerm, postrm: scripts; priority: of a name that several packages provide."""

    def __init__(self, name, title, depends, files=(), **more):
        self.name = name
        self.title = title
        self.depends = depends
        self.user = more.get("user", "")
        self.kept = more.get("kept", ())
        self.postinst = more.get("postinst", "")
        self.prerm = more.get("prerm", "")
        self.postrm = more.get("postrm", "")
        self.provides = more.get("provides", ())
        self.conflicts = more.get("conflicts", ())
        self.priority = more.get("priority", 0)
        self.files = dict(files)
        self.conffiles = [path for path in self.kept if path in self.files]
        others = [path for path in self.kept if path not in self.files]
        if others:
            self.files["/lib/upgrade/keep.d/" + name] = "".join(
                one + "\n" for one in others
            ).encode()

    def mode(self, path):
        """Return the mode of a file."""
        return 0o755 if path.startswith(EXECUTABLE) else 0o644


def ipk(package, version, folder):
    """Write one .ipk, a tar of tars; return its path."""
    control = {"./control": (_control(package, version).encode(), 0o644)}
    control["./postinst"] = ((LIVE_ONLY + "default_postinst $0 $@\n").encode(), 0o755)
    control["./prerm"] = (("#!/bin/sh\n" + COMMON + "default_prerm $0 $@\n").encode(), 0o755)
    for name, script in (
        ("postinst-pkg", package.postinst), ("prerm-pkg", package.prerm), ("postrm", package.postrm)
    ):  # fmt: skip
        if script:
            control["./" + name] = (script.encode(), 0o755)
    if package.conffiles:
        control["./conffiles"] = ("\n".join(package.conffiles).encode() + b"\n", 0o644)
    data = {"." + path: (octets, package.mode(path)) for path, octets in package.files.items()}
    outer = {
        "./debian-binary": (b"2.0\n", 0o644),
        "./data.tar.gz": (tar_gz(data), 0o644),
        "./control.tar.gz": (tar_gz(control), 0o644),
    }
    path = folder / ("%s_%s_all.ipk" % (package.name, version))
    path.write_bytes(tar_gz(outer))
    return path


def _control(package, version):
    lines = [
        "Package: " + package.name,
        "Version: " + version,
        "Depends: " + ", ".join(["libc", *package.depends]),
        "License: " + LICENSE,
        "Section: net",
        "Architecture: all",
        "Installed-Size: %d" % sum(map(len, package.files.values())),
        "Description: " + package.title,
    ]
    for name, value in (
        ("Provides", ", ".join(package.provides)),
        ("Conflicts", ", ".join(package.conflicts)),
        ("Require-User", package.user),
    ):
        if value:
            lines.append("%s: %s" % (name, value))
    return "\n".join(lines) + "\n"


def tree(package, folder):
    """Write what an .apk installs below a folder, with what OpenWrt's scripts read of it."""
    files = dict(package.files)
    about = INFO + package.name
    if package.user:
        files[about + ".rusers"] = (package.user + "\n").encode()
    files[about + ".list"] = "".join(path + "\n" for path in sorted(files)).encode()
    if package.kept:
        files[about + ".conffiles"] = "".join(path + "\n" for path in package.kept).encode()
        files[about + ".conffiles_static"] = "".join(
            "%s %s\n" % (path, hashlib.sha256(files[path]).hexdigest())
            for path in package.conffiles
        ).encode()
    for path, octets in files.items():
        target = folder / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(octets)
        target.chmod(package.mode(path))


def scripts(package):
    """Return {event of apk: script}, as package-pack.mk joins them."""
    known = 'export root="${IPKG_INSTROOT}"\nexport pkgname="%s"\n' % package.name
    after = LIVE_ONLY + known + "add_group_and_user\ndefault_postinst\n" + package.postinst
    found = {
        "post-install": after,
        "post-upgrade": "#!/bin/sh\nexport PKG_UPGRADE=1\n" + after,
        "pre-deinstall": "#!/bin/sh\n" + COMMON + known + "default_prerm\n" + package.prerm,
    }
    if package.postrm:
        found["post-deinstall"] = package.postrm
    return found


def apk(package, version, folder, command="apk"):
    """Write one .apk by apk-tools 3; return its path."""
    path = folder / ("%s-%s.apk" % (package.name, version))
    provided = [name + "=" + version for name in package.provides] + [package.name + "-any"]
    about = {
        "name": package.name, "version": version, "description": package.title, "arch": "noarch",
        "license": LICENSE, "origin": "bellhop", "depends": " ".join(["libc", *package.depends]),
        "provides": " ".join(provided), "provider-priority": package.priority or None,
    }  # fmt: skip
    words = [command, "mkpkg", "--output", path]
    for name, value in about.items():
        words += ["--info", "%s:%s" % (name, value)] if value else []
    with tempfile.TemporaryDirectory() as work:
        files = Path(work) / "files"
        files.mkdir()
        files.chmod(0o755)
        tree(package, files)
        for event, text in scripts(package).items():
            script = Path(work) / event
            script.write_text(text)
            words += ["--script", "%s:%s" % (event, script)]
        # Without the time of day: the same each time.
        same = dict(os.environ, SOURCE_DATE_EPOCH="0")
        subprocess.run([*words, "--files", files], check=True, timeout=120, env=same)
    return path


def tar_gz(files):
    """Return a packed tar of {name: (octets, mode)}, the same each time."""
    packed = io.BytesIO()
    zipped = gzip.GzipFile(fileobj=packed, mode="wb", mtime=0)
    with zipped, tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in _folders(files):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name, (octets, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(octets), mode
            entry.uname = entry.gname = "root"
            tar.addfile(entry, io.BytesIO(octets))
    return packed.getvalue()


def _folders(files):
    found = set()
    for name in files:
        parts = name.split("/")[:-1]
        found.update("/".join(parts[:count]) + "/" for count in range(1, len(parts) + 1))
    return sorted(found)
