"""Hints of registries are provoked, and followed: afterwards it goes through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.image.registry.between import Between, changed, cut_answer, status
from tests.image.registry.conftest import module
from tests.image.registry.parts import PASSWORD, USER, DockerRegistry, refused
from tests.image.registry.test_auth import configure
from tests.image.registry.test_pull import entry, put_index
from wasmnb.errors import (
    AuthError,
    BadNameError,
    ConfigError,
    ImageError,
    Interrupted,
    RegistryError,
    UsageError,
)
from wasmnb.image import Image, Store, package
from wasmnb.image.layout import MAX_BLOB
from wasmnb.image.registry import listing, login, manifests, pull, push, resolve, tags
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.auth import TokenAuth
from wasmnb.image.registry.credential import Credential, Secrets
from wasmnb.image.registry.credentials import config_path, find, save
from wasmnb.image.registry.server import RegistryServer

if TYPE_CHECKING:
    from pathlib import Path


HOST = "registry.example"
CORRECT = "correct it, or set DOCKER_CONFIG to another folder"


def test_options_that_contradict_each_other() -> None:
    with refused(UsageError, "try: leave --plain-http out when the registry uses TLS"):
        Access.of(plain_http=True, insecure=True)
    assert Access.of(insecure=True).verify is False


def test_a_token_is_fetched_over_tls() -> None:
    """A fake for the registry: a name that is not this machine's, with a certificate, is in no test."""
    asked: list[str] = []

    def ask(_method: str, url: str, **_more: Any) -> requests.Response:
        asked.append(url)
        given = requests.Response()
        given.status_code, given._content = 200, b'{"token":"abc"}'
        return given

    auth = TokenAuth(f"https://{HOST}", lambda: Credential(USER, PASSWORD), Secrets(), ask)
    with refused(AuthError, "try: ask whoever runs the registry to name an https address"):
        auth.answer(f'Bearer realm="http://tokens.{HOST}/"', ["repository:a:pull"], "")
    assert asked == []
    assert auth.answer(f'Bearer realm="https://tokens.{HOST}/"', ["repository:a:pull"], "")
    assert asked == [f"https://tokens.{HOST}/"]


@pytest.mark.parametrize("code", [401, 404])
def test_a_registry_without_a_catalogue(
    between: Between, image: Image, repository: str, tmp_path: Path, code: int
) -> None:
    push(image, f"{between.host}/{repository}:v1")
    between.fault("GET", "_catalog", status(code))
    with refused(RegistryError, f"name a repository: %wasm_list {between.host}/team/name") as caught:
        listing(between.host, cache=tmp_path)
    # Nobody is sent to log in where that changes nothing.
    assert (f"or log in: %wasm_login {between.host}" in caught.value.hint) is (code == 401)
    assert len(listing(f"{between.host}/{repository}", cache=tmp_path)) == 1


def test_more_than_any_registry_sends(between: Between, image: Image, repository: str, store: Store) -> None:
    between.fault("GET", "/manifests/", status(200, b" " * (5 << 20)))
    hint = "try: check the registry's address: what answers there is broken, or is no registry"
    with refused(RegistryError, hint):
        pull(f"{between.host}/{repository}:v1", store)
    push(image, f"{between.behind}/{repository}:v1")
    assert pull(f"{between.behind}/{repository}:v1", store).digest == image.digest


def test_a_helper_is_installed_or_taken_out(anonymous: DockerRegistry, tmp_path: Path, monkeypatch: Any) -> None:
    configure(credsStore="test")
    with refused(AuthError, f"try: install it, or take it out of {config_path()}"):
        login(anonymous.host, USER, PASSWORD)
    program = tmp_path / "docker-credential-test"
    program.write_text("#!/bin/sh\necho 'the keychain is locked' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    # It is installed: to install it once more would not unlock a keychain.
    mend = f"run `docker-credential-test list` in a terminal to see what ails it, or take it out of {config_path()}"
    with refused(AuthError, "the keychain is locked", f"try: {mend}"):
        login(anonymous.host, USER, PASSWORD)
    configure()
    assert login(anonymous.host, USER, PASSWORD).kept_in == str(config_path())


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": 1}', '{"credsStore": "../x"}', "\ud800"])
@pytest.mark.parametrize("follow", ["correct", "another folder"])
def test_a_broken_configuration_of_docker(tmp_path: Path, monkeypatch: Any, text: str, follow: str) -> None:
    config_path().parent.mkdir()
    config_path().write_bytes(text.encode("utf-8", "surrogatepass"))
    with refused(ConfigError, f"try: {CORRECT}"):
        find(HOST)
    if follow == "correct":
        config_path().write_text("{}")
    else:
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "other"))
    assert find(HOST) == (None, "")


