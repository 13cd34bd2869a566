"""Makes the source archive of a release, and folders for OpenWrt's feed that build from it.

    python3 openwrt/dist.py TAG URL FOLDER

The archive holds the tree at the tag, the same octets each time; URL is where it will lie, "" for
that in src/pyproject.toml. The Makefiles in FOLDER/net take it from there, checked by its hash.
"""

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import packages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGES = ("bellhop", "bellhop-lite")
ABOUT = tomllib.loads((ROOT / "src" / "pyproject.toml").read_text())["project"]
SOURCE = """\
PKG_SOURCE:=bellhop-$(PKG_VERSION).tar.gz
PKG_SOURCE_URL:={url}
PKG_HASH:={hash}
"""
# The tree of the archive lies below the folder in which it is built.
PREPARE = """\
define Build/Prepare
	$(INSTALL_DIR) $(PKG_BUILD_DIR)/tree
	$(TAR) -xzf $(DL_DIR)/$(PKG_SOURCE) -C $(PKG_BUILD_DIR)/tree --strip-components=1
"""
NOTE = re.compile(r"^#\n# This folder is part of.*?\n\n", re.MULTILINE | re.DOTALL)


def archive(tag, version, folder):
    """Write the archive; return its path."""
    tree = subprocess.run(
        ["git", "archive", "--format=tar", "--prefix=bellhop-%s/" % version, tag],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout  # fmt: skip
    path = folder / ("bellhop-%s.tar.gz" % version)
    path.write_bytes(gzip.compress(tree, mtime=0))
    return path


def makefile(package, url, digest):
    """Return the Makefile of a package that is built from the archive."""
    text = NOTE.sub("\n", (HERE / package / "Makefile").read_text())
    source = SOURCE.format(url=url, hash=digest)
    text = re.sub(r"^(PKG_RELEASE:=.*\n)", r"\1\n" + source, text, flags=re.MULTILINE)
    text = text.replace("$(CURDIR)/../..", "$(PKG_BUILD_DIR)/tree")
    return text.replace("define Build/Prepare\n", PREPARE)


def main(tag, url, folder):
    """Write everything, and say what it is."""
    version = packages.version().partition("-")[0]
    if tag not in ("HEAD", "v" + version):
        raise SystemExit("bellhop: the release of this tree has the tag v%s" % version)
    url = url or ABOUT["urls"]["releases"]
    folder.mkdir(parents=True, exist_ok=True)
    path = archive(tag, version, folder)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for package in PACKAGES:
        target = folder / "net" / package
        shutil.copytree(HERE / package, target, dirs_exist_ok=True)
        (target / "Makefile").write_text(makefile(package, url, digest))
    told = path, url, digest, folder / "net"
    print("%s\nPKG_SOURCE_URL:=%s\nPKG_HASH:=%s\nfeed folders in %s" % told)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
