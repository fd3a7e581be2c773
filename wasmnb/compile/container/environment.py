"""What a container gets to know of our environment: the way to the network, and nothing secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HOME", "environment_for", "secrets_of"]

#: A home that the user may write, whatever number he has; the image knows of none.
HOME = "/wasmnb-home"

_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_SHORTEST = 4  # a shorter value is a word of the language as often as it is the secret


def environment_for(given: Mapping[str, str]) -> dict[str, str]:
    """Give the variables of a build's container.

    Parameters
    ----------
    given : mapping of str to str
        What the user passes on, as it is; it wins.

    Returns
    -------
    dict of str to str
        A writable home and a user's name, the proxies without user and password (each in small and in capital
        letters: tools read the one or the other; empty where there is none, because podman would hand on those of its
        own service), then what was given.

    Raises
    ------
    UsageError
        A name is empty or has a ``=``.
    """
    for name in given:
        if not name or "=" in name or "\0" in name + given[name]:
            raise UsageError(
                f"{name!r} cannot name an environment variable.", hint="give names and values: {'NAME': 'VALUE'}"
            )
    # Bazel, for one, refuses to start without a user's name, and the image has no name for our number.
    variables = {"HOME": HOME, "USER": "wasmnb"}
    for name in _PROXIES:
        value = os.environ.get(name) or os.environ.get(name.upper()) or ""
        variables[name] = variables[name.upper()] = _without_user(value)
    return {**variables, **given}


def secrets_of(given: Mapping[str, str]) -> tuple[str, ...]:
    """List the values that may be shown nowhere, because of the names under which they were given."""
    return tuple(value for name, value in given.items() if redact.is_secret(name) and len(value) >= _SHORTEST)


def _without_user(proxy: str) -> str:
    scheme, found, rest = proxy.partition("://")
    # A password may hold any letter, an unquoted @ or / too; a host holds none of them.
    return f"{scheme}{found}{rest.rpartition('@')[2]}" if found else proxy.rpartition("@")[2]
