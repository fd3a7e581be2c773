"""The AssemblyScript toolchain: a cell goes through the kept compiler, and comes out as a module that Envoy takes."""

from __future__ import annotations

import base64
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile import cached_build
from wasmnb.compile.assemblyscript import messages, project
from wasmnb.compile.assemblyscript.node import find, installed, modules, packages_id
from wasmnb.compile.assemblyscript.roots import registered, several_roots
from wasmnb.compile.assemblyscript.service import Service
from wasmnb.compile.cache import Store, digest
from wasmnb.compile.cached_build import Made, Stages
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.errors import Place, ToolchainError, UsageError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.check import Check
    from wasmnb.compile.filter import Filter
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["MODULES", "AssemblyScriptToolchain"]

MODULES = Store("modules", keep=400)

_SCRIPT = digest(
    b"".join(Path(__file__).with_name(name).read_bytes() for name in ("service.mjs", "roots.py", "messages.py"))
)
_OPTIMIZE = re.compile(r"-O(?:[0-3][sz]?|s|z)?")
_FLAGS = re.compile(r"--(?:noAssert|converge|uncheckedBehavior|(?:enable|disable)=[\w,-]+|stackSize=\d+)")
# -O0 compiles in half the time and makes twice the code; -Os takes longer and saves a tenth.
_DEFAULT = "-O1"


class AssemblyScriptToolchain:
    """Builds AssemblyScript filters (`wasmnb.compile.languages.Toolchain`)."""

    language = "assemblyscript"

    def __init__(self) -> None:
        self.service = Service()

    def build(self, filter: Filter, *, progress: Progress | None = None, force: bool = False) -> Module:  # noqa: A002
        """Compile a filter, or find its module in the cache.

        Parameters
        ----------
        filter : Filter
            Classes over the SDK's ``RootContext`` and ``Context``, and a ``registerRootContext``; the line that
            exports the proxy's entry points may be left out. Or a project with a ``package.json``.
        progress : Progress, optional
        force : bool
            Compile even when the cache has the module.

        Raises
        ------
        CompileError
            The source is at fault; ``diagnostics`` has every message with its line in the cell.
        ToolchainError
            There is no Node.js, or the compiler, the disk or the network is at fault.
        UsageError
            There is no source, or a flag is not allowed.
        """
        if any(path == project.MANIFEST for path, _ in filter.files):
            return project.build(filter, MODULES, progress=progress, force=force)
        flags = _options(filter.flags)
        make = partial(self._make, filter, flags)
        return cached_build.build(
            filter, MODULES, [packages_id(), _SCRIPT, flags], make, progress=progress, force=force
        )

    def prepare(self, progress: Progress | None = None) -> None:
        """Download the compiler and the SDK, start the compiler, and let it compile once, so that no cell waits for it.

        Raises
        ------
        ToolchainError
        """
        node = find()
        self.service.compile(node, modules(node, progress), "", [_DEFAULT])

    def at_hand(self, _: Filter) -> bool:
        """Tell whether the compiler and the SDK have been downloaded."""
        return installed() is not None

    def close(self) -> None:
        """End the kept compiler; the next build starts another."""
        self.service.close()

    def doctor(self) -> list[Check]:
        """Look at Node.js, the compiler and the SDK."""
        from wasmnb.compile.assemblyscript.doctor import checks  # noqa: PLC0415

        return checks()

    def _make(self, filter: Filter, flags: list[str], stages: Stages) -> Made:  # noqa: A002
        stages.begin("preparing")
        node = find()
        folder = modules(node, stages.progress)
        stages.end("prepare")
        stages.begin("compiling" if self.service.pid else "starting the AssemblyScript compiler")
        # Blank lines in front make the compiler's lines, and those in the proxy's log, the cell's lines.
        text = "\n" * (filter.first_line - 1) + filter.source
        answer = self.service.compile(node, folder, text, flags)
        stages.end("compile")
        found = messages.diagnostics(answer["found"], filter.source, filter.first_line)
        if answer["wasm"] is None:
            if any(item.severity == "error" for item in found):
                raise cached_build.compile_error(found, messages.hint(found))
            raise ToolchainError(
                "The AssemblyScript compiler crashed.",
                why=[answer["error"], *answer["messages"].splitlines()[:3]],
                hint=Wording("change the lines you edited last; if that does not help, run {}", Verb("doctor")),
                code="WNB2005",
            )
        warnings = [item for item in found if item.severity == "warning"]
        warnings += messages.overriding_nothing(answer["unused"], filter.source, filter.first_line)
        roots = registered(filter.source)
        if len(roots) > 1:
            raise several_roots(filter.source, filter.first_line, roots[1][0], len(roots))
        if not roots:
            message = "the filter registers no root context: call registerRootContext at the end of the cell"
            warnings.append(Diagnostic("warning", message))
        names = [name for _, name in roots if name is not None]
        return Made(base64.b64decode(answer["wasm"]), tuple(names) if names else None, tuple(warnings))


def _options(flags: tuple[str, ...]) -> list[str]:
    for flag in flags:
        if not _OPTIMIZE.fullmatch(flag) and not _FLAGS.fullmatch(flag):
            raise UsageError(
                f"{flag!r} is not a flag that an AssemblyScript filter can be built with.",
                where=Place("the filter's flags", quote=flag),
                hint="use -O0 to -O3, -Os, -Oz, --noAssert, --converge, --enable=... or --stackSize=...",
            )
    given = list(flags)
    return given if any(_OPTIMIZE.fullmatch(flag) for flag in given) else [_DEFAULT, *given]
