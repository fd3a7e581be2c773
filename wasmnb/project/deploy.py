"""The manifests that put a project's filter in force, one form per platform."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["PLATFORMS", "manifest"]

#: What a manifest can be for.
PLATFORMS = {
    "istio": "Istio",
    "envoy-gateway": "Envoy Gateway",
    "higress": "Higress",
    "envoy": "an Envoy of one's own",
}
_IMAGE = "registry.example/team/{name}:v1"
# Where in the filter chain a template belongs (Istio, WasmPlugin, "phase").
_PHASES = {"auth": "AUTHN", "http-callout": "AUTHZ", "rate-limit": "AUTHZ", "metrics": "STATS"}


def manifest(platform: str, name: str, root_id: str, config: dict[str, Any], template: str) -> dict[str, bytes]:
    """Give the file in ``deploy``, by its path.

    Parameters
    ----------
    platform : str
        A key of `PLATFORMS`.
    name, root_id : str
    config : dict
        The example configuration.
    template : str
    """
    image = _IMAGE.format(name=name)
    phase = _PHASES.get(template)
    if platform == "istio":
        extra = f"  phase: {phase}\n" if phase else ""
        text = f"""apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata:
  name: {name}
spec:
  selector:
    matchLabels:
      app: details
  url: oci://{image}
  # Istio hands it to the filter as its root id.
  pluginName: {root_id}
{extra}  pluginConfig:
{_yaml(config, 4)}"""
    elif platform == "envoy-gateway":
        text = f"""apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata:
  name: {name}
spec:
  targetRefs:
    - group: gateway.networking.k8s.io
      kind: HTTPRoute
      name: backend
  wasm:
    - name: {name}
      rootID: {root_id}
      code:
        type: Image
        image:
          url: {image}
      config:
{_yaml(config, 8)}"""
    elif platform == "higress":
        extra = f"  phase: {phase}\n" if phase else ""
        text = f"""apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata:
  name: {name}
  namespace: higress-system
spec:
  url: oci://{image}
  pluginName: {root_id}
{extra}  defaultConfig:
{_yaml(config, 4)}"""
    else:
        value = json.dumps(json.dumps(config))
        text = f"""# One of the http_filters of an HTTP connection manager, before the router.
name: {name}
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
  config:
    name: {name}
    root_id: {root_id}
    configuration:
      "@type": type.googleapis.com/google.protobuf.StringValue
      value: {value}
    vm_config:
      runtime: envoy.wasm.runtime.v8
      code:
        local:
          filename: build/filter.wasm
"""
    return {f"deploy/{platform}.yaml": text.encode()}


def _yaml(config: dict[str, Any], indent: int) -> str:
    # A JSON value is a YAML value too.
    return "".join(f"{' ' * indent}{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in config.items())
