"""Real registries on this machine, and what the tests put in front of them."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from ipaddress import ip_address

from wasmnb.errors import WasmnbError

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
        assert word in str(error), f"{word!r} is not in:\n{error}"


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


@dataclass
class Fault:
    """What happens to requests of one kind, so many times."""

    method: str
    path: str
    act: Callable[[Handler], bool]
    times: int = 1


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: int = 0


class Between(ThreadingHTTPServer):
    """A server in front of a registry: it counts, and does harm where it is told to."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = behind
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def fault(self, method: str, path: str, act: Callable[[Handler], bool], times: int = 1) -> None:
        self.faults.append(Fault(method, path, act, times))

    def count(self, method: str, path: str = "") -> int:
        return sum(item.method == method and re.search(path, item.path) is not None for item in self.seen)

    def next_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are what this is for."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join(10)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Between

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.seen.append(Seen(self.command, self.path, dict(self.headers), length))
        fault = self.server.next_fault(self.command, self.path)
        self.length = length
        if fault is not None and fault.act(self):
            return
        self.forward(self.rfile.read(length) if length else b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def forward(self, body: bytes) -> None:
        status, headers, data = self.fetch(body)
        self.answer(status, data, headers)

    def fetch(self, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self.server.behind, timeout=20)
        try:
            headers = {key: value for key, value in self.headers.items() if key.lower() != "connection"}
            connection.request(self.command, self.path, body=body or None, headers=headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def answer(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        kept = {k: v for k, v in (headers or {}).items() if k.lower() not in ("transfer-encoding", "connection")}
        if "Content-Length" not in kept or self.command != "HEAD":
            kept["Content-Length"] = str(len(data))
        if status == 204:
            kept.pop("Content-Length")
        for key, value in kept.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def cut(self) -> None:
        """Reset the connection: whatever has been read of it was the last."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


    def hang_up(self) -> None:
        """End the connection after what has been written, which still arrives."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[Handler], bool]:
    """Answer in place of the registry."""

    def act(at: Handler) -> bool:
        at.rfile.read(at.length)
        at.answer(code, body, {key.replace("_", "-"): value for key, value in headers.items()})
        return True

    return act


def reset(at: Handler) -> bool:
    """Reset the connection before any answer."""
    at.cut()
    return True


def cut_answer(keep: int) -> Callable[[Handler], bool]:
    """Break the connection after so many bytes of the body."""

    def act(at: Handler) -> bool:
        code, headers, data = at.fetch()
        at.send_response_only(code)
        for key, value in headers.items():
            at.send_header(key, value)
        at.end_headers()
        at.wfile.write(data[:keep])
        at.hang_up()
        return True

    return act


def changed(change: Callable[[bytes], bytes]) -> Callable[[Handler], bool]:
    """Answer what the registry answers, with another body."""

    def act(at: Handler) -> bool:
        code, headers, data = at.fetch(at.rfile.read(at.length))
        at.answer(code, change(data), {k: v for k, v in headers.items() if k != "Content-Length"})
        return True

    return act


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
    files[0].write_bytes(certificate("test ca", "test ca", root, root, ca=True).public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(certificate("server", "test ca", own, root, ca=False).public_bytes(serialization.Encoding.PEM))
    files[2].write_bytes(
        own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return files


class TokenServer(ThreadingHTTPServer):
    """A token server as registries use them: who one is by Basic, by password grant or by an identity token."""

    daemon_threads = True
    service, issuer = "test-registry", "test-issuer"

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _TokenHandler)
        self.realm = f"http://127.0.0.1:{self.server_address[1]}/token"
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []
        self.get_allowed = True
        self.anonymous = ("pull",)
        self.named: tuple[str, ...] = ("pull", "push", "*")
        self.life = 300
        self.tokens: set[str] = set()
        self._key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.issuer)])
        now = datetime.now(timezone.utc)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = folder / "token.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def config(self) -> str:
        return (
            f"auth:\n  token:\n    realm: {self.realm}\n    service: {self.service}\n    issuer: {self.issuer}\n"
            f"    rootcertbundle: {self.bundle}\n"
        )

    def token(self, user: str, scopes: list[str]) -> str:
        allowed, access = (self.named if user else self.anonymous), []
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            granted = [action for action in actions.split(",") if action in allowed]
            access.append({"type": kind, "name": name, "actions": granted})
        now = int(time.time())
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        head = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        claims = {"iss": self.issuer, "sub": user, "aud": self.service, "exp": now + 300, "nbf": now - 5, "iat": now - 5}
        claims |= {"jti": str(len(self.tokens)), "access": access}
        text = ".".join(_b64(json.dumps(part).encode()) for part in (head, claims))
        made = f"{text}.{_b64(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
        self.tokens.add(made)
        return made

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join(10)


class _TokenHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TokenServer

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        key = self.headers.get("Authorization", "")
        user = USER if key == f"Basic {SECRETS[2]}" else ""
        if not self.server.get_allowed:
            self.answer(405, {})
        elif key and not user:
            self.answer(401, {"details": f"bad {key}"})
        else:
            self.give("GET", user, [item for scope in query.get("scope", []) for item in scope.split()])

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        one = {key: values[0] for key, values in form.items()}
        kind = one["grant_type"]
        good = (kind == "refresh_token" and one["refresh_token"] == IDENTITY) or (
            kind == "password" and (one["username"], one["password"]) == (USER, PASSWORD)
        )
        if not good:
            self.answer(401, {"error": "invalid_grant", "error_description": json.dumps(one)})
        else:
            self.give(f"POST {kind}", USER, one.get("scope", "").split())

    def give(self, how: str, user: str, scopes: list[str]) -> None:
        self.server.asked.append((how, user, tuple(scopes)))
        key = "token" if how == "GET" else "access_token"
        self.answer(200, {key: self.server.token(user, scopes), "expires_in": self.server.life})

    def answer(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
