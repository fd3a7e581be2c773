"""TLS, its absence, and proxies."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.image.registry.between import Between
from tests.image.registry.parts import DockerRegistry, free_port, refused
from tests.worded import in_cell
from wasmnb.errors import RegistryError, UsageError
from wasmnb.image.registry import push, resolve
from wasmnb.image.registry.access import Access, is_loopback, server
from wasmnb.image.registry.credential import Secrets
from wasmnb.image.registry.responses import Operation, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.image import Image

Files = tuple[Path, Path, Path]


def test_an_unknown_authority_is_not_believed(with_tls: DockerRegistry, image: Image, repository: str) -> None:
    hint = "try: --ca FILE with the authority that signed it; --insecure believes anybody"
    with refused(RegistryError, "certificate", hint):
        push(image, f"{with_tls.host}/{repository}:v1")


def test_an_authority_of_ones_own(
    with_tls: DockerRegistry, authority_files: Files, image: Image, repository: str
) -> None:
    reference = f"{with_tls.host}/{repository}:v1"
    assert push(image, reference, ca=authority_files[0]).digest == resolve(reference, ca=authority_files[0])


def test_believing_anybody(with_tls: DockerRegistry, image: Image, repository: str) -> None:
    reference = f"{with_tls.host}/{repository}:v1"
    assert push(image, reference, insecure=True).digest == resolve(reference, insecure=True)


def test_a_certificate_for_another_name(
    with_tls: DockerRegistry, authority_files: Files, image: Image, repository: str
) -> None:
    host = with_tls.host.replace("127.0.0.1", "localhost")
    hint = "try: name the registry as its certificate does; --insecure believes anybody"
    with refused(RegistryError, "certificate", "Hostname mismatch", hint):
        push(image, f"{host}/{repository}:v1", ca=authority_files[0])
    assert push(image, f"{with_tls.host}/{repository}:v1", ca=authority_files[0]).digest == image.digest
    assert resolve(f"{host}/{repository}:v1", insecure=True) == image.digest


@pytest.mark.parametrize("code", [9, 10])
def test_a_certificate_out_of_its_time(code: int) -> None:
    """OpenSSL's error alone: a clock cannot be set in a test."""
    wrong = ssl.SSLCertVerificationError(1, "certificate has expired")
    wrong.verify_code, wrong.verify_message = code, "certificate has expired"
    error, again = unreachable(
        requests.exceptions.SSLError(wrong), Operation("push", "a", "registry.example"), Secrets()
    )
    assert not again
    assert in_cell(error).hint == "have it renewed, or set this machine's clock right; --insecure believes anybody"
    assert error.why == ("certificate has expired",)


def test_a_connection_that_ends_before_a_certificate_came(image: Image, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    server.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with refused(RegistryError, "The connection to", "broke", "try: try again") as caught:
            push(image, f"127.0.0.1:{server.getsockname()[1]}/a/b:v1", insecure=True)
        with suppress(OSError):  # not every system ends a wait so
            server.shutdown(socket.SHUT_RDWR)
    assert "certificate" not in str(caught.value)


def test_plain_http_where_tls_is_spoken(with_tls: DockerRegistry, image: Image) -> None:
    with refused(RegistryError, "speaks TLS", "leave --plain-http out"):
        push(image, f"{with_tls.host}/a/b:v1", plain_http=True)


def test_tls_where_plain_http_is_spoken(anonymous: DockerRegistry, image: Image) -> None:
    with refused(RegistryError, "does not speak TLS", "--plain-http"):
        push(image, f"{anonymous.host}/a/b:v1", insecure=True)


def test_options_that_contradict_each_other(image: Image, tmp_path: Path) -> None:
    with refused(UsageError, "--plain-http"):
        push(image, "registry.example/a:v1", plain_http=True, insecure=True)
    with refused(UsageError, "no file", "try: give a PEM file"):
        push(image, "registry.example/a:v1", ca=tmp_path / "none.pem")


def test_only_this_machine_is_asked_without_tls(anonymous: DockerRegistry, with_tls: DockerRegistry) -> None:
    assert server(anonymous.host, Access()) == f"http://{anonymous.host}"
    assert server(with_tls.host, Access()) == f"https://{with_tls.host}"
    assert server("registry.example", Access()) == "https://registry.example"
    assert server("registry.example:80", Access(plain_http=True)) == "http://registry.example:80"
    assert server("docker.io", Access()) == "https://registry-1.docker.io"
    assert [is_loopback(host) for host in ("localhost:5000", "127.1.2.3", "[::1]:5000", "localhost.example")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.fixture
def proxy(anonymous: DockerRegistry) -> Iterator[Between]:
    """A proxy for plain HTTP: a request's path is the whole address."""
    between = Between(anonymous.host)
    yield between
    between.stop()


def test_a_proxy_of_the_environment(
    proxy: Between, image: Image, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:proxy-Secret@{proxy.host}")
    reference = f"registry.invalid/{repository}:v1"
    assert push(image, reference, plain_http=True).digest == image.digest
    assert all(item.path.startswith("http://registry.invalid/v2/") for item in proxy.seen)


def test_this_machine_needs_no_proxy(
    anonymous: DockerRegistry, image: Image, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert push(image, f"{anonymous.host}/{repository}:v1").digest == image.digest


def test_hosts_that_are_to_go_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", ".invalid")
    with refused(RegistryError, "There is no host called registry.invalid"):
        resolve("registry.invalid/a:v1", plain_http=True)


def test_a_proxy_that_is_not_there_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-Secret@127.0.0.1:{free_port()}")
    with refused(RegistryError, "The HTTP proxy on the way to registry.invalid", "HTTPS_PROXY") as caught:
        resolve("registry.invalid/a:v1")
    assert "proxy-Secret" not in str(caught.value) + repr(caught.value.__context__)
