"""Contexts that name an API server, certificates and a token, and a pod's account, without the ``kubernetes`` package.

That package imports for longer than a look at a cluster takes. What else a kubeconfig can say (programs that give
credentials, providers, proxies, several files) is the package's to read.
"""

from __future__ import annotations

import base64
import os
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import PoolManager

__all__ = ["PlainConfiguration", "own_account", "own_namespace", "read"]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_CLUSTER = {
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
    "tls-server-name",
}
_USER = {"client-certificate", "client-certificate-data", "client-key", "client-key-data", "token"}


@dataclass
class PlainConfiguration:
    """Who one is at which API server; what `kubernetes.client.Configuration` calls so has the same names.

    Parameters
    ----------
    host : str
        The API server's URL.
    context, namespace : str
    ssl_ca_cert, cert_file, key_file : str or None
        Paths; those of files in memory last until `close`.
    verify_ssl : bool
    tls_server_name : str or None
    token : str
    token_file : pathlib.Path or None
        What holds the token instead, where it is renewed there (Kubernetes: that of a pod, each hour).
    """

    host: str
    context: str
    namespace: str
    ssl_ca_cert: str | None
    cert_file: str | None
    key_file: str | None
    verify_ssl: bool
    tls_server_name: str | None
    token: str = field(repr=False)
    held: tuple[int, ...]
    assert_hostname: bool | None = None
    proxy: str | None = None
    no_proxy: str | None = None
    proxy_headers: Mapping[str, str] | None = None
    token_file: Path | None = None

    def pool(self, connections: int) -> PoolManager:
        """Give connections to the API server."""
        import urllib3  # noqa: PLC0415 - for users of a cluster only

        more: dict[str, Any] = {"server_hostname": self.tls_server_name} if self.tls_server_name else {}
        return urllib3.PoolManager(
            cert_reqs=ssl.CERT_REQUIRED if self.verify_ssl else ssl.CERT_NONE,
            ca_certs=self.ssl_ca_cert,
            cert_file=self.cert_file,
            key_file=self.key_file,
            maxsize=connections,
            **more,
        )

    def auth_settings(self) -> dict[str, Any]:
        """Give what is sent along to say who one is."""
        token = self.token if self.token_file is None else self.token_file.read_text("utf-8").strip()
        bearer = {"in": "header", "key": "authorization", "value": f"Bearer {token}"}
        return {"BearerToken": bearer} if token else {}

    def close(self) -> None:
        """Let go of the files in memory."""
        held, self.held = self.held, ()
        for descriptor in held:
            os.close(descriptor)


def read(path: str, context: str | None) -> PlainConfiguration | None:
    """Read a context of a kubeconfig; None where the ``kubernetes`` package must.

    Parameters
    ----------
    path : str
        Of the kubeconfig.
    context : str, optional
        The current one without it.
    """
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = yaml.load(Path(path).read_text("utf-8"), loader)  # noqa: S506 - a safe one
        name = context or found["current-context"]
        chosen = _named(found, "contexts", name)["context"]
        cluster = _named(found, "clusters", chosen["cluster"])["cluster"]
        user = _named(found, "users", chosen["user"])["user"] or {}
        host = str(cluster["server"]).rstrip("/")
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        return None
    if cluster.keys() - _CLUSTER or user.keys() - _USER or _proxied(host):
        return None
    files = _Files(Path(path).parent)
    with suppress(OSError, ValueError, TypeError):
        return PlainConfiguration(
            host,
            str(name),
            str(chosen.get("namespace") or "default"),
            files.path(cluster, "certificate-authority"),
            files.path(user, "client-certificate"),
            files.path(user, "client-key"),
            not cluster.get("insecure-skip-tls-verify", False),
            cluster.get("tls-server-name"),
            str(user.get("token") or ""),
            tuple(files.held),
        )
    for descriptor in files.held:
        os.close(descriptor)
    return None


def own_account(context: str, folder: Path = _ACCOUNT) -> PlainConfiguration | None:
    """Read the service account of the pod that one is in; None where this is no pod of a cluster.

    Parameters
    ----------
    context : str
        What it is called.
    folder : pathlib.Path
        Where Kubernetes puts it.
    """
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{one}") for one in ("HOST", "PORT"))
    token, authorities = folder / "token", folder / "ca.crt"
    if not (host and port and token.is_file() and authorities.is_file()):
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    if _proxied(server):
        return None
    return PlainConfiguration(
        server,
        context,
        own_namespace(folder),
        str(authorities),
        None,
        None,
        verify_ssl=True,
        tls_server_name=None,
        token="",
        held=(),
        token_file=token,
    )


def own_namespace(folder: Path = _ACCOUNT) -> str:
    """Give the namespace of the pod that one is in; ``default`` where this is none."""
    try:
        return (folder / "namespace").read_text("utf-8").strip() or "default"
    except OSError:
        return "default"


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    for one in config[kind]:
        if one["name"] == name:
            found: Mapping[str, Any] = one
            return found
    raise KeyError(name)


def _proxied(host: str) -> bool:
    if sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return False
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - where there may be some

    name = host.partition("://")[2].partition("/")[0]
    return bool(getproxies()) and not proxy_bypass(name)


class _Files:
    """The files that a kubeconfig names, and those in memory for what it holds itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: list[int] = []

    def path(self, of: Mapping[str, Any], key: str) -> str | None:
        """Give the path of a key's content.

        Raises
        ------
        ValueError
            Its content is none, stands there twice, or there are no files in memory.
        """
        named, data = of.get(key), of.get(f"{key}-data")
        if not data:
            return str(self.folder / named) if named else None
        if named or not hasattr(os, "memfd_create"):
            raise ValueError(key)
        content = base64.b64decode(data, validate=False)
        self.held.append(os.memfd_create(key))
        os.write(self.held[-1], content)
        return f"/proc/self/fd/{self.held[-1]}"
