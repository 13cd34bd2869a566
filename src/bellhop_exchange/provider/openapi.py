"""The provider's API as OpenAPI 3.1."""

from ..directory.openapi import NAME, NUMBER, TEXT, described, objects, operation, query

MONEY = {"type": "integer", "description": "millionths of the currency"}
CREDENTIALS = objects(
    user=TEXT, password=TEXT, expires=NUMBER, aor=TEXT, proxies={"type": "array", "items": TEXT}
)
ACCOUNT = objects(name=NAME, user=TEXT, balance=MONEY, held=MONEY, currency=TEXT)
RATE = objects(
    prefix=TEXT, place=TEXT, per_minute=MONEY, connect=MONEY, increment=NUMBER, text=MONEY,
    currency=TEXT,
)  # fmt: skip
CALLS = objects(calls={"type": "array", "items": {"type": "object"}})
DESCRIPTION = described("bellhop provider", {
    "/v1/about": {"get": operation("who this provider is", answer={"type": "object"})},
    "/v1/rates": {
        "parameters": query("to", TEXT),
        "get": operation("what a call to a number costs", answer=RATE),
    },
    "/v1/accounts": {
        "post": operation(
            "open an account", {"name": NAME, "directory": TEXT}, CREDENTIALS,
            spare={"statement": TEXT},
        )
    },
    "/v1/account": {
        "get": operation("the account of a key", answer=ACCOUNT),
        "delete": operation("end an account", status="204"),
    },
    "/v1/credentials": {"post": operation("new credentials", answer=CREDENTIALS)},
    "/v1/calls": {"get": operation("the last calls", answer=CALLS)},
    "/v1/messages": {
        "post": operation("send a text", {"to": TEXT, "text": TEXT}, objects(cost=MONEY))
    },
    "/v1/credit": {
        "post": operation(
            "a voucher, or an amount", answer={"type": "object"}, body=True,
            spare={"voucher": TEXT, "amount": MONEY},
        )
    },
    "/v1/login": {"post": operation("a link to the page", answer=objects(url=TEXT))},
})  # fmt: skip
