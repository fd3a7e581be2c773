"""Modules that pods have loaded before anything of them is deployed: what is taken over then is compiled already."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.process import go_on
from wasmnb.envoy.admin import discoveries
from wasmnb.envoy.patience import Patience
from wasmnb.envoy.proxy import loading
from wasmnb.mesh.local.judge import ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.envoy.admin import Discovery
    from wasmnb.envoy.processes import Processes
    from wasmnb.envoy.proxy import Proxy
    from wasmnb.mesh.local.topology import Plan
    from wasmnb.module import Module

__all__ = ["LARGEST", "Preloads"]

LARGEST = 4 * 1024 * 1024
"""Bytes of a module that pods load ahead: while V8 compiles, 1 s for each MiB, a proxy takes over nothing else."""

_MOST = 3  # holders for which a pod has a module
_SECONDS = 3.0
_STEP = 0.002


@dataclass(frozen=True)
class _Loaded:
    """A module that some pods have, as the processes that they are; and how long one may need for it."""

    filename: str
    pids: Mapping[Proxy, int]
    seconds: float


class Preloads:
    """What the pods of a local mesh have loaded ahead, the newest module of each holder.

    Parameters
    ----------
    parts : Plan
    processes : Processes
    """

    def __init__(self, parts: Plan, processes: Processes) -> None:
        self._plan = parts
        self._processes = processes
        self._lock = threading.Lock()
        self._loaded: dict[str, _Loaded] = {}
        processes.listeners.append(self._forget_ended)

    def load(self, module: Module, proxies: Sequence[Proxy], holder: str) -> bool:
        """Have pods load a module that a canary has loaded; say whether all of them did.

        A pod that refuses it, or ends, lets go of it.
        """
        with self._lock:
            self._loaded.pop(holder, None)
            while len(self._loaded) >= _MOST:
                del self._loaded[next(iter(self._loaded))]
            pids = {proxy: self._pid(proxy) for proxy in proxies}
            self._loaded[holder] = loaded = _Loaded(self._write(module), pids, loading(module))
            taken, written = False, {proxy: proxy.written for proxy in proxies}
            for proxy, discovery in self._discoveries(proxies).items():
                proxy.accepted = (pids[proxy], written[proxy], discovery)
            for proxy in proxies:
                proxy.compiles_ahead = True
            try:
                taken = self._taken(loaded, self._tell())
            finally:
                for proxy in proxies:
                    proxy.compiles_ahead, proxy.accepted = False, None
                if not taken:
                    del self._loaded[holder]
                    self._tell()
            return taken

    def drop(self, holder: str = "") -> None:
        """Have pods let go of the module of a holder; of every one when it is empty."""
        self._drop(lambda one, _: one == holder or not holder)

    def deployed(self, module: Module) -> None:
        """Have pods let go of a module that they run now, and of what is held by its name."""
        filename = self._filename(module)
        self._drop(lambda one, loaded: one == module.name or loaded.filename == filename)

    def _drop(self, which: Callable[[str, _Loaded], bool]) -> None:
        with self._lock:
            dropped = [holder for holder, loaded in self._loaded.items() if which(holder, loaded)]
            for one in dropped:
                del self._loaded[one]
            if dropped:
                self._tell()

    def _tell(self) -> dict[Proxy, int]:
        """Write what each proxy is to have; give those for which that is new, with what each had refused before."""
        wanted = {
            # Two may hold the same module.
            proxy: tuple(
                dict.fromkeys(one.filename for one in self._loaded.values() if one.pids.get(proxy) == self._pid(proxy))
            )
            for proxy in self._plan.everyone
        }
        changed = [proxy for proxy, filenames in wanted.items() if filenames != proxy.ahead]
        refused = self._refused(changed)
        for proxy in changed:
            proxy.load_ahead(wanted[proxy])
        used = {one.filename for one in self._loaded.values()}
        for path in self._folder.iterdir():
            if str(path) not in used:
                path.unlink(missing_ok=True)
        return refused

    def _refused(self, proxies: Sequence[Proxy]) -> dict[Proxy, int]:
        found = self._discoveries(proxies)
        return {proxy: found[proxy].ahead_rejected if proxy in found else 0 for proxy in proxies}

    def _discoveries(self, proxies: Sequence[Proxy]) -> dict[Proxy, Discovery]:
        with discoveries([proxy.admin for proxy in proxies], timeout=ANSWER) as answers:
            found = zip(proxies, answers(), strict=True)
            return {proxy: answer for proxy, answer in found if not isinstance(answer, OSError)}

    def _taken(self, loaded: _Loaded, begun: Mapping[Proxy, int]) -> bool:
        """Wait until proxies have loaded what was written for them."""
        patience = Patience(max(loaded.pids.values()), _SECONDS + loaded.seconds * len(begun))
        pending = list(begun)
        while pending and patience.left() > 0:
            go_on()
            if any(self._pid(proxy) != pid for proxy, pid in loaded.pids.items()):
                return False
            for proxy, found in self._discoveries(pending).items():
                if found.ahead == proxy.ahead_version:
                    pending.remove(proxy)
                elif found.ahead_rejected > begun[proxy]:
                    return False
            if pending:
                time.sleep(_STEP)
        return not pending

    def _forget_ended(self) -> None:
        """Take from a proxy that ended what it had: should that have been why, it is not to meet it again."""
        for one in list(self._loaded.values()):
            for proxy, pid in one.pids.items():
                if self._processes.alive and proxy.ahead and self._pid(proxy) != pid:
                    with suppress(OSError):
                        proxy.load_ahead(())

    @property
    def _folder(self) -> Path:
        folder = self._plan.folder / "ahead"
        folder.mkdir(exist_ok=True)
        return folder

    def _filename(self, module: Module) -> str:
        return str(self._folder / f"{module.digest.removeprefix('sha256:')}.wasm")

    def _write(self, module: Module) -> str:
        path = Path(self._filename(module))
        path.write_bytes(module.wasm)
        return str(path)

    def _pid(self, proxy: Proxy) -> int:
        state = self._processes.state(proxy.name)
        return state.pid if state else 0
