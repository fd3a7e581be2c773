"""Asking once for each mesh that somebody works on whether requests of ours may be sent to its applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import Interrupted
from wasmnb.mesh import MeshOfOthers, Proof

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.session.context import Context

__all__ = ["permit"]

_QUESTION = (
    "May wasmnb send requests to applications ({place}) to see that filters act? Each pod that a filter is put on gets "
    "GET / and the last GETs that you sent to it, before and after. Otherwise it is LOADED, and not LIVE."
)


def permit(context: Context, ask: Callable[[str], bool | None]) -> None:
    """Ask whether requests may be sent, unless that was said or asked before; where nobody answers they may not.

    Parameters
    ----------
    context : Context
    ask : callable
        Asks a question that is answered by yes or no; gives None where nobody can be asked.

    Raises
    ------
    Interrupted
        The user answered by an interrupt.
    """
    mesh = context.chosen
    if not isinstance(mesh, MeshOfOthers) or mesh.prove is not None or context.asked:
        return
    try:
        answer = ask(_QUESTION.format(place=mesh.place))
    except KeyboardInterrupt:
        raise Interrupted("The question was not answered; nothing was applied.") from None
    context.asked = answer is not None
    if answer:
        mesh.allow(Proof.EFFECT)
