"""Credentials as values that show nothing of themselves, and the list of what must never be shown."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from wasmnb import redact

__all__ = ["Credential", "Secrets"]

_SHORTEST = 4  # a shorter secret is a part of ordinary words


@dataclass(frozen=True)
class Credential:
    """Who one is for a registry.

    Parameters
    ----------
    username : str
    password : str
        A password or an access token.
    identity_token : str
        A token that is only good for getting others (OAuth 2 refresh token), in place of a user name and password.
    registry_token : str
        A bearer token to be sent as it is.
    source : str
        Where it was found, for messages.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    source: str = ""

    @property
    def basic(self) -> str:
        """The value of an ``Authorization`` header (RFC 7617, in UTF-8)."""
        from oras.auth.utils import get_basic_auth  # noqa: PLC0415 - reading credentials needs no library

        return f"Basic {get_basic_auth(self.username, self.password)}"


class Secrets:
    """Strings that must not turn up in any message."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def add(self, *values: str) -> None:
        """Remember secrets, in every form in which a message could hold them."""
        forms = {form for value in values if value for form in (value, quote(value, safe=""), quote_plus(value))}
        with self._lock:
            self._known |= {form for form in forms if len(form) >= _SHORTEST}

    def hold(self, credential: Credential) -> None:
        """Remember what is secret in a credential."""
        self.add(credential.password, credential.identity_token, credential.registry_token)
        if credential.password:
            self.add(credential.basic.removeprefix("Basic "))

    def mask(self, text: str) -> str:
        """Give a text without any of them, and without what looks like a secret in an address."""
        return redact.text(redact.url(text), self._known)

    def __repr__(self) -> str:
        return f"Secrets({len(self._known)})"
