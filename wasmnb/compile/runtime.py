"""The C and C++ runtime that every filter is linked with: libc, libc++ and what they stand on, 2.5 MB in all.

``ziglang`` carries it as source and builds it on first use, which takes about a minute. So it is built when the wheel
is built, or once per user (``python -m wasmnb.compile.runtime``), never in a user's first cell.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import Entry, Store, digest, io_errors, workspace
from wasmnb.compile.process import Finished, end, start
from wasmnb.compile.zig import Zig, zig
from wasmnb.errors import ToolchainError, WasmnbError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.progress import Progress

__all__ = ["LIBRARIES", "PACKAGED", "complete", "fill", "find", "libraries", "part_done"]

#: In the order the linker wants them: start-up code, then each library before those it needs.
LIBRARIES = ("crt1-reactor.o", "libc++.a", "libc++abi.a", "libc.a", "libzigc.a", "libcompiler_rt.a")
#: Where a wheel has them.
PACKAGED = Path(__file__).resolve().parent.parent / "sdk" / "lib"

# Optimised for size, without debug information: a filter grows by what it takes from here.
_OPTIONS = ("-target", "wasm32-wasi", "-mexec-model=reactor", "-OReleaseSmall", "-fstrip", "-lc", "-lc++")
_PROBE = "#include <string>\nint main(int n, char **) { return (int)std::to_string(n).size(); }\n"
# Compiled pieces of the 0.17.1 runtime, for the progress only. The first ones are libc++'s: they are a sixteenth of the
# pieces and six tenths of the time (measured: each weighs as much as 25 others). Linking is the last three hundredths.
_PIECES, _LARGE, _TIMES, _LINKING = 684, 43, 25, 50
_STAGE = "building the C++ runtime, once on this machine"
_NOTICES = (
    ("zig: compiler_rt, libzigc", "../LICENSE"),
    ("LLVM: libc++", "libcxx/LICENSE.TXT"),
    ("LLVM: libc++abi", "libcxxabi/LICENSE.TXT"),
    ("musl: libc", "libc/musl/COPYRIGHT"),
    ("wasi-libc: libc", "libc/wasi/LICENSE"),
    ("wasi-libc: Apache License with LLVM exception", "libc/wasi/LICENSE-APACHE-LLVM"),
    ("wasi-libc: Apache License", "libc/wasi/LICENSE-APACHE"),
    ("wasi-libc: MIT License", "libc/wasi/LICENSE-MIT"),
    ("wasi-libc: cloudlibc", "libc/wasi/libc-bottom-half/cloudlibc/LICENSE"),
    ("wasi-libc: musl", "libc/wasi/libc-top-half/musl/COPYRIGHT"),
)
_STORE = Store("runtime", keep=3)


def libraries(progress: Progress | None = None) -> Entry:
    """Give the runtime: the one in the package, else the one in the cache, else build it there.

    Parameters
    ----------
    progress : Progress, optional
        Is told how far a build has come.

    Raises
    ------
    ToolchainError
        The build failed, or the disk is full.
    """
    return find() or _built(progress)


def find() -> Entry | None:
    """Give the runtime when it is there, so that no build of it is due."""
    return _packaged() or _STORE.get(_key())


def fill(folder: Path, progress: Progress | None = None) -> Mapping[str, Any]:
    """Build the runtime into a folder, with the licence notices of its parts.

    Returns
    -------
    dict
        Notes to keep with it: of what version and options it is.

    Raises
    ------
    ToolchainError
        The build failed, or the disk is full.
    """
    tool = zig()
    with workspace(large=True) as work:
        cache = work / "zig"
        (work / "probe.cc").write_text(_PROBE, encoding="utf-8")
        # Without -j zig compiles one file at a time on a machine of two processors.
        jobs = f"-j{(os.cpu_count() or 1) + 2}"
        command = [tool.program, "build-exe", *_OPTIONS, jobs, "--verbose-link", "--name", "probe"]
        command += ["-cflags", "-fno-exceptions", "--", "probe.cc"]
        finished = _watch(command, work, cache, progress)
        found = _linked(finished, work)
        with io_errors():
            for name in LIBRARIES:
                shutil.copyfile(found[name], folder / name)
            (folder / "NOTICE.txt").write_text(_notice(tool), encoding="utf-8")
    return _notes()


def _notes() -> dict[str, str]:
    return {"ziglang": zig().version, "options": " ".join(_OPTIONS)}


def _key() -> str:
    return digest(repr(sorted(_notes().items())).encode())[:32]


def complete(folder: Path) -> bool:
    """Tell whether a folder has this version's runtime, undamaged."""
    entry = Entry.load(folder)
    return entry is not None and entry.notes == _notes() and set(LIBRARIES) <= set(entry.files) and entry.sound()


