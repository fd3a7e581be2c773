"""The user's kubeconfig, and the service account of a pod: who one is at which API server, and where."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api import plain_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubernetes.client import Configuration

    from wasmnb.mesh.istio.api.plain_config import PlainConfiguration

__all__ = ["contexts", "load", "namespace_of", "plain"]


def contexts() -> tuple[list[str], str]:
    """List the contexts of the user's kubeconfig, and name the current one; nothing when there is none."""
    from kubernetes import config  # noqa: PLC0415 - over a second to import

    try:
        found, current = config.list_kube_config_contexts(_kubeconfig())
    except config.ConfigException:
        return [], ""
    return [str(one["name"]) for one in found], str((current or {}).get("name", ""))


def plain(name: str | None) -> PlainConfiguration | None:
    """Read a context that says nothing which takes the library, the current one without a name; None for others."""
    return plain_config.read(_kubeconfig(), name)


def namespace_of(name: str) -> str:
    """Give the namespace that a context names; ``default`` when it names none."""
    from kubernetes import config  # noqa: PLC0415

    found, _ = config.list_kube_config_contexts(_kubeconfig())
    context = next(one for one in found if one["name"] == name)["context"]
    return str(context.get("namespace") or "default")


def load(name: str, configuration: Configuration) -> Callable[[], None]:
    """Read a context of the kubeconfig; give what lets go of the files that its keys became.

    Where the system has files in memory (Linux), none of them stays on a disk, however this process ends.

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
        _forget(folder)
    if not hasattr(os, "memfd_create"):
        return partial(shutil.rmtree, folder, ignore_errors=True)
    kept: dict[str, int] = {}
    _into_memory(configuration, folder, kept)
    renew = configuration.refresh_api_key_hook
    if renew is not None:

        def renewed(asking: Configuration) -> None:
            # It names the files and itself anew, and makes files where a credential has expired.
            renew(asking)
            asking.refresh_api_key_hook = renewed
            _into_memory(asking, folder, kept)

        configuration.refresh_api_key_hook = renewed
    return partial(_let_go, folder, kept)


def _forget(folder: str) -> None:
    """Have the library forget its files in a folder: it remembers them for ever, and would hand them out once gone."""
    from kubernetes.config import kube_config  # noqa: PLC0415

    known = kube_config._temp_files  # noqa: SLF001
    for content in [content for content, path in known.items() if path.startswith(folder)]:
        del known[content]


def _into_memory(configuration: Configuration, folder: str, kept: dict[str, int]) -> None:
    """Move the files of a configuration that are in a folder into memory; `kept` has their descriptors."""
    for name in ("ssl_ca_cert", "cert_file", "key_file"):
        path = getattr(configuration, name)
        if path and Path(path).is_relative_to(folder):
            if path not in kept:
                kept[path] = os.memfd_create(name)
                os.write(kept[path], Path(path).read_bytes())
            setattr(configuration, name, f"/proc/self/fd/{kept[path]}")
    shutil.rmtree(folder, ignore_errors=True)
    _forget(folder)


def _let_go(folder: str, kept: dict[str, int]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for descriptor in kept.values():
        os.close(descriptor)


def _kubeconfig() -> str:
    """Name the user's kubeconfig as it is set now; the library reads the variable once, when it is imported."""
    return os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
