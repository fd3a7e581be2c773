"""The C++ toolchain: a cell goes through clang's front end and wasm-ld, and comes out as a module that Envoy takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from wasmnb.compile import cached_build
from wasmnb.compile.cache import Store, workspace
from wasmnb.compile.cached_build import Made, Stages
from wasmnb.compile.cpp import prebuilt
from wasmnb.compile.cpp.build import Job
from wasmnb.compile.cpp.compiler import WARNINGS, sdk_id
from wasmnb.compile.cpp.dependencies import with_messages
from wasmnb.compile.cpp.flags import Flags
from wasmnb.compile.cpp.linker import OPTIONS
from wasmnb.compile.cpp.source import Source
from wasmnb.compile.zig import zig
from wasmnb.errors import UsageError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.check import Check
    from wasmnb.compile.filter import Filter
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["MODULES", "CppToolchain"]

MODULES = Store("modules", keep=400)

_RECIPE = 7


class CppToolchain:
    """Builds C++ filters (`wasmnb.compile.languages.Toolchain`)."""

    language = "cpp"

    def build(self, filter: Filter, *, progress: Progress | None = None, force: bool = False) -> Module:  # noqa: A002
        """Compile and link a filter, or find its module in the cache.

        Parameters
        ----------
        filter : Filter
        progress : Progress, optional
        force : bool
            Compile even when the cache has the module.

        Raises
        ------
        CompileError, LinkError
            The source is at fault; ``diagnostics`` has every message with its line in the cell.
        ToolchainError
            The compiler, the disk or the memory is at fault.
        UsageError
            There is no source, or a flag is not allowed.
        """
        stages = Stages(progress)
        if not filter.source.strip():
            raise _no_source(filter, "has no source")
        flags = Flags.parse(filter.flags, inside=filter.files)
        filter = with_messages(filter, flags.includes)  # noqa: A001
        follows = [_RECIPE, zig().version, sdk_id(), OPTIONS, WARNINGS, flags.shared, flags.own]
        if flags.libraries:
            from wasmnb.compile.cpp.libraries import listing  # noqa: PLC0415 - for their users only

            follows.append(listing(flags.libraries))
        make = partial(_make, filter, flags)
        return cached_build.build(filter, MODULES, follows, make, force=force, stages=stages)

    def prepare(self, progress: Progress | None = None) -> None:
        """Make what every filter needs (runtime, SDK, precompiled header), so that no cell waits for it.

        Raises
        ------
        ToolchainError
        """
        prebuilt.prepare(progress)

    def doctor(self) -> list[Check]:
        """Look at the compiler, the runtime, the SDK and the cache."""
        from wasmnb.compile.cpp.doctor import checks  # noqa: PLC0415

        return checks()


def _make(filter: Filter, flags: Flags, stages: Stages) -> Made:  # noqa: A002
    source = Source(filter.source)
    if source.empty:
        raise _no_source(filter, "has only comments in it")
    with workspace() as work:
        return Job(filter, source, flags, work, stages).run()


def _no_source(filter: Filter, what: str) -> UsageError:  # noqa: A002
    if filter.file:
        return UsageError(f"{filter.file} {what}.", hint='write the filter into it: #include "proxy_wasm_intrinsics.h"')
    return UsageError(
        f"The cell {what}.",
        hint=Wording(
            'write the filter\'s C++ below the {} line, starting with #include "proxy_wasm_intrinsics.h"',
            Verb("filter", cell=True),
            python='give the filter\'s C++, starting with #include "proxy_wasm_intrinsics.h"',
        ),
    )
