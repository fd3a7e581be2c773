"""The schemas of Kubernetes objects, as their projects publish them in Go modules; nothing of them is kept here."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import yaml

from wasmnb.compile.go import compiler
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Mapping

ISTIO = "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad", "manifests/charts/base/files/crd-all.gen.yaml"
_POLICIES = "charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_envoyextensionpolicies.yaml"
GATEWAY = "github.com/envoyproxy/gateway@v1.9.1", _POLICIES

# Higress's module cannot be had from the module proxy; these are the members that its wasmplugin.proto names.
_TEXT, _OBJECT = {"type": "string"}, {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_VARIABLE = {"name": _TEXT, "value": _TEXT, "valueFrom": {"enum": ["INLINE", "HOST"]}}
_HIGRESS = {
    "url": _TEXT,
    "sha256": {"pattern": "^[0-9a-f]{64}$"},
    "imagePullPolicy": {"enum": ["UNSPECIFIED_POLICY", "IfNotPresent", "Always"]},
    "imagePullSecret": _TEXT,
    "pluginConfig": _OBJECT,
    "pluginName": _TEXT,
    "phase": {"enum": ["UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"]},
    "priority": {"type": "integer"},
    "failStrategy": {"enum": ["FAIL_CLOSE", "FAIL_OPEN"]},
    "vmConfig": {"properties": {"env": {"type": "array", "items": {"properties": _VARIABLE}}}},
    "defaultConfig": _OBJECT,
}


@cache
def _module(name: str) -> Path:
    """Download a Go module, once per machine."""
    try:
        go = compiler.find()
    except ToolchainError as error:
        pytest.skip(f"the schemas come as Go modules: {error.what}")
    asked = [go.program, "mod", "download", "-json", name]
    found = subprocess.run(asked, capture_output=True, text=True, env=compiler.environment(online=True), timeout=300)
    answer = json.loads(found.stdout)
    assert "Dir" in answer, answer
    return Path(answer["Dir"])


@cache
def _schemas(source: tuple[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    text = (_module(source[0]) / source[1]).read_text("utf-8")
    found = {}
    for crd in yaml.load_all(text, yaml.CSafeLoader):
        spec = crd["spec"]
        for version in spec["versions"]:
            key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
            found[key] = _strict(version["schema"]["openAPIV3Schema"])
    return found


def _strict(schema: Any) -> Any:
    """Refuse members that a schema does not name: an API server would drop them without a word."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    named = isinstance(made.get("properties"), dict) and made.get("type") == "object"
    if named and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if made.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


def validate(made: Mapping[str, Any]) -> None:
    """Hold an object against the schema that its API server has."""
    key = made["apiVersion"], made["kind"]
    if key == ("extensions.higress.io/v1alpha1", "WasmPlugin"):
        spec = {"type": "object", "properties": _HIGRESS, "additionalProperties": False, "required": ["url"]}
        schema: dict[str, Any] = {"properties": {"spec": spec}}
    else:
        schema = _schemas(GATEWAY if "envoyproxy" in key[0] else ISTIO)[key]
    schema = {**schema, "additionalProperties": True}
    jsonschema_rs.Draft7Validator(schema).validate(made)
