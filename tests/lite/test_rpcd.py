"""LuCI's way to a lite node by OpenWrt's own programs: uhttpd, rpcd, the script that rpcd runs."""

import json
import os
import shutil
import subprocess

import pytest

from bellhop.world.rows import ROWS
from tests.lite.test_command import FILES
from tests.openwrt import real
from tests.openwrt.test_bus import CONFIG, rpc, session_of
from tests.support import interpreter

PLACES = """#!/bin/sh
export MICROPYTHON=%s MICROPYPATH=%s:.frozen BELLHOP_HEAP_KB=2048
exec sh %s/bellhop "$@"
"""


class Router(real.Router):
    """One router with a lite node."""

    def _environment(self):
        programs = "%s:%s" % (self.folder / "bin", os.environ["PATH"])
        return dict(super()._environment(), PATH=programs)

    def start_lite(self, compiled):
        """Start the node, and put what the package installs where rpcd looks for it."""
        (self.folder / "bin").mkdir()
        (self.folder / "libexec").mkdir()
        command = self.folder / "bin/bellhop"
        command.write_text(PLACES % (interpreter.micropython(), compiled.folder, FILES))
        command.chmod(0o755)
        shutil.copy(FILES / "rpcd-bellhop", self.folder / "libexec/bellhop")
        (self.folder / "libexec/bellhop").chmod(0o755)
        place = self.root + "/libexec/rpcd"
        mount = "mkdir -p %s && mount --bind %s/libexec %s" % (place, self.folder, place)
        subprocess.run(self._inside(["sh", "-c", mount]), check=True)
        self.output = self.folder / "output"
        node = ["env", *["%s=%s" % item for item in compiled.environment().items()]]
        node += compiled.command("--run", "/var/run/bellhop")
        with open(self.output, "w") as output:
            self.node = subprocess.Popen(self._inside(node), stdout=output, stderr=output)
        self.processes.append(self.node)
        self.until(lambda: "runs" in self.output.read_text())


@pytest.fixture
def router(tmp_path, compiled):
    """Return a router whose lite node runs."""
    reason = real.why_unavailable()
    if reason:
        pytest.skip(reason)
    with Router(tmp_path, CONFIG % real.free_port()) as made:
        made.start_bus()
        made.start_lite(compiled)
        made.start_pages()
        yield made


def test_luci_reaches_every_verb_of_a_lite_node(router):
    router.ubus("wait_for", "bellhop")
    listed = router.ubus("-v", "list", "bellhop")
    for verb, names in {row.verb: row.arguments for row in ROWS if row.owner != "control"}.items():
        assert '"%s":{' % verb in listed
        assert [name for name in names if '"%s":"String"' % name not in listed] == [], verb
    owner = session_of(router, "owner")
    told = rpc(router, owner, "bellhop", "status", {})["result"]
    assert told[0] == 0 and told[1]["domain"] == "home.test"
    assert "media relay" in told[1]["left_to_full_node"]
    told = rpc(router, owner, "bellhop", "registrations", {"user": "alice"})["result"]
    assert told == [0, {"registrations": []}]
    csv = {"csv": "name,number,address\nGran,71,sip:gran@far.test\n"}
    assert rpc(router, owner, "bellhop", "import-phonebook", csv)["result"] == [
        0,
        {"imported": 1, "left_out": 0},
    ]
    refused = rpc(router, owner, "bellhop", "trace", {"call": "9"})["result"]
    assert refused[0] == 0 and "there is no call '9'" in refused[1]["error"]["message"]


def test_a_guest_changes_nothing_and_a_node_that_has_stopped_is_told_of(router):
    guest = session_of(router, "guest")
    denied = rpc(router, guest, "bellhop", "import-phonebook", {"csv": ""})
    assert "denied" in json.dumps(denied["error"])
    router.node.kill()
    router.node.wait()
    told = rpc(router, guest, "bellhop", "status", {})["result"]
    assert "no node answers" in told[1]["error"]["message"]
