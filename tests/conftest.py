"""Makes `bellhop` and `tests` importable, and ends every run in one plain line of counts."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]


def pytest_unconfigure(config):
    """Print the counts after pytest's own closing line."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.option.collectonly:
        return
    passed, failed, errors, skipped = (
        len(reporter.getreports(kind)) for kind in ("passed", "failed", "error", "skipped")
    )
    reporter.ensure_newline()
    reporter.write_line(f"{passed} passed, {failed + errors} failed, {skipped} skipped")
