"""The log levels of a proxy, raised for a moment so that Envoy's log shows a request of ours, and put back.

A kernel may end in between: a logger that says nothing (Envoy 1.40, ``testing`` of ``logger.h``) is raised first, and
put back last, so that whoever looks next sees what was left, and puts back what the container was started with.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.trace import LOGGERS
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.proxies.pods import name_of, proxy_container

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wasmnb.mesh.istio.proxies.admin import Admin

__all__ = ["left_raised", "put_back", "raised", "started_with"]

_MARK = "testing"
_RAISED = "trace"
_EVERY = (*LOGGERS, "router")
"""The loggers that may be raised."""
_TRACE = dict.fromkeys(LOGGERS, _RAISED)
_DEFAULT = "warning"  # Istio, ``pilot-agent``: ``--proxyLogLevel``
_TRIES = 3


def left_raised(levels: Mapping[str, str]) -> bool:
    """Say whether the levels of a proxy are raised for a trace, or were, by a kernel that is gone."""
    return levels.get(_MARK) == _RAISED


def started_with(item: Mapping[str, Any], logger: str) -> str:
    """Give the level that a pod's proxy was started with for a logger."""
    words = [str(word) for word in (proxy_container(item) or {}).get("args") or ()]
    said = {}
    for word, following in zip(words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        said[name] = value if equals else following
    general = said.get("--proxyLogLevel") or _DEFAULT
    parts = (one.partition(":") for one in (said.get("--proxyComponentLogLevel") or "").split(","))
    return {name: level for name, _, level in parts}.get(logger) or general


@contextmanager
def raised(admin: Admin, item: Mapping[str, Any], wanted: Mapping[str, str] = _TRACE) -> Iterator[None]:
    """Raise the levels of a pod's proxy, and put them back, whatever happens meanwhile.

    Parameters
    ----------
    admin : Admin
    item : mapping
        The pod.
    wanted : mapping of str to str
        The levels, by logger.

    Raises
    ------
    ForbiddenError, TimeoutError, MeshError
        They cannot be raised, or under fine-grain logging nobody can say what they were.
    """
    pod = name_of(item)
    levels = admin.levels(pod)
    if not levels.keys() >= {_MARK, *_EVERY}:
        raise MeshError(f"The proxy of {pod} does not say its log levels, so they are not raised.")
    if left_raised(levels):
        levels = _as_started(item)
    try:
        for logger, level in {_MARK: _RAISED, **wanted}.items():
            admin.set_level(pod, logger, level)
        yield
    finally:
        _set(admin, pod, levels)


def put_back(admin: Admin, item: Mapping[str, Any]) -> bool:
    """Put back what a kernel that is gone had raised; say whether it is back."""
    return _set(admin, name_of(item), _as_started(item))


def _as_started(item: Mapping[str, Any]) -> dict[str, str]:
    return {logger: started_with(item, logger) for logger in (_MARK, *_EVERY)}


def _set(admin: Admin, pod: str, levels: Mapping[str, str]) -> bool:
    for _ in range(_TRIES):
        with suppress(MeshError, TimeoutError):
            for logger in (*_EVERY, _MARK):
                admin.set_level(pod, logger, levels[logger])
            return True
    return False
