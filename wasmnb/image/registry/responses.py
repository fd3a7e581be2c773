"""What went wrong between here and a registry, in words that say what to try."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
from urllib3 import exceptions as urllib3_exceptions

from wasmnb.errors import AuthError, RegistryError
from wasmnb.image.reference import DOCKER_HUB
from wasmnb.image.registry.access import has_tls
from wasmnb.wording import Option, Verb, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wasmnb.image.registry.credential import Secrets
    from wasmnb.wording import Text

__all__ = ["Operation", "Reply", "errors_in", "refusal", "unreachable"]

_MOST = 4  # messages of a registry that are quoted
_LONGEST = 300
#: Codes of a registry that does not take the kind of artifact (OCI distribution specification v1.1, "Error codes").
_UNKNOWN_KIND = frozenset({"MANIFEST_INVALID", "UNSUPPORTED", "UNSUPPORTED_MEDIA_TYPE"})
_BROKEN = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)
# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, ..._IP_ADDRESS_MISMATCH; ..._CERT_NOT_YET_VALID, ..._CERT_HAS_EXPIRED.
_OTHER_NAME, _OUT_OF_TIME = frozenset({62, 64}), frozenset({9, 10})
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


@dataclass(frozen=True)
class Reply:
    """A registry's answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True)
class Operation:
    """What is being done, for messages.

    Parameters
    ----------
    verb : str
        ``push``, ``pull``, ``list``, ...
    what : str
        The image or repository, as the user writes it.
    host : str
    source : str
        Where the credentials come from that were shown; empty when there were none.
    note : str
        Why there were none, if somebody said.
    """

    verb: str
    what: str
    host: str
    source: str = ""
    note: str = ""

    @property
    def noun(self) -> str:
        """The verb as a noun: ``the push of``."""
        return {"list": "listing", "log in to": "login to", "look at": "look at"}.get(self.verb, f"{self.verb} of")


def errors_in(body: bytes, secrets: Secrets) -> tuple[list[str], set[str]]:
    """Read a registry's error body: lines to quote, and the codes (OCI distribution specification v1.1)."""
    try:
        errors = json.loads(body)["errors"]
        lines = [f"{item.get('code')}: {item.get('message') or ''}{_detail(item.get('detail'))}" for item in errors]
        codes = {str(item.get("code")).upper() for item in errors}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        text = body[:_LONGEST].decode("utf-8", "replace").strip()
        # A page for a browser tells nobody anything here.
        lines, codes = ([text.splitlines()[0]] if text and not text.startswith("<") else []), set()
    return [secrets.mask(line)[:_LONGEST] for line in lines[:_MOST]], codes


def refusal(reply: Reply, operation: Operation, secrets: Secrets) -> RegistryError:
    """Give the error for an answer that is not the one that was hoped for."""
    why, codes = errors_in(reply.body, secrets)
    status, host, verb, what = reply.status, operation.host, operation.verb, operation.what
    kind: type[RegistryError] = RegistryError
    hint: Text
    code = ""
    if status == 401:  # noqa: PLR2004
        kind = AuthError
        sentence, hint = _stranger(operation)
        code = "WNB3071"
        why += [operation.note] if operation.note else []
    elif status == 403 or "DENIED" in codes:  # noqa: PLR2004
        kind, code = AuthError, "WNB3072"
        sentence = f"{host} does not allow you to {verb} {what}."
        hint = Wording("log in with an account that may: {}", Verb("login", (host,)))
        if verb == "push":
            hint = joined(hint, "or name a repository of your own")
    elif status == 404:  # noqa: PLR2004
        sentence = f"{host} has no {what}."
        hint = Wording("check the name; {} shows what it has, where it has a catalogue", Verb("list", (host,)))
        code = "WNB3041"
    elif status == 429:  # noqa: PLR2004
        code = "WNB3042"
        sentence = f"{host} has had too many requests from here, and does not {verb} {what} now."
        hint = "wait a while"
        if not operation.source:
            hint = Wording("wait a while, or log in, which allows more: {}", Verb("login", (host,)))
        asked = reply.headers.get("Retry-After")
        why += [f"Retry-After: {secrets.mask(asked)[:_LONGEST]}"] if asked else []
    elif status == 400 and reply.url.startswith("http://") and has_tls(host):  # noqa: PLR2004
        sentence, hint = f"{host} speaks TLS, and was asked without.", Wording("leave {} out", Option("plain_http"))
        code = "WNB3043"
    elif verb == "push" and (status == 415 or codes & _UNKNOWN_KIND):  # noqa: PLR2004
        code = "WNB3044"
        sentence = f"{host} does not take this kind of artifact: it refused the manifest of {what}."
        hint = Wording("package it as an image, which every registry takes: {}", Option("variant", "compat"))
    elif status >= 500:  # noqa: PLR2004
        code = "WNB3045"
        sentence, hint = (
            f"{host} is in trouble: it answered {status} to the {operation.noun} {what}.",
            "try again later",
        )
    else:
        sentence, hint = f"{host} answered {status} to the {operation.noun} {what}.", ""
    return kind(sentence, why=why, hint=hint, status=status, code=code)


