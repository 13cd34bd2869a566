"""The package `bellhop`: metadata, what it needs, its configuration, its scripts."""

import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

import bellhop
from bellhop.errors import BellhopError
from bellhop.settings import problems, reader
from bellhop.shell import command

from . import real
from .feed import BELLHOP, FEED, LUCI, ROOT, Makefile

MAKEFILE = Makefile(BELLHOP / "Makefile")
# What OpenWrt splits off its Python: module -> package. All else is in python3-light.
SPLIT = {
    "asyncio": "python3-asyncio", "ctypes": "python3-ctypes", "dbm": "python3-dbm",
    "decimal": "python3-decimal", "email": "python3-email", "http": "python3-urllib",
    "logging": "python3-logging", "lzma": "python3-lzma",
    "multiprocessing": "python3-multiprocessing",
    "pydoc": "python3-pydoc", "readline": "python3-readline", "sqlite3": "python3-sqlite3",
    "ssl": "python3-openssl", "unicodedata": "python3-codecs", "unittest": "python3-unittest",
    "urllib": "python3-urllib", "uuid": "python3-uuid", "xml": "python3-xml",
}  # fmt: skip
OF_PYTHON = {"python3-light", *SPLIT.values()}
# What other modules of the library load of these: asyncio imports logging.
ALONG = {"python3-asyncio": {"python3-logging"}}
# Modules of others -> (package of ours that brings them, package that they are in).
BROUGHT = {
    "nacl": ("bellhop-mesh", "python3-pynacl"),
    "cffi": ("bellhop-media", "python3-cffi"),
    "gnupg": ("bellhop-pgp", "python3-gnupg"),
    "paho": ("bellhop-mqtt", "python3-paho-mqtt"),
    "_cffi_backend": ("bellhop-media", "python3-cffi"),
}
# Modules that are used where they are there: a feature that does its work without them, and
# packages for the owner to add, of our feed or of OpenWrt's own.
WITHOUT = {"bellhop-pilot": {"ssl"}}
WANTED = {"segno": FEED / "python-segno" / "Makefile", "ubus": None, "dns": None}
MODULES = [
    path.relative_to(ROOT / "src").as_posix()
    for path in sorted((ROOT / "src" / "bellhop").rglob("*.py"))
]
SMALL = """
config node
	option domain 'home.test'
	list listen '127.0.0.1'
	option sip_port '%d'
	option tls_port '0'
	option ws_port '0'
	option wss_port '0'
	option http_port '0'
	option certificate '/etc/ssl/own.pem'
config mesh
config media
"""
PACKAGES = MAKEFILE.python_packages()
FOLDERS = [path.parent for path in sorted(FEED.glob("*/Makefile"))]
# Installed sizes, compiled by openwrt/bellhop/bytecode.py.
PYTHON_BYTES, LUCI_BYTES = {"bellhop": 1_100_000, "bellhop-mesh": 600_000}, 112_000


def feed_packages():
    """Return the module openwrt/packages.py."""
    sys.path.insert(0, str(FEED))
    try:
        import packages
    finally:
        sys.path.remove(str(FEED))
    return packages


def imported(*packages):
    """Return the top-level names of the modules that the node imports, or some of its packages."""
    found = set()
    for path in (ROOT / "src" / "bellhop").rglob("*.py"):
        name = path.relative_to(ROOT / "src").as_posix()
        if not any(feed_packages().is_part(one, name) for one in packages or PACKAGES):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - {"bellhop"}


def test_versions_are_those_of_the_node():
    assert MAKEFILE.variables["PKG_VERSION"] == bellhop.__version__
    assert Makefile(LUCI / "Makefile").variables["PKG_VERSION"] == bellhop.__version__
    newest = re.search(r"^(\d\S*)$", (BELLHOP / "CHANGES").read_text(), re.MULTILINE)
    assert newest.group(1) == bellhop.__version__


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_metadata_that_the_packages_feed_asks_for_is_there(folder):
    variables = Makefile(folder / "Makefile").variables
    assert variables["PKG_RELEASE"].isdigit()
    assert variables["PKG_LICENSE"]
    about = tomllib.loads((ROOT / "src" / "pyproject.toml").read_text())["project"]
    assert variables["PKG_MAINTAINER"] == "{name} <{email}>".format(**about["authors"][0])


