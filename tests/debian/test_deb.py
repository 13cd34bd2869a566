"""The Debian package: checked by Debian's tools, run as its user, and by systemd where it boots.

DEBIAN_ROOT names the root of a Debian 12 with systemd, adduser and what the package depends on and
recommends, as debootstrap makes it: a machine is booted of it, and it stays as it is.
"""

import os
import shutil
import subprocess
import sys
import time
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


# A machine of its own that systemd boots: how it is made, and what its owner does there.
BOOT = """
set -e
mount -t tmpfs disk {0}
mkdir {0}/upper {0}/work {0}/new
mount -t overlay over -o lowerdir={1},upperdir={0}/upper,workdir={0}/work {0}/new
cp {2} {0}/new/opt/bellhop.deb
rm -f {0}/new/usr/sbin/policy-rc.d
exec systemd-nspawn -D {0}/new --boot --register=no --keep-unit --private-network --quiet
"""
OWNER = """
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
answers() {
	for _ in $(seq 300); do bellhop status >/told 2>&1 && return; sleep 0.1; done
	cat /told
}
process() { systemctl show -p MainPID --value bellhop; }
systemctl is-system-running --wait
dpkg -i /opt/bellhop.deb >/log 2>&1 || cat /log
answers
echo "$(systemctl is-active bellhop) $(systemctl is-enabled bellhop) $(ps -o user= $(process))"
bellhop problems
printf "config user\n\toption name ann\n\toption password secret-ann\n" >>/etc/bellhop.config
first=$(process)
systemctl reload bellhop && bellhop users | cut -d" " -f1
[ "$(process)" = "$first" ] && echo "one process"
kill -9 $first
again() { ! [ "$(process)" = "$first" ] && answers; }
for _ in $(seq 100); do again && break; sleep 0.1; done
echo "again: $(bellhop users | grep -c ann)"
ended() { journalctl -b -u bellhop --no-pager -o cat | grep -c "Calls that were ended"; }
systemctl restart bellhop
answers
echo "calls ended by a restart: $(ended)"
systemctl stop bellhop
echo "by a stop: $(ended)"
journalctl -b -u bellhop --no-pager -o cat | grep -E "Traceback|EXEC|Operation not permitted"
dpkg -P bellhop >/log 2>&1 || cat /log
systemctl is-active bellhop
ls -d /etc/bellhop.config /var/lib/bellhop /run/bellhop 2>/dev/null
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
    here = "/usr/bin/bellhop is not executable"  # It is in the package.
    told = [line for line in done.stderr.split("\n") if "bellhop" in line and here not in line]
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


def test_systemd_starts_reloads_and_revives_the_node(package, tmp_path):
    system = os.environ.get("DEBIAN_ROOT")
    if not system:
        pytest.skip("DEBIAN_ROOT is not set: no Debian to boot with systemd")
    if os.geteuid() or not shutil.which("systemd-nspawn"):
        pytest.skip("a machine of its own needs root and systemd-nspawn (systemd-container)")
    is_new = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    booted = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c",
         BOOT.format(tmp_path, system, package)],
        env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=str(int(is_new))),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        lines = _owner(booted)
    finally:
        booted.kill()
        booted.wait(SECONDS)
    text = "\n".join(lines)
    assert "active enabled bellhop" in lines and "nothing is wrong" in lines, text
    assert "ann" in lines and "one process" in lines and "again: 1" in lines, text
    assert "calls ended by a restart: 0" in lines and "by a stop: 1" in lines, text
    assert lines[-3:] == ["inactive", "purged", ""], text
    assert "Traceback" not in text and "EXEC" not in text, text


def _owner(booted):
    """Return what the owner of a machine sees, as soon as its systemd is there."""
    children = Path("/proc/{0}/task/{0}/children".format(booted.pid))
    end = time.monotonic() + SECONDS
    while True:
        assert booted.poll() is None and time.monotonic() < end, "it did not boot"
        for init in children.read_text().split():
            command = ["nsenter", "-t", init, "-a"]
            ready = subprocess.run([*command, "test", "-S", "/run/systemd/private"])
            if not ready.returncode:
                done = subprocess.run(
                    [*command, "sh", "-c", OWNER], capture_output=True, text=True, timeout=SECONDS
                )
                return (done.stdout + done.stderr).split("\n")
        time.sleep(0.1)