def unreachable(trouble: Exception, operation: Operation, secrets: Secrets) -> tuple[RegistryError, bool]:
    """Give the error for a request that got no answer, and whether the next one may get one.

    Nothing of the library's own text is quoted but a short reason: it holds whole addresses, with tokens in them.
    """
    chain = list(_causes(trouble))
    names = " ".join(str(item) for item in chain).upper()
    host, again, why = operation.host, False, ""
    hint: Text = ""
    code = "WNB3051"
    if isinstance(trouble, requests.exceptions.ProxyError):
        code = "WNB3047"
        sentence, hint = (
            f"The HTTP proxy on the way to {host} refuses the connection.",
            "see HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
        )
    elif isinstance(trouble, requests.exceptions.SSLError) and any(sign in names.replace(" ", "_") for sign in _NO_TLS):
        code = "WNB3043"
        sentence, hint = (
            f"{host} does not speak TLS.",
            Wording("{}, if that is meant to be", Option("plain_http", value=True)),
        )
    elif (wrong := next((item for item in chain if isinstance(item, ssl.SSLCertVerificationError)), None)) is not None:
        code = "WNB3048"
        sentence = f"The certificate of {host} is not trusted."
        why = next((line for line in (_reason(item) for item in reversed(chain)) if line), "")
        hint = _for_certificate(wrong)
    elif any(isinstance(item, urllib3_exceptions.NameResolutionError) for item in chain):
        code = "WNB3049"
        sentence, hint = (
            f"There is no host called {host}.",
            "check the spelling, and whether this machine has a network",
        )
    elif any(isinstance(item, ConnectionRefusedError) for item in chain):
        code = "WNB3050"
        sentence = f"Nothing answers at {host}: connection refused."
        hint = "check the port, and whether the registry runs"
    elif any(isinstance(item, urllib3_exceptions.NewConnectionError) for item in chain):
        os_error = next((item.strerror for item in chain if isinstance(item, OSError) and item.strerror), "")
        code, sentence, why = "WNB3050", f"{host} cannot be reached.", os_error
    elif isinstance(trouble, requests.exceptions.Timeout):
        code = "WNB3052"
        sentence, again = f"{host} did not answer in time to the {operation.noun} {operation.what}.", True
    elif isinstance(trouble, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        sentence = f"{host} sent us to an address that is none."
    else:
        again = isinstance(trouble, _BROKEN) or not isinstance(trouble, requests.RequestException)
        sentence = f"The connection to {host} broke during the {operation.noun} {operation.what}."
        hint = "try again"
    return RegistryError(sentence, why=[secrets.mask(why)[:_LONGEST]] if why else [], hint=hint, code=code), again


def _for_certificate(wrong: ssl.SSLCertVerificationError) -> Text:
    """Say what helps where a certificate is not believed, by what OpenSSL found wrong with it."""
    anybody = Wording("{} believes anybody", Option("insecure", value=True))
    if wrong.verify_code in _OTHER_NAME:
        return joined("name the registry as its certificate does", anybody)
    if wrong.verify_code in _OUT_OF_TIME:
        return joined("have it renewed, or set this machine's clock right", anybody)
    return joined(Wording("{} with the authority that signed it", Option("ca", "FILE")), anybody)


def _stranger(operation: Operation) -> tuple[str, Text]:
    login = Verb("login", (operation.host,))
    if operation.source:
        sentence = f"{operation.host} does not take the credentials from {operation.source}"
        return f"{sentence} for the {operation.noun} {operation.what}.", Wording("log in again: {}", login)
    more = "; a repository that does not exist looks the same there" if operation.host == DOCKER_HUB else ""
    return (
        f"{operation.host} wants to know who you are before the {operation.noun} {operation.what}.",
        Wording("log in: {}{}", login, more),
    )


def _detail(detail: object) -> str:
    return f" ({json.dumps(detail, ensure_ascii=False)[:_LONGEST]})" if detail else ""


def _reason(item: BaseException) -> str:
    """Give OpenSSL's words for a certificate, without the library's address around them."""
    text = str(getattr(item, "verify_message", "") or "")
    return text if text and "://" not in text else ""


def _causes(trouble: BaseException) -> Iterator[BaseException]:
    """Walk from an exception to those inside it: ``requests`` wraps ``urllib3``, which wraps the system's."""
    waiting: list[BaseException | None] = [trouble]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [getattr(item, "reason", None), item.__cause__, item.__context__, *item.args]
