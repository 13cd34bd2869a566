"""Watches the public logs of directories: does one name different keys to different people?

With each self-check a process reads what is new in the log, and looks whether it has only grown,
whether it is the one that others have seen, whether the names of this house have the keys of this
house there, and whether the keys by which others were named stand in it.
"""

from ...effects import Event, Note
from ...names import keys, statement, tree


class Watch:
    """problems: zone -> sentences of the last look; sizes: zone -> leaves of its log then."""

    def __init__(self, directories, errands):
        self.directories = directories
        self.errands = errands
        self.problems, self.sizes = {}, {}

    def look(self, now):
        """Look at the log of each directory in which a user of this house is published."""
        effects, done = [], set()
        for user, octets in sorted(self.directories.own.items()):
            zone = statement.directory_of(octets)
            about = self.directories.about.get(zone)
            if zone not in done and about is not None and about.api and about.tags:
                done.add(zone)
                effects += self._ask(user, zone, about, now)
        return effects

    def _ask(self, user, zone, about, now):
        directories = self.directories
        own = [directories.read(octets) for octets in directories.own.values()]
        heads = directories.heads.get(zone, [])
        fields = {
            "user": user, "zone": zone.decode(), "api": about.api.decode(),
            "key": _text(about.key), "tags": _text(about.tags),
            "names": [_row(one.name, one) for one in own if one and one.directory == zone],
            "others": [_row(name, one) for name, one in directories.named.get(zone, {}).items()],
            "heads": [_text(tree.write_head(head)) for head in heads],
        }  # fmt: skip

        def told(answer, now):
            found = answer.get("problems", [])
            self.problems[zone] = found
            self.sizes[zone] = answer.get("size", self.sizes.get(zone, 0))
            words = "the directory %s: %s" % (zone.decode(), "; ".join(found))
            event = Event("name", {"name": zone.decode(), "found": "another key is published"})
            return [event, Note("error", words)] if found else []

        return self.errands.send("watch", fields, told, now)


def _text(octets):
    return keys.base64(octets).decode()


def _row(name, one):
    return {"name": name.decode(), "key": _text(one.key), "floor": one.floor}
