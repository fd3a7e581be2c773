"""The gate in front of a mesh: what a module must be before it is packaged and deployed."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from wasmnb.errors import ModuleError, Place
from wasmnb.module.envoy_abi import ENVOY
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.module.module import Module

__all__ = ["check", "unchecked"]


def check(module: Module, root_id: str | None = None, *, host: str = ENVOY) -> str:
    """Refuse a module that Envoy would refuse, and a root id that it would silently ignore.

    Parameters
    ----------
    module : Module
    root_id : str, optional
        The root id to run; the only one that the module registers when not given.
    host : str
        Whose Envoy is to run it: ``Envoy``, which is anybody's, or ``Higress``.

    Returns
    -------
    str
        The root id to configure. When the module does not tell which ones it has, the given one, or ``""``.

    Raises
    ------
    ModuleError
        Envoy would not load the module (the message is the first problem, and says how many others there are); or the
        root id is none of the module's: Envoy would then answer every request as if there were no filter.
    """
    problems = [problem for problem in module.facts.problems if problem.but_for != host]
    if problems:
        raise problems[0].error(module.name, len(problems) - 1)
    known = module.facts.root_ids
    if known is None:
        return root_id or ""
    if root_id is None:
        return _only(module.name, known)
    if root_id in known:
        return root_id
    close = get_close_matches(root_id, known, n=1)
    raise ModuleError(
        f"Module {module.name!r} registers no root id {root_id!r}, so Envoy would pass every request by it, silently.",
        where=Place("the root id", quote=root_id),
        why=[f"it registers {_list(known)}"],
        hint=f"did you mean {close[0]!r}?" if close else "use one of these, or leave it out when there is only one",
        code="WNB3001",
    )


def unchecked(module: Module, root_id: str | None = None) -> str:
    """Give the root id to configure as `check` does, without refusing anything: ``""`` where it cannot be told."""
    known = module.facts.root_ids or ()
    return root_id if root_id is not None else known[0] if len(known) == 1 else ""


def _only(name: str, known: tuple[str, ...]) -> str:
    if len(known) == 1:
        return known[0]
    if known:
        raise ModuleError(
            f"Module {name!r} registers {len(known)} root ids, and none was chosen.",
            why=[f"it registers {_list(known)}"],
            hint=Wording("choose one with {}", Option("root_id", next(filter(None, known), known[0]))),
            code="WNB3002",
        )
    raise ModuleError(
        f"Module {name!r} registers no root context, so Envoy would pass every request by it, silently.",
        hint="register one at the end: static RegisterContextFactory register_Filter(CONTEXT_FACTORY(Filter));",
        code="WNB3003",
    )


def _list(known: tuple[str, ...]) -> str:
    return ", ".join(repr(item) for item in known) or "none"
