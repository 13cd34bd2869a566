"""What an operator takes over as it stands: containers, units, the settings that the help shows."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
DEPLOY = SOURCE / "bellhop_exchange" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


def test_the_containers_are_what_compose_allows():
    spec = pytest.importorskip("compose_spec", reason="no schema: pip install compose-spec")
    text = (DEPLOY / "compose.yaml").read_text()
    found = spec.PyCompose.from_yaml(text)
    found.validate()
    assert sorted(found.service_names()) == ["database", "directory", "names", "provider"]
    for right, wrong in (
        ("read_only: true", "read_only: [1]"), ("restart: unless-stopped", "restart: {a: 1}"),
        ("    ports: [", "    ports: {a: ["), ("secrets: [database]", "secrets: 7"),
    ):  # fmt: skip
        assert right in text
        with pytest.raises(Exception, match="."):
            spec.PyCompose.from_yaml(text.replace(right, wrong, 1)).validate()


def test_the_containers_run_what_is_there():
    text = (DEPLOY / "compose.yaml").read_text()
    (docker,) = set(re.findall(r"dockerfile: (\S+)", text))
    assert (SOURCE / docker).is_file()
    for module, settings in re.findall(r'command: \["(\S+)", "/settings/(\S+)"\]', text):
        assert (SOURCE / Path(*module.split(".")) / "__main__.py").is_file()
        assert settings in text.splitlines()[1]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_takes_the_units(unit, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze (Debian package systemd)")
    text = unit.read_text()
    assert "/opt/bellhop/bin/python -m bellhop_exchange." in text
    # What is not on this machine is put in place by something that is.
    text = text.replace("/opt/bellhop/bin/python", sys.executable)
    (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    told = [line for line in done.stderr.splitlines() if unit.name in line]
    assert not told and not done.returncode, done.stderr


@pytest.mark.parametrize("role", ["directory", "provider"])
def test_the_settings_that_the_help_shows_can_be_read(role):
    pytest.importorskip("uvicorn", reason="the servers' libraries are missing")
    command = [sys.executable, "-m", "bellhop_exchange." + role]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    shown = done.stdout[re.search(r"^(zone|name) =", done.stdout, re.MULTILINE).start() :]
    found = tomllib.loads(shown)
    assert found["api"] and found["listen"] and found["database"].startswith("sqlite:///")
