"""Joins the modules that a lite node loads together, and leaves out what it never uses.

In MicroPython each module has a table of names, of constants and of globals of its own: the names
of 90 modules take 58 kB, those of all together 25. So modules become *units*: what is imported at
the start, and for each function that imports more when it is called, what that needs besides. Then

- a global has the name that it has in its module, or MODULE_NAME where that is not unique;
- the name of a plain value (number, text, octets, tuple of such) is replaced by the value;
- a function, class, method or value whose name stands nowhere else is left out.

This is right for code without `global`, star imports, and globals that change, but for those of a
module that is itself handed on as a value (limits.py): it stays as it is.
"""

import ast
import builtins

from scopes import SCOPES, Folder, Handed, Renamer, bound_in, import_line, words_of

PLAIN = (type(None), bool, int, str, bytes)
START = "bellhop.__main__"
# The one question that a module may ask when it is loaded, and here it has one answer.
IS_MICROPYTHON = "sys.implementation.name == 'micropython'"
SHORT_NAMES = 120


class Module:
    """One module. globals: names that it defines; imported: name -> (module, name or None).

    outside: its imports from MicroPython's own library. unit: name of the unit it belongs to.
    """

    def __init__(self, name, path):
        self.name = name
        self.is_package = path.stem == "__init__"
        self.package = name if self.is_package else name.rpartition(".")[0]
        self.tree = ast.parse(path.read_text())
        self.tree.body = [one for node in self.tree.body for one in _answered(node)]
        if [one for one in ast.walk(self.tree) if isinstance(one, ast.Global)]:
            raise SystemExit("%s: a global that changes cannot be joined" % path)
        self.imported, self.outside, self.unit = {}, [], None

    def base(self, node):
        """Return the dotted name of what an ImportFrom imports from."""
        parts = self.package.split(".")
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, node.module] if node.module else parts)


