"""An image with the Python of this machine, for what the tests run in pods: no registry of images is asked for one."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.images import Image, Layer
from wasmnb.image.registry import push

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_PYTHON = "/usr/bin/python3"
_LEFT_OUT = re.compile(
    r"__pycache__|config-.*|(?:site|dist)-packages|ensurepip|idlelib|lib2to3|pydoc_data|test|tkinter|turtle.*"
)


@dataclass(frozen=True)
class _Blob:
    digest: str
    data: bytes


@dataclass(frozen=True)
class _Pushed:
    manifest: bytes
    held: tuple[_Blob, ...]

    def blobs(self) -> tuple[_Blob, ...]:
        return self.held


def _left_out(path: Path, library: Path) -> bool:
    return any(map(_LEFT_OUT.fullmatch, path.relative_to(library).parts))


def push_base(reference: str) -> str:
    """Push an image whose ``python3`` is the one that runs the tests, and give its reference by digest."""
    program, library = Path(sys._base_executable).resolve(), Path(sysconfig.get_path("stdlib"))
    layer = Layer().program(str(program), program).folder("/tmp", 0o1777)
    if str(program) != _PYTHON:
        layer.link(_PYTHON, str(program))
    inside = [path for path in sorted(library.rglob("*")) if path.is_file() and not _left_out(path, library)]
    compiled = [path for path in inside if path.suffix == ".so"]
    # At once: a call for each would take longer than all the rest.
    listed = subprocess.run(["ldd", *compiled], capture_output=True, text=True).stdout
    for found in {*re.findall(r"^\s*(?:\S+ => )?(/\S+) \(", listed, re.MULTILINE)}:
        layer.file(found, Path(found), 0o755)
    for path in inside:
        layer.file(str(path), path)
    archive = layer.archive()
    config = Image((), (archive,), _PYTHON).config()
    blobs = tuple(_Blob("sha256:" + hashlib.sha256(data).hexdigest(), data) for data in (config, archive))
    described = [
        {"mediaType": kind, "digest": one.digest, "size": len(one.data)}
        for kind, one in zip((_CONFIG, _LAYER), blobs, strict=True)
    ]
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": described[0], "layers": described[1:]}
    return push(_Pushed(json.dumps(manifest).encode(), blobs), reference, plain_http=True).pinned
