"""Whom a user may call: how far, whom alone, and at which hours, as the owner has set it.

Calls for help are never asked for it.
"""

from .. import hours
from ..effects import CELLS, TRUNK
from ..sip import numbers, uri
from . import dialplan, wishes

LEVELS = HOUSE, MESH, NATIONAL, ALL = ("house", "mesh", "national", "all")
# How far a call goes that a rule of the dial plan has found; any other goes as far as can be.
NEEDED = {dialplan.LOCAL: HOUSE, dialplan.CONTACT: HOUSE}
FARTHEST = {
    HOUSE: "the house only", MESH: "the house and the mesh only",
    NATIONAL: "numbers of this country only",
}  # fmt: skip


def needed(rule, target, plan):
    """Return how far a call to a Target goes, one of LEVELS. plan: sip.numbers.Plan."""
    is_trunk = target.flow is not None and target.flow.transport == TRUNK
    if is_trunk or rule == dialplan.NUMBER:
        number = uri.parse(target.uri).name
        return NATIONAL if numbers.is_national(plan, number) else ALL
    if target.flow is not None and target.flow.transport == CELLS:
        return NEEDED.get(rule, MESH)
    return NEEDED.get(rule, ALL)


def is_bound(user):
    """Tell whether there is anything that a user may not."""
    return user.door or farthest(user) != ALL or bool(user.only) or bool(user.call_hours)


def farthest(user):
    """Return how far a user may call, one of LEVELS: a door bell rings the house alone."""
    return HOUSE if user.door else user.may_call


def is_too_far(user, level):
    """Tell whether a call goes farther than a user may call."""
    return LEVELS.index(level) > LEVELS.index(farthest(user))


def reaches(caller, found, plan):
    """Tell whether who asks (a user section, or None) may call a member elsewhere (its Found)."""
    if caller is None or caller.kind != "user":
        return True
    targets = [target for stage in found.stages for target in stage]
    return not [one for one in targets if is_too_far(caller, needed(found.rule, one, plan))]


def why_not(user, level, names, key, minute):
    """Return why a user may not make a call, in words, or "".

    level: how far it goes; names: octets, what was dialled and who that is; key: user@host, octets;
    minute: of the day, or None.
    """
    if is_too_far(user, level):
        return "%s may call %s" % (user.name, FARTHEST[farthest(user)])
    if user.only and not wishes.is_listed(user.only, names, key):
        return "%s may call listed numbers only" % user.name
    if minute is not None and user.call_hours and not hours.is_within(user.call_hours, minute):
        return "%s may call from %s only" % (user.name, user.call_hours.replace("-", " to "))
    return ""
