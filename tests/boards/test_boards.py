"""The boards: every file says what OpenWrt knows, and every board holds its node."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bellhop.settings import reader
from tests.openwrt.feed import FEED, LUCI, ROOT, Makefile
from tests.openwrt.test_package import CONFIG, ash

BOARDS = ROOT / "board-configs"


def module(path):
    """Return a script of the tree as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


fit = module(BOARDS / "fit.py")
KNOWN, SIZES = fit.boards(), fit.sizes()
TIERS = ("large", "full", "lite")
OUR_OWN = {
    *Makefile(FEED / "bellhop" / "Makefile").packages(), "bellhop-lite", "luci-app-bellhop",
    *("luci-i18n-bellhop-" + path.name for path in (LUCI / "po").iterdir()),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_node_fits_the_board(name):
    found = fit.fit(KNOWN[name], SIZES)
    assert found.spare_flash_kb >= 0, "%d kB of flash too much" % -found.spare_flash_kb
    assert found.spare_ram_mb >= 0, "%d MB of RAM too much" % -found.spare_ram_mb


def test_node_that_grows_no_longer_fits():
    grown = dict(
        SIZES, bellhop=SIZES["bellhop"]._replace(flash_kb=SIZES["bellhop"].flash_kb + 1000)
    )
    assert fit.fit(KNOWN["xiaomi-mi-router-4a-gigabit"], grown).spare_flash_kb < 0


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_configuration_of_a_board_names_its_target_and_only_what_differs(name):
    board = KNOWN[name]
    lines = [line for line in (BOARDS / (name + ".config")).read_text().split("\n") if line]
    prefix = "CONFIG_TARGET_%s" % board.target
    expected = [prefix + "=y", "%s_%s=y" % (prefix, board.subtarget)]
    expected.append("%s_%s_DEVICE_%s=y" % (prefix, board.subtarget, board.profile))
    assert lines[:3] == expected
    shared = (BOARDS / "common.config").read_text() + (
        BOARDS / (board.tier + ".config")
    ).read_text()
    assert not set(lines[3:]) & set(shared.split("\n"))


@pytest.mark.parametrize("path", sorted(BOARDS.glob("*.config")), ids=lambda path: path.stem)
def test_every_line_is_one_of_openwrt_s_configuration(path):
    for line in path.read_text().split("\n"):
        assert re.fullmatch(r"|CONFIG_[\w.+-]+=y|# CONFIG_[\w.+-]+ is not set|# [A-Z1].*", line), (
            line
        )


def test_every_configuration_is_of_a_board_or_a_tier():
    assert {path.stem for path in BOARDS.glob("*.config")} == {"common", *TIERS, *KNOWN}
    assert {board.tier for board in KNOWN.values()} == set(TIERS)


def test_packages_of_ours_that_an_image_wants_are_in_the_feed():
    for board in KNOWN.values():
        for name in fit.selected(board)[0]:
            assert "bellhop" not in name or name in OUR_OWN, name


def test_every_package_that_an_image_takes_has_a_size_with_its_basis():
    for size in SIZES.values():
        assert "estimate" in size.basis or "measured" in size.basis or size.basis == "no files"
        assert set(size.needs) <= set(SIZES)


def test_what_packages_need_is_what_the_feed_says():
    makefile = Makefile(FEED / "bellhop" / "Makefile")
    for name in ("bellhop", "bellhop-tls", "bellhop-mesh", "bellhop-dns", "bellhop-media"):
        assert set(SIZES[name].needs) | {"python3-light"} == makefile.depends(name) | {
            "python3-light"
        }


@pytest.mark.parametrize("path", sorted(BOARDS.glob("*.defaults")), ids=lambda path: path.stem)
def test_first_boot_settings_change_the_tables_and_keep_the_file_valid(path, tmp_path):
    file = tmp_path / "bellhop"
    file.write_text(CONFIG)
    ash(path.read_text().replace("/etc/config/bellhop", str(file)), tmp_path)
    settings, usual = reader.parse(file.read_text(), "bellhop"), reader.parse(CONFIG, "bellhop")
    assert settings.max_transactions < usual.max_transactions
    assert settings.max_bindings < usual.max_bindings


def test_profiles_and_flash_are_those_of_openwrt():
    tree = os.environ.get("OPENWRT_TREE")
    if not tree or not (Path(tree) / "target" / "linux" / "ath79" / "image").is_dir():
        pytest.skip("OPENWRT_TREE names no OpenWrt tree with target/linux")
    for board in KNOWN.values():
        folder = Path(tree) / "target" / "linux" / board.target / "image"
        text = "\n".join(path.read_text() for path in [folder / "Makefile", *folder.glob("*.mk")])
        found = re.search(
            r"^define Device/%s$(.*?)^endef$" % re.escape(board.profile),
            text,
            re.MULTILINE | re.DOTALL,
        )
        assert found, board.profile
        size = re.search(r"IMAGE_SIZE := (\d+)k", found.group(1))
        assert not size or int(size.group(1)) == board.flash_kb, board.name


# The scripts over stand-ins for SDK and ImageBuilder: folders whose programs note their words.

NOTE = '#!/bin/sh\necho "$(basename "$0") $*" >>"%s"\n'


def run(script, *words, folder=None):
    """Run one of openwrt/*.py; return (status, what it said)."""
    path = "%s:%s" % (folder, os.environ["PATH"]) if folder else os.environ["PATH"]
    done = subprocess.run(
        [sys.executable, FEED / script, *words], capture_output=True, text=True, timeout=120,
        env=dict(os.environ, PATH=path),
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def builder(tmp_path):
    """Return (an ImageBuilder for ath79/generic, file of what make was told, folder of make)."""
    folder, programs, notes = tmp_path / "ib", tmp_path / "bin", tmp_path / "notes"
    (folder / "packages").mkdir(parents=True)
    programs.mkdir()
    (folder / "repositories").write_text("")
    (folder / ".config").write_text("CONFIG_TARGET_ath79=y\nCONFIG_TARGET_ath79_generic=y\n")
    (programs / "make").write_text(NOTE % notes)
    (programs / "make").chmod(0o755)
    return folder, notes, programs


def test_firmware_gives_the_imagebuilder_profile_packages_and_settings(builder, tmp_path):
    folder, notes, programs = builder
    packages = tmp_path / "made"
    packages.mkdir()
    for name in OUR_OWN:
        (packages / (name + "-0.1.0-r1.apk")).write_text("")
    status, said = run(
        "firmware.py", "image", "tplink-archer-c7-v5", folder, packages, folder=programs
    )
    assert not status, said
    words = notes.read_text()
    assert "image PROFILE=tplink_archer-c7-v5 PACKAGES=bellhop " in words
    assert " -kmod-nf-nathelper-extra" in words and " luci-app-bellhop " in words
    assert (folder / "packages" / "bellhop-0.1.0-r1.apk").exists()


@pytest.mark.parametrize(
    "board, expected",
    [
        ("no-such-board", "there is no board 'no-such-board'; there are glinet-"),
        ("x86-64", "builds for ath79/generic, the board needs x86/64"),
        (
            "tplink-archer-c7-v5",
            "no package bellhop, bellhop-mesh, bellhop-media, bellhop-tls, luci-app-bellhop in",
        ),
    ],
)
def test_firmware_explains_what_is_wrong(builder, board, expected):
    status, said = run("firmware.py", "image", board, builder[0], folder=builder[2])
    assert status and expected in said


@pytest.mark.parametrize(
    "words, expected",
    [
        (["image", "x86-64"], "IMAGEBUILDER=folder names the unpacked ImageBuilder"),
        (["image", "x86-64", "/tmp"], "is no ImageBuilder"),
        (["packages"], "SDK=folder names the unpacked SDK"),
        (["packages", "/tmp"], "is no SDK"),
    ],
)
def test_missing_or_wrong_folder_is_explained(words, expected):
    status, said = run("firmware.py", *words)
    assert status and expected in said


def test_packages_adds_the_feed_once_and_builds_in_the_sdk(tmp_path):
    sdk, notes, programs = tmp_path / "sdk", tmp_path / "notes", tmp_path / "bin"
    (sdk / "scripts").mkdir(parents=True)
    programs.mkdir()
    for program in (sdk / "scripts" / "feeds", programs / "make"):
        program.write_text(NOTE % notes)
        program.chmod(0o755)
    (sdk / "feeds.conf.default").write_text("src-git packages somewhere\n")
    for _ in range(2):
        status, said = run("firmware.py", "packages", sdk, folder=programs)
        assert not status, said
    assert (sdk / "feeds.conf").read_text().count("src-link bellhop ") == 1
    for name in ("bellhop", "luci-app-bellhop"):
        assert "make package/%s/compile\n" % name in notes.read_text()


# Packages without an SDK.


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folder of the .ipk files."""
    folder = tmp_path_factory.mktemp("ipk")
    status, said = run("packages.py", "ipk", folder)
    assert not status, said
    return folder


def unpacked(path, folder):
    """Unpack an .ipk; return the folders of its control and of its data."""
    for part in ("control", "data"):
        (folder / part).mkdir()
    subprocess.run(["tar", "xzf", path, "-C", folder], check=True, timeout=60)
    for part in ("control", "data"):
        subprocess.run(
            ["tar", "xzf", folder / (part + ".tar.gz"), "-C", folder / part], check=True, timeout=60
        )
    return folder / "control", folder / "data"


def test_ipk_of_the_node_runs_and_holds_what_a_router_needs(made, tmp_path):
    if sys.version_info[:2] != (3, 11):
        pytest.skip("OpenWrt 24.10 has Python 3.11, these tests run on another")
    control, data = unpacked(next(made.glob("bellhop_*.ipk")), tmp_path)
    fields = dict(line.split(": ", 1) for line in (control / "control").read_text().splitlines())
    assert fields["Architecture"] == "all" and fields["Require-User"] == "bellhop=880:bellhop=880"
    assert "python3-light" in fields["Depends"]
    kept = (data / "lib/upgrade/keep.d/bellhop").read_text().split()
    assert kept == ["/etc/config/bellhop", "/etc/bellhop/"]
    assert not list(data.rglob("*.py"))
    site = data / "usr/lib/python3.11/site-packages"
    done = subprocess.run(
        [sys.executable, data / "usr/bin/bellhop", "--version"], capture_output=True, text=True,
        env=dict(os.environ, PYTHONPATH=str(site)), timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.split() == ["bellhop", fields["Version"].split("-")[0]]


def test_ipk_of_the_pages_holds_them_where_luci_looks(made, tmp_path):
    _, data = unpacked(next(made.glob("luci-app-bellhop_*.ipk")), tmp_path)
    assert (data / "www/luci-static/resources/view/bellhop/overview.js").exists()
    assert (data / "usr/share/rpcd/acl.d/luci-app-bellhop.json").exists()


def test_packages_are_the_same_each_time(made, tmp_path):
    run("packages.py", "ipk", tmp_path)
    for path in made.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_make_apk_says_what_is_missing():
    if shutil.which("apk"):
        pytest.skip("apk-tools are here")
    environment = {name: os.environ[name] for name in os.environ if name != "APK"}
    done = subprocess.run(
        ["make", "apk"], cwd=ROOT, capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode and "make packages SDK=folder" in done.stderr


def test_compiled_translation_is_found_by_the_hash_of_the_english_text():
    lmo = module(FEED / "lmo.py")
    # What LuCI's own po2lmo computes, for every number of octets that fill no word.
    known = {
        "a": 0x115EA782,
        "ab": 0x516B8B44,
        "Zë": 0x1507A158,
        "abcd": 0xDAD8B8DB,
        "été": 0x1B1E0F88,
    }
    for text, value in known.items():
        assert lmo.text_hash(text.encode()) == value, text
    octets = lmo.compiled({"Phones": "Telefone", "Internet": "Internet"})
    assert octets[:8] == b"Telefone" and len(octets) == 8 + 16 + 4
    assert octets[-4:] == bytes([0, 0, 0, 8])
