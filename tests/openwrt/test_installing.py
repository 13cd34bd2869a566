"""The packages under OpenWrt's apk and opkg in a router's root: added, upgraded, swapped, gone."""

import gzip
import hashlib
import shutil
import subprocess

import pytest

from . import router as root

VERSIONS = "0.1.0-r1", "0.1.0-r2"
# add, gone, upgrade, swap FROM TO: as an owner does it; use NUMBER: the packages of a release.
APK = """
mkdir -p /etc/apk
use() { echo "/packages/$1/packages.adb" >/etc/apk/repositories; }
add() { apk --allow-untrusted --no-progress add "$@"; }
gone() { apk --no-progress del "$@"; }
upgrade() { apk --allow-untrusted --no-progress upgrade; }
swap() { apk --allow-untrusted --no-progress add "!$1" "$2"; }
installed() { apk list --installed 2>/dev/null | cut -d' ' -f1; }
pages() { add luci-app-bellhop "$@"; }
use 1
apk --allow-untrusted --no-progress --initdb add libc
"""
OPKG = """
use() {
	cat >/etc/opkg.conf <<END
dest root /
lists_dir ext /var/opkg-lists
arch all 1
arch noarch 1
src/gz ours file:///packages/$1
END
	opkg update >/dev/null
}
add() { opkg install "$@"; }
gone() { opkg remove "$@"; }
upgrade() { opkg upgrade $(opkg list-upgradable | cut -d' ' -f1); }
# opkg leaves what needs either of both alone.
swap() { opkg --force-depends remove "$1"; opkg install "$2"; }
installed() { opkg list-installed | sed 's/ - /-/'; }
# Of several packages that provide what another needs opkg takes the last one by its name.
pages() { add bellhop luci-app-bellhop "$@"; }
mkdir -p /usr/lib/opkg/info /var/opkg-lists
use 1
opkg install libc
"""
SHELLS = {"apk": APK, "opkg": OPKG}


def index_apk(folder, command):
    """Write what apk knows a folder's packages by."""
    packages = sorted(folder.glob("*.apk"))
    index = [command, "--allow-untrusted", "mkndx", "--output", folder / "packages.adb"]
    subprocess.run([*index, *packages], check=True, timeout=60, stdout=subprocess.DEVNULL)


def index_opkg(folder):
    """Write what opkg knows a folder's packages by."""
    rows = []
    for path in sorted(folder.glob("*.ipk")):
        whole = subprocess.run(
            "tar xzOf '%s' ./control.tar.gz | tar xzO ./control" % path,
            shell=True, check=True, capture_output=True, timeout=60,
        ).stdout.decode()  # fmt: skip
        octets = path.read_bytes()
        rows.append(
            whole
            + "Filename: %s\nSize: %d\n" % (path.name, len(octets))
            + "SHA256sum: %s\n" % hashlib.sha256(octets).hexdigest()
        )
    (folder / "Packages.gz").write_bytes(gzip.compress("\n".join(rows).encode()))


# Two releases are packed, and each step waits for a node to start.
pytestmark = pytest.mark.timeout(600)


def show_programs(made, folder):
    """Lay programs and libraries of packages where root.sh looks what libraries they need."""
    folder.mkdir()
    for package in made:
        for path, octets in package.files.items():
            if octets.startswith(b"\x7fELF") and "/mpy/" not in path:
                (folder / path.rpartition("/")[2]).write_bytes(octets)
                (folder / path.rpartition("/")[2]).chmod(0o755)


@pytest.fixture(scope="module", params=["apk", "opkg"])
def kind(request):
    """Return the name of a manager of packages that is here."""
    reason = root.why_unavailable()
    if reason:
        pytest.skip(reason)
    if not root.installer(request.param):
        pytest.skip("no %s here: name the program by %s" % (request.param, request.param.upper()))
    if not root.MICROPYTHON.exists() or not root.LIBRARY.exists():
        pytest.skip("`make native micropython` makes what the packages need")
    return request.param


@pytest.fixture(scope="module")
def packages(kind, tmp_path_factory):
    """Return a folder of two releases of every package, and of what they need."""
    _, archives = root.packages()
    top = tmp_path_factory.mktemp(kind)
    made = [*root.of_openwrt(), *root.every_package()]
    show_programs(made, top / "programs")
    for number, version in enumerate(VERSIONS, 1):
        folder = top / str(number)
        folder.mkdir()
        for package in made:
            if "/usr/share/bellhop/CHANGES" in package.files:
                package.files["/usr/share/bellhop/CHANGES"] += b"of release %d\n" % number
            if kind == "apk":
                archives.apk(package, version, folder, root.installer("apk"))
            else:
                archives.ipk(package, version, folder)
        if kind == "apk":
            index_apk(folder, root.installer("apk"))
        else:
            index_opkg(folder)
    return top


@pytest.fixture
def router(kind, packages, tmp_path):
    """Return run(scenario): the lines that a script prints on the router."""

    def run(scenario):
        program = shutil.copy(root.installer(kind), tmp_path / kind)
        return root.run(tmp_path, SHELLS[kind] + FIREWALL + scenario, packages, program)

    return run


