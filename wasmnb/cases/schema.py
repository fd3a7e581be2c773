"""The JSON Schema of a file of cases: what a reader checks, and what an editor completes from."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["LEVELS", "schema"]

_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_FLAG: dict[str, Any] = {"enum": [True, False, "true", "false"]}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
LEVELS = ("UNDEFINED", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL")
"""Of the log, by their numbers in the protobuf format."""


def _object(about: str, /, _required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "object",
        "description": about,
        "properties": properties,
        "additionalProperties": False,
    }
    return {**made, "required": list(_required)} if _required else made


def _many(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _named(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _about(of: dict[str, Any], about: str) -> dict[str, Any]:
    return {**of, "description": about}


def _environment() -> dict[str, Any]:
    return {
        "config": {"description": "the plugin's configuration: text as it is, anything else as JSON"},
        "vm_config": {"description": "the VM's configuration, likewise"},
        "root_id": _about({"type": "string"}, "the root id, where the module has several"),
        "variables": _about(_named(_TEXT), "environment variables of the VM"),
    }


def _phases() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for of in ("request", "response"):
        found[f"{of}_headers"] = _ref("invocation")
        found[f"{of}_body"] = _many(_ref("invocation"))
        found[f"{of}_trailers"] = _ref("invocation")
    return found


def _stream() -> dict[str, Any]:
    return {
        "request": _about({"type": "string"}, "method and path or URL, such as GET /path, in place of pseudo headers"),
        "response": _about({"type": "integer"}, "the status that the service answers with"),
        **_phases(),
        "num_chunks": _about(_COUNT, "into how many pieces a body is cut"),
        "chunk_size": _about(_COUNT, "how many bytes each piece of a body has"),
        "stream_init": _ref("expectation"),
        "stream_destroy": _ref("expectation"),
        "ticks": _about(_COUNT, "how often the filter's timer goes off before the request"),
    }


def _definitions() -> dict[str, Any]:
    matcher = _object(
        "what a text must be",
        exact=_about(_TEXT, "the whole text"),
        regex=_about({"type": "string"}, "a regular expression for the whole text"),
        file=_about({"type": "string"}, "a file that has the whole text"),
        invert=_about(_FLAG, "turns the check around: no text may match"),
    )
    matcher["oneOf"] = [{"required": [name]} for name in ("exact", "regex", "file")]
    source = _object(
        "what goes into a phase: one of these",
        header=_many(_ref("header")),
        content=_about(_TEXT, "headers as HTTP/1 has them, or a body"),
        file=_about({"type": "string"}, "a file with the same"),
    )
    return {
        "header": _object("a header line", ("key",), key={"type": "string"}, value=_TEXT),
        "matcher": matcher,
        "input": {**source, "maxProperties": 1},
        "immediate": _object("the filter answers by itself", http_status=_COUNT, grpc_status=_COUNT, details=_TEXT),
        "expectation": _object(
            "what must come out",
            has_header=_about(_many(_ref("header")), "headers that must be present, with these values"),
            no_header=_about(_many(_ref("header")), "headers that must be absent"),
            headers=_about(
                _many(_ref("matcher")),
                "of the lines 'name: value', with the name in lower case, or with capitals as in Set-Cookie",
            ),
            body=_many(_ref("matcher")),
            immediate=_ref("immediate"),
            log=_about(_many(_ref("matcher")), "of what the filter logs in this phase"),
        ),
        "invocation": _object("a phase", input=_ref("input"), result=_ref("expectation")),
        "answer": _object(
            "what a called service answers",
            status=_COUNT,
            headers=_many(_ref("header")),
            body=_TEXT,
            trailers=_many(_ref("header")),
            delay_ms=_about({"type": "number", "minimum": 0}, "milliseconds before the answer"),
            failure={"enum": ["refused", "reset", "timeout"]},
            grpc_status=_about(_COUNT, "makes it an answer to a gRPC call"),
            messages=_about(_many(_TEXT), "the messages of a gRPC answer"),
        ),
        "stream": _object("a request and its response", **_stream()),
        "filter": _object(
            "one of several filters",
            module=_about({"type": "string"}, "a module's path or name; the filter under test without it"),
            **_environment(),
        ),
        "outcome": _object(
            "what must be so after the last request",
            metrics=_named({"type": "integer"}),
            shared_data=_named({"type": ["string", "number", "boolean", "null"]}),
            queues=_named(_many(_TEXT)),
            calls=_about(_many(_ref("matcher")), "of the calls to other services, such as 'GET cluster/path'"),
            call_headers=_about(_many(_ref("matcher")), "of the header lines of these calls, such as 'x-user: me'"),
            log=_many(_ref("matcher")),
        ),
        "test": _object(
            "a test, in a fresh VM",
            ("name",),
            name={"type": "string", "minLength": 1},
            benchmark=_FLAG,
            properties=_many(_object("a property", ("path",), path={"type": "string"}, value=_TEXT)),
            plugin_init=_ref("expectation"),
            **_stream(),
            requests=_about(_many(_ref("stream")), "several requests in a row"),
            filters=_about(_many(_ref("filter")), "several filters in the order in which a request meets them"),
            callouts=_about(
                _named({"anyOf": [_ref("answer"), _many(_ref("answer"))]}), "by cluster: what the service answers"
            ),
            shared_data=_about(_named(_TEXT), "what the shared data has before"),
            queues=_about(_named(_many(_TEXT)), "what the shared queues have before"),
            refused=_about(_FLAG, "the filter must refuse to start; plugin_init.log then checks its reasons"),
            outcome=_ref("outcome"),
            **_environment(),
        ),
        "env": _object(
            "what all tests have in common",
            test_path=_TEXT,
            wasm_path=_about({"type": "string"}, "the module, where none is given"),
            config_path=_about({"type": "string"}, "a file with the plugin's configuration"),
            log_level={"enum": [*LEVELS, *(level.lower() for level in LEVELS)]},
            log_path=_TEXT,
            time_secs=_about(_COUNT, "the clock, in Unix seconds"),
            num_additional_streams=_COUNT,
            additional_stream_advance_rate=_COUNT,
            **_environment(),
        ),
    }


@cache
def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12)."""
    whole = _object("Tests of a Proxy-Wasm filter", env=_ref("env"), test=_many(_ref("test")))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wasmtest",
        **whole,
        "$defs": _definitions(),
    }