def _answered(node):
    """Return the statements that MicroPython runs of one of a module."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == IS_MICROPYTHON:
        return node.body
    return [node]


class Program:
    """All modules of a node, and the units that they become: name -> statements.

    sources: dotted name -> path. keep: leave nothing out, for tests that look inside of modules.
    """

    def __init__(self, sources, keep=False):
        self.modules = {name: Module(name, path) for name, path in sources.items()}
        self.whole = {name for name, one in self.modules.items() if one.is_package}
        for module in self.modules.values():
            self._read(module)
        for module in self.modules.values():
            Handed(self, module)
        self.suffix = "_unit" if keep else ""
        self.units = {}
        self._divide()
        self._name()
        for unit in self.units:
            self.units[unit] = self._joined(self.units[unit])
        self._fold()
        if not keep:
            self._leave_out()

    def _read(self, module):
        for node in list(module.tree.body):
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            module.tree.body.remove(node)
            if not getattr(node, "level", 0):
                module.outside.append(node)
                continue
            for alias in node.names:
                found = self.target(module.base(node), alias.name)
                module.imported[alias.asname or alias.name] = found
        module.globals = bound_in(module.tree)

    def target(self, base, name):
        """Return (module, None) or (module, name): what `from base import name` means."""
        whole = base + "." + name
        return (whole, None) if whole in self.modules else (base, name)

    def owner(self, module, name):
        """Return (module, name) of where a global is defined that a module may have imported."""
        while name in self.modules[module].imported:
            module, name = self.modules[module].imported[name]
        return module, name

    def called(self, module, name):
        """Return the name in the program of a global of a module."""
        return self.names[self.owner(module, name)]

    # Units.

    def _needs(self, roots):
        """Return the modules that are loaded with some, in the order in which they are."""
        found, visited = [], set()

        def visit(name):
            if name not in visited and name in self.modules:
                visited.add(name)
                for target, _ in self.modules[name].imported.values():
                    visit(target)
                found.append(name)

        for root in roots:
            visit(root)
        return found

    def _divide(self):
        waiting = [[START]]
        while waiting:
            needed = self._needs(waiting.pop(0))
            fresh = self._add_unit([name for name in needed if name != START])
            fresh += self._add_unit([START])  # Who imported from it would run it twice.
            while fresh:
                later = [group for name in fresh for group in self._late(self.modules[name])]
                waiting += later
                needs = [self._needs(group) for group in later]
                often = [name for needed in needs for name in needed]
                shared = [[one for one in needed if often.count(one) > 1] for needed in needs]
                fresh = [name for names in shared for name in self._add_unit(names)]

    def _add_unit(self, names):
        """Make a unit of those modules that are in none; return their names."""
        fresh = [name for name in names if self.modules[name].unit is None]
        for name in fresh:
            unit = name if name in self.whole else fresh[-1] + self.suffix
            self.modules[name].unit = unit
            self.units.setdefault(unit, []).append(name)
        return fresh

    def _late(self, module):
        """Yield lists of the modules that one function imports."""
        for function in ast.walk(module.tree):
            if isinstance(function, ast.FunctionDef):
                found = [
                    self.target(module.base(node), alias.name)[0]
                    for node in ast.walk(function)
                    if isinstance(node, ast.ImportFrom) and node.level
                    for alias in node.names
                ]
                if found:
                    yield [name for name in found if name in self.modules]

    def _name(self):
        """Give each global a name that nothing else has, and no function for its own."""
        taken, owners = set(dir(builtins)), {}
        for module in self.modules.values():
            taken.update(
                *[bound_in(one) for one in ast.walk(module.tree) if isinstance(one, SCOPES)]
            )
            taken.update(one.asname or one.name for node in module.outside for one in node.names)
            for name in module.globals:
                owners.setdefault(name, []).append(module.name)
        # The command of the package calls this one by its name.
        self.names = {(START, "main"): "main"}
        taken.add("main")
        for name in owners:
            for owner in owners[name]:
                if (owner, name) in self.names:
                    continue
                called, parts = name, owner.split(".")
                while called in taken or (called in owners and len(owners[called]) > 1):
                    called = parts.pop() + "_" + name
                taken.add(called)
                self.names[owner, name] = called

    def _joined(self, names):
        body = []
        for name in names:
            if name not in self.whole:
                Renamer(self, self.modules[name])
            for node in self.modules[name].tree.body:
                node.module = name
                body.append(node)
        return [one for one in body if not _is_text(one)]

    # What is left out.

    def _fold(self):
        folder, stored = Folder({}), {}
        ours = [one for unit in self.units if unit not in self.whole for one in self.units[unit]]
        for name in [one for node in ours for one in ast.walk(node) if isinstance(one, ast.Name)]:
            if isinstance(name.ctx, ast.Store):
                stored[name.id] = stored.get(name.id, 0) + 1
        for node in [one for one in ours if isinstance(one, ast.Assign)]:
            for name, value in _plain_values(node, folder):
                stored[name] -= folder.values.setdefault(name, value) == value
        changing = [name for name in folder.values if stored[name]]
        if changing:
            raise SystemExit("globals that change cannot be joined: %s" % changing)
        for unit in self.units:
            self.units[unit] = [folder.visit(node) for node in self.units[unit]]

    def _leave_out(self):
        words, was = set(), -1
        waiting = [node for body in self.units.values() for node in body]
        while len(words) != was:
            was, looked_at, waiting = len(words), waiting, []
            for node in looked_at:
                if _defines(node) and not _defines(node) & words:
                    waiting.append(node)
                elif isinstance(node, ast.ClassDef):
                    waiting += [one for one in node.body if isinstance(one, ast.FunctionDef)]
                    rest = [one for one in node.body if not isinstance(one, ast.FunctionDef)]
                    words |= words_of(ast.Module(node.bases + rest, []))
                else:
                    words |= words_of(node)
        for unit in self.units:
            kept = [_without(node, set(waiting), words) for node in self.units[unit]]
            self.units[unit] = [node for node in kept if node is not None]

    # What comes out.

    def text_of(self, unit):
        """Return the source of a unit."""
        body = ast.Module(self.units[unit], [])
        words = {one.id for one in ast.walk(body) if isinstance(one, ast.Name)}
        lines = {}
        for module in self.modules.values():
            if module.unit == unit:
                lines.update(self._imports_of(module, words))
        for owner, called in sorted(self.names.items()):
            if called in words and self.modules[owner[0]].unit not in (unit, None):
                lines[self._import_of(owner, called)] = None
        return "\n".join(
            [self._first(body), *lines, ast.unparse(ast.fix_missing_locations(body)), ""]
        )

    def _imports_of(self, module, words):
        for node in module.outside:
            if words & {alias.asname or alias.name for alias in node.names}:
                yield ast.unparse(node), None
        for called, (target, name) in module.imported.items():
            if name is None and target in self.whole and called in words:
                package, _, name = target.rpartition(".")
                yield ast.unparse(import_line(package, name, called)), None

    def _import_of(self, owner, called):
        """Return the line that imports a global (module, name) under a name."""
        name = owner[1] if owner[0] in self.whole else self.names[owner]
        return ast.unparse(import_line(self.modules[owner[0]].unit, name, called))

    def part(self, is_wanted):
        """Return the source of the statements of those modules that is_wanted(name)."""
        nodes = [node for body in self.units.values() for node in body if is_wanted(node.module)]
        body = ast.fix_missing_locations(ast.Module(nodes, []))
        return self._first(body) + "\n" + ast.unparse(body)

    def _first(self, body):
        """Return a line that does nothing, and has in it what stands in the code most often.

        The first 128 names of a .mpy file take one octet wherever they stand, all others two.
        """
        often, ours = {}, {*self.names.values(), *dir(builtins)}
        for node in ast.walk(body):
            name = getattr(node, "attr", getattr(node, "arg", None))
            if isinstance(node, ast.Name) and node.id in ours:
                name = node.id
            if name is not None:
                often[name] = often.get(name, 0) + 1
        names = sorted(often, key=lambda name: (-often[name], name))[:SHORT_NAMES]
        return ".".join(["__name__ or __name__", *names]) if len(often) > 2 * SHORT_NAMES else ""

    def path_of(self, unit):
        """Return the path of a unit's file, without its suffix."""
        path = unit.replace(".", "/")
        return path + "/__init__" if unit in self.whole and self.modules[unit].is_package else path

    def single_modules(self):
        """Return {path: source} of modules that hold what they hold in the source tree."""
        texts = {}
        for name, module in self.modules.items():
            lines = []
            for here in {**module.imported, **dict.fromkeys(module.globals)}:
                owner = self.owner(name, here)
                if name not in self.whole and owner[1] is not None:
                    lines.append(self._import_of(owner, here))
            if lines:
                texts[name.replace(".", "/")] = "\n".join(lines)
        return texts


