"""Reads the feed without OpenWrt: its programs, the Makefiles' variables and `define` blocks."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FEED = ROOT / "openwrt"
BELLHOP = FEED / "bellhop"
LUCI = FEED / "luci-app-bellhop"

VARIABLE = re.compile(r"^([A-Z][A-Z0-9_]*):?=(.*)$")


def program(name):
    """Return the module of a program of the feed, as openwrt/NAME.py."""
    spec = importlib.util.spec_from_file_location(name, FEED / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Makefile:
    """One Makefile. variables: name -> text; defines: name -> text as it stands."""

    def __init__(self, path):
        self.text = path.read_text()
        self.variables = {}
        self.defines = {}
        lines = iter(self.text.replace("\\\n", " ").split("\n"))
        for line in lines:
            found = VARIABLE.match(line)
            if line.startswith("define "):
                body = []
                for inner in lines:
                    if inner == "endef":
                        break
                    body.append(inner)
                self.defines[line.split()[1]] = "\n".join(body)
            elif found:
                self.variables[found.group(1)] = found.group(2).strip()

    def packages(self):
        """Return the names of the packages that are built."""
        return re.findall(r"^\$\(eval \$\(call BuildPackage,([\w-]+)\)\)$", self.text, re.MULTILINE)

    def python_packages(self):
        """Return the names of the packages that hold Python."""
        return re.findall(r"^\$\(eval \$\(call Py3Package,([\w-]+)\)\)$", self.text, re.MULTILINE)

    def fields(self, package):
        """Return the fields of a package: name -> text."""
        found = re.findall(r"^  ([A-Z]+):=(.*)$", self.defines["Package/" + package], re.MULTILINE)
        return dict(found)

    def depends(self, package):
        """Return the names of the packages that a package needs."""
        return set(self.fields(package).get("DEPENDS", "").replace("+", "").split())

    def script(self, name):
        """Return a define as make expands it for a package's script."""
        return self.defines[name].replace("$$", "$")
