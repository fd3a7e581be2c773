"""The user's kubeconfig, and the service account of a pod: who one is at which API server, and where."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.errors import MeshError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

__all__ = ["contexts", "load", "namespace_of", "own_namespace"]


def contexts() -> tuple[list[str], str]:
    """List the contexts of the user's kubeconfig, and name the current one; nothing when there is none."""
    from kubernetes import config  # noqa: PLC0415 - over a second to import

    try:
        found, current = config.list_kube_config_contexts(_kubeconfig())
    except config.ConfigException:
        return [], ""
    return [str(one["name"]) for one in found], str((current or {}).get("name", ""))


def namespace_of(name: str) -> str:
    """Give the namespace that a context names; ``default`` when it names none."""
    from kubernetes import config  # noqa: PLC0415

    found, _ = config.list_kube_config_contexts(_kubeconfig())
    context = next(one for one in found if one["name"] == name)["context"]
    return str(context.get("namespace") or "default")


def load(name: str, configuration: Configuration) -> str:
    """Read a context of the kubeconfig; give the folder of the files that its keys became, which is for us to delete.

    Raises
    ------
    MeshError
    """
    from kubernetes.config import kube_config  # noqa: PLC0415

    folder = tempfile.mkdtemp(prefix="wasmnb-keys-")
    try:
        kube_config.load_kube_config(_kubeconfig(), name, configuration, persist_config=False, temp_file_path=folder)
    except Exception as error:  # the loader raises what its plugins and parsers do
        shutil.rmtree(folder, ignore_errors=True)
        raise MeshError(
            f"The context {name!r} of the kubeconfig cannot be used.", why=[str(error)[:300]], code="WNB4018"
        ) from error
    finally:
        # The library remembers its files for ever, and would hand these out once they are gone.
        known = kube_config._temp_files  # noqa: SLF001
        for content in [content for content, path in known.items() if path.startswith(folder)]:
            del known[content]
    return folder


def _kubeconfig() -> str:
    """Name the user's kubeconfig as it is set now; the library reads the variable once, when it is imported."""
    return os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())


def own_namespace() -> str:
    """Give the namespace of the pod that one is in."""
    try:
        return Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text("utf-8").strip() or "default"
    except OSError:
        return "default"
