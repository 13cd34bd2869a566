"""A node as on Android's Termux: a user without rights, nothing outside the home folder."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

SECONDS = 60
# Neither /var nor /run nor /etc can be written, or even read.
INSIDE = """
set -e
mount -t tmpfs none /var
mount -t tmpfs none /run
mount -t tmpfs none /etc
ip link set lo up
export HOME={home}
cd $HOME
umask 077
setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs -- \\
	{python} -m bellhop --state $HOME/.bellhop >$HOME/log 2>&1 &
node=$!
for _ in $(seq 300); do grep -q 'is running' $HOME/log && break; sleep 0.1; done
{python} -m bellhop --state $HOME/.bellhop status
kill $node
wait $node || true
cat $HOME/log
find $HOME -name secret.json
"""


def test_node_runs_from_a_home_folder_alone():
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("mounts of one's own need root, unshare and setpriv")
    nobody = ["setpriv", "--reuid=65534", "--clear-groups", "--", sys.executable, "-c", ""]
    if subprocess.run(nobody, capture_output=True, timeout=SECONDS).returncode:
        pytest.skip("another user may not run this Python")
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, 65534, 65534)
        script = INSIDE.format(home=home, python=sys.executable)
        done = subprocess.run(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script],
            capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
    text = done.stdout + done.stderr
    assert "bellhop is running" in text and "home.arpa" in text, text
    assert "Traceback" not in text and f"{home}/.bellhop" in text, text
