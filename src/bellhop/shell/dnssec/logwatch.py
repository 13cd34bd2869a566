"""Reads what is new in a directory's public log, and finds what it should not say (RFC 9162).

How far it was read is kept in one file of the node's folder: leaves, and the root over them.
"""

import hashlib
import json
import os
import urllib.parse
from pathlib import Path

from ...errors import BellhopError
from ...names import blind, keys, tree

FILE = "directory-log.json"
# Leaves read in one look: a directory with 200 claims a minute adds 72,000 in six hours.
MOST_LEAVES = 80000
FORKED = "its public log is not the one that it showed before: it shows different people different"
FORKED += " keys, or its operator has lost data. Compare words with whom you call"
ABSENT = "the key of %s that it names does not stand in its public log"
STRANGE = "another key was published under %s: if that was not you, claim it again (bellhop claim)"
UNSIGNED = "its log is not signed by the key that the DNS names"
TAGLESS = "it does not prove under which mark %s stands in its log"


def sha512(octets):
    """Return 64 octets."""
    return hashlib.sha512(octets).digest()


class _Watcher:
    """One look. asked: the fields of the errand, as features/dns/watch.py has them."""

    def __init__(self, asked, api, crypto):
        self.asked = asked
        self.api = api
        self.crypto = crypto
        self.key, self.tags = _octets(asked["key"]), _octets(asked["tags"])
        self.path = Path(asked["state"]) / FILE
        self.problems = []

    def look(self):
        """Return {"problems", "size"}."""
        kept = self._kept()
        head, new = self._read(kept)
        if head is None:
            return {"problems": [UNSIGNED], "size": kept.size}
        self._compare(head)
        for row in self.asked["others"]:
            self._find(row)
        for row in self.asked["names"]:
            tag = self._find(row)
            mine = tree.leaf(tag, _octets(row["key"]), row["floor"]) if tag else None
            marked = [leaf for leaf in new if tag and leaf[: len(tag)] == tag]
            if set(marked) - {mine}:
                self.problems.append(STRANGE % row["name"])
        return {"problems": self.problems, "size": head.size}

    def _head(self, text):
        return tree.check_head(_octets(text), self.key, self.crypto.verify)

    # Reading on.

    def _kept(self):
        """Return the Head that was kept, of size 0 at the first look."""
        try:
            found = json.loads(self.path.read_text(encoding="ascii"))[self.asked["zone"]]
            return tree.Head(int(found["size"]), 0, bytes.fromhex(found["root"]))
        except (OSError, ValueError, KeyError, TypeError):
            return tree.Head(0, 0, tree.root_of([]))

    def _read(self, kept):
        """Return (the signed Head or None, leaves that are new); keep how far the log was read."""
        new, size, peaks = [], kept.size, None
        if not size:  # Of what was before the first look only one's own last leaf counts.
            head = self._head(self.api.ask("GET", "/v1/log")["head"])
            size = 0 if head is None else head.size
        while True:
            found = self.api.ask("GET", "/v1/log/leaves?from=%d" % size)
            head, leaves = self._head(found["head"]), [_octets(one) for one in found["leaves"]]
            if head is None:
                return None, []
            if peaks is None:
                peaks = [_octets(one) for one in found["peaks"]]
                if kept.size and tree.root_of(peaks) != kept.root:
                    break
            for leaf in leaves[: max(head.size - size, 0)]:
                peaks = tree.grow(size, peaks, tree.hash_leaf(leaf))
                size += 1
            new += leaves
            if size >= head.size or len(new) >= MOST_LEAVES or not leaves:
                break
        is_whole = size == head.size and tree.root_of(peaks) == head.root
        if is_whole or len(new) >= MOST_LEAVES:
            self._keep(size, tree.root_of(peaks))
        else:
            self.problems.append(FORKED)
        return head, new

    def _keep(self, size, root):
        try:
            found = json.loads(self.path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            found = {}
        found[self.asked["zone"]] = {"size": size, "root": root.hex()}
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(found), encoding="ascii")
        os.replace(beside, self.path)

    # Comparing.

    def _compare(self, head):
        """Find whether heads that others have shown are of the same log."""
        for text in self.asked["heads"]:
            seen = tree.read_head(_octets(text))
            if seen is None or seen.size == 0:
                continue
            old, new = (seen, head) if seen.size <= head.size else (head, seen)
            if not self._has_grown(old, new):
                self.problems.append(FORKED)
                return

    def _has_grown(self, old, new):
        if old.size == 0:
            return True
        try:
            path = self.api.ask("GET", "/v1/log/consistency?old=%d&size=%d" % (old.size, new.size))
        except BellhopError:
            return False
        return tree.is_consistent(old, new, [_octets(one) for one in path["path"]])

    def _find(self, row):
        """Return the tag of a name whose key stands in the log, else None with a problem."""
        name = row["name"].encode()
        leaf = hashlib.sha256(_octets(row["key"]) + row["floor"].to_bytes(8, "big")).digest()
        query = urllib.parse.urlencode({"leaf": keys.base64(leaf).decode()})
        path = "/v1/log/names/%s?%s" % (urllib.parse.quote(row["name"], safe=""), query)
        try:
            found = self.api.ask("GET", path)
        except BellhopError:
            if self.api.status == 409:
                self.problems.append(ABSENT % row["name"])
            return None
        point, proof = _octets(found["point"]), _octets(found["proof"])
        if not blind.is_proved(name, point, self.tags, proof, sha512):
            self.problems.append(TAGLESS % row["name"])
            return None
        tag, head = blind.tag_of(name, point, sha512), self._head(found["head"])
        path = [_octets(one) for one in found["path"]]
        hashed = tree.hash_leaf(tag + leaf)
        if head is None or not tree.is_included(found["index"], head, hashed, path):
            self.problems.append(ABSENT % row["name"])
            return None
        return tag


def watch(asked, api, crypto):
    """Return {"problems": sentences, "size": leaves} of a look at a directory's log."""
    return _Watcher(asked, api, crypto).look()


def _octets(text):
    found = keys.unbase64(text.encode())
    if found is None:
        raise ValueError("the directory's answer makes no sense")
    return found
