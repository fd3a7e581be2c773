"""What the exit code of the program says: a pipeline decides on it, so each has one meaning."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from wasmnb.errors import UsageError
from wasmnb.plugin.verdict import PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.plugin.verdict import Proof

__all__ = ["MEANINGS", "ExitCode", "of_error", "of_result"]


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNPROVEN = 3
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done, and where something was put in force or judged, proven",
    ExitCode.FAILED: "failed, or a plugin is not as it should be on some pod",
    ExitCode.USAGE: "the command line is wrong; nothing was done",
    ExitCode.UNPROVEN: "nothing failed, and not all of it is proven: LOADED, WARMING or UNPROVEN on some pod",
    ExitCode.INTERRUPTED: "interrupted; the message says what is left behind",
}
"""What each code means, for readers."""

_BESIDE = (Verdict.NOT_SELECTED, Verdict.GONE)
_OPEN = (Verdict.LOADED, Verdict.WARMING, Verdict.UNPROVEN)


def of_result(result: object, proof: Proof | None) -> ExitCode:
    """Give the code of a result.

    Parameters
    ----------
    result : object
        Whatever a command gave.
    proof : Proof, optional
        How plugins were to be seen to act; CONFIG takes LOADED for enough.
    """
    if getattr(result, "passed", True) is False:
        return ExitCode.FAILED
    verdicts = getattr(result, "verdicts", None)
    if isinstance(result, tuple | list) or hasattr(result, "items"):
        verdicts = [one for one in result if isinstance(one, PodVerdict)]  # type: ignore[attr-defined]
    return _of_verdicts(verdicts or (), proof)


def of_error(error: BaseException) -> ExitCode:
    """Give the code of an error that ended a command."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, UsageError):
        return ExitCode.USAGE
    verdicts = getattr(error, "verdicts", ())
    open_ = bool(verdicts) and _of_verdicts(verdicts, None) is ExitCode.UNPROVEN
    return ExitCode.UNPROVEN if open_ and getattr(error, "rollout", None) is None else ExitCode.FAILED


def _of_verdicts(verdicts: Iterable[object], proof: Proof | None) -> ExitCode:
    left = [
        one.verdict
        for one in verdicts
        if isinstance(one, PodVerdict) and one.verdict not in _BESIDE and not one.good(proof)
    ]
    if not left:
        return ExitCode.DONE
    return ExitCode.UNPROVEN if all(verdict in _OPEN for verdict in left) else ExitCode.FAILED
