"""Getting in: what a registry asks for, and the tokens that answer it.

Protocol: the ``Docker Registry v2 authentication`` specification (token and OAuth 2 flows), RFC 7617 and RFC 6750.

Not built on the token backend of the ``oras`` library: that one keeps a single token for all repositories and scopes,
does not ask for another when it has run out, knows no identity tokens, and answers a Basic challenge with a token
request.
"""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.utils import parse_dict_header

from wasmnb.errors import AuthError, RegistryError
from wasmnb.image.registry.access import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from requests import Response

    from wasmnb.image.registry.credential import Credential, Secrets

__all__ = ["TokenAuth", "merged"]

_CLIENT = "wasmnb"
_SHORTEST_LIFE = 60  # seconds a token holds when the server does not say (the specification's default)
_EARLY = 10  # seconds before its end at which a token counts as run out
_CHALLENGE = re.compile(r"(?:^|,)\s*(Basic|Bearer)\s+", re.IGNORECASE)
_TOKEN = re.compile(r"[\x21-\x7e]+")
_OK, _NOT_FOUND, _NOT_ALLOWED = 200, 404, 405
_MAX_ANSWER = 1 << 20


class TokenAuth:
    """What is known of a registry's door: the kind of lock, and keys that fit.

    Parameters
    ----------
    server : str
        ``scheme://host`` of the registry.
    find : callable
        Gives the credential, or None to come as nobody; called when somebody first asks, and again when the old one is
        not taken (those of a helper run out).
    secrets : Secrets
        Gets every token, so that none is ever shown.
    ask : callable
        Sends a request to a token server: method, URL, and keywords ``params``, ``data`` and ``headers``.
    """

    def __init__(
        self, server: str, find: Callable[[], Credential | None], secrets: Secrets, ask: Callable[..., Response]
    ) -> None:
        self._server, self._find, self._secrets, self._ask = server, find, secrets, ask
        self._lock = threading.Lock()
        self._basic = ""
        self._bearer: dict[str, str] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._looked = False
        #: What is shown to the registry when it asks; None before, and when there is nothing to show.
        self.shown: Credential | None = None

    def header(self, scopes: Iterable[str]) -> dict[str, str]:
        """Give what is known to be needed for these scopes, before anybody asks for it."""
        if self._basic:
            return {"Authorization": self._basic}
        if not self._bearer:
            return {}
        with self._lock:  # one request for a token, not one for each thread
            return {"Authorization": f"Bearer {self._token(self._bearer, merged(scopes))}"}

    def answer(self, challenges: str, scopes: Iterable[str], refused: str) -> bool:
        """Take in what a 401 asks for.

        Parameters
        ----------
        challenges : str
            Its ``WWW-Authenticate``.
        scopes : iterable of str
            What the request needs, whatever the registry says.
        refused : str
            The ``Authorization`` that was not enough; empty when there was none.

        Returns
        -------
        bool
            Whether the request should be sent again.

        Raises
        ------
        AuthError
            The token server refused, or would get the password without TLS.
        """
        offered = _challenges(challenges)
        if "bearer" in offered:
            return self._answer_bearer(offered["bearer"], scopes, refused)
        if "basic" in offered:
            with self._lock:
                return self._answer_basic(refused)
        return False

    def _answer_basic(self, refused: str) -> bool:
        who = self._who(again=bool(refused) and refused == self._basic)
        self._basic = who.basic if who is not None and who.username else ""
        return self._basic not in ("", refused)

    def _who(self, *, again: bool = False) -> Credential | None:
        if again or not self._looked:
            self.shown, self._looked = self._find(), True
        return self.shown

    def _answer_bearer(self, challenge: Mapping[str, str], scopes: Iterable[str], refused: str) -> bool:
        wanted = merged((*scopes, *challenge.get("scope", "").split()))
        with self._lock:
            self._bearer = {key: challenge[key] for key in ("realm", "service") if challenge.get(key)}
            if "realm" not in self._bearer:
                return False
            kept = self._tokens.get(wanted, ("", 0.0))[0]
            if kept and refused == f"Bearer {kept}":
                del self._tokens[wanted]
                self._who(again=True)
            # Under both names: the next request knows only its own scopes.
            token = self._token(self._bearer, wanted)
            self._tokens[merged(scopes)] = self._tokens[wanted]
        return refused != f"Bearer {token}"

    def _token(self, challenge: Mapping[str, str], scope: str) -> str:
        who = self._who()
        if who is not None and who.registry_token:
            self._tokens[scope] = (who.registry_token, time.monotonic() + _SHORTEST_LIFE)
        token, end = self._tokens.get(scope, ("", 0.0))
        if not token or end < time.monotonic():
            answer = self._fetch(challenge, scope)
            token = answer.get("token") or answer.get("access_token") or ""
            if not isinstance(token, str) or not _TOKEN.fullmatch(token):
                raise AuthError(f"The token server {_place(challenge['realm'])} gave no token that can be used.")
            life = answer.get("expires_in")
            life = life if isinstance(life, int | float) and life > 0 else _SHORTEST_LIFE
            self._secrets.add(token)
            self._tokens[scope] = (token, time.monotonic() + max(life - _EARLY, life / 2))
        return token

    def _fetch(self, challenge: Mapping[str, str], scope: str) -> dict[str, Any]:
        """Get a token: with a password by GET, with an identity token (or where GET is not taken) by POST."""
        realm, who = challenge["realm"], self._who()
        if who is not None:
            self._guard(realm)
        fields = {"service": challenge.get("service", ""), "client_id": _CLIENT}
        if who is not None and who.identity_token:
            grant = {"grant_type": "refresh_token", "refresh_token": who.identity_token, "scope": scope}
            return self._granted(self._ask("POST", realm, body={**fields, **grant}), realm)
        params: list[tuple[str, str]] = [(key, value) for key, value in fields.items() if value]
        params += [("scope", item) for item in scope.split()]
        headers = {}
        if who is not None and who.username:
            headers["Authorization"] = who.basic
            params.append(("account", who.username))
        response = self._ask("GET", realm, params=params, headers=headers)
        response.content  # noqa: B018 - read, so that the connection is free
        if response.status_code in (_NOT_FOUND, _NOT_ALLOWED) and who is not None and who.username:
            grant = {"grant_type": "password", "username": who.username, "password": who.password, "scope": scope}
            response = self._ask("POST", realm, body={**fields, **grant})
        return self._granted(response, realm)

    def _granted(self, response: Response, realm: str) -> dict[str, Any]:
        place = _place(realm)
        if response.status_code in (400, 401, 403):
            who = self.shown
            if who is None:
                raise _refused(f"The token server {place} gives no token without a log-in.", response)
            raise _refused(f"The token server {place} does not take the credentials from {who.source}.", response)
        if response.status_code != _OK:
            raise _failed(f"The token server {place} answered {response.status_code}.", response)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise _failed(f"The token server {place} answered something that is not a JSON object.", response)
        return answer

    def _guard(self, realm: str) -> None:
        """Never send a password in the clear on behalf of a registry that itself speaks TLS."""
        if urlsplit(realm).scheme != "https" and not (
            self._server.startswith("http://") or is_loopback(urlsplit(realm).netloc)
        ):
            raise AuthError(
                f"The registry sends one to {_place(realm)} for a token, which has no TLS; the password was not sent.",
                hint="ask whoever runs the registry to name an https address",
                code="WNB3075",
            )


