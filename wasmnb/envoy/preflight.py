"""A canary Envoy alone: tries a module before another mesh gets it."""

from __future__ import annotations

import os
import shutil
import threading
import weakref
from typing import TYPE_CHECKING

from wasmnb.envoy.canary import Canary, canary_proxy
from wasmnb.envoy.processes import Processes, new_folder
from wasmnb.envoy.program import find_envoy
from wasmnb.envoy.proxy import Applied
from wasmnb.errors import MeshError
from wasmnb.interrupts import uninterrupted
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.envoy.effect import Trial
    from wasmnb.envoy.exchange import Probe
    from wasmnb.plugin import Plugin

__all__ = ["Preflight"]


class Preflight:
    """Loads modules in the embedded Envoy with the configuration and root id that they are to have.

    The Envoy starts with the first module, and ends with `close`, or with the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._canary: Canary | None = None
        self._processes: Processes | None = None

    @classmethod
    def at_hand(cls) -> Preflight | None:
        """Make one where there is an Envoy for this platform; give None where there is not."""
        try:
            find_envoy()
        except MeshError:
            return None
        return cls()

    def start(self) -> tuple[Processes, Canary]:
        """Start the Envoy now, so that the first module need not wait for it; give it, also where it runs already.

        Raises
        ------
        MeshError
            There is no Envoy for this platform, or this one was ended.
        """
        with self._lock, uninterrupted():
            if self._closed:
                # Another thread may look while a mesh is stopped; nobody would end the Envoy that it starts.
                raise MeshError(
                    "The Envoy that tries modules was ended.",
                    hint=Wording("{} connects again", Verb("mesh", ("istio",))),
                )
            if self._processes is not None and self._canary is not None and self._processes.alive:
                return self._processes, self._canary
            if self._canary is not None:
                self._canary.close()
            folder, lock = new_folder()
            try:
                proxy = canary_proxy(folder / "0")
                process = proxy.prepare(find_envoy(), (), "info")
                (folder / "modules").mkdir()
            except BaseException:
                os.close(lock)
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._processes = Processes(folder, lock, [process], [])
            self._canary = Canary(proxy, self._processes)
            weakref.finalize(self, self._processes.stop)
            return self._processes, self._canary

    def examine(self, plugin: Plugin, probes: Sequence[Probe] = (), *, allow_trap: bool = False) -> Trial:
        """Try a plugin, unless the same module, root id and configuration passed before.

        Parameters
        ----------
        plugin : Plugin
        probes : sequence of Probe
            Requests that are sent through it besides a plain one.
        allow_trap : bool
            Let it pass although its VM crashed on one of them.

        Raises
        ------
        ModuleError, HangError
            Envoy refuses the module or its configuration, crashes, or does not come back from it; or the filter
            crashes on a request.
        MeshError
            There is no Envoy for this platform, or this one was ended.
        """
        from wasmnb.module.check import check  # noqa: PLC0415 - the parser comes with the first module

        module = plugin.image.module
        root_id = check(module, plugin.root_id)
        processes, canary = self.start()
        # Of this thread's alone: another one may be done with the same module sooner.
        name = f"{module.digest.removeprefix('sha256:')}-{threading.get_ident()}.wasm"
        path = processes.folder / "modules" / name
        path.write_bytes(module.wasm)
        try:
            return canary.examine(Applied(plugin, root_id, str(path)), probes, allow_trap=allow_trap)
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the Envoy and remove its folder, for good."""
        with self._lock:
            self._closed = True
            if self._processes is not None:
                self._processes.stop()
            if self._canary is not None:
                self._canary.close()
            self._processes = self._canary = None
