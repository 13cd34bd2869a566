"""Money: whatever crosses, crashes or comes twice, none is made, no balance goes below zero."""

import pytest

pytest.importorskip(
    "sqlalchemy", reason="the servers' libraries are missing: pip install src[exchange]"
)

import random  # noqa: E402
import threading  # noqa: E402

from sqlalchemy import insert  # noqa: E402

from bellhop_exchange.provider import ledger  # noqa: E402
from bellhop_exchange.provider.database import ACCOUNTS, RATES, connect  # noqa: E402
from bellhop_exchange.provider.ledger import Free, Ledger  # noqa: E402
from bellhop_exchange.web import Problem  # noqa: E402

from .test_claims import Clock  # noqa: E402

USERS = ("u1", "u2", "u3")
CENT = 10000


@pytest.fixture(params=["sqlite://", "sqlite:///{folder}/money.db"])
def money(request, tmp_path):
    """Return (Ledger, Clock)."""
    return made(request.param.format(folder=tmp_path))


def made(url):
    clock = Clock()
    books = Ledger(connect(url), clock, Free(2, 30, ["49800"]))
    with books.engine.begin() as db:
        for user in USERS:
            row = {"key": user, "name": user, "directory": "d", "opened": 0, "free_calls": 0}
            db.execute(insert(ACCOUNTS).values(user=user, **row))
        for prefix, price, connect_fee, step in (
            ("49", CENT, 0, 60), ("4930", 2 * CENT, 0, 1), ("33", 7, 3, 6), ("490", 123457, 1, 7),
        ):  # fmt: skip
            row = {"place": prefix, "per_minute": price, "connect": connect_fee, "text": CENT}
            db.execute(insert(RATES).values(prefix=prefix, increment=step, **row))
    return books, clock


def credit(books, user, amount):
    return books.redeem(user, books.issue(1, amount)[0])


def test_a_call_is_held_cut_and_settled(money):
    books, clock = money
    credit(books, "u1", 5 * CENT)
    assert books.hold("u1", "+4930555", "c1") == 150
    assert books.show("u1") == (0, 5 * CENT)
    with pytest.raises(Problem, match="too low"):
        books.hold("u1", "+4930555", "c2")
    clock.now += 61
    assert books.settle("c1", 61) == 61 * 2 * CENT // 60 + 1
    assert books.settle("c1", 61) == 0, "once"
    assert books.check() == [] and books.calls("u1")[0]["seconds"] == 61


def test_what_nobody_answered_costs_nothing(money):
    books, _ = money
    credit(books, "u1", CENT)
    books.hold("u1", "+335", "c1")
    assert books.settle("c1", 0) == 0 and books.show("u1") == (CENT, 0)


def test_the_longest_prefix_counts_and_none_is_told(money):
    books, _ = money
    with books.engine.begin() as db:
        assert ledger.rate_of(db, "+4930555").prefix == "4930"
        assert ledger.rate_of(db, "+4940555").prefix == "49"
        with pytest.raises(Problem, match="reaches no numbers"):
            ledger.rate_of(db, "+1555")


def test_vouchers_and_payments_count_once(money):
    books, _ = money
    (code,) = books.issue(1, 7)
    assert books.redeem("u1", " %s " % code.upper()) == 7
    for wrong in (code, "", "0" * 16):
        with pytest.raises(Problem, match="not known"):
            books.redeem("u2", wrong)
    id = books.bill("u2", 9)
    assert books.paid(id) == 9
    with pytest.raises(Problem, match="no such payment"):
        books.paid(id)
    for wrong in (0, -1, 10**13, 1.5, "1"):
        with pytest.raises(Problem, match="millionths"):
            books.bill("u2", wrong)
    assert (books.show("u1"), books.show("u2"), books.check()) == ((7, 0), (9, 0), [])


def test_test_calls_are_free_and_few(money):
    books, _ = money
    for call in ("c1", "c2"):
        assert books.hold("u1", "+49800123", call) == 30
        assert books.settle(call, 30) == 0
    with pytest.raises(Problem, match="too low"):
        books.hold("u1", "+49800123", "c3")


def test_holds_of_a_crash_are_charged_for_their_age_and_freed(money):
    books, clock = money
    credit(books, "u1", 5 * CENT)
    books.hold("u1", "+4930555", "a-7", "a", 7)
    clock.now += 20
    assert books.sweep() == 0
    books.hold("u2", "+49800123", "a-1", "a", 1)
    assert books.show("u1") == (5 * CENT - ledger.cost(Rate(2 * CENT, 0, 1), 20), 0)
    left = books.show("u1")[0]
    seconds = books.hold("u1", "+4930555", "a-2", "a", 2)
    clock.now += seconds + ledger.GRACE_SECONDS + 1
    assert books.sweep() == 2 and books.show("u1") == (left - books.calls("u1")[0]["cost"], 0)
    assert books.check() == []


class Rate:
    def __init__(self, per_minute, connect_fee, increment):
        self.per_minute, self.connect, self.increment = per_minute, connect_fee, increment


def test_what_is_affordable_is_never_dearer_than_the_money():
    dice = random.Random(3)
    for _ in range(3000):
        rate = Rate(dice.randrange(10**6), dice.randrange(10**4), dice.choice((1, 6, 7, 30, 60)))
        amount = dice.randrange(10**7)
        seconds = ledger.affordable(rate, amount)
        assert seconds % rate.increment == 0 or seconds == ledger.MAX_SECONDS
        assert ledger.cost(rate, seconds) <= amount
        more = seconds + rate.increment
        assert seconds == ledger.MAX_SECONDS or ledger.cost(rate, more) > amount or more > 7200


def play(books, clock, dice, steps):
    """Do what comes; return the calls that are open."""
    calls, number = [], 0
    for _ in range(steps):
        user, event = dice.choice(USERS), dice.random()
        clock.now += dice.choice((0, 1, 7, 61))
        try:
            if event < 0.2:
                credit(books, user, dice.randrange(1, 10 * CENT))
            elif event < 0.6:
                number += 1
                to = dice.choice(("+4930555", "+33155", "+490123", "+49800", "+1555"))
                system = dice.choice(("a", "b", ""))
                books.hold(user, to, "%s-%d" % (system, number), system, number)
                calls.append("%s-%d" % (system, number))
            elif event < 0.9 and calls:
                call = dice.choice(calls)
                books.settle(call, dice.randrange(-5, 8000))
            elif event < 0.95:
                clock.now += dice.choice((100, 8000))
                books.sweep()
            else:  # A telephone server is started anew: its next call has a small number.
                books.hold(user, "+49800", "a-0.%d" % dice.getrandbits(60), "a", 0)
        except Problem:
            pass
        assert not [user for user in USERS if min(books.show(user)) < 0]


def test_a_thousand_interleavings(money):
    books, clock = money
    is_in_memory = not books.engine.url.database
    play(books, clock, random.Random(11), 1000 if is_in_memory else 200)
    assert books.check() == []


def test_threads_beside_each_other_make_no_money(tmp_path):
    books, clock = made(f"sqlite:///{tmp_path}/many.db")
    credit(books, "u1", 100 * CENT)

    def spend(number):
        dice = random.Random(number)
        for at in range(25):
            call = "%d-%d" % (number, at)
            try:
                books.hold("u1", "+33155", call)
            except Problem:
                continue
            books.settle(call, dice.randrange(100))

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books.check() == [] and books.show("u1")[1] == 0