def merged(scopes: Iterable[str]) -> str:
    """Join scopes, those of one resource into one: ``repository:a:pull`` and ``repository:a:push``."""
    actions: dict[str, set[str]] = {}
    for scope in scopes:
        resource, _, asked = scope.rpartition(":")
        actions.setdefault(resource, set()).update(asked.split(","))
    return " ".join(f"{resource}:{','.join(sorted(asked))}" for resource, asked in sorted(actions.items()))


def _challenges(header: str) -> dict[str, dict[str, str]]:
    """Split ``Basic realm="a", Bearer realm="b",service="c"`` by scheme; of two of one kind the first counts."""
    parts = _CHALLENGE.split(header)
    found: dict[str, dict[str, str]] = {}
    for scheme, fields in zip(parts[1::2], parts[2::2], strict=True):
        answer = parse_dict_header(fields)
        values = {key.lower(): value for key, value in answer.items() if value}
        found.setdefault(scheme.lower(), values)
    return found


def _place(realm: str) -> str:
    return urlsplit(realm).netloc.rpartition("@")[2] or "without an address"


def _refused(what: str, response: Response) -> AuthError:
    return AuthError(what, status=response.status_code)


def _failed(what: str, response: Response) -> RegistryError:
    return RegistryError(what, status=response.status_code)
