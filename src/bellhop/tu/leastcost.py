"""By which providers a number is called, the cheapest first (`config route`)."""

from collections import namedtuple

from ..sip import numbers

# One way to call a number. provider: its name; minute, call: what it costs, in thousandths of the
# smallest unit, None where nobody has said; place: of its provider in the file.
Way = namedtuple("Way", ("provider", "minute", "call", "place"))


def ways(plan, routes, providers, number, is_now):
    """Return the Ways to call a number, the cheapest first; those without a price last, as written.

    routes: sections of `config route`; providers: names in the order of the file; is_now(hours):
    whether it is within them. The route of the longest prefix speaks for a provider.
    """
    if not routes:
        return [Way(provider, None, None, place) for place, provider in enumerate(providers)]
    found = []
    for place, provider in enumerate(providers):
        best, length = None, -1
        for route in routes:
            prefix = route.prefix.encode()
            if route.provider and provider not in route.provider or not is_now(route.hours):
                continue
            start = b"" if prefix in (b"", b"*") else numbers.beginning(plan, prefix)
            is_meant = number.startswith((start, prefix))
            if is_meant and len(start) > length:
                best, length = route, len(start)
        if best is None and [one for one in routes if provider in one.provider]:
            continue  # The owner has said for which numbers it is, and this is none of them.
        if best is None or not best.refuse:
            price = (None, None) if best is None else (best.minute, best.call)
            found.append(Way(provider, price[0], price[1], place))
    return sorted(found, key=_dearness)


def _dearness(way):
    known = way.minute is not None or way.call is not None
    # A call of three minutes is what most are like.
    return 0 if known else 1, 3 * (way.minute or 0) + (way.call or 0), way.place
