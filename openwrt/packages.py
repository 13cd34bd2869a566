"""Makes the packages that are the same on every router, without OpenWrt's SDK, for OpenWrt 24.10.

    python3 openwrt/packages.py FOLDER

An .ipk is a tar of tars. The node is compiled for one version of Python, that of the release; with
another one here it is left out, and so is always what a compiler must make: bellhop-media.
"""

import gzip
import io
import re
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LUCI, BELLHOP = HERE / "luci-app-bellhop", HERE / "bellhop"
sys.path += [str(HERE), str(BELLHOP)]
import bytecode  # noqa: E402
import lmo  # noqa: E402
import translations  # noqa: E402

PYTHON = 3, 11
LANGUAGES = {"de": "Deutsch (German)", "fr": "Français (French)"}
COMMAND = "#!/usr/bin/python3\nimport sys\nfrom bellhop.__main__ import main\nsys.exit(main())\n"
EXECUTABLE = ("/usr/bin/", "/etc/init.d/", "/etc/uci-defaults/")
LIVE_ONLY = '#!/bin/sh\n[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0\n'
COMMON = """\
[ -s "${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "${IPKG_INSTROOT}/lib/functions.sh"
"""
# What LuCI's own Makefile does after pages have come.
NEW_PAGES = """\
[ -n "${IPKG_INSTROOT}" ] || {
	rm -f /tmp/luci-indexcache.*
	rm -rf /tmp/luci-modulecache/
	/etc/init.d/rpcd reload 2>/dev/null
}
"""


class Package:
    """One package. files: path on the router -> octets; script: what follows its installation."""

    def __init__(self, name, title, depends, files=(), user="", conffiles=(), script=""):
        self.name = name
        self.title = title
        self.depends = depends
        self.files = dict(files)
        self.user = user
        self.conffiles = conffiles
        self.script = script

    def mode(self, path):
        """Return the mode of a file."""
        if path == "/etc/config/bellhop":
            return 0o600
        return 0o755 if path.startswith(EXECUTABLE) else 0o644


def _define(text, name):
    """Return the text of a define of a Makefile, as make gives it to a script."""
    found = re.search(r"^define %s\n(.*?)^endef$" % re.escape(name), text, re.MULTILINE | re.DOTALL)
    return found.group(1).replace("$$", "$")


def _field(text, package, name):
    body = _define(text, "Package/" + package)
    return re.search(r"^  %s:=(.*)$" % name, body, re.MULTILINE).group(1)


def is_part(package, name):
    """Tell whether a package takes a module; name: its path below the folder of modules."""
    taken = False
    text = (BELLHOP / "Makefile").read_text()
    for line in _define(text, "Py3Package/%s/filespec" % package).split():
        sign, _, path = line.partition("|$(PYTHON3_PKG_DIR)")
        path = path.strip("/")
        if not path or name == path or name.startswith(path + "/"):
            taken = sign == "+"
    return taken


def version():
    """Return the version with the release, as packages carry it."""
    text = (BELLHOP / "Makefile").read_text()
    number, release = (
        re.search(r"^PKG_%s:=(.*)$" % name, text, re.MULTILINE).group(1)
        for name in ("VERSION", "RELEASE")
    )
    return "%s-r%s" % (number, release)


def node():
    """Return the package of the node, compiled by this Python."""
    text = (BELLHOP / "Makefile").read_text()
    files = {
        "/usr/bin/bellhop": COMMAND.encode(),
        "/etc/config/bellhop": (BELLHOP / "files/bellhop.config").read_bytes(),
        "/etc/init.d/bellhop": (BELLHOP / "files/bellhop.init").read_bytes(),
        "/etc/uci-defaults/80_bellhop": (BELLHOP / "files/bellhop.defaults").read_bytes(),
        "/usr/share/acl.d/bellhop.json": (BELLHOP / "files/bellhop.acl.json").read_bytes(),
        "/usr/share/bellhop/CHANGES": (BELLHOP / "CHANGES").read_bytes(),
        "/lib/upgrade/keep.d/bellhop": b"/etc/bellhop/\n",
    }
    files.update(compiled_python("bellhop"))
    depends = _field(text, "bellhop", "DEPENDS").replace("+", "").split()
    return Package(
        "bellhop",
        _field(text, "bellhop", "TITLE"),
        depends,
        files,
        _field(text, "bellhop", "USERID"),
        ("/etc/config/bellhop",),
        _define(text, "Package/bellhop/postinst"),
    )


