"""The kept compiler: one Node.js process for a kernel, which is asked line by line and ends with it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wasmnb.compile.process import end, leash
from wasmnb.errors import ToolchainError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.compile.assemblyscript.node import Node

__all__ = ["Service"]

_SCRIPT = Path(__file__).with_name("service.mjs")
_IDLE_SECONDS = 600
# The compiler keeps some megabytes of each cell.
_MOST_MEMORY = 800 * 1024 * 1024


class _EndedError(Exception):
    """The process ended without an answer."""


class Service:
    """A compiler that is started when first asked, and again when it has ended; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: IO[bytes] | None = None
        self._of: tuple[object, ...] = ()
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        """The process; 0 while there is none."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def compile(self, node: Node, modules: Path, source: str, flags: Sequence[str]) -> dict[str, Any]:
        """Compile a cell.

        Parameters
        ----------
        node : Node
        modules : pathlib.Path
            The folder of the compiler and the SDK.
        source : str
        flags : sequence of str
            Options of the compiler.

        Returns
        -------
        dict
            ``wasm`` (base64, or None), ``found`` (what the compiler said), ``unused`` (methods that are called
            like callbacks and override none), ``error`` and ``messages`` (str).

        Raises
        ------
        ToolchainError
            The compiler breaks down on this cell, or does not start.
        """
        question = json.dumps({"source": source, "flags": list(flags)}).encode() + b"\n"
        holder = leash()
        with self._lock:
            if holder is not None:
                # It may have waited long for another cell, whose compiler is not to end with it.
                holder.check()
            try:
                return self._twice(node, modules, question)
            except BaseException:
                # After an interrupt too: what it works at has no end that anybody waits for.
                self._end()
                raise

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _twice(self, node: Node, modules: Path, question: bytes) -> dict[str, Any]:
        with contextlib.suppress(_EndedError):
            return self._ask(node, modules, question)
        # It may have been at rest for long, or been killed: another one is asked.
        self._end()
        try:
            return self._ask(node, modules, question)
        except _EndedError as error:
            raise self._broken() from error

    def _ask(self, node: Node, modules: Path, question: bytes) -> dict[str, Any]:
        holder = leash()
        if holder is not None:
            holder.check()
        process = self._running(node, modules)
        if process.stdin is None or process.stdout is None:
            raise _EndedError
        try:
            with holder.hold(process, kept=True) if holder is not None else contextlib.nullcontext():
                process.stdin.write(question)
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            raise _EndedError from error
        if answer["memory"] > _MOST_MEMORY:
            self._end()
        return dict(answer)

    def _running(self, node: Node, modules: Path) -> subprocess.Popen[bytes]:
        # A forked child has our pipes, and would take the answers that its parent waits for.
        of = (node.program, node.version, modules, os.getpid())
        if self._process is not None and self._of != of:
            self._end()
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._of = of
            self._process = self._start(node, modules)
        return self._process

    def _start(self, node: Node, modules: Path) -> subprocess.Popen[bytes]:
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        # Nothing that would change what is compiled: no NODE_OPTIONS, no locale.
        environment = {"LC_ALL": "C.UTF-8", "PATH": os.defpath}
        try:
            return subprocess.Popen(
                [node.program, str(_SCRIPT), str(modules), str(_IDLE_SECONDS)],
                cwd=modules,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._messages,
                # Ctrl-C in a terminal goes to our own group only; we end the compiler, and say so.
                start_new_session=True,
            )
        except OSError as error:
            raise ToolchainError(
                "Node.js cannot be started.", why=[str(error)], hint=Wording("run {}", Verb("doctor")), code="WNB2003"
            ) from error

    def _broken(self) -> ToolchainError:
        said: list[str] = []
        if self._messages is not None:
            self._messages.seek(0)
            said = [line for line in self._messages.read().decode(errors="replace").splitlines() if line.strip()]
        return ToolchainError(
            "The AssemblyScript compiler crashed.",
            why=[line for line in said if "Error" in line][:4] or said[:4],
            hint=Wording("change the lines you edited last; if that does not help, run {}", Verb("doctor")),
            code="WNB2005",
        )

    def _end(self) -> None:
        process, messages = self._process, self._messages
        self._process = self._messages = None
        if process is not None and self._of[-1] != os.getpid():
            # A fork of ours: the process is our parent's.
            return
        if process is not None:
            with contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
            end(process)
        if messages is not None:
            messages.close()
