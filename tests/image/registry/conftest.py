"""Registries that several tests share, and clean credentials for each."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

import wasmnb.image.registry.client as clients
from tests.image.registry.between import Between
from tests.image.registry.parts import HTPASSWD, SECRETS, DockerRegistry, authority
from tests.image.registry.tokens import TokenServer
from tests.needs import needs
from wasmnb.image import Image, package
from wasmnb.image.registry.retry import Retry
from wasmnb.image.store import Store
from wasmnb.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The smallest module there is: its magic number and version, and a custom section to tell one from the other.
HEAD = b"\0asm\x01\0\0\0"


def module(extra: bytes = b"") -> Module:
    section = b"\x04test" + extra
    size, length = len(section), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            break
    return Module("test", HEAD + b"\0" + length + section)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No credentials, proxies or caches of whoever runs the tests; nothing known of any registry."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    clients.drop()
    yield
    clients.drop()


@pytest.fixture(autouse=True)
def nothing_told(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does, no secret is printed or logged."""
    caplog.set_level(logging.DEBUG)
    yield
    printed = capfd.readouterr()
    for secret in SECRETS:
        assert secret not in printed.out + printed.err + caplog.text


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none is made."""
    slept: list[float] = []
    monkeypatch.setattr(clients, "PATIENT", Retry(attempts=4, sleep=slept.append))
    return slept


@pytest.fixture(scope="session")
@needs("registry")
def anonymous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    registry = DockerRegistry(tmp_path_factory.mktemp("anonymous"))
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
@needs("registry")
def with_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    folder = tmp_path_factory.mktemp("password")
    (folder / "htpasswd").write_text(HTPASSWD)
    registry = DockerRegistry(folder, f"auth:\n  htpasswd: {{realm: Registry, path: {folder}/htpasswd}}\n")
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
def authority_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
@needs("registry")
def with_tls(
    tmp_path_factory: pytest.TempPathFactory, authority_files: tuple[Path, Path, Path]
) -> Iterator[DockerRegistry]:
    _, certificate, key = authority_files
    config = f"  tls: {{certificate: {certificate}, key: {key}}}\n"
    registry = DockerRegistry(tmp_path_factory.mktemp("tls"), config)
    yield registry
    registry.stop()


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenServer]:
    server = TokenServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture
@needs("registry")
def with_tokens(tmp_path: Path, tokens: TokenServer) -> Iterator[DockerRegistry]:
    registry = DockerRegistry(tmp_path / "registry", tokens.config)
    yield registry
    registry.stop()


@pytest.fixture
def between(anonymous: DockerRegistry) -> Iterator[Between]:
    server = Between(anonymous.host)
    yield server
    server.stop()


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository of the test's own."""
    return "tests/" + re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")


@pytest.fixture
def image(repository: str) -> Image:
    return package(module(repository.encode()), "local/test")


@pytest.fixture
def large(repository: str) -> Image:
    """An image with 300 kB of bytes that are nowhere else."""
    return package(module((repository.encode() * 30_000)[:300_000]), "local/large")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")
