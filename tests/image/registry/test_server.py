"""The registry on the loopback interface, judged by clients that are not ours, and by ours."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.image.registry.conftest import module
from wasmnb.errors import ImageError, RegistryError, UsageError
from wasmnb.image import Image, Store, package
from wasmnb.image.manifest import digest_of
from wasmnb.image.registry import inspect, listing, pull, push, repositories, resolve, tags
from wasmnb.image.registry.server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[RegistryServer]:
    with RegistryServer(tmp_path / "served") as server:
        yield server


def ask(
    server: RegistryServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    host, _, port = server.host.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def error_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["errors"][0]["code"]


def skopeo(*words: str) -> str:
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("skopeo is missing: apt-get install skopeo")
    return subprocess.run([program, *words], check=True, capture_output=True, text=True, timeout=60).stdout


def test_our_client_pushes_lists_and_pulls(served: RegistryServer, image: Image, large: Image, store: Store) -> None:
    name = f"{served.host}/team/filter"
    assert push(image, f"{name}:v1").digest == image.digest
    assert push(image, f"{name}:v1").unchanged
    assert push(large, f"{served.host}/other:v1").digest == large.digest
    assert resolve(f"{name}:v1") == image.digest
    assert list(repositories(served.host)) == ["other", "team/filter"]
    assert list(tags(name)) == ["v1"]
    assert {row.reference for row in listing(served.host)} == {f"{name}:v1", f"{served.host}/other:v1"}
    assert inspect(f"{name}@{image.digest}").digest == image.digest
    assert pull(f"{name}@{image.digest}", store).digest == image.digest
    pull(f"{served.host}/other:v1", store)
    assert store.get(f"{served.host}/other:v1").module.wasm == large.module.wasm


def test_a_large_image_goes_up_in_pieces_and_comes_down_in_parts(served: RegistryServer, store: Store) -> None:
    big = package(module(bytes(20_000_000)), "local/big")
    assert push(big, f"{served.host}/big:v1").digest == big.digest
    blob = max(big.blobs(), key=lambda one: one.size)
    path = f"/v2/big/blobs/{blob.digest}"
    status, headers, data = ask(served, "GET", path, Range="bytes=5-9")
    assert (status, headers["content-range"], data) == (206, f"bytes 5-9/{blob.size}", blob.data[5:10])
    assert ask(served, "GET", path, Range=f"bytes={blob.size}-")[0] == 416
    assert pull(f"{served.host}/big:v1", store).digest == big.digest


def test_skopeo_copies_there_and_back(served: RegistryServer, image: Image, tmp_path: Path) -> None:
    push(image, f"{served.host}/team/filter:v1")
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    there = f"docker://{served.host}"
    skopeo("copy", *plain, f"{there}/team/filter:v1", f"{there}/copied/filter:v2")
    assert resolve(f"{served.host}/copied/filter:v2") == image.digest
    skopeo("copy", *plain, f"{there}/team/filter:v1", f"oci:{tmp_path}/layout:v1")
    skopeo("copy", *plain, f"oci:{tmp_path}/layout:v1", f"{there}/back:v1")
    assert resolve(f"{served.host}/back:v1") == image.digest
    found = json.loads(skopeo("list-tags", "--tls-verify=false", f"{there}/copied/filter"))
    assert found["Tags"] == ["v2"]
    skopeo("delete", "--tls-verify=false", f"{there}/back:v1")
    with pytest.raises(RegistryError, match="has no"):
        resolve(f"{served.host}/back:v1")


def test_what_was_pushed_is_there_after_a_restart(served: RegistryServer, image: Image) -> None:
    push(image, f"{served.host}/a:v1")
    with RegistryServer(served.store.path) as again:
        assert resolve(f"{again.host}/a:v1") == image.digest


def test_nobody_but_this_machine_is_served(served: RegistryServer) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "registry.example"):
        with pytest.raises(UsageError, match="loopback"):
            RegistryServer(served.store.path, host=host)
    assert error_of(ask(served, "GET", "/v2/", Host="evil.example")) == (421, "DENIED")
    assert ask(served, "GET", "/v2/", Host="localhost:1")[0] == 200
    with pytest.raises(RegistryError, match="cannot listen on port"):
        RegistryServer(served.store.path, port=int(served.host.rpartition(":")[2]))


def test_uploads_as_the_specification_has_them(served: RegistryServer) -> None:
    data = b"0123456789"
    digest = digest_of(data)
    status, headers, _ = ask(served, "POST", "/v2/a/blobs/uploads/")
    assert (status, headers["range"]) == (202, "0-0")
    place = headers["location"]
    assert ask(served, "PATCH", place, data[:4], Content_Range="0-3")[1]["range"] == "0-3"
    assert error_of(ask(served, "PATCH", place, data[6:], Content_Range="6-9")) == (416, "BLOB_UPLOAD_INVALID")
    assert ask(served, "GET", place)[1]["range"] == "0-3"
    assert ask(served, "PATCH", place, data[4:], Content_Range="4-9")[0] == 202
    assert error_of(ask(served, "PUT", f"{place}?digest=sha256:nonsense")) == (400, "DIGEST_INVALID")
    status, headers, _ = ask(served, "PUT", f"{place}?digest={digest}")
    assert (status, headers["location"]) == (201, f"/v2/a/blobs/{digest}")
    assert ask(served, "GET", headers["location"])[2] == data
    assert error_of(ask(served, "PUT", f"{place}?digest={digest}")) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert ask(served, "POST", f"/v2/b/blobs/uploads/?mount={digest}&from=a")[0] == 201
    assert ask(served, "POST", f"/v2/b/blobs/uploads/?digest={digest_of(b'x')}", b"x")[0] == 201
    place = ask(served, "POST", "/v2/a/blobs/uploads/")[1]["location"]
    assert error_of(ask(served, "PUT", f"{place}?digest={digest}", b"other")) == (400, "DIGEST_INVALID")
    place = ask(served, "POST", "/v2/a/blobs/uploads/")[1]["location"]
    assert ask(served, "DELETE", place)[0] == 204
    assert error_of(ask(served, "GET", place)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_what_is_not_there_or_is_wrong_is_said_in_the_specifications_words(
    served: RegistryServer, image: Image
) -> None:
    push(image, f"{served.host}/a:v1")
    assert error_of(ask(served, "GET", "/v2/a/manifests/v2")) == (404, "MANIFEST_UNKNOWN")
    assert error_of(ask(served, "GET", f"/v2/a/blobs/sha256:{'0' * 64}")) == (404, "BLOB_UNKNOWN")
    assert error_of(ask(served, "GET", "/v2/a/blobs/../../../etc/passwd")) == (404, "NAME_UNKNOWN")
    assert error_of(ask(served, "GET", "/v2/nobody/tags/list")) == (404, "NAME_UNKNOWN")
    assert error_of(ask(served, "GET", "/v2/UPPER/tags/list")) == (400, "NAME_INVALID")
    assert error_of(ask(served, "PUT", "/v2/a/manifests/v3", b"{}")) == (400, "MANIFEST_INVALID")
    assert error_of(ask(served, "PUT", "/v2/a/manifests/v3", bytes(5_000_000))) == (413, "SIZE_INVALID")
    assert error_of(ask(served, "POST", "/v2/")) == (405, "UNSUPPORTED")
    assert error_of(ask(served, "GET", "/")) == (404, "NAME_UNKNOWN")
    with pytest.raises(ImageError):
        served.store.get("local/a:v2")


def test_pages(served: RegistryServer, image: Image) -> None:
    for tag in ("a", "b", "c"):
        push(image, f"{served.host}/x:{tag}")
    _, headers, data = ask(served, "GET", "/v2/x/tags/list?n=2")
    assert json.loads(data)["tags"] == ["a", "b"]
    assert headers["link"] == '</v2/x/tags/list?n=2&last=b>; rel="next"'
    _, headers, data = ask(served, "GET", "/v2/x/tags/list?n=2&last=b")
    assert (json.loads(data)["tags"], "link" in headers) == (["c"], False)
