"""The API as OpenAPI 3.1: what a client may send, and what comes back."""

NAME = {"type": "string", "description": "a full number such as +49301234, or user@example.org"}
CLAIM = {
    "type": "object",
    "properties": {
        "claim": {"type": "string"}, "name": NAME, "state": {"type": "string"},
        "expires": {"type": ["integer", "null"]}, "owner": {"type": "string"},
        "statement": {"type": "string", "description": "base64"},
        "how": {"type": "string", "description": "how the code goes"},
        "ways": {"type": "array", "items": {"type": "string"}},
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


def operation(summary, fields=None, answer=None, status="200", spare=None, body=False):
    """Return an operation. fields: of the body, all needed; spare: further ones."""
    found = {"summary": summary, "responses": {"default": PROBLEM}}
    content = {"content": {"application/json": {"schema": answer}}} if answer else {}
    found["responses"][status] = dict(content, description=summary)
    if fields or body:
        fields = fields or {}
        schema = {
            "type": "object",
            "required": list(fields),
            "properties": {**fields, **(spare or {})},
        }
        found["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return found


TEXT, NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}
TEXTS = {"type": "array", "items": TEXT}


def path(name, schema=TEXT):
    """Return a parameter in the path."""
    return [{"name": name, "in": "path", "required": True, "schema": schema}]


def query(name, schema=NUMBER, required=True):
    """Return a parameter in the query."""
    return [{"name": name, "in": "query", "required": required, "schema": schema}]


def objects(**properties):
    """Return the schema of an object with these fields."""
    return {"type": "object", "required": list(properties), "properties": properties}


NONCE = {"head": operation("a nonce, in Replay-Nonce")}


def described(title, paths):
    """Return the whole description of an API."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": {"/v1/nonce": NONCE, **paths},
    }


DESCRIPTION = described("bellhop directory", {
        "/v1/about": {"get": operation("who this directory is", answer={"type": "object"})},
        "/v1/list": {
            "get": {
                "summary": "the keepers' list of directories and providers",
                "responses": {
                    "default": PROBLEM,
                    "200": {"description": "list", "content": {"application/octet-stream": {}}},
                },
            },
        },
        "/v1/claims": {
            "post": operation("begin a claim", {"name": NAME}, CLAIM, spare={"how": TEXT}),
        },
        "/v1/claims/{id}": {
            "parameters": path("id"),
            "get": operation("how a claim is", answer=CLAIM),
            "delete": operation("end a claim", status="204"),
        },
        "/v1/claims/{id}/proof": {
            "parameters": path("id"),
            "post": operation("the code that came", {"code": TEXT}, CLAIM),
        },
        "/v1/records/{name}": {
            "parameters": path("name"),
            "put": operation(
                "where a number is reached", {"address": TEXT, "s": {"type": "integer"}},
                status="204", spare={"listed": {"type": "boolean"}},
            ),
        },
        "/v1/blind": {
            "post": operation(
                "points, evaluated (RFC 9497)", {"points": TEXTS},
                objects(epoch=NUMBER, buckets=NUMBER, points=TEXTS),
            )
        },
        "/v1/buckets/{epoch}/{number}": {
            "parameters": path("epoch", NUMBER) + path("number", NUMBER),
            "get": {
                "summary": "sealed statements",
                "responses": {
                    "default": PROBLEM,
                    "200": {"description": "cells", "content": {"application/octet-stream": {}}},
                },
            },
        },
        "/v1/log": {"get": operation("the log's head", answer=objects(head=TEXT))},
        "/v1/log/leaves": {
            "parameters": query("from"),
            "get": operation("leaves", answer=objects(head=TEXT, leaves=TEXTS, peaks=TEXTS)),
        },
        "/v1/log/consistency": {
            "parameters": query("old") + query("size"),
            "get": operation("the log has only grown", answer=objects(path=TEXTS)),
        },
        "/v1/log/names/{name}": {
            "parameters": path("name") + query("leaf", TEXT, False),
            "get": operation(
                "a name stands in the log",
                answer=objects(point=TEXT, proof=TEXT, head=TEXT, index=NUMBER, path=TEXTS),
            ),
        },
        "/v1/records/{name}/key": {
            "parameters": path("name"),
            "post": operation(
                "another key takes a name over", {"new": TEXT, "proof": TEXT}, {"type": "object"}
            ),
        },
})  # fmt: skip
