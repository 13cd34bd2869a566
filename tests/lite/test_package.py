"""The package bellhop-lite: what it installs is there, what it needs is named."""

import re
import shutil
import subprocess

import pytest

from tests.support import lite
from tests.support.interpreter import ROOT

FOLDER = ROOT / "openwrt" / "bellhop-lite"
MAKEFILE = (FOLDER / "Makefile").read_text()
SCRIPTS = ("files/bellhop", "files/rpcd-bellhop", "test.sh")


def test_every_installed_file_is_there():
    paths = re.findall(r"\s(\.{1,2}/[\w./-]+) ", MAKEFILE)
    assert len(paths) >= 7
    assert [path for path in paths if not (FOLDER / path).exists()] == []


def test_packages_that_it_needs_are_named():
    depends = re.search(r"^  DEPENDS:=(.*)", MAKEFILE, re.MULTILINE).group(1).split()
    assert depends == ["+micropython-mbedtls", "+micropython-lib", "+libsodium"]


def test_a_compiler_of_another_version_is_refused(tmp_path):
    compiler = tmp_path / "old"
    compiler.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nprintf "M\\005" >"$2"\n')
    compiler.chmod(0o755)
    with pytest.raises(SystemExit, match="another version"):
        lite.compiler().compile_all(tmp_path / "out", [str(compiler)])


def test_no_module_of_the_full_node_is_shipped(compiled):
    root = compiled.folder / "bellhop"
    shipped = {path.relative_to(root).as_posix() for path in root.rglob("*.mpy")}
    assert {"lite/main.mpy", "settings/reader.mpy", "features/mesh/outbox.mpy"} <= shipped
    assert [name for name in shipped if name.startswith(lite.compiler().FULL_NODE)] == []
    texts = [path.read_text() for path in compiled.source.rglob("*.py")]
    assert [text for text in texts if "class Engine:" in text]
    # What is the mesh is loaded by nodes with a mesh alone.
    mesh = (compiled.source / "bellhop" / "features" / "mesh" / "outbox.py").read_text()
    assert re.search(r"^class (member_)?Member:", mesh, re.MULTILINE)
    assert not [text for text in texts if "class Strict:" in text or "class Signing:" in text]


def test_heap_follows_the_memory_and_can_be_chosen():
    script = FOLDER / "files" / "bellhop"
    told = subprocess.check_output(["sh", script, "--heap"], text=True)
    assert 1024 <= int(told.strip().rstrip("k")) <= 8192
    chosen = {"BELLHOP_HEAP_KB": "1500", "PATH": "/usr/bin:/bin"}
    assert subprocess.check_output(["sh", script, "--heap"], text=True, env=chosen) == "1500k\n"


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_passes_shellcheck(name):
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck (Debian package shellcheck)")
    subprocess.run(["shellcheck", "--exclude=SC2187", FOLDER / name], check=True)
