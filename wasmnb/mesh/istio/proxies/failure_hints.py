"""From what an agent or an Envoy said to the likely cause, and what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["cause"]

# Istio, ``pkg/wasm`` (agent); go-containerregistry (its registry client); Envoy 1.40, ``wasm.cc`` and ``wasm_vm.cc``.
_CAUSES = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (
            r"missing image pulling secret",
            (
                "the pull secret did not reach the proxy: is it a kubernetes.io/dockerconfigjson Secret in the plugin's"
                " namespace?"
            ),
        ),
        (
            r"unauthorized|authentication required|access denied|denied:|status code 40[13]|40[13] (unauth|forbid)",
            Wording(
                "the registry wants a log-in: make a pull secret (`kubectl create secret docker-registry NAME ...`),"
                " and deploy with {}",
                Option("pull_secret", "NAME"),
            ),
        ),
        (
            r"checksum.*does not match|checksum mismatch",
            Wording(
                "the digest is not that of a single manifest: an index, or the hash of the module's bytes, cannot be"
                " deployed; {} tells which it is, {} makes one that can",
                Verb("inspect"),
                Verb("push"),
            ),
        ),
        (
            r"manifest_unknown|manifest unknown|name_unknown|not found|status code 404",
            Wording(
                "the registry does not have it: wrong name, tag or digest, or it was deleted; {} brings it there",
                Verb("push"),
            ),
        ),
        (
            r"number of layers must be|invalid media type|could not parse manifest|no plugin\.wasm",
            Wording(
                "the image has a form that Istio does not read; {} says why, {} makes one that it does",
                Verb("inspect"),
                Verb("build"),
            ),
        ),
        (r"x509|certificate", "the proxy does not trust the registry's certificate; Istio has no option for an own CA"),
        (
            r"connection refused|no such host|i/o timeout|no route to host|deadline exceeded|server misbehaving",
            "the proxy does not reach the registry: its pods, not this machine, fetch the image",
        ),
        (
            r"missing import: (?P<name>\S+)",
            "the module calls a function that this Envoy does not have ({name}); build it with a target of this ABI",
        ),
        (
            r"Invalid path: \S*/istio/data",
            (
                "the agent's cache has expired (WASM_MODULE_EXPIRY, 24 h) and the file is gone; deploy again, or"
                " restart the pod"
            ),
        ),
        (r"Failed to configure", "the module's onConfigure refused the configuration, or it crashed there"),
        (r"Failed to load Wasm|Unable to create Wasm|Wasm VM failed", "this Envoy cannot load the module"),
    )
)


def cause(lines: Iterable[str]) -> str:
    """Give the likely cause of what the lines say, and what to do; empty when it is not known."""
    text = "\n".join(lines)
    for pattern, words in _CAUSES:
        found = pattern.search(text)
        if found is not None:
            return str(words).format(**found.groupdict()) if found.groupdict() else str(words)
    return ""
