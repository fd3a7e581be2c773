"""Real registries on this machine, and how errors are looked through."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import traceback
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.worded import in_cell
from wasmnb.errors import WasmnbError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "team"
#: With everything that needs quoting somewhere: in an address, in a form, in JSON, behind the colon of RFC 7617.
PASSWORD = "hu$h+Pa%41/word:ü"
HTPASSWD = "team:$2y$05$3LUXZQhXTB70GlVM4xwxvuDc56jxFlXjT1NZK6zrCf9paNXdd2A0a\n"
IDENTITY = "identity-t0ken/that+is=secret"
SECRETS = (
    PASSWORD,
    "hu%24h%2BPa%2541%2Fword%3A%C3%BC",
    base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
    IDENTITY,
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def refused(kind: type[BaseException], *words: str) -> Iterator[Any]:
    """Expect an error that says these words, and no secret anywhere in it."""
    with pytest.raises(kind) as caught:
        yield caught
    error = caught.value
    nothing_secret(error)
    for word in words:
        assert word in str(in_cell(error)), f"{word!r} is not in:\n{error}"


def nothing_secret(error: BaseException) -> None:
    """Look through an exception, all that hangs on it, and all the ways to show it."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        item = waiting.pop()
        if item is not None and item not in seen:
            seen.append(item)
            waiting += [item.__cause__, item.__context__]
    shown = ["".join(traceback.format_exception(item)) + repr(item) + str(item.args) for item in seen]
    if isinstance(error, WasmnbError):
        shown += [json.dumps(error.to_dict()), "\n".join(error._render_traceback_())]
    for secret in SECRETS:
        assert not any(secret in text for text in shown), f"{secret!r} is told by {error!r}"


class DockerRegistry:
    """Debian's docker-registry, alone in a folder and on a port."""

    def __init__(self, folder: Path, config: str = "", *, scheme: str = "http") -> None:
        program = shutil.which("docker-registry")
        if program is None:
            pytest.skip("docker-registry is missing: apt-get install docker-registry")
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "config.yml"
        file.write_text(
            "version: 0.1\n"
            "log: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}},"
            " maintenance: {uploadpurging: {enabled: false}}}\n"
            f"http:\n  addr: {self.host}\n  secret: x\n{config}"
        )
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([program, "serve", str(file)], stdout=log, stderr=log)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                assert self.process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def authority(folder: Path) -> tuple[Path, Path, Path]:
    """Make an authority, and a certificate of it for this machine: files of the authority, certificate and key."""
    now = datetime.now(timezone.utc)

    def certificate(name: str, issuer: str, key: Any, signer: Any, *, ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if ca:
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        else:
            names = [x509.IPAddress(ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, hashes.SHA256())

    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    files = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    files[0].write_bytes(
        certificate("test ca", "test ca", root, root, ca=True).public_bytes(serialization.Encoding.PEM)
    )
    files[1].write_bytes(certificate("server", "test ca", own, root, ca=False).public_bytes(serialization.Encoding.PEM))
    files[2].write_bytes(
        own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return files
