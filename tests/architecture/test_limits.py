"""Every bound in limits.py has its reason beside it and is used."""

import re

from .test_imports import SOURCE

CONSTANT = re.compile(r"^([A-Z][A-Z0-9_]*) = ", re.MULTILINE)


def reasonless(text):
    """Return the constants that stand in a block of lines that no comment opens."""
    found = []
    has_reason = False
    for line in text.splitlines():
        constant = CONSTANT.match(line)
        if line.startswith("#"):
            has_reason = True
        elif constant and not has_reason:
            found.append(constant[1])
        elif not line.strip():
            has_reason = False
    return found


def test_every_limit_has_a_reason():
    assert not reasonless((SOURCE / "bellhop" / "limits.py").read_text())


def test_limit_without_a_reason_is_found():
    assert reasonless('"""Bounds."""\n\n# Why.\nA = 1\nB = 2\n\nC = 3\n') == ["C"]


def test_every_limit_is_used():
    limits = SOURCE / "bellhop" / "limits.py"
    others = [path.read_text() for path in SOURCE.rglob("*.py") if path != limits]
    used = set(re.findall(r"\w+", " ".join(others)))
    constants = CONSTANT.findall(limits.read_text())
    assert constants and not [name for name in constants if name not in used]