def test_a_configuration_of_docker_that_cannot_be_written(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "file"))
    with refused(ConfigError, "try: set DOCKER_CONFIG to a folder that you may write to"):
        save(HOST, Credential(USER, PASSWORD))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "folder"))
    assert save(HOST, Credential(USER, PASSWORD)) == str(config_path())


@pytest.mark.parametrize("key", [HOST, f"https://{HOST}/v1/"])
def test_an_entry_that_cannot_be_read_is_written_anew(key: str) -> None:
    configure(auths={key: {"auth": "%%%"}})
    with refused(ConfigError, f"try: %wasm_login {HOST} writes it anew"):
        find(HOST)
    save(HOST, Credential(USER, PASSWORD))
    found, _ = find(HOST)
    assert found is not None
    assert found.password == PASSWORD


def test_a_pull_that_broke_is_tried_again(
    between: Between, large: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    reference = f"{between.host}/{repository}:v1"
    push(large, f"{between.behind}/{repository}:v1")
    between.fault("GET", large.module.digest, cut_answer(10), times=100)
    with refused(RegistryError, "try: try again"):
        pull(reference, store)
    between.faults.clear()
    assert pull(reference, store).digest == large.digest


def test_what_a_registry_has_is_listed(
    anonymous: DockerRegistry, image: Image, repository: str, tmp_path: Path
) -> None:
    push(image, f"{anonymous.host}/{repository}:v1")
    with refused(RegistryError, f"try: %wasm_list {anonymous.host} shows what it has"):
        listing(f"{anonymous.host}/no/such", cache=tmp_path)
    assert f"{anonymous.host}/{repository}" in {row.name for row in listing(anonymous.host, cache=tmp_path)}


def test_a_password_that_is_wrong(with_password: DockerRegistry) -> None:
    hint = "check the password; many registries want an access token in its place"
    with refused(AuthError, f"try: {hint}"):
        login(with_password.host, USER, "wrong")
    assert login(with_password.host, USER, PASSWORD).checked


def test_a_manifest_that_was_changed_on_its_way(between: Between, image: Image, repository: str, store: Store) -> None:
    hint = "try: the registry, or a proxy on the way to it, changes what goes through: try again without a proxy"
    between.fault("PUT", "/manifests/", status(201, Docker_Content_Digest="sha256:" + "0" * 64))
    with refused(RegistryError, hint):
        push(image, f"{between.host}/{repository}:v1")
    push(image, f"{between.behind}/{repository}:v1")
    between.fault("GET", "/manifests/", changed(lambda data: data + b" "))
    with refused(RegistryError, hint):
        pull(f"{between.host}/{repository}:v1", store)
    assert pull(f"{between.behind}/{repository}:v1", store).digest == image.digest


def test_a_registry_that_answers_for_another_digest(between: Between, image: Image, repository: str) -> None:
    pinned = push(image, f"{between.host}/{repository}:v1").pinned
    between.fault("HEAD", "/manifests/", status(200, Docker_Content_Digest="sha256:" + "0" * 64))
    with refused(RegistryError, "with another digest", "try: try again"):
        resolve(pinned)
    assert resolve(pinned) == image.digest


def test_what_was_stopped(between: Between, image: Image, repository: str, store: Store, monkeypatch: Any) -> None:
    def stop(*_words: object, **_more: object) -> None:
        raise KeyboardInterrupt

    reference = f"{between.host}/{repository}:v1"
    with monkeypatch.context() as patch:
        patch.setattr(manifests, "put", stop)
        hint = "the tag still means what it meant before; blobs that have arrived need not be sent again"
        with refused(Interrupted, f"try: {hint}"):
            push(image, reference)
    before = between.count("POST")
    push(image, reference)
    assert between.count("POST") == before
    with monkeypatch.context() as patch:
        patch.setattr(manifests, "fetch", stop)
        with refused(Interrupted, "try: the store has what it had before"):
            pull(reference, store)
    assert not store.list()


def test_images_that_no_mesh_takes(anonymous: DockerRegistry, image: Image, repository: str, store: Store) -> None:
    reference = f"{anonymous.host}/{repository}:v1"
    others = [package(module(text), "local/x") for text in (b"s390x", b"arm64")]
    for other in others:
        push(other, f"{anonymous.host}/{repository}@{other.digest}")
    arm = put_index(anonymous.host, repository, "v1", [entry(other, "linux", "arm64") for other in others])
    single = "try: push a single manifest: %wasm_push does"
    nested = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": arm, "size": 1}
    for entries in ([entry(other, "linux", "arm64") for other in others], [nested]):
        put_index(anonymous.host, repository, "v1", entries)
        with refused(ImageError, "index", single):
            pull(reference, store)
    push(image, reference)
    assert pull(reference, store).digest == image.digest


@pytest.mark.parametrize(
    ("layers", "hint"),
    [
        ([(1, number) for number in range(300)], "check the name: an image of a filter has two or three"),
        ([(MAX_BLOB + 1, 0)], "push an image with at most 268,435,456 in each: Istio takes no more, either"),
    ],
)
def test_what_is_no_image_of_a_filter(
    between: Between, image: Image, store: Store, layers: list[tuple[int, int]], hint: str
) -> None:
    """The manifest is a fake: a registry that checks blobs would need as many, or one as large."""
    repository = f"tests/no-filter/{len(layers)}"
    raw = json.loads(image.manifest)
    raw["layers"] = [{"mediaType": "x", "digest": f"sha256:{number:064x}", "size": size} for size, number in layers]
    between.fault("GET", "/manifests/", status(200, json.dumps(raw).encode()))
    with refused(ImageError, f"try: {hint}"):
        pull(f"{between.host}/{repository}:v1", store)
    push(image, f"{between.host}/{repository}:v1")
    assert pull(f"{between.host}/{repository}:v1", store).digest == image.digest


def test_names_of_no_registry(anonymous: DockerRegistry, image: Image, repository: str, store: Store) -> None:
    with refused(UsageError, "try: name a registry: registry.example/team/name:v1"):
        push(image, "local/test:v1")
    store.add(image)
    with refused(BadNameError, "try: %wasm_list shows what is there"):
        resolve(image.reference)
    assert image.digest in [row.digest for row in store.list()]
    wrong = f"{anonymous.host}/{repository}:v1@sha256:{'0' * 64}"
    with refused(BadNameError, "try: leave the digest out"):
        push(image, wrong)
    assert push(image, wrong.partition("@")[0]).digest == image.digest
    with refused(BadNameError, f"try: log in with %wasm_login {HOST}"):
        login(f"https://{USER}:x@{HOST}", USER, PASSWORD)


def test_a_registry_of_ones_own_has_a_port(anonymous: DockerRegistry, store: Store) -> None:
    taken = "another program has the port, perhaps a registry that was started before: choose another port"
    with refused(RegistryError, f"try: {taken}"):
        RegistryServer(store.path, port=anonymous.port)
    with refused(RegistryError, "try: choose another port, above 1023, of 127.0.0.1"):
        RegistryServer(store.path, host="[::1]")
    with RegistryServer(store.path) as served:
        assert served.port > 1023


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (("PUT", 429), "wait a while, or log in, which allows more: %wasm_login {}"),
        (("POST", 403), "log in with an account that may: %wasm_login {}; or name a repository of your own"),
        (("PUT", 503), "try again later"),
        (("PUT", 415), "package it as an image, which every registry takes: --variant compat"),
    ],
)
def test_a_push_that_is_refused(
    between: Between, repository: str, pauses: list[float], fault: tuple[str, int], hint: str
) -> None:
    """What a registry that counts, or knows accounts and kinds, answers once; afterwards it takes the image."""
    verb, code = fault
    new = package(module(hint.encode()), "local/new", variant="compat")
    reference = f"{between.host}/{repository}:v1"
    between.fault(verb, "", status(code, Retry_After="3600"), times=9)
    with refused(RegistryError, f"try: {hint.format(between.host)}"):
        push(new, reference)
    between.faults.clear()
    assert push(new, reference).digest == new.digest


