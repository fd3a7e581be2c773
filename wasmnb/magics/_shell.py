"""Where the magics meet IPython: registering, and what goes with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from IPython.core.completer import context_matcher

from wasmnb.magics._cells import Magics
from wasmnb.magics._run import magic
from wasmnb.views import register, unregister

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.commands.command import Command

__all__ = ["attach", "detach"]

_MARK = "wasmnb"


def attach(shell: InteractiveShell, commands: Mapping[str, Command]) -> None:
    """Give a shell the magics, Tab for them, how results look, and an error of ours for a cell without a body."""
    detach(shell, commands)
    register(shell)
    for command in commands.values():
        shell.register_magic_function(magic(command, shell), "line_cell", command.name)  # type: ignore[arg-type]

    @context_matcher(identifier=_MARK, priority=100)  # type: ignore[untyped-decorator]
    def wasm_matcher(context: CompletionContext) -> SimpleMatcherResult:
        from wasmnb.magics._complete import complete  # noqa: PLC0415 - brings the session, and only for Tab
        from wasmnb.session import default  # noqa: PLC0415

        return complete(context, commands, default())

    shell.Completer.custom_matchers.append(wasm_matcher)
    # Behind IPython's own, which take blank lines away from the front of a cell; cell magics are looked for after all.
    shell.input_transformer_manager.cleanup_transforms.append(_keep_body)
    shell.ast_transformers.append(Magics(commands, shell))


def detach(shell: InteractiveShell, commands: Mapping[str, Command]) -> None:
    """Take away what `attach` gave."""
    unregister(shell)
    for kind in shell.magics_manager.magics.values():
        for name in commands:
            kind.pop(name, None)
    matchers = shell.Completer.custom_matchers
    matchers[:] = [known for known in matchers if getattr(known, "matcher_identifier", "") != _MARK]
    transforms = shell.input_transformer_manager.cleanup_transforms
    transforms[:] = [known for known in transforms if known is not _keep_body]
    shell.ast_transformers[:] = [known for known in shell.ast_transformers if not isinstance(known, Magics)]


def _keep_body(lines: list[str]) -> list[str]:
    r"""Give ``%%wasm_filter x`` without a body an empty line as its body.

    Without one, IPython raises its own ``UsageError``, which it prints as a warning: nbmake would call the notebook
    passed. With one, the magic itself says that there is no source.
    """
    if len(lines) == 1 and re.match(r"%%wasm_\w+(?:\s|$)", lines[0]):
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines
