"""Credentials where Docker keeps them: ``config.json`` and the helpers that it names.

Forms: the Docker command line's ``config.json`` (``auths``, ``credsStore``, ``credHelpers``) and its credential helper
protocol (`CredentialHelper`).

The ``docker`` library reads the same file, but takes one that is not valid JSON for one without credentials, stops
for any
entry that it cannot read (also another registry's), knows no registry token and no ``username`` beside ``password``,
and cannot write it. ``oras`` ignores ``DOCKER_CONFIG``, does not know Docker Hub's key, and writes the file readable
by everybody and not atomically.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.errors import AuthError, ConfigError
from wasmnb.image.reference import host_of
from wasmnb.image.registry.access import credential_keys
from wasmnb.image.registry.credential import Credential
from wasmnb.paths import write_atomically
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.image.registry.credential_helper import CredentialHelper

__all__ = ["CORRECT", "config_path", "erase", "find", "hosts", "save"]

CORRECT = "correct it, or set DOCKER_CONFIG to another folder"
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def config_path() -> Path:
    """Give Docker's configuration file: ``config.json`` in ``$DOCKER_CONFIG`` or ``~/.docker``; it need not exist."""
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def find(host: str) -> tuple[Credential | None, str]:
    """Look for the credentials of a registry.

    Parameters
    ----------
    host : str
        As in a reference: ``registry.example:5000``, ``docker.io``.

    Returns
    -------
    credential : Credential or None
    note : str
        Why a helper that is named gave none; empty otherwise. A helper of another machine's configuration must not
        stop a pull that needs no credentials.

    Raises
    ------
    ConfigError
        The file is not what it must be.
    """
    path, note = config_path(), ""
    config = _read(path)
    helper = _helper(config, host)
    if helper is not None:
        try:
            found = helper.get(credential_keys(host)[0])
        except AuthError as error:
            found, note = None, error.what
        if found is not None:
            return found, ""
    entries = _section(config, "auths", path)
    for key in _keys(entries, host):
        entry = _entry(entries[key], key, path)
        if entry is not None:
            return entry, ""
    return None, note


def save(host: str, credential: Credential) -> str:
    """Keep credentials where ``docker login`` would, and leave all else in the file as it is.

    Returns
    -------
    str
        Where they are kept now, for a message.

    Raises
    ------
    AuthError
        The helper that is configured for the host failed.
    ConfigError
        The file is not what it must be, or may not be written.
    """
    path, key = config_path(), credential_keys(host)[0]
    with _changing(path) as config:
        auths = config.setdefault("auths", {})
        helper = _helper(config, host)
        if helper is not None:
            helper.store(key, credential)
            auths[key] = {}
            return f"the credential helper {helper}"
        entry = {"auth": base64.b64encode(f"{credential.username}:{credential.password}".encode()).decode()}
        if credential.identity_token:
            entry = {"auth": base64.b64encode(f"{credential.username}:".encode()).decode()}
            entry["identitytoken"] = credential.identity_token
        auths[key] = entry
    return str(path)


def erase(host: str) -> bool:
    """Forget the credentials of a registry, in the file and in its helper.

    Returns
    -------
    bool
        Whether there were any.

    Raises
    ------
    AuthError
        The helper failed.
    ConfigError
        The file is not what it must be, or may not be written.
    """
    path = config_path()
    if not path.exists():
        return False
    with _changing(path) as config:
        helper = _helper(config, host)
        found = helper is not None and helper.erase(credential_keys(host)[0])
        entries = _section(config, "auths", path)
        for key in _keys(entries, host):
            del entries[key]
            found = True
    return found


def hosts() -> list[str]:
    """List the registries that credentials are configured for, for completion; no helper is asked."""
    with contextlib.suppress(ConfigError, OSError):
        config = _read(config_path())
        names = [*_dict(config.get("auths")), *_dict(config.get("credHelpers"))]
        return sorted({host_of(name) for name in names if name and "@" not in name})
    return []


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read.", why=[type(error).__name__], hint=CORRECT) from None
    try:
        config = json.loads(text) if text.strip() else {}
    except ValueError as error:
        # Only the place: a quote of this file could hold a password.
        line = getattr(error, "lineno", 0)
        raise ConfigError(f"{path} is not valid JSON: see its line {line}.", hint=CORRECT) from None
    if not isinstance(config, dict):
        raise ConfigError(f"{path} is not a JSON object.", hint=CORRECT)
    return config


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[dict[str, Any]]:
    """Read the file, and write what the block made of it; two kernels that log in at once do not forget each other."""
    try:
        path = path.resolve()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            config = _read(path)
            _section(config, "auths", path)
            before = json.dumps(config)
            yield config
            if json.dumps(config) != before:
                # A new file of mkstemp is for its owner only (0600), whatever the old one was.
                write_atomically(path, (json.dumps(config, indent="\t", ensure_ascii=False) + "\n").encode())
        finally:
            os.close(folder)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written.",
            why=[error.strerror or type(error).__name__],
            hint="set DOCKER_CONFIG to a folder that you may write to",
        ) from None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _section(config: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    section = config.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise ConfigError(f"{name!r} in {path} is not a JSON object.", hint=CORRECT)
    return section


def _keys(entries: dict[str, Any], host: str) -> list[str]:
    """Give the keys of a host's entries, the exact ones first; old ones may hold a scheme and a path."""
    exact = [key for key in credential_keys(host) if key in entries]
    loose = [key for key in entries if key not in exact and "/" in key and _same_host(key, host)]
    return exact + loose


def _same_host(key: str, host: str) -> bool:
    rest = key.partition("://")[2] or key
    name, _, path = rest.partition("/")
    return name == host and path.strip("/") in ("", "v1", "v2")


def _entry(entry: Any, key: str, path: Path) -> Credential | None:
    entry = _dict(entry)
    user, password = entry.get("username") or "", entry.get("password") or ""
    if entry.get("auth"):
        try:
            user, _, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, TypeError, ValueError):
            raise ConfigError(
                f"The entry for {key} in {path} cannot be read: its 'auth' is not the base64 of name and password.",
                hint=Wording("{} writes it anew", Verb("login", (host_of(key),))),
            ) from None
        password = password.strip("\0")  # as Docker does: old versions padded it
    identity, registry = entry.get("identitytoken") or "", entry.get("registrytoken") or ""
    if not (user or identity or registry):
        return None
    return Credential(user, password, identity, registry, str(path))


def _helper(config: dict[str, Any], host: str) -> CredentialHelper | None:
    special = _dict(config.get("credHelpers"))
    name = next((special[key] for key in credential_keys(host) if key in special), config.get("credsStore"))
    if not name:
        return None
    if not isinstance(name, str) or not _HELPER.fullmatch(name):
        what = f"The credential helper for {host} in {config_path()} has a name that is not valid."
        raise ConfigError(what, hint=CORRECT)
    from wasmnb.image.registry.credential_helper import CredentialHelper  # noqa: PLC0415 - most people have none

    return CredentialHelper(name, config_path())
