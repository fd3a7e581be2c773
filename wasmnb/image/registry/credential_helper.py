"""A credential helper (``docker-credential-*``), over Docker's own client of the helpers' protocol.

That client runs a helper without a time limit, lets what it prints on standard error through to the kernel's own, and
quotes in its errors what stood on standard output, where the secret is; so the running is ours, and the protocol its.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from docker.auth import TOKEN_USERNAME
from docker.credentials import CredentialsNotFound, Store, StoreError
from docker.credentials.constants import PROGRAM_PREFIX

from wasmnb.errors import AuthError
from wasmnb.image.registry.credential import Credential

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CredentialHelper"]

_SECONDS = 60.0  # a helper may ask its user
_MISSING = "credentials not found"  # how helpers say that they have none (Docker's credential helper protocol)


class CredentialHelper:
    """A program that keeps credentials for Docker.

    Parameters
    ----------
    name : str
        Without ``docker-credential-``.
    config : pathlib.Path
        The file that names it, for messages.
    """

    def __init__(self, name: str, config: Path) -> None:
        self._name, self._config = name, config

    def __str__(self) -> str:
        return f"{PROGRAM_PREFIX}{self._name}"

    def get(self, key: str) -> Credential | None:
        """Ask for the credentials of a registry; None when there are none.

        Raises
        ------
        AuthError
            The helper failed, or gave something else.
        """
        try:
            found = self._asked(lambda store: store.get(key))
        except (ValueError, LookupError, TypeError):
            raise AuthError(
                f"The credential helper {self} gave no JSON with a name and a secret.", code="WNB3074"
            ) from None
        if found is None:
            return None
        user, secret = str(found["Username"]), str(found["Secret"])
        if user == TOKEN_USERNAME:
            return Credential(identity_token=secret, source=str(self))
        return Credential(user, secret, source=str(self))

    def store(self, key: str, credential: Credential) -> None:
        """Hand credentials over to be kept.

        Raises
        ------
        AuthError
            The helper failed.
        """
        name, secret = credential.username, credential.password
        if credential.identity_token:
            name, secret = TOKEN_USERNAME, credential.identity_token
        self._asked(lambda store: store.store(key, name, secret), secret)

    def erase(self, key: str) -> bool:
        """Have the credentials of a registry forgotten, and tell whether there were any.

        Raises
        ------
        AuthError
            The helper failed.
        """
        found = self.get(key) is not None
        if found:
            self._asked(lambda store: store.erase(key))
        return found

    def _asked(self, question: Callable[[_Bounded], Any], secret: str = "") -> Any:
        mend = f"run `{self} list` in a terminal to see what ails it"
        try:
            if shutil.which(str(self)) is None:
                mend = "install it"
                raise StoreError("it is not on the PATH")  # noqa: TRY301 - as if the client had said it
            return question(_Bounded(self._name))
        except CredentialsNotFound:
            return None
        except StoreError as error:
            problem = str(error).replace(secret, "***") if secret else str(error)
        raise AuthError(
            f"The credential helper {self} failed: {problem}.",
            hint=f"{mend}, or take it out of {self._config}",
            code="WNB3074",
        )


class _Bounded(Store):  # type: ignore[misc] # the library has no types
    """Docker's client, whose helper has a time limit and is quoted from its standard error alone."""

    def _execute(self, subcmd: str, data_input: bytes | None) -> bytes:
        command = [self.exe, subcmd]
        try:
            done = subprocess.run(command, input=data_input, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise StoreError(f"it did not answer within {_SECONDS:.0f} s") from None
        except OSError as error:
            raise StoreError(f"it could not be run ({type(error).__name__})") from None
        if done.returncode == 0:
            return done.stdout
        if subcmd == "get" and _MISSING.encode() in done.stdout:
            raise CredentialsNotFound(_MISSING)
        reason = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[0]
        raise StoreError(f"it ended with code {done.returncode}" + (f": {reason}" if reason else ""))
