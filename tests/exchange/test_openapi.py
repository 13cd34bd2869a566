"""Both APIs answer what their OpenAPI says: schemathesis asks whatever it can think of."""

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is missing")
pytest.importorskip("starlette", reason="the servers' libraries are missing")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import response_schema_conformance  # noqa: E402

from bellhop_exchange import web  # noqa: E402
from bellhop_exchange.directory import app as directory_app  # noqa: E402
from bellhop_exchange.directory import database, service  # noqa: E402
from bellhop_exchange.provider import app as provider_app  # noqa: E402
from bellhop_exchange.provider import database as provider_database  # noqa: E402
from bellhop_exchange.provider.service import Provider  # noqa: E402

from .serving import serving  # noqa: E402
from .test_claims import Clock, Phones  # noqa: E402

KEY = "A" * 43 + "="


class Open(web.Limits):
    """No bounds, so that each question is answered by what is behind them."""

    def take(self, who):
        pass


class Nobody:
    def keys(self, name):
        return [], "no key is published"


def signed(api, monkeypatch):
    """Let all requests be signed by one key: the signatures have tests of their own."""
    monkeypatch.setattr(web, "signer_of", lambda *_: KEY)
    return api.app()


def directory(folder, monkeypatch):
    zone = database.Zone(b"dir.test", ["ns.test"], bytes(32), "https://dir.test", bytes(32))
    engine = database.connect(f"sqlite:///{folder}/dir.db")
    made = service.Directory(engine, zone, {"sms": Phones()}, b"d" * 32, b"s" * 32, Clock())
    made.buckets.prepare()
    return signed(directory_app.Api(made, "http://dir.test", Open()), monkeypatch)


def provider(folder, monkeypatch):
    wanted = {
        "name": "one", "domain": "one.test", "proxies": [], "stun": [], "countries": [],
        "currency": "EUR", "directories": {}, "pay_url": "https://pay.test/{id}",
    }  # fmt: skip
    engine = provider_database.connect(f"sqlite:///{folder}/one.db")
    made = Provider(engine, Nobody(), wanted, Phones(), Clock())
    return signed(provider_app.Api(made, "http://one.test", Open()), monkeypatch)


@pytest.mark.parametrize("made", [directory, provider])
def test_each_answer_is_what_the_description_says(made, tmp_path, monkeypatch):
    app, asked = made(tmp_path, monkeypatch), []
    with serving(lambda url: app) as url:
        examine(schemathesis.openapi.from_url(url + "/v1/openapi.json"), asked)
    assert len(asked) > 100


def examine(schema, asked):
    """Ask each operation; note the methods."""
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=25, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(operation.as_strategy())
        def ask(case):
            case.call_and_validate(checks=[not_a_server_error, response_schema_conformance])
            asked.append(case.method)

        ask()
