"""Shortest paths over edges that both ends list, and others that share little with them."""

import heapq

# What a node costs that an earlier path runs through: more than any detour.
USED = 100000


def tree(source, edges_of, used=(), target=None):
    """Return ({node: cost}, {node: node before it}) from `source`; ends early at `target`.

    edges_of(node) -> {node: cost}. Equal costs are decided by the nodes' ids, so that all routers
    agree.
    """
    costs = {source: 0}
    before = {}
    done = set()
    heap = [(0, source)]
    while heap:
        cost, node = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        if node == target:
            break
        edges = edges_of(node)
        for other in edges:
            further = cost + edges[other] + (USED if other in used else 0)
            known = costs.get(other)
            if other in done or (known is not None and (known, before[other]) <= (further, node)):
                continue
            costs[other] = further
            before[other] = node
            heapq.heappush(heap, (further, other))
    return costs, before


def path(before, source, target):
    """Return the nodes from the first after `source` to `target`, or None."""
    steps = [target]
    while steps[-1] != source:
        previous = before.get(steps[-1])
        if previous is None:
            return None
        steps.append(previous)
    return steps[-2::-1]


def disjoint(source, target, edges_of, most):
    """Return up to `most` paths, best first.

    Later ones avoid the nodes and the last link of earlier ones where that can be.
    """
    found = []
    used = set()
    last_links = set()

    def dearer(node):
        edges = edges_of(node)
        return {
            other: edges[other] + (USED if (node, other) in last_links else 0) for other in edges
        }

    for _ in range(most):
        steps = path(tree(source, dearer, used, target)[1], source, target)
        if steps is None or steps in found:
            break
        found.append(steps)
        used.update(steps[:-1])
        last_links.add((([source] + steps)[-2], target))
    return found


def apart(source, target, edges_of, most):
    """Return up to `most` paths with one node or more between both ends, best first."""

    def indirect(node):
        edges = edges_of(node)
        other = {source: target, target: source}.get(node)
        return {one: edges[one] for one in edges if one != other}

    return disjoint(source, target, indirect, most)


def far_apart(source, target, edges_of, most, friends=()):
    """Return up to `most` paths with three nodes or more between both ends.

    Each begins with another neighbour of the source: first those of `friends`, then by cost.
    """
    ends = (source, target)

    def between(node):
        edges = edges_of(node)
        return {one: edges[one] for one in edges if one not in ends}

    begins, near = edges_of(source), edges_of(target)
    lasts = {one: near[one] for one in near if one not in ends}
    found = []
    for first in sorted(begins, key=lambda one: (one not in friends, begins[one], one)):
        if first != target and len(found) < most:
            costs, before = tree(first, between)
            ways = _by_three(first, lasts, between, costs, before)
            if ways:
                found.append(min(ways)[1] + [target])
    return found


def _by_three(first, lasts, between, costs, before):
    """Return [(cost, steps)] from one node by another at least to each of `lasts`, {node: cost}."""
    found = []
    for last in lasts:
        edges = between(last)
        for middle in edges:
            if last != first and middle != first and middle in costs:
                steps = [first] + path(before, first, middle)
                if last not in steps:
                    cost = costs[middle] + edges[middle] + lasts[last]
                    found.append((cost, steps + [last]))
    return found
