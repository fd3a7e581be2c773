"""From what an agent or an Envoy said to the likely cause, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.plugin.verdict import Cause
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Diagnosis", "diagnosis"]


@dataclass(frozen=True)
class Diagnosis:
    """The likely cause of a failure, and in words, with what to do about it."""

    cause: Cause
    words: str


# Istio, ``pkg/wasm`` (agent); go-containerregistry (its registry client); Envoy 1.40, ``wasm.cc`` and ``wasm_vm.cc``.
_CAUSES = tuple(
    (cause, re.compile(pattern, re.IGNORECASE), words)
    for cause, pattern, words in (
        (
            Cause.PULL_SECRET_ABSENT,
            r"missing image pulling secret",
            (
                "the pull secret did not reach the proxy: is it a kubernetes.io/dockerconfigjson Secret in the plugin's"
                " namespace?"
            ),
        ),
        (
            Cause.IMAGE_UNAUTHORIZED,
            r"unauthorized|authentication required|access denied|denied:|status code 40[13]|40[13] (unauth|forbid)",
            Wording(
                "the registry wants a log-in: make a pull secret (`kubectl create secret docker-registry NAME ...`),"
                " and deploy with {}",
                Option("pull_secret", "NAME"),
            ),
        ),
        (
            Cause.IMAGE_DIGEST_MISMATCH,
            r"checksum.*does not match|checksum mismatch",
            Wording(
                "the digest is not that of a single manifest: an index, or the hash of the module's bytes, cannot be"
                " deployed; {} tells which it is, {} makes one that can",
                Verb("inspect"),
                Verb("push"),
            ),
        ),
        (
            Cause.IMAGE_MISSING,
            r"manifest_unknown|manifest unknown|name_unknown|not found|status code 404",
            Wording(
                "the registry does not have it: wrong name, tag or digest, or it was deleted; {} brings it there",
                Verb("push"),
            ),
        ),
        (
            Cause.IMAGE_UNREADABLE,
            r"number of layers must be|invalid media type|could not parse manifest|no plugin\.wasm",
            Wording(
                "the image has a form that Istio does not read; {} says why, {} makes one that it does",
                Verb("inspect"),
                Verb("build"),
            ),
        ),
        (
            Cause.REGISTRY_UNTRUSTED,
            r"x509|certificate",
            "the proxy does not trust the registry's certificate; Istio has no option for an own CA",
        ),
        (
            Cause.REGISTRY_UNREACHABLE,
            r"connection refused|no such host|i/o timeout|no route to host|deadline exceeded|server misbehaving",
            "the proxy does not reach the registry: its pods, not this machine, fetch the image",
        ),
        (
            Cause.IMPORT_UNKNOWN,
            r"missing import: (?P<name>\S+)",
            "the module calls a function that this Envoy does not have ({name}); build it with a target of this ABI",
        ),
        (
            Cause.MODULE_EXPIRED,
            r"Invalid path: \S*/istio/data",
            (
                "the agent's cache has expired (WASM_MODULE_EXPIRY, 24 h) and the file is gone; deploy again, or"
                " restart the pod"
            ),
        ),
        (
            Cause.CONFIG_REFUSED,
            r"Failed to configure",
            "the module's onConfigure refused the configuration, or it crashed there",
        ),
        (
            Cause.MODULE_REFUSED,
            r"Failed to load Wasm|Unable to create Wasm|Wasm VM failed",
            "this Envoy cannot load the module",
        ),
    )
)


def diagnosis(lines: Iterable[str]) -> Diagnosis | None:
    """Read the likely cause off what the lines say, and what to do; None when it is not known."""
    text = "\n".join(lines)
    for cause, pattern, words in _CAUSES:
        found = pattern.search(text)
        if found is not None:
            return Diagnosis(cause, str(words).format(**found.groupdict()) if found.groupdict() else str(words))
    return None
