"""The agent's image: a base image with a Python, and above it one layer of ours that holds this very wasmnb.

It is made without Docker, from what is installed here: the base's layers are carried from registry to registry, and
the layer has Python sources only, which run on every platform. The same sources and base give the same digest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.agent.manifest import NAME, USER
from wasmnb.errors import ImageError, UsageError
from wasmnb.image import layer
from wasmnb.image.extraction import DOCKER_LAYER_TYPE, TAR_GZIP_TYPE
from wasmnb.image.manifest import (
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    MANIFEST_TYPE,
    Manifest,
    checked,
    described,
    digest_of,
)
from wasmnb.image.packaging import IMAGE_CONFIG_TYPE
from wasmnb.image.reference import Reference
from wasmnb.image.registry import manifests
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.client import client
from wasmnb.image.registry.download import Download
from wasmnb.image.registry.repository import Remote
from wasmnb.image.registry.responses import Operation
from wasmnb.image.registry.upload import Blob, has_blob, upload
from wasmnb.image.runtime_config import canonical
from wasmnb.progress import Silent
from wasmnb.version import __version__
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.image.manifest import Descriptor
    from wasmnb.progress import Progress

__all__ = ["BASE", "push", "sources", "tag_below"]

BASE = "docker.io/library/python:3.13-slim"
"""The base image, where none is named."""

_HOME = "opt/wasmnb"
_PACKAGES = {"certifi": "certifi", "urllib3": "urllib3", "websocket": "websocket-client", "yaml": "PyYAML"}
"""What a look at a cluster imports, by import name; their compiled parts are optional."""
_LEFT_OUT = ("dashboards", "lab", "labextension", "magics", "project/templates", "sdk", "views")
"""Of this package, what no agent uses and is large."""
_PLATFORMS = ("linux/amd64", "linux/arm64")
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_LICENCES = ("LICENSE", "LICENCE", "NOTICE", "COPYING")


def push(
    reference: str,
    base: str = "",
    *,
    access: Access | None = None,
    base_access: Access | None = None,
    progress: Progress | None = None,
) -> str:
    """Make the agent's image, and bring it to a registry.

    Parameters
    ----------
    reference : str
        Where to, such as ``registry.example/team/wasmnb-agent:v1``.
    base : str
        An image with a Python 3.10 or newer as ``python3``; `BASE` when empty.
    access, base_access : Access, optional
        How the two registries are spoken to; where they are one, the first says it.
    progress : Progress, optional

    Returns
    -------
    str
        The reference with the digest.

    Raises
    ------
    UsageError, BadNameError
        One of the references cannot be used.
    RegistryError, ImageError
    """
    where, source = Reference.parse(reference), Reference.parse(base or BASE)
    if where.is_local or source.is_local:
        raise UsageError(
            "The nodes of a cluster pull the agent's image from a registry.",
            hint="name one with its host, as in registry.example/team/wasmnb-agent",
        )
    target = Remote(client(where.host, access or Access()), where.path)
    same = access if source.host == where.host else None
    taken = Remote(client(source.host, base_access or same or Access()), source.path)
    return _Push(where, source, target, taken, progress or Silent()).run()


def tag_below(registry: str | None) -> str:
    """Give the tag under which the image of this version is pushed.

    Parameters
    ----------
    registry : str or None
        Where images are named to live.

    Raises
    ------
    UsageError
        That is not said.
    """
    if registry is None:
        raise UsageError(
            "The agent's image needs a registry that it is pushed to.",
            hint=Wording(
                "{}, or {} for one that is there",
                Verb("config", options=(Option("registry", "registry.example/team", bare=True),)),
                Option("agent_image", "IMAGE"),
            ),
        )
    return f"{registry}/{NAME}:{__version__}"


def sources() -> dict[str, bytes]:
    """Give the files of our layer, by their paths in the image.

    Raises
    ------
    ImageError
        A package that the agent needs is not installed as sources.
    """
    found = dict(_modules("wasmnb", "wasmnb"))
    for module, distribution in _PACKAGES.items():
        found |= dict(_modules(module, distribution))
    return {f"{_HOME}/{name}": data for name, data in sorted(found.items())}


def _modules(module: str, distribution: str) -> Iterator[tuple[str, bytes]]:
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ImageError(f"The agent needs the package {distribution}, which is not installed as a folder of sources.")
    root = Path(next(iter(spec.submodule_search_locations)))
    for path in root.rglob("*.py"):
        inside = path.relative_to(root).as_posix()
        if module != "wasmnb" or not any(inside.startswith(f"{name}/") for name in _LEFT_OUT):
            yield f"{module}/{inside}", path.read_bytes()
    try:
        listed = files(distribution) or ()
    except PackageNotFoundError:
        listed = ()
    for one in listed:
        if one.name.upper().startswith(_LICENCES) and ".dist-info" in str(one):
            yield f"licences/{module}/{one.name}", one.read_binary()


@dataclass
class _Push:
    where: Reference
    source: Reference
    target: Remote
    taken: Remote
    progress: Progress

    def run(self) -> str:
        tar = layer.tar(sources())
        self.diff, self.packed = digest_of(tar), layer.pack(tar)
        self.operation = Operation("push", str(self.where), self.where.host)
        self.pull = Operation("pull", str(self.source), self.source.host)
        self.progress.update(f"asking {self.source.host}")
        found = manifests.fetch(self.taken, self.source.digest or self.source.tag_or_latest, self.pull)
        known = Manifest.parse(found.data)
        tag = self.where.tag_or_latest
        if not known.is_index:
            data, kind = self._image(found.data)
        else:
            data, kind = self._index(known), INDEX_TYPE
        manifests.put(self.target, tag or digest_of(data), data, kind, self.operation)
        return str(self.where.with_digest(digest_of(data)))

    def _index(self, known: Manifest) -> bytes:
        children = []
        for one in known.manifests:
            if one.platform not in _PLATFORMS:
                continue
            data, kind = self._image(manifests.fetch(self.taken, one.digest, self.pull).data)
            manifests.put(self.target, digest_of(data), data, kind, self.operation)
            system, _, machine = one.platform.partition("/")
            children.append({**described(kind, data), "platform": {"os": system, "architecture": machine}})
        if not children:
            raise ImageError(
                f"{self.source} has no image for {' or '.join(_PLATFORMS)}.",
                why=[f"it has {', '.join(one.platform for one in known.manifests) or 'nothing'}"],
            )
        return canonical({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": children})

    def _image(self, base: bytes) -> tuple[bytes, str]:
        """Carry the base's layers over, and give the manifest of the image above them, with its media type."""
        known = Manifest.parse(base)
        if known.config is None or known.is_index:
            raise ImageError(f"{self.source} is no image that a node could run.")
        config = self._config(self._read(known.config))
        for one in known.layers:
            self._carry(one)
        self._bring(self.packed)
        self._bring(config)
        layers = [{"mediaType": one.media_type, "digest": one.digest, "size": one.size} for one in known.layers]
        layers.append(described(DOCKER_LAYER_TYPE if known.is_docker else TAR_GZIP_TYPE, self.packed))
        kind = DOCKER_MANIFEST_TYPE if known.is_docker else MANIFEST_TYPE
        named = described(_DOCKER_CONFIG if known.is_docker else IMAGE_CONFIG_TYPE, config)
        return canonical({"schemaVersion": 2, "mediaType": kind, "config": named, "layers": layers}), kind

    def _config(self, base: bytes) -> bytes:
        try:
            image = json.loads(base)
            run, rootfs = dict(image.get("config") or {}), image["rootfs"]
            own = {"PYTHONPATH": f"/{_HOME}", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
            env = [one for one in run.get("Env") or () if one.partition("=")[0] not in own]
            run |= {
                "Entrypoint": ["python3", "-m", "wasmnb.agent"],
                "Env": [*env, *(f"{name}={value}" for name, value in own.items())],
                "User": str(USER),
                "WorkingDir": "/",
                "Labels": {**(run.get("Labels") or {}), "org.opencontainers.image.version": __version__},
            }
            run.pop("Cmd", None)
            history = [*(image.get("history") or ()), {"created_by": f"wasmnb {__version__}"}]
            rootfs = {**rootfs, "diff_ids": [*rootfs["diff_ids"], self.diff]}
        except (ValueError, KeyError, TypeError) as error:
            raise ImageError(f"{self.source} is no image that a node could run.", why=[str(error)]) from error
        return canonical({**image, "config": run, "history": history, "rootfs": rootfs})

    def _read(self, item: Descriptor) -> bytes:
        with Download(self.taken, item, self.pull, lambda _: None) as pieces:
            return checked(b"".join(pieces), item.digest, f"A blob of {self.source}")

    def _carry(self, item: Descriptor) -> None:
        if not self._has(item.digest):
            self.progress.update(f"copying {self.source.name} over: {item.size / 1e6:.0f} MB")
            same = self.source.host == self.where.host
            elsewhere = self.taken.path if same else ""
            upload(
                self.target, Blob(item.digest, self._read(item)), self.operation, lambda _: None, elsewhere=elsewhere
            )

    def _bring(self, data: bytes) -> None:
        blob = Blob(digest_of(data), data)
        if not self._has(blob.digest):
            self.progress.update(f"pushing {self.where.name}")
            upload(self.target, blob, self.operation, lambda _: None)

    def _has(self, digest: str) -> bool:
        return has_blob(self.target, digest, self.operation)