FIREWALL = """
printf "config zone\\n\\toption name 'lan'\\n" >/etc/config/firewall
is_python() { pidof python3 >/dev/null && answers; }
is_lite() { pidof ld-linux-x86-64.so.2 >/dev/null && [ -S /var/run/bellhop/control ]; }
has_key() { ubus call bellhop identity | grep -q '"key"'; }
names() { installed | grep -E '^(bellhop|luci-app)' | sort | tr '\\n' ' '; }
"""


def test_pages_bring_the_full_node_and_leave_nothing_behind(router):
    lines = router("""
pages bellhop-mesh
until_so is_python && echo "runs"
echo "there: $(names)"
echo "user: $(grep -c ^bellhop: /etc/passwd)"
stat -c '%a %n' /etc/config/bellhop
ls /etc/rc.d | grep bellhop
until_so has_key && echo "mesh"
echo "rule: $(uci get firewall.bellhop_mesh_lan.dest_port)"
gone bellhop-mesh
until_so is_python
forgotten() { [ -z "$(uci -q get firewall.bellhop_mesh_lan)" ]; }
until_so forgotten && echo "without the mesh"
gone luci-app-bellhop bellhop
until_so stopped && echo "stopped"
echo "left: $(names)"
find / -xdev -type f -path '*bellhop*' | grep -v -E '^/(packages|proc|tmp)/'
echo "rules: $(uci show firewall | grep -c bellhop)"
""")
    text = "\n".join(lines)
    (there,) = [line for line in lines if line.startswith("there: ")]
    assert "bellhop-0.1.0" in there and "lite" not in there, text
    assert "runs" in lines and "user: 1" in lines and "mesh" in lines, text
    assert "640 /etc/config/bellhop" in lines and "S90bellhop" in lines, text
    assert "rule: 5066" in lines and "without the mesh" in lines and "stopped" in lines, text
    assert "left: " in lines and "rules: 0" in lines, text
    left = [line for line in lines if line.startswith("/")]
    # The configuration, and what the node keeps for ever, are the owner's to delete.
    others = [one for one in left if not one.startswith("/etc/bellhop/")]
    assert others == ["/etc/config/bellhop"], left


def test_upgrade_runs_the_new_program_with_the_owner_s_configuration(router):
    lines = router("""
add bellhop bellhop-mesh
until_so has_key
uci set bellhop.node.domain=house.test
uci commit bellhop
/etc/init.d/bellhop reload
key=$(ubus call bellhop identity | jsonfilter -e '@.key')
old=$(pidof python3)
use 2
upgrade
renewed() { [ "$(pidof python3)" != "$old" ] && is_python; }
until_so renewed && echo "another process"
tail -n 1 /usr/share/bellhop/CHANGES
until_so has_key
echo "domain: $(ubus call bellhop status | jsonfilter -e '@.domain')"
[ "$(ubus call bellhop identity | jsonfilter -e '@.key')" = "$key" ] && echo "the same key"
ls /etc/config
sysupgrade -l 2>/dev/null | grep bellhop
cat /lib/upgrade/keep.d/bellhop
""")
    text = "\n".join(lines)
    assert "another process" in lines and "of release 2" in lines, text
    assert "domain: house.test" in lines and "the same key" in lines, text
    assert not [line for line in lines if "apk-new" in line or "-opkg" in line], text
    kept = [line for line in lines if line.startswith("/etc/")]
    assert "/etc/config/bellhop" in kept and "/etc/bellhop/" in kept, text
    assert any(line.startswith("/etc/bellhop/") and len(line) > 13 for line in kept), text


def test_lite_node_takes_the_place_of_the_full_one_under_the_same_pages(router):
    lines = router("""
add bellhop luci-app-bellhop
until_so is_python
uci set bellhop.node.domain=house.test
uci commit bellhop
add bellhop-lite; echo "both: $(names)"
swap bellhop bellhop-lite
until_so is_lite && echo "lite runs"
echo "lite: $(names)"
echo "domain: $(uci get bellhop.node.domain)"
echo "rule: $(uci get firewall.bellhop_sip_lan.dest_port)"
ls /etc/rc.d | grep bellhop
swap bellhop-lite bellhop
until_so is_python && echo "full again"
echo "full: $(names)"
""")
    text = "\n".join(lines)
    (both,) = [line for line in lines if line.startswith("both: ")]
    assert " bellhop-0" in both and "lite" not in both, text
    (small,) = [line for line in lines if line.startswith("lite: ")]
    assert "lite" in small and "luci-app" in small and " bellhop-0" not in small, text
    assert "lite runs" in lines and "domain: house.test" in lines and "rule: 5060" in lines, text
    assert lines.count("S90bellhop") == 1, text
    (full,) = [line for line in lines if line.startswith("full: ")]
    assert "full again" in lines and "lite" not in full and "luci-app" in full, text
