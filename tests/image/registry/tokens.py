"""A token server as registries use them."""

from __future__ import annotations

import base64
import json
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

from tests.image.registry.parts import IDENTITY, PASSWORD, SECRETS, USER


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
        claims = {
            "iss": self.issuer,
            "sub": user,
            "aud": self.service,
            "exp": now + 300,
            "nbf": now - 5,
            "iat": now - 5,
        }
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