@lru_cache(maxsize=1)
def _packaged() -> Entry | None:
    return Entry.load(PACKAGED) if complete(PACKAGED) else None


def part_done(pieces: int) -> int:
    """Weigh compiled pieces by the time they take."""
    return _TIMES * min(pieces, _LARGE) + max(0, pieces - _LARGE)


def _built(progress: Progress | None) -> Entry:
    if progress:
        progress.update(_STAGE, 0, part_done(_PIECES) + _LINKING)
    return _STORE.once(_key(), lambda folder: fill(folder, progress))


def _watch(command: Sequence[str], work: Path, cache: Path, progress: Progress | None) -> Finished:
    """Run the build; zig has no progress for programs, but its cache has one folder per compiled piece."""
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    with tempfile.TemporaryFile() as messages:
        process = start([*command], work, environment=caches, messages=messages)
        try:
            while process.poll() is None:
                time.sleep(0.2)
                with contextlib.suppress(OSError):
                    done = min(sum(1 for _ in (cache / "o").iterdir()), _PIECES)
                    if progress:
                        progress.update(_STAGE, part_done(done), part_done(_PIECES) + _LINKING)
        finally:
            end(process)
        messages.seek(0)
        return Finished(process.returncode, "", messages.read().decode(errors="replace"))


def _linked(finished: Finished, work: Path) -> dict[str, Path]:
    """Find the libraries in zig's own link command."""
    finished.refuse_exhaustion()
    lines = [line for line in finished.messages.splitlines() if line.startswith("wasm-ld ")]
    if finished.code or not lines:
        raise ToolchainError(
            "The C++ runtime could not be built.",
            why=finished.messages.strip().splitlines()[-5:],
            hint=Wording(
                "run {}; a fresh 'pip install --force-reinstall ziglang==0.17.1' repairs a damaged compiler",
                Verb("doctor"),
            ),
            code="WNB2003",
        )
    paths = [work / word for word in shlex.split(lines[-1])]
    found = {path.name: path for path in paths if path.name in LIBRARIES}
    missing = [name for name in LIBRARIES if name not in found]
    if missing:
        raise ToolchainError(
            f"The C++ runtime was built without {', '.join(missing)}.",
            hint=Wording("run {}", Verb("doctor")),
            code="WNB2003",
        )
    return found


def _notice(tool: Zig) -> str:
    notices = ["The libraries in this folder are built from sources in the PyPI package ziglang. Their licences:\n"]
    for title, place in _NOTICES:
        text = (tool.library / place).read_text(encoding="utf-8", errors="replace").strip()
        notices.append(f"{'=' * 78}\n{title}\n{'=' * 78}\n{text}\n")
    return "\n".join(notices)


class _Line:
    """A progress line on a terminal, or one line per ten percent in a log."""

    def __init__(self) -> None:
        self._shown = ""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        percent = int(100 * (done or 0) / total) if total else 0
        step = f"{stage}: {percent if sys.stderr.isatty() else percent // 10 * 10} %" if total else stage
        if step != self._shown:
            self._shown = step
            sys.stderr.write(f"\r\x1b[K{step}" if sys.stderr.isatty() else f"{step}\n")
            sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    """Make everything that takes long, so that no first cell waits; say on standard error how far it is.

    Parameters
    ----------
    arguments : sequence of str
        ``--force`` builds the runtime anew.

    Returns
    -------
    int
        0 when all is there.
    """
    from wasmnb.compile.cpp import prebuilt  # noqa: PLC0415

    progress = _Line()
    try:
        if "--force" in arguments:
            _STORE.drop(_key())
        prebuilt.prepare(progress)
    except WasmnbError as error:
        sys.stderr.write("\n" + "\n".join(error.lines()) + "\n")
        return 1
    progress.update("the C++ toolchain is ready")
    sys.stderr.write("\n" if sys.stderr.isatty() else "")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
