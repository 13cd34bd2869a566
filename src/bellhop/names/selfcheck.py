"""What the DNS says of one's own name, against what it should say."""

from . import keys
from .answer import BOGUS, SECURE, SILENT

# What is found, in words for the owner.
GOOD, UNSIGNED, ABSENT, FOREIGN, BESIDE, OUTDATED, REFUTED, UNKNOWN = VERDICTS = (
    "published", "published without DNSSEC", "not published", "another key is published",
    "another key is published beside it", "outdated", "refuted by DNSSEC", "no answer",
)  # fmt: skip


def verdict(answer, key, sequence):
    """Return one of VERDICTS. key: 32 octets, one's own; sequence: of one's own proofs."""
    if answer.outcome == BOGUS:
        return REFUTED
    if answer.outcome == SILENT:
        return UNKNOWN
    found = keys.published(answer.records)
    if not found:
        return ABSENT
    mine = [one for one in found if one.key == key]
    if not mine:
        return FOREIGN
    if len(mine) < len(found):
        return BESIDE
    if not [one for one in mine if one.floor <= sequence]:
        return OUTDATED
    return GOOD if answer.outcome == SECURE else UNSIGNED
