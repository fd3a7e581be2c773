"""What a runbook expects of a response, and the error of one that is otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.errors import Place, TrafficError, UsageError
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.traffic.exchange import Exchange, Headers
    from wasmnb.wording import Text

__all__ = ["Expectation", "UnexpectedError"]

_STATUS = re.compile(r"[1-5](?:\d\d|xx)", re.IGNORECASE)
# What a line of a header can begin with; bytes beyond ASCII come over the wire, too.
_NAME = re.compile(r"""[^\x00-\x20\x7f()<>@,;:\\"/\[\]?={}]+""")
_LONGEST = 200


class UnexpectedError(TrafficError):
    """A response is not what was expected; ``exchange`` has it."""

    code = "WNB4055"

    def __init__(self, what: Text, *, exchange: Exchange, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.exchange = exchange


@dataclass(frozen=True)
class Expectation:
    """What is expected of a response.

    Parameters
    ----------
    status : str
        ``200``, or ``2xx`` for each of that hundred; empty for any.
    headers : tuple of (str, str or None)
        Names with a value that one line of that name must have; None where the line must be there.
    """

    status: str = ""
    headers: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def of(cls, status: object = None, headers: str | Iterable[str] = ()) -> Expectation:
        """Read ``200`` or ``2xx``, and ``NAME=VALUE`` or ``NAME``.

        Raises
        ------
        UsageError
        """
        word = "" if status is None else str(status)
        if word and not _STATUS.fullmatch(word):
            raise UsageError(
                f"{word!r} is not a status of HTTP.",
                where=Place(Option("expect"), quote=word),
                hint="write 200, or 2xx for all from 200 to 299",
            )
        lines = [headers] if isinstance(headers, str) else list(headers)
        found = []
        for line in lines:
            name, equals, value = line.partition("=")
            if not _NAME.fullmatch(name.strip()):
                raise UsageError(
                    f"{line!r} names no header.",
                    where=Place(Option("expect_header"), quote=line),
                    hint="write NAME=VALUE, or NAME for any value",
                )
            found.append((name.strip(), value if equals else None))
        return cls(word.lower(), tuple(found))

    def check(self, exchange: Exchange) -> None:
        """Refuse a response that is otherwise.

        Parameters
        ----------
        exchange : Exchange
            Its secrets masked.

        Raises
        ------
        UnexpectedError
            It names each difference, and quotes the response.
        """
        response = exchange.response
        status = [f"status {response.status}, not {self.status}"] if not self._fits(response.status) else []
        lacking = [said for name, value in self.headers if (said := _differs(response.headers, name, value))]
        wrong = [*status, *lacking]
        if wrong:
            lines = [f"{name}: {value}"[:_LONGEST] for name, value in response.headers]
            raise UnexpectedError(
                f"{exchange.pod} did not answer as expected: {'; '.join(wrong)}.",
                why=[f"{response.status} {response.reason}".rstrip(), *lines],
                hint=Wording("change the filter, or what {} says", Option("expect" if status else "expect_header")),
                exchange=exchange,
            )

    def _fits(self, status: int) -> bool:
        return not self.status or all(
            mark in ("x", digit) for mark, digit in zip(self.status, str(status), strict=True)
        )


def _differs(headers: Headers, name: str, value: str | None) -> str:
    there = headers.all(name)
    if not there:
        return f"no header {name}"
    if value is None or value in there:
        return ""
    return f"{name} is {', '.join(map(repr, there))}, not {value!r}"
