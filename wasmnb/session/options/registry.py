"""Options of what speaks to a registry, or serves one."""

from __future__ import annotations

from dataclasses import field

from wasmnb.options import argument, option, theme
from wasmnb.session.options.common import Reporting

__all__ = ["AccessOptions", "InspectCall", "ListCall", "LoginCall", "PullCall", "RegistryCall", "TransferCall"]


@theme(frozen=True, kw_only=True)
class AccessOptions:
    """How a registry is spoken to."""

    plain_http: bool = option("use HTTP instead of HTTPS for the registry", default=False)
    insecure: bool = option("skip the verification of the registry's certificate", default=False)
    ca: str | None = option("trust the certificate authorities in this PEM file", "FILE")


@theme(frozen=True, kw_only=True)
class _Transferring(AccessOptions, Reporting):
    pass


@theme(frozen=True)
class TransferCall(_Transferring):
    """What `Session.push` takes."""

    reference: str = field(
        metadata=argument("the image, such as registry.example/team/header-filter:v1; with a digest, that decides")
    )


@theme(frozen=True, kw_only=True)
class _Pulling(_Transferring):
    repack: bool = option(
        "where meshes refuse the image, make one that they take of the module in it, as local/NAME", default=False
    )


@theme(frozen=True)
class PullCall(_Pulling):
    """What `Session.pull` takes."""

    reference: str = field(metadata=argument("the image, such as registry.example/team/header-filter:v1"))


@theme(frozen=True)
class InspectCall(AccessOptions):
    """What `Session.inspect` takes."""

    reference: str = field(metadata=argument("the image, from the store, or else from its registry"))


@theme(frozen=True, kw_only=True)
class _Listing(AccessOptions, Reporting):
    search: str | None = option("words that must all be in name, digest, language or root id", "WORDS", "-s")


@theme(frozen=True)
class ListCall(_Listing):
    """What `Session.list` takes."""

    target: str | None = field(
        default=None,
        metadata=argument("a repository, a namespace or a registry; the store, without it or with local"),
    )


@theme(frozen=True, kw_only=True)
class _LoggingIn(AccessOptions):
    user: str | None = option("the user name", "USER", "-u")
    password_env: str | None = option("environment variable with the password or token, for runbooks", "NAME")
    secret: str | None = option("the name under which the session keeps it", "NAME", values="secrets")


@theme(frozen=True)
class LoginCall(_LoggingIn):
    """What `Session.login` takes."""

    host: str = field(metadata=argument("such as registry.example, or docker.io"))


@theme(frozen=True, kw_only=True)
class _Serving:
    port: int | None = option("loopback port (default: 5000)", "PORT", read=int)


@theme(frozen=True)
class RegistryCall(_Serving):
    """What `Session.registry` takes."""

    action: str | None = field(default=None, metadata=argument("start or stop; without it, shows whether one runs"))
