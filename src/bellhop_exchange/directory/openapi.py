"""The API as OpenAPI 3.1: what a client may send, and what comes back."""

NAME = {"type": "string", "description": "a full number such as +49301234, or user@example.org"}
CLAIM = {
    "type": "object",
    "properties": {
        "claim": {"type": "string"}, "name": NAME, "state": {"type": "string"},
        "expires": {"type": ["integer", "null"]}, "owner": {"type": "string"},
        "statement": {"type": "string", "description": "base64"},
    },
}  # fmt: skip
PROBLEM = {
    "description": "refused, with a sentence for people (RFC 9457)",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {"status": {"type": "integer"}, "detail": {"type": "string"}},
            }
        }
    },
}


def _operation(summary, fields=None, answer=None, status="200", spare=None):
    found = {"summary": summary, "responses": {"default": PROBLEM}}
    content = {"content": {"application/json": {"schema": answer}}} if answer else {}
    found["responses"][status] = dict(content, description=summary)
    if fields:
        schema = {
            "type": "object",
            "required": list(fields),
            "properties": {**fields, **(spare or {})},
        }
        found["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return found


TEXT, NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}
TEXTS = {"type": "array", "items": TEXT}


def _path(name, schema=TEXT):
    return [{"name": name, "in": "path", "required": True, "schema": schema}]


def _query(name, schema=NUMBER, required=True):
    return [{"name": name, "in": "query", "required": required, "schema": schema}]


def _object(**properties):
    return {"type": "object", "required": list(properties), "properties": properties}


DESCRIPTION = {
    "openapi": "3.1.0",
    "info": {"title": "bellhop directory", "version": "1"},
    "paths": {
        "/v1/about": {"get": _operation("who this directory is", answer={"type": "object"})},
        "/v1/nonce": {"head": _operation("a nonce, in Replay-Nonce")},
        "/v1/claims": {"post": _operation("begin a claim", {"name": NAME}, CLAIM)},
        "/v1/claims/{id}": {
            "parameters": _path("id"),
            "get": _operation("how a claim is", answer=CLAIM),
            "delete": _operation("end a claim", status="204"),
        },
        "/v1/claims/{id}/proof": {
            "parameters": _path("id"),
            "post": _operation("the code that came", {"code": TEXT}, CLAIM),
        },
        "/v1/records/{name}": {
            "parameters": _path("name"),
            "put": _operation(
                "where a number is reached", {"address": TEXT, "s": {"type": "integer"}},
                status="204", spare={"listed": {"type": "boolean"}},
            ),
        },
        "/v1/blind": {
            "post": _operation(
                "points, evaluated (RFC 9497)", {"points": TEXTS},
                _object(epoch=NUMBER, buckets=NUMBER, points=TEXTS),
            )
        },
        "/v1/buckets/{epoch}/{number}": {
            "parameters": _path("epoch", NUMBER) + _path("number", NUMBER),
            "get": {
                "summary": "sealed statements",
                "responses": {
                    "default": PROBLEM,
                    "200": {"description": "cells", "content": {"application/octet-stream": {}}},
                },
            },
        },
        "/v1/log": {"get": _operation("the log's head", answer=_object(head=TEXT))},
        "/v1/log/leaves": {
            "parameters": _query("from"),
            "get": _operation("leaves", answer=_object(head=TEXT, leaves=TEXTS, peaks=TEXTS)),
        },
        "/v1/log/consistency": {
            "parameters": _query("old") + _query("size"),
            "get": _operation("the log has only grown", answer=_object(path=TEXTS)),
        },
        "/v1/log/names/{name}": {
            "parameters": _path("name") + _query("leaf", TEXT, False),
            "get": _operation(
                "a name stands in the log",
                answer=_object(point=TEXT, proof=TEXT, head=TEXT, index=NUMBER, path=TEXTS),
            ),
        },
        "/v1/records/{name}/key": {
            "parameters": _path("name"),
            "post": _operation(
                "another key takes a name over", {"new": TEXT, "proof": TEXT}, {"type": "object"}
            ),
        },
    },
}  # fmt: skip
