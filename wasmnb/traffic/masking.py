"""Where secrets are taken out of requests and responses that are shown: credentials, cookies, and known secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.redact import MASK, is_secret, text, url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmnb.traffic.exchange import Exchange, Headers, Received
    from wasmnb.traffic.header_diff import Capture

__all__ = ["capture", "exchange", "headers"]


def capture(taken: Capture, secrets: Iterable[str] = ()) -> Capture:
    """Give a capture that may be shown; that a masked value is another one than before stays to be seen."""
    secrets = tuple(secrets)
    before = taken.before and exchange(taken.before, secrets=secrets)
    return replace(taken, after=exchange(taken.after, before=taken.before, secrets=secrets), before=before)


def exchange(taken: Exchange, *, before: Exchange | None = None, secrets: Iterable[str] = ()) -> Exchange:
    """Give an exchange that may be shown.

    Parameters
    ----------
    taken : Exchange
    before : Exchange, optional
        The exchange it will be compared with, not masked: a masked value that differs from it says so.
    secrets : iterable of str
        Masked in values and in the body too.
    """
    secrets = tuple(secrets)

    def lines(of: Headers, old: Headers | None) -> Headers:
        return replace(
            of,
            lines=tuple(
                (
                    name,
                    _other(value, old.all(name) if old is not None else [])
                    if is_secret(name)
                    else text(value, secrets),
                )
                for name, value in of
            ),
        )

    request = replace(taken.request, path=url(taken.request.path), headers=headers(taken.request.headers))
    response = replace(
        taken.response,
        body=_bytes(taken.response.body, secrets),
        headers=lines(taken.response.headers, before.response.headers if before else None),
        trailers=lines(taken.response.trailers, before.response.trailers if before else None),
    )
    return replace(taken, request=request, response=response, received=_received(taken, before, lines, secrets))


def _received(
    taken: Exchange,
    before: Exchange | None,
    lines: Callable[[Headers, Headers | None], Headers],
    secrets: tuple[str, ...],
) -> Received | None:
    if taken.received is None:
        return None
    request = taken.received.request
    old = before.received.request.headers if before is not None and before.received is not None else None
    shown = replace(
        request,
        path=text(url(request.path), secrets),
        headers=lines(request.headers, old),
        body=_bytes(request.body, secrets),
    )
    return replace(taken.received, request=shown)


def headers(lines: Headers) -> Headers:
    """Give header lines with the values of credentials and cookies masked."""
    return replace(lines, lines=tuple((name, MASK if is_secret(name) else value) for name, value in lines))


def _other(value: str, old: list[str]) -> str:
    if value.startswith(MASK):
        return value
    return f"{MASK} (another value)" if old and value not in old and MASK not in old else MASK


def _bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    return text(body.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")
