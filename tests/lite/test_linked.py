"""The unit tests pass on the modules as they are joined for a lite node (link.py) and compiled."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.lite.test_unit_suite_on_micropython import unittest_files
from tests.support import interpreter, lite

# Of modules that a lite node has, with sound by circuits and the page, which it has not.
WITH_SOUND = (
    "tests/unit/features/mesh/test_boxes.py",
    "tests/unit/features/mesh/test_levels.py",
    "tests/unit/mesh/test_punching.py",
)


def is_of_full_node(path):
    """Tell whether a test's module is not in a lite node."""
    if path in WITH_SOUND:
        return True
    for name in lite.compiler().FULL_NODE:
        folder, _, module = name.rpartition("/")
        file = "/".join(["tests/unit", *([folder] if folder else []), f"test_{module}.py"])
        if path == file or path.startswith(f"tests/unit/{name}/"):
            return True
    return False


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A folder like the root of the tree, whose src holds nothing but what is compiled."""
    made = lite.Compiled(keep=True)
    folder = tmp_path_factory.mktemp("linked")
    shutil.copytree(made.folder, folder / "src")
    os.symlink(interpreter.ROOT / "tests", folder / "tests")
    made.remove()
    return folder


def test_unit_tests_pass_on_the_joined_modules(tree):
    files = [path for path in unittest_files() if not is_of_full_node(path)]
    assert len(files) > 40
    finished = subprocess.run(
        [interpreter.micropython(), "-X", "heapsize=24M"]
        + ["tests/support/micropython/run_unit.py", *files],
        cwd=tree, env={"PATH": os.environ["PATH"], "MICROPYPATH": "src:."},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout
    assert "failed 0" in finished.stdout, finished.stdout


SMALL = {
    "bellhop/__init__.py": "",
    "bellhop/limits.py": "MOST = 1\n",
    "bellhop/__main__.py": """from . import limits
from .one import parse as read
setattr(limits, "MOST", 5)
def main():
    from .two import parse
    number = 3
    return read(number), parse(number), [STEP for STEP in (1, 2)]
STEP = 2
print(main(), STEP)
""",
    "bellhop/one.py": """FIRST, SECOND = BOTH = (1, 2 * 4)
def parse(number):
    return number + SECOND
def unused():
    return FIRST
""",
    "bellhop/two.py": """from . import one
from .limits import MOST
class Reader:
    one = 7
    def used(self):
        return one.parse(self.one), MOST
    def unused(self):
        return 0
def parse(number):
    return Reader().used()
""",
}


def joined(folder, files):
    """Write a tree of modules and what is made of it; return the text of all."""
    sources = {}
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        sources[path[:-3].replace("/__init__", "").replace("/", ".")] = target
    program = lite.compiler().link.Program(sources)
    for unit in program.units:
        target = folder / "joined" / (program.path_of(unit) + ".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(program.text_of(unit))
    return "".join(path.read_text() for path in (folder / "joined").rglob("*.py"))


def test_joined_modules_do_what_they_did_apart(tmp_path):
    text = joined(tmp_path, SMALL)
    for folder in (tmp_path, tmp_path / "joined"):
        command = [sys.executable, "-ES", "-m", "bellhop"]
        told = subprocess.check_output(command, cwd=folder, text=True)
        assert told == "(11, (15, 5), [1, 2]) 2\n"
    assert "def one_parse(" in text and "def two_parse(" in text
    assert "number + 8" in text and "unused" not in text and "BOTH" not in text


@pytest.mark.parametrize("more", ["COUNT = 1\nCOUNT += 1\n", "def f():\n    global COUNT\n"])
def test_globals_that_change_are_refused(more, tmp_path):
    with pytest.raises(SystemExit, match="cannot be joined"):
        joined(tmp_path, dict(SMALL, **{"bellhop/one.py": SMALL["bellhop/one.py"] + more}))
