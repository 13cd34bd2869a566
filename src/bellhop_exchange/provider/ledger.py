"""Money: double entries between accounts, holds for calls, settlement. One transaction a step.

user:U has what a customer can spend, held:U what his calls may still cost; neither is ever below
zero. Vouchers and payments come from `vouchers` and `payments`, what was earned lies in `income`.
"""

import hashlib
import secrets

from sqlalchemy import delete, func, insert, select, update

from ..web import Problem
from .database import ACCOUNTS, BALANCES, CALLS, ENTRIES, HOLDS, PAYMENTS, RATES, VOUCHERS

INCOME, FROM_VOUCHERS, FROM_PAYMENTS = "income", "vouchers", "payments"
MAX_CALLS, MAX_SECONDS = 4, 7200
# A hold whose end nobody has told so long after its last second is one of a crash.
GRACE_SECONDS = 120
# Two calls that begin together may be told in the other order.
RACE_SECONDS = 10
MAX_AMOUNT = 10**12
MAX_DIGITS = 15
PAID, ENDED, RESTARTED = "ended", "the end was not told", "the telephone server was started anew"


def cost(rate, seconds):
    """Return what so many seconds cost (millionths): whole increments, rounded up."""
    if seconds <= 0:
        return 0
    units = -(-seconds // rate.increment)
    return rate.connect + -(-units * rate.increment * rate.per_minute // 60)


def affordable(rate, amount):
    """Return for how many seconds an amount is enough, in whole increments."""
    if cost(rate, MAX_SECONDS) <= amount:
        return MAX_SECONDS
    low, high = 0, MAX_SECONDS // rate.increment
    while low < high:
        middle = (low + high + 1) // 2
        if cost(rate, middle * rate.increment) <= amount:
            low = middle
        else:
            high = middle - 1
    return low * rate.increment


def rate_of(db, number):
    """Return the row of RATES with the longest prefix of a number; raises Problem."""
    digits = number.strip(" +")[:MAX_DIGITS]
    prefixes = [digits[:end] for end in range(1, len(digits) + 1)]
    asked = select(RATES).where(RATES.c.prefix.in_(prefixes))
    row = db.execute(asked.order_by(func.length(RATES.c.prefix).desc()).limit(1)).first()
    if row is None:
        raise Problem(404, "this provider reaches no numbers like that")
    return row


def balance(db, account):
    """Return what an account has."""
    asked = select(BALANCES.c.amount).where(BALANCES.c.account == account)
    return db.execute(asked).scalar() or 0


def move(db, debit, credit, amount, why, now):
    """Move money; raises Problem 402 where a customer has too little."""
    if not 0 <= amount <= MAX_AMOUNT:
        raise Problem(400, "no such amount")
    taken = update(BALANCES).where(BALANCES.c.account == debit)
    if ":" in debit:
        taken = taken.where(BALANCES.c.amount >= amount)
    if not db.execute(taken.values(amount=BALANCES.c.amount - amount)).rowcount:
        if ":" in debit:
            raise Problem(402, "the balance is too low")
        db.execute(insert(BALANCES).values(account=debit, amount=-amount))
    given = update(BALANCES).where(BALANCES.c.account == credit)
    if not db.execute(given.values(amount=BALANCES.c.amount + amount)).rowcount:
        db.execute(insert(BALANCES).values(account=credit, amount=amount))
    row = {"at": now, "debit": debit, "credit": credit, "amount": amount, "why": why[:120]}
    db.execute(insert(ENTRIES).values(**row))


class Ledger:
    """engine: of SQLAlchemy; clock(): s; free: Free."""

    def __init__(self, engine, clock, free=None):
        self.engine = engine
        self.clock = clock
        self.free = free or Free(0, 0, ())

    # Credit.

    def issue(self, count, amount):
        """Return so many new codes of vouchers of an amount."""
        codes = [secrets.token_hex(8) for _ in range(count)]
        with self.engine.begin() as db:
            for code in codes:
                db.execute(insert(VOUCHERS).values(hash=_hash(code), amount=amount))
        return codes

    def redeem(self, user, code):
        """Credit a voucher; return its amount; raises Problem."""
        with self.engine.begin() as db:
            unused = (VOUCHERS.c.hash == _hash(code)) & VOUCHERS.c.used_by.is_(None)
            if not db.execute(update(VOUCHERS).where(unused).values(used_by=user)).rowcount:
                raise Problem(403, "this voucher is not known, or was used")
            asked = select(VOUCHERS.c.amount).where(VOUCHERS.c.hash == _hash(code))
            amount = db.execute(asked).scalar()
            move(db, FROM_VOUCHERS, "user:" + user, amount, "voucher", int(self.clock()))
            return amount

    def bill(self, user, amount):
        """Return the id of a payment that is awaited."""
        if not isinstance(amount, int) or not 0 < amount <= MAX_AMOUNT:
            raise Problem(400, "amount is whole millionths of the currency")
        id = secrets.token_hex(16)
        with self.engine.begin() as db:
            db.execute(insert(PAYMENTS).values(id=id, user=user, amount=amount))
        return id

    def paid(self, id):
        """A payment has come; return its amount. Once; raises Problem."""
        now = int(self.clock())
        with self.engine.begin() as db:
            awaited = (PAYMENTS.c.id == id) & PAYMENTS.c.paid.is_(None)
            if not db.execute(update(PAYMENTS).where(awaited).values(paid=now)).rowcount:
                raise Problem(404, "no such payment is awaited")
            row = db.execute(select(PAYMENTS).where(PAYMENTS.c.id == id)).first()
            move(db, FROM_PAYMENTS, "user:" + row.user, row.amount, "payment " + id, now)
            return row.amount

    # Calls.

    def hold(self, user, number, call, system="", sequence=0):
        """Hold what a call may cost; return its longest time in seconds; raises Problem.

        call: its name at the telephone server `system`, whose calls have growing sequences.
        """
        now = int(self.clock())
        with self.engine.begin() as db:
            self._restarted(db, system, sequence, now)
            account = db.execute(select(ACCOUNTS).where(ACCOUNTS.c.user == user)).first()
            if account is None:
                raise Problem(403, "there is no such account")
            asked = select(func.count()).where(HOLDS.c.user == user)
            if db.execute(asked).scalar() >= MAX_CALLS:
                raise Problem(403, "an account has at most %d calls" % MAX_CALLS)
            row = {"call": call, "user": user, "number": number, "began": now, "amount": 0}
            row.update(rate="", system=system, sequence=sequence, is_free=False)
            if self.free.covers(number) and account.free_calls < self.free.calls:
                values = {"free_calls": account.free_calls + 1}
                db.execute(update(ACCOUNTS).where(ACCOUNTS.c.user == user).values(**values))
                row.update(is_free=True, seconds=self.free.seconds)
            else:
                rate = rate_of(db, number)
                row["seconds"] = affordable(rate, balance(db, "user:" + user))
                row.update(rate=rate.prefix, amount=cost(rate, row["seconds"]))
                if not row["seconds"]:
                    raise Problem(403, "the balance is too low for this call")
                move(db, "user:" + user, "held:" + user, row["amount"], "hold " + call, now)
            db.execute(insert(HOLDS).values(**row))
            return row["seconds"]

    def settle(self, call, seconds, why=PAID):
        """A call has ended; return what it cost. Once: a second time costs nothing."""
        with self.engine.begin() as db:
            row = db.execute(select(HOLDS).where(HOLDS.c.call == call)).first()
            return 0 if row is None else self._settle(db, row, seconds, why, int(self.clock()))

    def _settle(self, db, row, seconds, why, now):
        if not db.execute(delete(HOLDS).where(HOLDS.c.call == row.call)).rowcount:
            return 0
        seconds, paid = max(0, min(seconds, row.seconds)), 0
        if not row.is_free:
            rate = db.execute(select(RATES).where(RATES.c.prefix == row.rate)).first()
            paid = row.amount if rate is None else min(row.amount, cost(rate, seconds))
            paid = 0 if not seconds else paid
            held = "held:" + row.user
            move(db, held, INCOME, paid, "call " + row.call, now)
            move(db, held, "user:" + row.user, row.amount - paid, "rest of " + row.call, now)
        values = {name: getattr(row, name) for name in ("call", "user", "number", "began")}
        db.execute(insert(CALLS).values(**values, seconds=seconds, cost=paid, why=why))
        return paid

    def _restarted(self, db, system, sequence, now):
        """A telephone server that counts from the beginning again has lost its calls."""
        lost = select(HOLDS).where(
            HOLDS.c.system == system, HOLDS.c.sequence > sequence,
            HOLDS.c.began < now - RACE_SECONDS,
        )  # fmt: skip
        for row in db.execute(lost).all() if system else ():
            self._settle(db, row, now - row.began, RESTARTED, now)

    def sweep(self):
        """Charge holds of a crash for their age, and free them; return how many."""
        now = int(self.clock())
        with self.engine.begin() as db:
            over = select(HOLDS).where(HOLDS.c.began + HOLDS.c.seconds + GRACE_SECONDS < now)
            rows = db.execute(over).all()
            for row in rows:
                self._settle(db, row, now - row.began, ENDED, now)
            return len(rows)

    # Looks.

    def show(self, user):
        """Return (balance, held) of a customer."""
        with self.engine.begin() as db:
            return balance(db, "user:" + user), balance(db, "held:" + user)

    def calls(self, user, most=100):
        """Return the last calls of a customer, the newest first, dicts."""
        names = ("number", "began", "seconds", "cost", "why")
        with self.engine.begin() as db:
            asked = select(CALLS).where(CALLS.c.user == user)
            rows = db.execute(asked.order_by(CALLS.c.began.desc()).limit(most)).all()
        return [{name: getattr(row, name) for name in names} for row in rows]

    def check(self):
        """Return what is wrong with the books, a list of sentences."""
        with self.engine.begin() as db:
            rows = db.execute(select(BALANCES)).all()
            wrong = [
                "%s has %d" % (row.account, row.amount)
                for row in rows
                if ":" in row.account and row.amount < 0
            ]
            if sum(row.amount for row in rows):
                wrong.append("money was made or lost: %d" % sum(row.amount for row in rows))
            sums = {}
            for row in db.execute(select(ENTRIES)).all():
                sums[row.debit] = sums.get(row.debit, 0) - row.amount
                sums[row.credit] = sums.get(row.credit, 0) + row.amount
            for row in rows:
                said = sums.get(row.account, 0)
                if row.amount != said:
                    wrong.append("%s has %d, its entries say %d" % (row.account, row.amount, said))
            asked = select(HOLDS.c.user, func.sum(HOLDS.c.amount)).group_by(HOLDS.c.user)
            held = {"held:" + user: amount for user, amount in db.execute(asked).all()}
            wrong += [
                "%s has %d, its calls need %d" % (row.account, row.amount, held[row.account])
                for row in rows
                if row.account.startswith("held:") and row.amount != held.setdefault(row.account, 0)
            ]
        return wrong


class Free:
    """Test calls that cost nothing. prefixes: digits."""

    def __init__(self, calls, seconds, prefixes):
        self.calls = calls
        self.seconds = seconds
        self.prefixes = tuple(prefixes)

    def covers(self, number):
        """Tell whether a number is one of those."""
        return bool(self.prefixes) and number.lstrip("+").startswith(self.prefixes)


def _hash(code):
    return hashlib.sha256(str(code).strip().lower().encode()).digest()
