"""What the targets have in common: the image by its digest, the configuration as a JSON object."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeVar

from wasmnb.errors import ConfigError, UsageError
from wasmnb.image.reference import Reference
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.plugin import Plugin

__all__ = ["Unsaid", "as_json", "as_object", "carried", "manifest", "pinned", "sha256", "yaml_text"]

_T = TypeVar("_T")

_LINE_ENDS = re.compile("[\r\x85\u2028\u2029]")
_EXACT = 2**53  # a Struct's numbers are doubles (google.protobuf.Struct)


class Unsaid(ValueError):  # noqa: N818 - no error of the user's: it is caught, and another target taken
    """What a target has no way to say; the text is a sentence without its full stop."""


def pinned(plugin: Plugin) -> str:
    """Give ``oci://host/path@sha256:...``: the image as what it is, never as what a tag says at some moment.

    An image that is not built yet has no digest: then it is its tag.
    The scheme is written out: without one, a host with a port is read as a scheme (Go's ``net/url``).

    Raises
    ------
    UsageError
        It lives on this machine only, where no proxy of a cluster can fetch it.
    """
    reference = Reference.parse(plugin.image.reference)
    if reference.is_local:
        raise UsageError(
            f"{reference} lives on this machine only, and proxies fetch images from a registry.",
            hint=Wording(
                "{} names one; {} brings the image there",
                Verb("config", options=(Option("registry", "HOST/PATH", bare=True),)),
                Verb("push"),
            ),
        )
    return f"oci://{reference.repository}@{plugin.image.digest}" if plugin.image.digest else f"oci://{reference}"


def sha256(plugin: Plugin) -> str:
    """Give the 64 digits of the image's digest, which Istio compares with the manifest that it fetches."""
    return plugin.image.digest.removeprefix("sha256:")


def manifest(api: str, kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Give a Kubernetes object."""
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {key: value for key, value in spec.items() if value not in (None, {}, [], "")},
    }


def as_json(plugin: Plugin) -> Any:
    """Give the configuration as a JSON value of which nothing is lost on the way; None when there is none.

    Raises
    ------
    Unsaid
        It is not valid JSON, or something of it would be lost.
    """
    if not plugin.config_text:
        return None
    try:
        value = json.loads(
            plugin.config_text,
            object_pairs_hook=_members,
            parse_int=_whole,
            parse_float=_float,
            parse_constant=_constant,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except Unsaid:
        raise
    except (ValueError, RecursionError):
        raise Unsaid("the configuration is text that is not valid JSON") from None
    return value


def as_object(plugin: Plugin) -> dict[str, Any] | None:
    """Give the configuration as a JSON object that arrives as it was meant; None when there is none.

    Istio keeps it as a ``google.protobuf.Struct``, and hands the JSON that it writes of that to the filter
    (``pilot/pkg/model/extensions.go``, ``buildWasmConfig``): members in another order, every number a double, and of an
    object without members nothing.

    Raises
    ------
    Unsaid
        It is not an object, or something of it would be lost.
    """
    value = as_json(plugin)
    if not plugin.config_text:
        return None
    if not isinstance(value, dict):
        raise Unsaid("the configuration is JSON, but not an object, and pluginConfig takes only objects")
    if not value:
        raise Unsaid("the configuration is an object without members, of which pluginConfig makes an empty text")
    return value


def carried(plugin: Plugin, target: str, read: Callable[[Plugin], _T]) -> _T:
    """Read the configuration for a target, and say in the user's words what it cannot carry.

    Raises
    ------
    ConfigError
    """
    try:
        return read(plugin)
    except Unsaid as reason:
        raise ConfigError(
            f"{target} cannot carry the configuration of {plugin.id}: {reason}.",
            hint=Wording(
                "give a JSON object; on Istio an EnvoyFilter ({}) carries any text", Option("as_", "EnvoyFilter")
            ),
        ) from None


def _members(items: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in items]
    if len(set(names)) < len(names):
        raise Unsaid("the configuration has a member twice, of which one would be lost")
    return dict(items)


def _whole(digits: str) -> int:
    if len(digits) > len(str(_EXACT)) + 1 or abs(int(digits)) > _EXACT:
        raise Unsaid(f"the configuration has the number {digits[:30]}, which has more digits than are kept")
    return int(digits)


def _float(digits: str) -> float:
    if math.isinf(float(digits)):
        raise Unsaid(f"the configuration has the number {digits[:30]}, which is too large")
    return float(digits)


def _constant(name: str) -> Any:
    raise Unsaid(f"the configuration has {name}, which is not valid JSON")


def yaml_text(value: Any) -> str:
    """Write an object as YAML: members in their own order, every letter as it is."""
    import yaml  # noqa: PLC0415 - only to show and to write

    class Dumper(yaml.SafeDumper):
        """Escapes what YAML takes for an end of a line, which would be folded where it is quoted otherwise."""

    def text(dumper: yaml.SafeDumper, words: str) -> yaml.ScalarNode:
        style = '"' if _LINE_ENDS.search(words) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", words, style=style)

    Dumper.add_representer(str, text)
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120))
