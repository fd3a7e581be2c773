"""The command that shows the page of a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.commands.command import Argument, Command

if TYPE_CHECKING:
    from wasmnb.error_pages import Explanation
    from wasmnb.session import Session

__all__ = ["COMMANDS"]


def _explain(_session: Session, code: str) -> Explanation:
    from wasmnb.error_pages import explain  # noqa: PLC0415 - the pages, for their readers only

    return explain(code)


COMMANDS = (
    Command(
        "wasm_explain",
        "Show what a code means, how it comes about and what to do. Needs no network.",
        _explain,
        (
            Argument(
                "code", "code of an error, a verdict or a cause, such as WNB2041; or a verdict's name", True, "codes"
            ),
        ),
        examples=("%wasm_explain WNB2041", "%wasm_explain TRAPPED"),
    ),
)
