"""Images for the tests of this folder: our own and foreign ones, made byte by byte."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from typing import Any

import pytest

from tests.module.builder import good
from wasmnb.errors import ImageError
from wasmnb.module import Module
from wasmnb.module.stamp import stamp

OCI = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
CONTENT = "application/vnd.module.wasm.content.layer.v1+wasm"
CONFIG = "application/vnd.module.wasm.config.v1+json"

needs_skopeo = pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed (Debian: skopeo)")


def wasm(*root_ids: str) -> bytes:
    return stamp(bytes(good()), language="cpp", root_ids=root_ids or ("header-filter",))


def module(*root_ids: str, name: str = "header-filter") -> Module:
    return Module(name, wasm(*root_ids))


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def layer(*members: tuple[str, bytes], links: tuple[tuple[str, str, bytes], ...] = ()) -> bytes:
    """A tar in gzip, as Python writes it, with any names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, target, kind in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue())


class Blobs:
    """A registry in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def read(self, wanted: str, limit: int) -> bytes:
        if wanted not in self.held:
            raise ImageError("It is not here.")
        assert limit >= 0
        return self.held[wanted]

    def put(self, data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        self.held[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}

    def manifest(self, *layers: tuple[str, bytes], media_type: str = OCI, config: str = CONFIG, **more: Any) -> bytes:
        described = [self.put(data, kind) for kind, data in layers]
        whole = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": self.put(b"{}", config),
            "layers": described,
            **more,
        }
        return json.dumps(whole).encode()

    def index(self, *children: tuple[bytes, str, str]) -> bytes:
        items = [
            self.put(data, OCI, platform={"os": system, "architecture": machine}) for data, system, machine in children
        ]
        whole = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": items}
        return json.dumps(whole).encode()
