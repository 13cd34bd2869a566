"""The Debian package: checked by Debian's tools, installed into a root, run as its user there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "debian" / "bellhop.service"
LIBRARY = ROOT / "native" / ".build" / "host" / "libbellhop_media.so"
SECONDS = 120
# This machine's root with changes of its own: what is installed there is seen by nobody else.
INSIDE = """
set -e
mount -t tmpfs disk {0}/disk
mkdir {0}/disk/upper {0}/disk/work
mount -t overlay over -o lowerdir=/,upperdir={0}/disk/upper,workdir={0}/disk/work {0}/new
mount -t proc proc {0}/new/proc
mount --rbind /dev {0}/new/dev
mount -t tmpfs run {0}/new/run
cp {1} {0}/new/bellhop.deb
exec chroot {0}/new /bin/sh -c '{2}'
"""
# What systemd does by the unit: its user, its folders and its command.
LIFE = """
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
ip link set lo up
dpkg --force-depends -i /bellhop.deb >/log 2>&1 || cat /log
stat -c "%U:%G %a %n" /etc/bellhop.config
ls /etc/systemd/system/multi-user.target.wants | grep bellhop
install -d -o bellhop -m 0700 /run/bellhop /var/lib/bellhop
line=$(sed -n "s/^ExecStart=//p" /lib/systemd/system/bellhop.service)
runuser -u bellhop -- $line &
for _ in $(seq 300); do bellhop status >/told 2>/dev/null && break; sleep 0.1; done
grep -E "domain|home.arpa" /told
bellhop check-config
bellhop hash-password alice | grep -c ha1
ps -o user= -C python3
kill $!
wait $! || true
dpkg --purge --force-depends bellhop >/log 2>&1 || cat /log
ls -d /etc/bellhop.config /var/lib/bellhop /usr/lib/python3/dist-packages/bellhop 2>/dev/null
echo purged
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Return the path of the package."""
    if not shutil.which("dpkg-deb") or not shutil.which("dpkg-architecture"):
        pytest.skip("no dpkg-deb and dpkg-architecture (Debian's dpkg-dev)")
    if not LIBRARY.exists():
        pytest.skip("no native library: `make native` makes it")
    folder = tmp_path_factory.mktemp("deb")
    command = [sys.executable, ROOT / "debian" / "package.py", folder]
    subprocess.run(command, check=True, timeout=SECONDS)
    return next(folder.glob("*.deb"))


def test_lintian_finds_no_error(package):
    if not shutil.which("lintian"):
        pytest.skip("no lintian (Debian package of that name)")
    done = subprocess.run(
        ["lintian", "--fail-on", "error", package], capture_output=True, text=True, timeout=SECONDS
    )
    assert not done.returncode, done.stdout


def test_unit_is_one_that_systemd_understands(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze (Debian package systemd)")
    environment = dict(os.environ, SYSTEMD_LOG_LEVEL="warning")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", UNIT],
        capture_output=True, text=True, timeout=SECONDS, env=environment,
    )  # fmt: skip
    told = [line for line in done.stderr.split("\n") if "bellhop" in line]
    assert not told, told


def test_installed_node_runs_as_its_user_and_is_purged_whole(package, tmp_path):
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("a root of its own needs root and unshare")
    if "/usr/bin/python3" not in (shutil.which("python3", path="/usr/bin") or ""):
        pytest.skip("this machine has no Python of Debian's")
    for name in ("disk", "new"):
        (tmp_path / name).mkdir()
    script = INSIDE.format(tmp_path, package, LIFE)
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script],
        capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    lines, text = done.stdout.split("\n"), done.stdout + done.stderr
    assert "root:bellhop 640 /etc/bellhop.config" in lines, text
    assert "bellhop.service" in lines and "bellhop" in lines, text
    assert "home.arpa" in done.stdout and "2" in lines, text
    assert "/etc/bellhop.config is good: 0 users, 0 groups" in lines, text
    assert lines[-2] == "purged" and not lines[-3].startswith("/"), text
