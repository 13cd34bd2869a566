"""The unit tests, and those vectors and flows that need no pytest, pass under MicroPython too."""

import pytest

from tests.support import interpreter


def unittest_files():
    """Return the test files that both interpreters run, relative to the root."""
    found = []
    for folder in ("unit", "vectors", "flows"):
        for path in sorted((interpreter.ROOT / "tests" / folder).rglob("test_*.py")):
            if folder == "unit" or "import pytest" not in path.read_text():
                found.append(str(path.relative_to(interpreter.ROOT)))
    return found


@pytest.mark.parametrize("path", unittest_files())
def test_file(path):
    finished = interpreter.run(["tests/support/micropython/run_unit.py", path])
    assert finished.returncode == 0, finished.stdout
    assert "MicroPython: passed" in finished.stdout, finished.stdout
