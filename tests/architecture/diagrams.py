"""Draws the state machines from their tables: one page of Mermaid, as Gitea and GitHub show it.

    python -m tests.architecture.diagrams FILE

A machine is a module with STATES, EVENTS and TABLE, (state, event) -> (next state, action), or ->
next state, or -> action where that decides, and perhaps IGNORED, (state, event) -> why not.
"""

import ast
import importlib
import sys
from pathlib import Path

from .test_imports import SOURCE, modules


def machines():
    """Return the modules that hold a machine."""
    found = []
    for name, path in modules(SOURCE).items():
        assigned = {
            one.id
            for node in ast.parse(path.read_bytes()).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            for one in ast.walk(target)
            if isinstance(one, ast.Name)
        }
        if {"TABLE", "STATES", "EVENTS"} <= assigned:
            found.append(importlib.import_module(name))
    return found


def words(module, kind):
    """Return {value: how it is called} of STATES or EVENTS: itself, or the name of its number."""
    for node in ast.parse(Path(module.__file__).read_bytes()).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if kind in [getattr(one, "id", "") for one in targets]:
            names = [one.id for one in ast.walk(targets[0]) if isinstance(one, ast.Name)]
            values = getattr(module, kind)
            return {
                value: value if isinstance(value, str) else name.lower()
                for name, value in zip(names, values, strict=True)
            }
    raise ValueError(module.__name__)


def step_of(value):
    """Return (next state or None, name of the action or "") of an entry of a table."""
    state, action = value if isinstance(value, tuple) else (value, None)
    if callable(state):
        state, action = None, state
    return state, getattr(action, "__name__", "").strip("_").replace("_", " ")


def drawn(module):
    """Return the lines of one machine."""
    states, events = words(module, "STATES"), words(module, "EVENTS")
    name = {state: f"s{number}" for number, state in enumerate(states)}
    lines = [f"## {module.__name__}", "", module.__doc__.partition("\n")[0], ""]
    lines += ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{states[state]}" as {name[state]}' for state in states]
    lines.append("    [*] --> s0")
    for (state, event), value in module.TABLE.items():
        following, action = step_of(value)
        label = f"{events[event]} / {action}" if action else events[event]
        way = "" if following is None else f" --> {name[following]}"
        lines.append(f"    {name[state]}{way} : {label}")
    lines += ["```", ""]
    for (state, event), why in getattr(module, "IGNORED", {}).items():
        lines.append(f"- ignored: {states[state]}, {events[event]}: {why}")
    return [*lines, ""]


def page():
    """Return the page with all machines."""
    lines = ["# State machines", "", "Drawn from their tables by `make diagrams`.", ""]
    for module in machines():
        lines += drawn(module)
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page())