def test_every_package_has_a_title_a_description_and_an_installation():
    for package in MAKEFILE.packages():
        name = package.removesuffix("-src")
        assert MAKEFILE.fields(name)["TITLE"]
        assert "Package/%s/description" % name in MAKEFILE.defines
        assert {"Package/%s/install" % name, "Py3Package/%s/install" % name} & set(MAKEFILE.defines)


def test_the_node_depends_on_exactly_what_it_imports():
    for package in PACKAGES:
        needed = {"python3-light"} if package == "bellhop" else set()
        for name in imported(package) & set(SPLIT) - WITHOUT.get(package, set()):
            needed |= {SPLIT[name]} | ALONG.get(SPLIT[name], set())
        assert needed == {one for one in MAKEFILE.depends(package) if one in OF_PYTHON}, package


def test_what_others_wrote_comes_with_the_package_whose_feature_needs_it():
    foreign = {name for name in imported() if name not in sys.stdlib_module_names}
    assert foreign <= set(BROUGHT) | set(WANTED)
    for brought_by, package in BROUGHT.values():
        assert package in MAKEFILE.depends(brought_by)
    for makefile in filter(None, WANTED.values()):
        assert makefile.is_file()


def test_every_module_is_in_one_package():
    taken = dict.fromkeys(PACKAGES, 0)
    for name in MODULES:
        packages = [package for package in taken if feed_packages().is_part(package, name)]
        is_lite = name.startswith(("bellhop/lite/", "bellhop/world/micropython/"))
        assert len(packages) == (0 if is_lite else 1), name
        for package in packages:
            taken[package] += 1
    assert all(taken.values())


# Verb -> the package without which the node does not answer it.
LEFT = {
    "mesh": "bellhop-mesh", "peers": "bellhop-mesh", "identity": "bellhop-mesh",
    "backup": "bellhop-mesh", "trust": "bellhop-media", "verify": "bellhop-media",
}  # fmt: skip


def asked(state, verb, arguments):
    """Return a node's answer to a verb."""
    with (
        contextlib.closing(command.connect(str(state))) as connection,
        connection.makefile("rb") as lines,
    ):
        return command.ask(connection, lines, verb, arguments)


def test_node_starts_without_the_packages_of_its_features(tmp_path):
    for name in MODULES:
        if feed_packages().is_part("bellhop", name):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "src" / name, tmp_path / name)
    config = tmp_path / "bellhop.config"
    config.write_text(SMALL % real.free_port())
    node = subprocess.Popen(
        [sys.executable, "-S", "-m", "bellhop", "--state", tmp_path / "state", "--config", config],
        env={"PYTHONPATH": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        told = []
        while "bellhop is running" not in "".join(told):
            told.append(node.stdout.readline())
            assert told[-1], told
        for verb, package in LEFT.items():
            given = {"call": "1", "verdict": "same"} if verb == "verify" else {}
            given = {"passphrase": "four words that suffice"} if verb == "backup" else given
            with pytest.raises(BellhopError, match="the package %s is not installed" % package):
                asked(tmp_path / "state", verb, given)
        rows = asked(tmp_path / "state", "problems", {})["problems"]
    finally:
        node.kill()
        node.wait(10)
    missing = [row["value"] for row in rows if row["what"] == problems.NO_PACKAGE]
    assert sorted(missing) == ["bellhop-media", "bellhop-mesh", "bellhop-tls"]
    for package in missing:
        assert "the package %s is not installed" % package in "".join(told)


def test_folders_that_a_package_left_behind_are_no_package(tmp_path):
    """What the firewall lets in goes by modules: opkg leaves the folders of what it takes away."""
    for name in MODULES:
        if feed_packages().is_part("bellhop", name) or "/shell/media/" in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "src" / name, tmp_path / name)
    (tmp_path / "bellhop/shell/mesh").mkdir()
    words = "from bellhop.shell.command import PARTS, _is_there as there\n"
    words += "print([part for part in PARTS if there(PARTS[part])])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", words], env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "['media']\n", done.stderr


