"""Which provider: the cheapest for the numbers that this house dials, and near; with its reason."""

import hashlib
from collections import namedtuple

# api: URI; about: what the provider says of itself, a dict; prices: millionths a minute to each of
# the numbers that this house dials most, None where it does not reach one; delay: ms, median.
Offer = namedtuple("Offer", ("api", "about", "prices", "delay"))
MOST_NUMBERS = 10
# A millisecond of delay counts as much as this many millionths a minute.
PER_MS = 10000
NOT_REACHED = 10**9


def points(offer):
    """Return what an offer costs in all, millionths: the less, the better."""
    prices = [NOT_REACHED if price is None else price for price in offer.prices]
    return sum(prices) + int(PER_MS * offer.delay)


def choose(offers, country, key):
    """Return (the best Offer, the reason in words), or (None, why there is none).

    country: "+49" or ""; key: one's own, octets: of two that are as good, not all take the same.
    """
    here = [one for one in offers if not country or _serves(one, country)]
    if not here:
        return None, "no provider serves %s" % (country or "this country")

    def order(offer):
        return points(offer), hashlib.sha256(key + offer.api.encode()).digest()

    best = sorted(here, key=order)[0]
    count, name = len(best.prices), best.about.get("name", best.api)
    if len(here) == 1:
        return best, "%s, the only one for %s" % (name, country or "here")
    words = "%s of %d: %s a minute for %d numbers that you dial, %d ms away"
    price = sum([price or 0 for price in best.prices]) // (count or 1)
    shown = "%d.%04d %s" % (price // 10**6, price % 10**6 // 100, best.about.get("currency", ""))
    return best, words % (name, len(here), shown, count, best.delay)


def _serves(offer, country):
    countries = offer.about.get("countries") or [country]
    return country in countries
