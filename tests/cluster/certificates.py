"""The certificates and kubeconfig files of the cluster: one authority, a key and a certificate for each part."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.cluster.places import API_SERVICE, NODE

_SERVICE_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
# Kubernetes takes a certificate's common name as the user and its organisations as groups.
_CLIENTS = {
    "admin": ("admin", "system:masters"),
    "apiserver-kubelet": ("apiserver-kubelet", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
}
_CALLERS = ("admin", "controller-manager", "scheduler", "proxy", "kubelet")


class Authority:
    """A certificate authority that writes what it signs into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wasmnb test cluster")])
        basic = x509.BasicConstraints(ca=True, path_length=None)
        self.own = self._sign(self.name, self.key, [(basic, True)])
        self._write("ca", self.key, self.own)

    def server(self, name: str, names: Sequence[str], addresses: Sequence[str]) -> None:
        """Make ``NAME.crt`` and ``NAME.key`` for a server."""
        known = [x509.DNSName(one) for one in names] + [x509.IPAddress(ip_address(one)) for one in addresses]
        self._issue(name, name, "", ExtendedKeyUsageOID.SERVER_AUTH, [(x509.SubjectAlternativeName(known), False)])

    def client(self, name: str, user: str, group: str) -> None:
        """Make ``NAME.crt`` and ``NAME.key`` for a client of the API server."""
        self._issue(name, user, group, ExtendedKeyUsageOID.CLIENT_AUTH, [])

    def _issue(
        self,
        name: str,
        user: str,
        group: str,
        usage: x509.ObjectIdentifier,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
        if group:
            parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
        signed = self._sign(x509.Name(parts), key, [*extensions, (x509.ExtendedKeyUsage([usage]), False)])
        self._write(name, key, signed)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=365))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        (self.folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / f"{name}.key").write_bytes(_private(key))


def make(folder: Path, address: str) -> None:
    """Make all of them, and ``NAME.conf``, a kubeconfig, for each part that calls the API server.

    Parameters
    ----------
    folder : pathlib.Path
        Made here.
    address : str
        The node's.
    """
    authority = Authority(folder)
    authority.server("apiserver", _SERVICE_NAMES, [API_SERVICE, "127.0.0.1", address])
    authority.server("kubelet-server", [NODE], ["127.0.0.1", address])
    for name, (user, group) in _CLIENTS.items():
        authority.client(name, user, group)
    accounts = rsa.generate_private_key(65537, 2048)
    (folder / "accounts.key").write_bytes(_private(accounts))
    public = accounts.public_key()
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / "accounts.pub").write_bytes(public.public_bytes(serialization.Encoding.PEM, kind))
    for name in _CALLERS:
        user_facts = {f"client-{kind}-data": _base64(folder / f"{name}.{end}") for kind, end in _PAIR}
        (folder / f"{name}.conf").write_text(kubeconfig(f"https://{address}:6443", folder / "ca.crt", user_facts))


def kubeconfig(server: str, authority: Path, user: dict[str, str], namespace: str = "default") -> str:
    """Give the text of a kubeconfig file for one user; JSON is YAML."""
    cluster = {"server": server, "certificate-authority-data": _base64(authority)}
    context = {"cluster": "wasmnb-test", "user": "user", "namespace": namespace}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "wasmnb-test", "cluster": cluster}],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "wasmnb-test", "context": context}],
            "current-context": "wasmnb-test",
        },
        indent=2,
    )


_PAIR = (("certificate", "crt"), ("key", "key"))


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
