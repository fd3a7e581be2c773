"""The agent's image: a base's layers, and above them what is installed here, for each platform alike."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from wasmnb.agent import __main__ as program
from wasmnb.agent.image import sources
from wasmnb.errors import ImageError, UsageError
from wasmnb.image.manifest import INDEX_TYPE, MANIFEST_TYPE, Manifest, digest_of
from wasmnb.image.reference import Reference
from wasmnb.image.registry import manifests, push
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.client import client
from wasmnb.image.registry.download import Download
from wasmnb.image.registry.repository import Remote
from wasmnb.image.registry.responses import Operation
from wasmnb.image.registry.server import RegistryServer

PULL = Operation("pull", "it", "here")


@dataclass(frozen=True)
class Blob:
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)


@dataclass(frozen=True)
class Base:
    """An image or an index, as bytes."""

    manifest: bytes
    held: tuple[Blob, ...] = ()

    def blobs(self) -> tuple[Blob, ...]:
        return self.held


def described(kind: str, data: bytes, **more: object) -> dict[str, object]:
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data), **more}


def base_for(machine: str) -> Base:
    layer = f"the Python of {machine}".encode()
    config = {
        "architecture": machine,
        "os": "linux",
        "config": {"Env": ["PATH=/bin", "PYTHONPATH=/old"], "Cmd": ["sh"]},
    }
    config["rootfs"] = {"type": "layers", "diff_ids": [digest_of(layer)]}
    blobs = json.dumps(config).encode(), layer
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": described("application/vnd.oci.image.config.v1+json", blobs[0]),
        "layers": [described("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
    }
    return Base(json.dumps(manifest).encode(), tuple(map(Blob, blobs)))


@pytest.fixture
def registry(tmp_path):
    with RegistryServer(tmp_path / "served") as server:
        children = []
        for machine in ("amd64", "arm64", "riscv64"):
            base = base_for(machine)
            push(base, f"{server.host}/python:{machine}")
            platform = {"os": "linux", "architecture": machine}
            children.append(described(MANIFEST_TYPE, base.manifest, platform=platform))
        index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": children}
        remote = Remote(client(server.host, Access()), "python")
        manifests.put(remote, "all", json.dumps(index).encode(), INDEX_TYPE, PULL)
        yield server


def pushed(reference):
    where = Reference.parse(reference)
    remote = Remote(client(where.host, Access()), where.path)
    return remote, manifests.fetch(remote, where.digest or where.tag_or_latest, PULL)


def read(remote, item):
    with Download(remote, item, PULL, lambda _: None) as pieces:
        return b"".join(pieces)


def test_it_stands_on_each_platform_of_the_base_that_clusters_have(registry, capsys):
    target = f"{registry.host}/us/wasmnb-agent:1"
    assert program.main(["push", target, "--base", f"{registry.host}/python:all"]) == 0
    pinned = capsys.readouterr().out.strip()
    assert pinned.startswith(f"{target}@sha256:")
    remote, index = pushed(pinned)
    children = Manifest.parse(index.data).manifests
    assert [one.platform for one in children] == ["linux/amd64", "linux/arm64"]
    ours = set()
    for machine, child in zip(("amd64", "arm64"), children, strict=True):
        manifest = Manifest.parse(manifests.fetch(remote, child.digest, PULL).data)
        below, layer = manifest.layers
        assert read(remote, below) == f"the Python of {machine}".encode()
        ours.add(layer.digest)
        config = json.loads(read(remote, manifest.config))
        assert config["rootfs"]["diff_ids"][-1] == digest_of(zlib.decompress(read(remote, layer), 31))
        assert config["architecture"] == machine
        assert config["config"]["Entrypoint"] == ["python3", "-m", "wasmnb.agent"]
        assert config["config"]["User"] == "65532"
        assert "Cmd" not in config["config"]
        assert {"PATH=/bin", "PYTHONPATH=/opt/wasmnb"} <= set(config["config"]["Env"])
        assert "PYTHONPATH=/old" not in config["config"]["Env"]
    assert len(ours) == 1
    # The same again has the same digest.
    program.main(["push", target, "--base", f"{registry.host}/python:all"])
    assert capsys.readouterr().out.strip() == pinned


def test_its_layer_is_all_that_a_python_needs(registry, tmp_path, capsys):
    program.main(["push", f"{registry.host}/us/agent", "--base", f"{registry.host}/python:amd64"])
    remote, found = pushed(capsys.readouterr().out.strip())
    layer = Manifest.parse(found.data).layers[-1]
    with tarfile.open(fileobj=io.BytesIO(zlib.decompress(read(remote, layer), 31))) as archive:
        archive.extractall(tmp_path, filter="data")
    # Without the site's packages, and with everything that a look imports late.
    late = "wasmnb.agent.report, wasmnb.mesh.istio.api.port_forward, wasmnb.mesh.istio.proxies.logs"
    code = (
        f"import {late}, sys; from wasmnb.agent.__main__ import main; sys.exit(main(['run', '--context=in-cluster']))"
    )
    environment = {"PYTHONPATH": str(tmp_path / "opt/wasmnb"), "PATH": "/bin"}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    # No cluster's pod, so that the package with all ways to log in is looked for; the image has no need of it.
    assert "No module named 'kubernetes'" in done.stderr
    assert any(path.name.startswith("LICENSE") for path in Path(tmp_path, "opt/wasmnb/licences").rglob("*"))


def test_what_is_no_base_is_refused(registry, capsys, monkeypatch):
    monkeypatch.setattr("wasmnb.agent.image._PLATFORMS", ("linux/s390x",))
    assert program.main(["push", f"{registry.host}/us/agent", "--base", f"{registry.host}/python:all"]) == 1
    assert "has no image for linux/s390x" in capsys.readouterr().err
    assert program.main(["push", "local/agent"]) == 1
    said = capsys.readouterr().err
    assert "pull the agent's image from a registry" in said
    assert "name one with its host, as in registry.example/team/wasmnb-agent" in said


def test_a_package_that_is_not_installed_as_sources_is_said(monkeypatch):
    monkeypatch.setattr("wasmnb.agent.image.find_spec", lambda _: None)
    with pytest.raises(ImageError, match="needs the package wasmnb, which is not installed"):
        sources()


def test_without_a_registry_it_is_asked_for():
    from wasmnb.session import Session

    session = Session()
    with pytest.raises(UsageError, match="needs a registry that it is pushed to") as caught:
        session.render(agent=True)
    named = "session.config(registry='registry.example/team'), or agent_image=IMAGE for one that is there"
    assert caught.value.hint == named
    assert session.render(agent=True, agent_image="registry.example/agent:1").text
    session.config(registry="registry.example/team")
    assert "registry.example/team/wasmnb-agent:" in session.render(agent=True).text