def test_files_named_in_the_makefile_exist():
    for name in re.findall(r" \./(\S+)", MAKEFILE.text):
        assert (BELLHOP / name).is_file(), name
    for name in re.findall(r"\$\(BELLHOP_TREE\)/(\S+?)[\s)\\]", MAKEFILE.text):
        assert (ROOT / name).exists(), name


def test_state_and_configuration_survive_an_upgrade_of_the_system():
    kept = MAKEFILE.defines["Package/bellhop/conffiles"].split()
    assert kept == ["/etc/config/bellhop", "/etc/bellhop/"]


def test_rights_on_the_bus_are_those_of_the_user_that_the_node_runs_as():
    rights = json.loads((BELLHOP / "files" / "bellhop.acl.json").read_text())
    user = MAKEFILE.fields("bellhop")["USERID"].split("=")[0]
    assert rights == {"user": user, "publish": ["bellhop"], "send": ["bellhop.*"]}


def dump(folder, tree, *words):
    """Return the metadata that OpenWrt's own make reads from a Makefile."""
    command = ["make", "--no-print-directory", "-r", "DUMP=1", "TOPDIR=" + tree, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert "No such file" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def tree():
    """Return the folder of an OpenWrt tree."""
    if not os.environ.get("OPENWRT_TREE"):
        pytest.skip(
            "OPENWRT_TREE is not set: no OpenWrt tree with include/ and feeds/ to read with"
        )
    return os.environ["OPENWRT_TREE"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_openwrt_s_own_make_reads_the_same_packages(tree, folder):
    read = dump(folder, tree)
    names = re.findall(r"^Package: (\S+)$", read, re.MULTILINE)
    if folder == LUCI:
        assert names == ["luci-app-bellhop", "luci-i18n-bellhop-de", "luci-i18n-bellhop-fr"]
    else:
        assert names == Makefile(folder / "Makefile").packages()
    users = "Require-User: bellhop=880:bellhop=880"
    assert (users in read) == (folder.name in ("bellhop", "bellhop-lite"))


def test_openwrt_s_own_make_compiles_the_node_by_our_script(tree):
    ask = "--eval=ask:;@:$(info $(call Python3/CompileAll,/somewhere))"
    assert "%s/bytecode.py /somewhere" % BELLHOP in dump(BELLHOP, tree, ask, "ask")


def test_archive_of_a_release_is_what_the_feed_s_makefiles_build_from(tmp_path):
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this tree is no git repository")
    command = [sys.executable, FEED / "dist.py", "HEAD", "https://example.org/bellhop", tmp_path]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (archive,) = tmp_path.glob("bellhop-*.tar.gz")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    names = subprocess.run(
        ["tar", "tzf", archive], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split("\n")
    for folder in ("bellhop", "bellhop-lite"):
        made = Makefile(tmp_path / "net" / folder / "Makefile")
        assert made.variables["PKG_HASH"] == digest
        assert made.variables["PKG_SOURCE_URL"].startswith("https://")
        assert made.packages() == Makefile(FEED / folder / "Makefile").packages()
        for name in re.findall(r"\$\(BELLHOP_TREE\)/([^\s)]+)", made.text):
            assert any(one.partition("/")[2].startswith(name) for one in names), name
        if os.environ.get("OPENWRT_TREE"):
            read = dump(tmp_path / "net" / folder, os.environ["OPENWRT_TREE"])
            assert "Source: " + archive.name in read


# The default configuration.

CONFIG = (BELLHOP / "files" / "bellhop.config").read_text()


def test_default_configuration_is_accepted():
    settings = reader.parse(CONFIG, "bellhop.config")
    assert settings.enabled and settings.mesh.enabled and settings.domain == b"home.arpa"


# The scripts.

SCRIPTS = [
    path
    for folder in (FEED, ROOT / "board-configs", ROOT / "debian")
    for path in sorted(folder.rglob("*"))
    if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")
]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: "/".join(path.parts[-3:]))
def test_shellcheck_and_ash_find_nothing(path):
    if not shutil.which("shellcheck") or not shutil.which("busybox"):
        pytest.skip("no shellcheck or no busybox (Debian packages of these names)")
    for words in (["shellcheck", path], ["busybox", "ash", "-n", path]):
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert not done.returncode, done.stdout + done.stderr


def ash(text, folder, **environment):
    """Run a script under busybox's ash; return what it printed."""
    if not shutil.which("busybox"):
        pytest.skip("no busybox (Debian package busybox)")
    done = subprocess.run(
        ["busybox", "ash", "-c", text],
        cwd=folder, env=dict(os.environ, **environment), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout


def stub(folder, name):
    """Make a command that prints its name and its arguments."""
    path = folder / name
    path.write_text('#!/bin/sh\necho %s "$@"\n' % name)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "upgrade, expected",
    [("", ["killall -HUP ubusd"]), ("1", ["killall -HUP ubusd", "init restart"])],
)
def test_postinst_tells_ubusd_and_restarts_after_an_upgrade(tmp_path, upgrade, expected):
    text = MAKEFILE.script("Package/bellhop/postinst")
    text = text.replace("/etc/init.d/bellhop", stub(tmp_path, "init"))
    text = text.replace("killall", stub(tmp_path, "killall"))
    printed = ash(text, tmp_path, PKG_UPGRADE=upgrade, IPKG_INSTROOT="")
    assert printed.split("\n")[:-1] == expected


def test_postinst_touches_nothing_while_an_image_is_built(tmp_path):
    text = MAKEFILE.script("Package/bellhop/postinst").replace("killall", stub(tmp_path, "killall"))
    assert ash(text, tmp_path, IPKG_INSTROOT="/somewhere") == ""


def test_feature_that_comes_or_goes_restarts_a_node_that_runs(tmp_path):
    text = MAKEFILE.script("Package/bellhop/feature-changed")
    text = text.replace("/etc/init.d/bellhop", stub(tmp_path, "init"))
    assert ash(text, tmp_path, IPKG_INSTROOT="") == "init running\ninit restart\n"
    assert ash(text, tmp_path, IPKG_INSTROOT="/somewhere") == ""
    for package in PACKAGES:
        for script in ("postinst", "postrm"):
            line = "Package/%s/%s = $(Package/bellhop/feature-changed)\n" % (package, script)
            assert (line in MAKEFILE.text) == (package != "bellhop")


def test_configuration_is_no_file_of_the_package():
    """Else each upgrade leaves a second one beside it (.apk-new), which nobody reads."""
    for package in (feed_packages().node(), feed_packages().lite()):
        assert not package.conffiles and "/etc/config/bellhop" in package.kept


def test_first_boot_makes_the_configuration_and_leaves_one_that_is_there(tmp_path):
    text = (BELLHOP / "files" / "bellhop.defaults").read_text()
    text = text.replace("/etc/config", str(tmp_path)).replace("/usr/share/bellhop/", "")
    (tmp_path / "bellhop.config").write_text(CONFIG)
    ash(text, tmp_path)
    assert (tmp_path / "bellhop").read_text() == CONFIG
    (tmp_path / "bellhop").write_text("mine")
    ash(text, tmp_path)
    assert (tmp_path / "bellhop").read_text() == "mine"


# Sizes.


@pytest.mark.parametrize("package", sorted(PYTHON_BYTES))
def test_compiled_python_fits_its_budget(package):
    files = feed_packages().compiled_python(package).values()
    assert sum(map(len, files)) <= PYTHON_BYTES[package]


def test_compiled_module_tells_a_fault_by_module_and_function(tmp_path):
    source = tmp_path / "src" / "site-packages" / "bellhop" / "broken.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        'class Part:\n    """Nobody reads this."""\n\n    def work(self):\n'
        "        assert False\n        if True:\n            return 1 / 0\n\n\nPart().work()\n"
    )
    subprocess.run([sys.executable, BELLHOP / "bytecode.py", tmp_path], check=True, timeout=60)
    source.unlink()
    script = (
        "import sys; sys.path[:0] = %r\nfrom bellhop.world.cpython.log_text import traced\n"
        "try:\n    import broken\nexcept ZeroDivisionError as error:\n    print(*traced(error))"
    )
    places = [str(source.parent), str(ROOT / "src")]
    command = [sys.executable, "-I", "-c", script % places]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "bellhop/broken.py, line None, in work" in done.stdout, done.stderr


def test_luci_pages_fit_their_budget():
    package = next(feed_packages().pages())
    assert sum(map(len, package.files.values())) <= LUCI_BYTES
