"""The map of the mesh as text: a tree of the shortest ways, and the links that are not in it."""

TRUNK, LAST, PASS, BLANK = ("├─ ", "└─ ", "│  ", "   ")


def drawn(graph):
    """Return the lines of a map; graph: the answer to the verb `mesh`."""
    names = named(graph["nodes"])
    costs = {}
    for one, other, cost in graph["edges"]:
        costs.setdefault(one, {})[other] = cost
        costs.setdefault(other, {})[one] = cost
    children, reached, used = _tree(graph["own"], costs)
    lines = [names.get(graph["own"], "this node") + " (this node)"]
    lines += _branches(graph["own"], children, costs, names)
    loose = [edge for edge in graph["edges"] if edge[0] in reached and _pair(edge) not in used]
    if loose:
        lines += ["", "further links"]
        lines += ["%s - %s%s" % (names[a], names[b], _cost(cost)) for a, b, cost in loose]
    lost = sorted(names[node] for node in names if node not in reached)
    if lost:
        lines += ["", "no way there now: " + ", ".join(lost)]
    return lines


def named(nodes):
    """Return {key: name}; what has no name, or that of another, shows the key's first letters."""
    counts = {}
    for node in nodes:
        counts[node["name"]] = counts.get(node["name"], 0) + 1
    found = {}
    for node in nodes:
        name, short = node["name"], node["node"][:8]
        if not name:
            name = short
        elif counts[name] > 1:
            name = "%s (%s)" % (name, short)
        found[node["node"]] = name
    return found


def _pair(edge):
    return frozenset(edge[:2])


def _tree(root, costs):
    """Return ({node: children}, nodes reached, pairs used) of a walk in breadth."""
    children, used = {}, set()
    reached, queue = {root}, [root]
    for node in queue:
        for other in sorted(costs.get(node, ())):
            if other not in reached:
                reached.add(other)
                queue.append(other)
                used.add(frozenset((node, other)))
                children.setdefault(node, []).append(other)
    return children, reached, used


def _branches(root, children, costs, names):
    """Return the lines below a node; without recursion, for a line of a thousand nodes."""
    lines = []
    stack = [(root, child, "") for child in reversed(children.get(root, ()))]
    while stack:
        parent, node, indent = stack.pop()
        is_last = node == children[parent][-1]
        twig = LAST if is_last else TRUNK
        lines.append(indent + twig + names[node] + _cost(costs[parent][node]))
        deeper = indent + (BLANK if is_last else PASS)
        stack += [(node, child, deeper) for child in reversed(children.get(node, ()))]
    return lines


def _cost(cost):
    return "" if cost == 1 else ", cost %d" % cost
