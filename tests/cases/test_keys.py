"""Each key of the format is in a case that passes on each host that can be given it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import wasmtime
import yaml

from wasmnb import cases
from wasmnb.cases import Mark
from wasmnb.compile import Filter
from wasmnb.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

_HERE = Path(__file__).parent
BOTH, EMULATOR = _HERE / "keys.wasmtest.yaml", _HERE / "keys-emulator.wasmtest.yaml"
ONLY_EMULATOR = {
    "env.time_secs",
    "property.path",
    "property.value",
    "test.properties",
    "test.shared_data",
    "test.queues",
    "outcome.shared_data",
    "outcome.queues",
}
STREAM = "test: [{name: stream, request: GET /grpc-stream, callouts: {other: {grpc_status: 0, messages: [one, two]}}}]"
OLDEST = """
env: {config: given}
test:
- name: the first version of the ABI
  request: POST /
  request_headers: {result: {has_header: [{key: x-configured, value: given}]}}
  request_body: [{input: {content: a}, result: {body: [{exact: a}]}}]
  response_headers: {result: {has_header: [{key: x-answered, value: given}]}}
"""


@pytest.fixture(scope="module", params=["envoy", "emulator"])
def runner(request: pytest.FixtureRequest) -> Iterator[cases.Runner]:
    with cases.Runner(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def probe() -> Module:
    return Filter("probe", (_HERE / "probe.cc").read_text("utf-8"), "cpp").build()


def known() -> set[str]:
    """Give every key of the schema, after the name of what it is a key of."""
    found = set()
    for name, made in cases.schema()["$defs"].items():
        found |= {f"{name}.{key}" for key in made.get("properties", ())}
        for key, one in made.get("properties", {}).items():
            # A property has no name of its own in the schema.
            found |= {
                f"property.{inner}" for inner in one.get("items", {}).get("properties", ()) if key == "properties"
            }
    return found


def used(value: Any, schema: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Give every key that a value has, likewise."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = cases.schema()["$defs"][name]
    for other in schema.get("anyOf", ()):
        if (other.get("type") == "array") is isinstance(value, list):
            yield from used(value, other, name)
    if isinstance(value, list) and "items" in schema:
        for one in value:
            yield from used(one, schema["items"], "property" if schema["items"].get("required") == ["path"] else name)
    elif isinstance(value, dict):
        for key, one in value.items():
            inside = schema.get("properties", {})
            if key in inside:
                yield f"{name}.{key}"
                yield from used(one, inside[key])
            elif isinstance(schema.get("additionalProperties"), dict):
                yield from used(one, schema["additionalProperties"])


def keys(text: str) -> set[str]:
    return {key for key in used(yaml.safe_load(text), cases.schema()) if not key.startswith(".")}


def test_every_key_is_in_a_case() -> None:
    both = keys(BOTH.read_text("utf-8")) | keys(OLDEST)
    assert both == known() - ONLY_EMULATOR
    assert both | keys(EMULATOR.read_text("utf-8")) == known()


def test_every_key_does_what_it_says(runner: cases.Runner, probe: Module) -> None:
    results = runner.run(cases.load(BOTH), probe)
    assert [(one.name, one.why or one.skipped) for one in results if one.mark is not Mark.PASSED] == []
    (other,) = runner.run(cases.load(EMULATOR), probe)
    if runner.host.value == "envoy":
        assert other.skipped
    else:
        assert (other.mark, other.why) == (Mark.PASSED, "")


def test_a_stream_of_grpc_messages(runner: cases.Runner, probe: Module) -> None:
    (one,) = runner.run(cases.read(STREAM), probe)
    said = [line.text for line in one.observation.log]
    assert [text for text in said if text.startswith(("received", "closed"))] == [
        "received one",
        "received two",
        "closed 0",
    ]
    assert one.observation.calls == ("POST other/a.Service/Ask",)


def test_a_module_of_the_first_version_of_the_abi(runner: cases.Runner) -> None:
    module = Module("oldest", bytes(wasmtime.wat2wasm((_HERE / "oldest.wat").read_text("utf-8"))))
    assert module.facts.abi == "0.1.0"
    (one,) = runner.run(cases.read(OLDEST), module)
    assert (one.mark, one.why) == (Mark.PASSED, "")
