"""From a notebook cell to a live mesh, and proof that it is live.

``%load_ext wasmnb`` gives the magics; the same verbs are plain Python here, without IPython. Names are imported
when first used, so that loading the extension costs a moment only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily
from wasmnb.version import __version__ as __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.compile import Filter
    from wasmnb.dashboards import dashboard
    from wasmnb.error_pages import explain
    from wasmnb.errors import WasmnbError
    from wasmnb.image import Image, Store, inspect, package
    from wasmnb.image.registry.pull import pull
    from wasmnb.image.registry.push import push
    from wasmnb.mesh import Mesh, Pod, PodVerdict, Verdict
    from wasmnb.mesh.istio import IstioMesh
    from wasmnb.mesh.local import LocalMesh
    from wasmnb.module import Module
    from wasmnb.pipeline import build_image
    from wasmnb.plugin import FailPolicy, Kind, Match, Mode, Phase, Plugin, PluginType, PullPolicy, TargetRef
    from wasmnb.session import Session
    from wasmnb.traffic import Exchange, diff

_HOMES = {
    "AuthError": "wasmnb.errors",
    "BadNameError": "wasmnb.errors",
    "build_image": "wasmnb.pipeline",
    "CompileError": "wasmnb.errors",
    "ConfigError": "wasmnb.errors",
    "dashboard": "wasmnb.dashboards",
    "DeployError": "wasmnb.errors",
    "diff": "wasmnb.traffic",
    "explain": "wasmnb.error_pages",
    "Exchange": "wasmnb.traffic",
    "FailPolicy": "wasmnb.plugin",
    "Filter": "wasmnb.compile",
    "HangError": "wasmnb.errors",
    "Image": "wasmnb.image",
    "ImageError": "wasmnb.errors",
    "init_project": "wasmnb.project",
    "inspect": "wasmnb.image",
    "Interrupted": "wasmnb.errors",
    "IstioMesh": "wasmnb.mesh.istio",
    "Kind": "wasmnb.plugin",
    "LinkError": "wasmnb.errors",
    "LocalMesh": "wasmnb.mesh.local",
    "Match": "wasmnb.plugin",
    "Mesh": "wasmnb.mesh",
    "MeshError": "wasmnb.errors",
    "Mode": "wasmnb.plugin",
    "Module": "wasmnb.module",
    "ModuleError": "wasmnb.errors",
    "NoMeshError": "wasmnb.errors",
    "package": "wasmnb.image",
    "Phase": "wasmnb.plugin",
    "Plugin": "wasmnb.plugin",
    "PluginType": "wasmnb.plugin",
    "Pod": "wasmnb.mesh",
    "PodVerdict": "wasmnb.mesh",
    "Project": "wasmnb.project",
    "pull": "wasmnb.image.registry",
    "PullPolicy": "wasmnb.plugin",
    "push": "wasmnb.image.registry",
    "RegistryError": "wasmnb.errors",
    "RolloutError": "wasmnb.errors",
    "SelectorError": "wasmnb.errors",
    "Session": "wasmnb.session",
    "Store": "wasmnb.image",
    "TargetRef": "wasmnb.plugin",
    "ToolchainError": "wasmnb.errors",
    "TrafficError": "wasmnb.errors",
    "UsageError": "wasmnb.errors",
    "Verdict": "wasmnb.mesh",
    "WasmnbError": "wasmnb.errors",
}

__all__ = [
    "Exchange",
    "FailPolicy",
    "Filter",
    "Image",
    "IstioMesh",
    "Kind",
    "LocalMesh",
    "Match",
    "Mesh",
    "Mode",
    "Module",
    "Phase",
    "Plugin",
    "PluginType",
    "Pod",
    "PodVerdict",
    "PullPolicy",
    "Session",
    "Store",
    "TargetRef",
    "Verdict",
    "WasmnbError",
    "build_image",
    "dashboard",
    "diff",
    "explain",
    "init_project",
    "inspect",
    "load_ipython_extension",
    "package",
    "pull",
    "push",
    "unload_ipython_extension",
]

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics and their completion (IPython calls this for ``%load_ext wasmnb``)."""
    from wasmnb.magics import load  # noqa: PLC0415

    load(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Say where the lab extension is (JupyterLab's protocol, for an installation that can be edited)."""
    return [{"src": "labextension", "dest": "wasmnb"}]


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Stop what the session started, and take the completion away."""
    from wasmnb.magics import unload  # noqa: PLC0415

    unload(shell)


def _look() -> None:
    """Have the shell that runs this, if one does, show results as they look; IPython is not imported for it."""
    from wasmnb.notebook import shell  # noqa: PLC0415

    running = shell()
    if running is not None:
        from wasmnb.views import register  # noqa: PLC0415

        register(running)


_look()
