"""Drives OpenWrt's SDK and ImageBuilder.

python3 openwrt/firmware.py packages SDK
python3 openwrt/firmware.py image BOARD IMAGEBUILDER [FOLDER OF PACKAGES]
"""

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BOARDS = HERE.parent / "board-configs"
FEED = "src-link bellhop %s\n" % HERE
PACKAGES = sorted(path.parent.name for path in HERE.glob("*/Makefile"))
SDK_MARK, BUILDER_MARK = "scripts/feeds", "repositories"


def _fit():
    spec = importlib.util.spec_from_file_location("fit", BOARDS / "fit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _explain(problem):
    raise SystemExit("bellhop: " + problem)


def _checked(folder, mark, what, variable):
    """Return a folder of OpenWrt's that was unpacked, or explain what it must be."""
    if not folder:
        _explain(
            "%s=folder names the unpacked %s of an OpenWrt release for the router's target"
            % (variable, what)
        )
    path = Path(folder).resolve()
    if not list(path.glob(mark + "*")):
        _explain("%s is no %s: it has no %s" % (path, what, mark))
    return path


def packages(sdk):
    """Build our packages in an SDK."""
    path = _checked(sdk, SDK_MARK, "SDK", "SDK")
    feeds = path / "feeds.conf"
    listed = (feeds if feeds.exists() else path / "feeds.conf.default").read_text()
    if FEED not in listed:
        feeds.write_text(listed + FEED)
    scripts = str(path / "scripts" / "feeds")
    for command in (
        [scripts, "update", "-a"],
        [scripts, "install", "-a", "-p", "bellhop"],
        ["make", "defconfig"],
        *(["make", "package/%s/compile" % name] for name in PACKAGES),
    ):
        subprocess.run(command, cwd=path, check=True)
    for made in sorted(path.glob("bin/packages/*/bellhop/*")):
        print("%8d %s" % (made.stat().st_size, made))


def image(name, builder, folder):
    """Build an image for a board."""
    fit = _fit()
    known = fit.boards()
    if name not in known:
        _explain("there is no board '%s'; there are %s" % (name, ", ".join(known)))
    board = known[name]
    path = _checked(builder, BUILDER_MARK, "ImageBuilder", "IMAGEBUILDER")
    _check_target(path, board)
    if fit.main([name]):
        _explain("the image does not fit this board")
    put_in, left_out = fit.selected(board)
    _check_packages(path, put_in, folder)
    with tempfile.TemporaryDirectory() as files:
        settings = BOARDS / (board.tier + ".defaults")
        if settings.exists():
            target = Path(files) / "etc" / "uci-defaults"
            target.mkdir(parents=True)
            shutil.copy(settings, target / "90_bellhop_board")
        chosen = " ".join([*put_in, *("-" + package for package in left_out)])
        words = ["PROFILE=" + board.profile, "PACKAGES=" + chosen, "FILES=" + files]
        command = ["make", "image", *words, "EXTRA_IMAGE_NAME=bellhop"]
        subprocess.run(command, cwd=path, check=True)
    for made in sorted(
        path.glob("bin/targets/%s/%s/*%s*" % (board.target, board.subtarget, board.profile))
    ):
        print("%9d %s" % (made.stat().st_size, made))


def _check_target(path, board):
    """Refuse an ImageBuilder for another target."""
    settings = path / ".config"
    text = settings.read_text() if settings.exists() else ""
    if "CONFIG_TARGET_%s_%s=y" % (board.target, board.subtarget) not in text:
        found = re.search(r"^CONFIG_TARGET_(\w+?)_(\w+)=y$", text, re.MULTILINE)
        here = "%s/%s" % found.groups() if found else "nothing known"
        _explain(
            "%s builds for %s, the board needs %s/%s" % (path, here, board.target, board.subtarget)
        )


def _check_packages(path, put_in, folder):
    """Copy our packages to where the ImageBuilder finds them; refuse where one is missing."""
    target = path / "packages"
    if folder:
        target.mkdir(exist_ok=True)
        for made in sorted(Path(folder).rglob("*.[ai]pk")):
            shutil.copy(made, target)
    ours = [name for name in put_in if "bellhop" in name]
    missing = [name for name in ours if not list(target.glob(name + "[-_][0-9]*"))]
    if missing:
        _explain(
            "no package %s in %s: PACKAGES_IN=folder names where `make packages` left them"
            % (", ".join(missing), target)
        )


if __name__ == "__main__":
    task, *words = sys.argv[1:]
    words += [""] * 3
    if task == "packages":
        packages(words[0])
    else:
        image(*words[:3])