def compiled_python(package):
    """Return {path: octets} of a package's modules as byte code."""
    site = "/usr/lib/python%d.%d/site-packages/" % sys.version_info[:2]
    found = {}
    for path in sorted((ROOT / "src" / "bellhop").rglob("*.py")):
        name = path.relative_to(ROOT / "src").as_posix()
        if is_part(package, name):
            found[site + name + "c"] = bytecode.compiled(path.read_bytes(), name)
    return found


def feature(name, files=()):
    """Return a package that brings a feature of the node, and what it needs of others."""
    text = (BELLHOP / "Makefile").read_text()
    depends = _field(text, name, "DEPENDS").replace("+", "").split()
    script = _define(text, "Package/bellhop/feature-postinst")
    return Package(name, _field(text, name, "TITLE"), depends, files, script=script)


def pages():
    """Yield the LuCI pages and their translations."""
    files = {}
    for part, target in (("htdocs", "/www"), ("root", "")):
        for path in sorted((LUCI / part).rglob("*")):
            if path.is_file():
                files["%s/%s" % (target, path.relative_to(LUCI / part).as_posix())] = (
                    path.read_bytes()
                )
    title = "LuCI pages of the telephone exchange bellhop"
    yield Package("luci-app-bellhop", title, ["luci-base", "bellhop"], files, script=NEW_PAGES)
    for language, spoken in LANGUAGES.items():
        said = translations.read(LUCI / "po" / language / "bellhop.po")
        files = {
            "/usr/lib/lua/luci/i18n/bellhop.%s.lmo" % language: lmo.compiled(said),
            "/etc/uci-defaults/luci-i18n-bellhop-" + language: (
                "uci set luci.languages.%s='%s'; uci commit luci\n" % (language, spoken)
            ).encode(),
        }
        title = "luci-app-bellhop - %s translation" % language
        yield Package("luci-i18n-bellhop-" + language, title, ["luci-app-bellhop"], files)


def all_packages():
    """Yield every package that can be made here."""
    yield from pages()
    yield feature("bellhop-dns")
    if sys.version_info[:2] == PYTHON:
        yield node()
        for name in ("bellhop-tls", "bellhop-mesh", "bellhop-pgp"):
            yield feature(name, compiled_python(name))
    else:
        here = sys.version_info[:2]
        print(
            "the node is left out: OpenWrt 24.10 has Python %d.%d, this is %d.%d" % (*PYTHON, *here)
        )


def ipk(package, folder):
    """Write one .ipk; return its path."""
    control = {"./control": (_control(package).encode(), 0o644)}
    control["./postinst"] = ((LIVE_ONLY + COMMON + "default_postinst $0 $@\n").encode(), 0o755)
    control["./prerm"] = (("#!/bin/sh\n" + COMMON + "default_prerm $0 $@\n").encode(), 0o755)
    if package.script:
        control["./postinst-pkg"] = (package.script.encode(), 0o755)
    if package.conffiles:
        control["./conffiles"] = ("\n".join(package.conffiles).encode() + b"\n", 0o644)
    data = {"." + path: (octets, package.mode(path)) for path, octets in package.files.items()}
    outer = {
        "./debian-binary": (b"2.0\n", 0o644),
        "./data.tar.gz": (tar_gz(data), 0o644),
        "./control.tar.gz": (tar_gz(control), 0o644),
    }
    path = folder / ("%s_%s_all.ipk" % (package.name, version()))
    path.write_bytes(tar_gz(outer))
    return path


def _control(package):
    lines = [
        "Package: " + package.name,
        "Version: " + version(),
        "Depends: " + ", ".join(["libc", *package.depends]),
        "License: GPL-3.0-or-later",
        "Section: net",
        "Architecture: all",
        "Installed-Size: %d" % sum(map(len, package.files.values())),
        "Description: " + package.title,
    ]
    if package.user:
        lines.append("Require-User: " + package.user)
    return "\n".join(lines) + "\n"


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


def main(folder):
    """Write every package into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in all_packages():
        path = ipk(package, folder)
        print("%8d %s" % (path.stat().st_size, path))
    print(
        "not made: bellhop-media, which needs a compiler for the router: `make packages SDK=folder`"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