def test_a_pull_that_is_refused(between: Between, image: Image, repository: str, store: Store) -> None:
    reference = f"{between.host}/{repository}:v1"
    push(image, reference)
    between.fault("GET", "", status(403))
    with refused(RegistryError, f"try: log in with an account that may: %wasm_login {between.host}") as caught:
        pull(reference, store)
    # Somebody else's image is not had from a repository of one's own.
    assert "of your own" not in caught.value.hint
    login(between.host, USER, PASSWORD)
    assert pull(reference, store).digest == image.digest


def test_an_image_that_is_not_there(between: Between, image: Image, repository: str, store: Store) -> None:
    push(image, f"{between.host}/{repository}:v1")
    with refused(RegistryError, "try: it has v1"):
        pull(f"{between.host}/{repository}:zzzzz", store)
    with refused(RegistryError, f"try: %wasm_list {between.host}/{repository} shows what it has"):
        pull(f"{between.host}/{repository}@sha256:{'0' * 64}", store)
    with refused(RegistryError, f"try: %wasm_list {between.host} shows what it has"):
        pull(f"{between.host}/zzzzz:v1", store)
    # Nobody is sent to a catalogue that there is not.
    between.fault("GET", "_catalog", status(404), times=9)
    name = f"check the name, or log in with %wasm_login {between.host}: one that you may not see looks the same"
    with refused(RegistryError, f"try: {name}"):
        pull(f"{between.host}/zzzzz:v1", store)
    between.faults.clear()
    listed = f"check the name; %wasm_list {between.host} shows what it has, where it has a catalogue"
    with refused(RegistryError, f"try: {listed}"):
        tags(f"{between.host}/zzzzz")
    assert tags(f"{between.host}/{repository}") == ["v1"]