def _plain_values(node, folder):
    """Yield (name, value) of what an Assign gives a plain value; what it needs is known before."""
    node.value = folder.visit(node.value)
    expression = ast.fix_missing_locations(ast.Expression(node.value))
    try:
        value = eval(compile(expression, "", "eval"), {"__builtins__": {}})
    except Exception:  # Whatever it is: no plain value.
        return
    for target in node.targets if _is_plain(value) else ():
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple):
            yield from zip([one.id for one in target.elts], value)


def _is_plain(value):
    if isinstance(value, tuple):
        return all(_is_plain(one) for one in value)
    return isinstance(value, PLAIN)


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _defines(node):
    """Return the names that a statement defines, and does nothing else; empty for any other."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return set() if node.name[:2] == "__" else {node.name}
    if not isinstance(node, ast.Assign):
        return set()
    parts = [part for target in node.targets for part in getattr(target, "elts", [target])]
    is_simple = all(isinstance(part, ast.Name) for part in parts)
    return {part.id for part in parts} if is_simple else set()


def _without(node, gone, words):
    """Return a statement without what is not used, or None."""
    if node in gone:
        return None
    if isinstance(node, ast.ClassDef):
        kept = [one for one in node.body if one not in gone and not _is_text(one)]
        node.body = [one for one in kept if _defines(one) != {"__slots__"}] or [ast.Pass()]
    elif isinstance(node, ast.Assign):
        node.targets = [one for one in node.targets if _is_used(one, words)]
        return node if node.targets else None
    return node


def _is_used(target, words):
    parts = getattr(target, "elts", [target])
    return any(not isinstance(part, ast.Name) or part.id in words for part in parts)
