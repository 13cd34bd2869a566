"""Names in a module of Python: what binds them, what a name means where it stands."""

import ast

FUNCTIONS = (ast.FunctionDef, ast.Lambda)
LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SCOPES = (*FUNCTIONS, *LOOPS, ast.ClassDef)


def bound_in(scope):
    """Return the names that a scope (one of SCOPES, or a module) binds itself."""
    found = set()
    if isinstance(scope, FUNCTIONS):
        found.update(one.arg for one in ast.walk(scope.args) if isinstance(one, ast.arg))
    waiting = list(scope.generators) if isinstance(scope, LOOPS) else [scope.body]
    waiting = scope.body[:] if isinstance(waiting[0], list) else waiting
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(alias.asname or alias.name for alias in node.names)
        if not isinstance(node, SCOPES):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def words_of(node):
    """Return every word in a piece of code that may name something: names, attributes, texts."""
    words = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            words.add(one.id)
        elif isinstance(one, ast.Attribute):
            words.add(one.attr)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            words.add(one.value)
        elif isinstance(one, ast.ImportFrom):
            words.update(alias.name for alias in one.names)
    return words


def import_line(module, name, called):
    """Return `from module import name as called`."""
    return ast.ImportFrom(module, [ast.alias(name, None if name == called else called)], 0)


class Scoped(ast.NodeTransformer):
    """Visits a module; tells names of the module from those of its functions."""

    def __init__(self, program, module):
        self.program = program
        self.module = module
        self.scopes = []
        self.visit(module.tree)

    def is_global(self, name):
        """Tell whether a name means a global where it stands now; a class hides its own inside."""
        for scope, names in self.scopes[:-1]:
            if name in names and not isinstance(scope, ast.ClassDef):
                return False
        return not self.scopes or name not in self.scopes[-1][1]

    def _inside(self, scope):
        self.scopes.append((scope, bound_in(scope)))
        body = []
        for node in scope.body:
            done = self.visit(node)
            body += done if isinstance(done, list) else [done]
        scope.body = body
        self.scopes.pop()

    def visit_FunctionDef(self, node):
        """Defaults and decorators stand outside of the function."""
        node.returns = None
        for one in ast.walk(node.args):
            if isinstance(one, ast.arg):
                one.annotation = None
        self.visit(node.args)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        self._inside(node)
        return self.defined(node)

    def visit_Lambda(self, node):
        self.visit(node.args)
        self.scopes.append((node, bound_in(node)))
        node.body = self.visit(node.body)
        self.scopes.pop()
        return node

    def visit_ClassDef(self, node):
        node.bases = [self.visit(one) for one in node.bases]
        self._inside(node)
        return self.defined(node)

    def _loop(self, node):
        self.scopes.append((node, bound_in(node)))
        self.generic_visit(node)
        self.scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _loop

    def module_meant(self, node):
        """Return the module that a Name means, or None."""
        if isinstance(node, ast.Name) and self.is_global(node.id):
            target, name = self.program.owner(self.module.name, node.id)
            return target if name is None else None
        return None

    def defined(self, node):
        """Take a function or class."""
        return node


class Handed(Scoped):
    """Finds the modules that are used otherwise than for what is in them."""

    def visit_Attribute(self, node):
        if self.module_meant(node.value) is None:
            self.generic_visit(node)
        return node

    def visit_Name(self, node):
        target = self.module_meant(node)
        if target is not None:
            self.program.whole.add(target)
        return node


class Renamer(Scoped):
    """Gives the globals of a module the names that they have in the program."""

    def __init__(self, program, module):
        self.late = {}
        super().__init__(program, module)

    def defined(self, node):
        if not self.scopes:
            node.name = self.program.names[self.module.name, node.name]
        return node

    def visit_Name(self, node):
        is_ours = node.id in self.module.globals or node.id in self.module.imported
        if is_ours and self.is_global(node.id) and self.module_meant(node) is None:
            node.id = self.program.called(self.module.name, node.id)
        return node

    def visit_Attribute(self, node):
        target = self.module_meant(node.value)
        if target is None and isinstance(node.value, ast.Name) and node.value.id in self.late:
            node.attr = self.program.called(self.late[node.value.id], node.attr)
            return node
        if target is None or target in self.program.whole:
            self.generic_visit(node)
            return node
        return ast.copy_location(ast.Name(self.program.called(target, node.attr), node.ctx), node)

    def visit_ImportFrom(self, node):
        """An import inside of a function: from the unit that holds what it names."""
        if not node.level:
            return node
        lines = []
        for alias in node.names:
            target, name = self.program.target(self.module.base(node), alias.name)
            here = alias.asname or alias.name
            if target not in self.program.modules:
                return node
            unit = self.program.modules[target].unit
            if name is None:
                self.late[here] = target
                package, _, name = unit.rpartition(".")
                lines.append(import_line(package, name, here))
            else:
                lines.append(import_line(unit, self.program.called(target, name), here))
        return lines


class Folder(ast.NodeTransformer):
    """Puts values in place of their names."""

    def __init__(self, values):
        self.values = values

    def visit_Name(self, node):
        if node.id in self.values and isinstance(node.ctx, ast.Load):
            text = ast.parse(repr(self.values[node.id]), mode="eval").body
            return ast.copy_location(text, node)
        return node
