"""Variants, annotations, runtime configuration, schema; and the same bytes everywhere."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.image.images import digest, module
from tests.module.builder import good
from wasmnb.errors import ConfigError, UsageError
from wasmnb.image import package
from wasmnb.module import Module

ROOT = Path(__file__).parents[2]
MODULE = module("a", "b")

# The digest of the smallest module's compat image: it changes only when the packaging does, and then every user's do.
COMPAT = "sha256:aee3bb2853b001fd881100053610e63fb0cb0a4982f63e449521f510ea514496"

PACK = """
import sys
from tests.module.builder import good
from wasmnb.image import package
from wasmnb.module import Module
module = Module("m", bytes(good()))
more = {
  "annotations": {"title": "\\u4f60", "authors": "x", "licenses": "MIT"},
  "schema": {"b": 1, "a": [1.5, "\\u597d"]}}
for variant in ("artifact", "compat"):
    print(package(module, "m", variant=variant, **more).digest)
"""


def test_the_compat_image_is_an_image() -> None:
    image = package(MODULE, "local/a", variant="compat")
    manifest = json.loads(image.manifest)
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    (described,) = manifest["layers"]
    assert described["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
    (layer,) = image.layers
    assert (digest(layer.data), len(layer.data)) == (described["digest"], described["size"])
    config = json.loads(image.config)
    assert config["rootfs"] == {"type": "layers", "diff_ids": [digest(gzip.decompress(layer.data))]}
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert manifest["annotations"]["module.wasm.image/variant"] == "compat"
    with tarfile.open(fileobj=io.BytesIO(layer.data), mode="r:gz") as archive:
        assert archive.getnames() == ["plugin.wasm", "runtime-config.json"]
        wasm, runtime = (archive.extractfile(name) for name in archive.getnames())
        assert wasm is not None
        assert runtime is not None
        assert wasm.read() == MODULE.wasm
        expected = {"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"rootIds": ["a", "b"]}}
        assert json.loads(runtime.read()) == expected
    assert image.variant == "compat"
    assert package(MODULE, "local/a").variant == "artifact"
    assert image.size == len(image.manifest) + len(image.config) + len(layer.data)
    assert [blob.data for blob in image.blobs()] == [image.config, layer.data]


def test_the_bytes_do_not_depend_on_the_machine(tmp_path: Path) -> None:
    seen = set()
    for number, (zone, locale, umask, seed) in enumerate(
        [("Pacific/Kiritimati", "C", 0o077, "1"), ("America/Adak", "C.UTF-8", 0o000, "2")]
    ):
        environment = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed, "HOME": str(tmp_path)}
        environment["PYTHONPATH"] = str(ROOT)
        folder = tmp_path / str(number)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", PACK],
            cwd=folder,
            env=environment,
            umask=umask,
            capture_output=True,
            check=True,
            timeout=60,
        )
        seen.add(done.stdout)
    assert len(seen) == 1
    image = package(Module("m", bytes(good())), "m", variant="compat")
    assert image.digest == COMPAT


def test_standard_annotations_by_their_short_names() -> None:
    given = {
        "title": "T",
        "description": "D",
        "source": "https://git.example/x",
        "revision": "abc",
        "version": "1.0",
        "licenses": "MIT",
        "created": "2026-01-31T12:00:00Z",
        "org.example.owner": "me",
    }
    found = package(MODULE, "local/a", annotations=given).annotations
    for key, value in given.items():
        assert found[key if "." in key else f"org.opencontainers.image.{key}"] == value
    plain = package(MODULE, "local/a").annotations
    assert not [key for key in plain if key.startswith("org.opencontainers")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"titel": "x"}, "did you mean 'title'"),
        ({"zzz": "x"}, "annotations of your own have a domain"),
        ({"created": "yesterday"}, "RFC 3339"),
        ({"title": 5}, "not text"),
        ({"title": "\ud800"}, "not text"),
        ({"title": "a", "org.opencontainers.image.title": "b"}, "given twice"),
        ({"module.wasm.runtime/abi_version": "v9"}, "follows from the module"),
        ({"io.wasmnb.language": "cobol"}, "follows from the module"),
        ({"org.opencontainers.image.ref.name": "x"}, "follows from the module"),
        ({"description": "x" * (5 << 20)}, "registries take"),
    ],
)
def test_annotations_that_cannot_be_given(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        package(MODULE, "local/a", annotations=given)
    assert message in str(caught.value)


def test_unknown_variant() -> None:
    with pytest.raises(UsageError, match="no image variant 'compact'") as caught:
        package(MODULE, "local/a", variant="compact")
    assert "'compat'" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"envoy_proxy","abiVersions":["v0.2.1"],"config":{"rootIds":["b"]}}',
        '\ufeff{"type": "envoy_proxy", "abi_versions": ["v0.2.1"], "config": {"root_ids": ["b"]}}',
        '{"config": {"rootIds": ["b"]}}',
    ],
)
def test_a_runtime_config_is_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "runtime-config.json"
    path.write_text(text, encoding="utf-8")
    image = package(MODULE, "local/a", runtime_config=path)
    assert json.loads(image.config) == {"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"rootIds": ["b"]}}
    assert package(MODULE, "local/a", runtime_config=json.loads(text.lstrip("\ufeff"))) == image


def test_a_runtime_config_tells_what_the_module_does_not() -> None:
    bare = Module("m", bytes(good()))
    old = "v0-4689a30309abf31aee9ae36e73d34b1bb182685f"
    image = package(bare, "local/a", runtime_config={"abiVersions": [old, "v0.2.1"], "config": {"rootIds": ["r"]}})
    assert image.annotations["module.wasm.runtime/abi_version"] == f"{old},v0.2.1"
    assert image.annotations["io.wasmnb.root-ids"] == '["r"]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ('{\n  "type": "envoy_proxy",,\n}', "line 2"),
        ("[]", "not a JSON object"),
        ('{"typ": "envoy_proxy"}', "did you mean 'type'"),
        ('{"type": "wasm"}', "'envoy_proxy'"),
        ('{"abiVersions": "v0.2.1"}', "not a list of strings"),
        ('{"abiVersions": ["v0.1.0"]}', "the module says v0.2.1"),
        ('{"abiVersions": [], "abi_versions": []}', "two spellings"),
        ('{"config": []}', "rootIds"),
        ('{"config": "x"}', "not an object"),
        ('{"config": {"rootIds": ["c"]}}', "the module registers 'a', 'b'"),
        ('{"config": {"rootIds": [5]}}', "not a list of strings"),
        ('{"config": {"rootIds": ["\\ud800"]}}', "not a list of strings"),
        ('{"config": {"x": 5}}', "rootIds"),
        ("[" * 100_000, "nested too deeply|not valid JSON"),
        (" " * 2_000_000, "more than"),
    ],
)
def test_a_wrong_runtime_config_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "runtime-config.json"
    path.write_text(text)
    if text == '{"config": []}':
        package(MODULE, "local/a", runtime_config=path)
        return
    with pytest.raises(ConfigError) as caught:
        package(MODULE, "local/a", runtime_config=path)
    assert any(word in str(caught.value) for word in message.split("|"))
    assert "runtime-config.json" in str(caught.value)


def test_a_runtime_config_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        package(MODULE, "local/a", runtime_config=tmp_path / "none.json")
    (tmp_path / "latin").write_bytes(b'{"\xe4": 1}')
    with pytest.raises(ConfigError, match="UTF-8"):
        package(MODULE, "local/a", runtime_config=tmp_path / "latin")


def test_a_schema_travels_in_an_annotation() -> None:
    schema = {"type": "object", "properties": {"header": {"type": "string"}}}
    image = package(MODULE, "local/a", schema=schema)
    assert json.loads(image.annotations["io.wasmnb.config-schema"]) == schema
    assert package(MODULE, "local/a", schema=json.dumps(schema, indent=2)) == image
    assert len(image.layers) == 2
    for wrong in ("{", "[]", {"x": object()}, {"x": "y" * 70_000}, {"x": float("nan")}):
        with pytest.raises(ConfigError, match="configuration schema"):
            package(MODULE, "local/a", schema=wrong)
