"""A warm Envoy without traffic that takes each new module first; pods never see one that hangs or is refused."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.compile.process import StoppedError, go_on, leash
from wasmnb.envoy.admin import Discovery, ask_all, discoveries
from wasmnb.envoy.bootstrap import ECHO, Route, Site
from wasmnb.envoy.effect import Effect, Trial, effect_of, served
from wasmnb.envoy.exchange import PLAIN, Echo, Probe, exchange_all
from wasmnb.envoy.lacking import asks, lacked, refused
from wasmnb.envoy.log import reasons, said, traps
from wasmnb.envoy.no_watch import no_watch
from wasmnb.envoy.patience import Patience
from wasmnb.envoy.proxy import Applied, Chain, Proxy, loading
from wasmnb.envoy.traps import summary, told
from wasmnb.errors import MeshError, ModuleError
from wasmnb.plugin import PluginType
from wasmnb.plugin.errors import HangError
from wasmnb.wording import Option, Verb, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from pathlib import Path

    from wasmnb.envoy.effect import Trait
    from wasmnb.envoy.log import Trap
    from wasmnb.envoy.processes import Processes, State
    from wasmnb.module import Module

__all__ = ["Canary", "canary_proxy"]

_PORT = 9080
_START = 20.0
_PATIENCE = 3.0
_STEP = 0.001
_MOST_KNOWN = 500
_LOGGER = "wasm"
_CREATED, _TIMER = "proxy_on_context_create", "proxy_on_tick"
# What the SDK for Rust says of a context that is there, but for connections.
_NO_HTTP_CONTEXT = "panic: invalid context_id"
_MOST_SAID = 6  # lines of a filter's own that are quoted
_TWICE = 2  # so that what differs by itself is known
_MOST_LOADED = 4  # modules that stay compiled
_ASKED_TWICE = 1.0  # seconds for a worker that has answered before
_ASKED = 0.1  # seconds until somebody who may not be waited for any more is asked
_SOON = 0.5  # seconds for what nobody waits for any more to come to its end


def canary_proxy(folder: Path) -> Proxy:
    """Give the canary's Envoy: without labels, ports or a watchdog, before a service that is played by who asks."""
    site = Site(
        "canary-0",
        "canary",
        str(folder),
        inbound=None,
        outbound=0,
        service=Route("echo", (), (f"{folder}/{ECHO}",), (_PORT,)),
        operation="canary",
        watchdog=None,
        port=_PORT,
        ahead=True,
    )
    return Proxy(site, {}, None)


class _CrashError(Exception):
    """The Envoy ended while it tried a module."""

    def __init__(self, when: str, lines: list[str]) -> None:
        super().__init__(when)
        self.when = when
        self.lines = lines


class Canary:
    """Tries plugins before the pods get them.

    Parameters
    ----------
    proxy : Proxy
        The Envoy of `canary_proxy`; it has no watchdog: what hangs is ended from here.
    processes : Processes
    """

    def __init__(self, proxy: Proxy, processes: Processes) -> None:
        self._proxy = proxy
        self._processes = processes
        self._lock = threading.Lock()
        self._number = 1
        # How many loads Envoy had refused when it was last ready.
        self._refusals = 0
        self._known: dict[Hashable, Trial] = {}
        self._without: dict[Probe, tuple[frozenset[Trait], ...]] = {}

    def examine(self, applied: Applied, probes: Sequence[Probe] = (), *, allow_trap: bool = False) -> Trial:
        """Try a plugin, unless the same module, root id, configuration and environment was tried before.

        Parameters
        ----------
        applied : Applied
        probes : sequence of Probe
            Requests that are sent through it besides `PLAIN`.
        allow_trap : bool
            Let it pass although its VM crashed on one of them.

        Raises
        ------
        ModuleError
            Envoy refused it, or crashed; or its VM crashed on a request, and it had not asked for anything before that
            a pod has and the canary does not.
        HangError
            A callback did not come back.
        StoppedError
            Nobody waits for it any more (`wasmnb.compile.process.Leash`).
        """
        plugin = applied.plugin
        tried = (PLAIN,) if applied.singleton else tuple(dict.fromkeys([PLAIN, *probes]))
        texts = ((plugin.config, plugin.config_text), (plugin.vm_config, plugin.vm_config_text))
        said = tuple(None if given is None else text for given, text in texts)
        key = (
            plugin.image.module.digest,
            applied.root_id,
            plugin.type,
            *said,
            plugin.vm_id,
            tuple(sorted(plugin.env.items())),
            tried,
        )
        with self._lock:
            if key not in self._known:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                try:
                    self._known[key] = self._try_twice(applied, tried)
                except StoppedError:
                    self._give_up()
                    raise
                except BaseException:
                    self._restart()
                    raise
                # Before the chain lets go of it: another configuration of it need not be compiled again.
                with suppress(OSError):
                    self._keep(plugin.image.module)
                self._proxy.write(self._chain())
            trial = self._known[key]
        if trial.trapped and not trial.lacked and not allow_trap:
            raise _trapping(applied, trial)
        return trial

    def close(self) -> None:
        """Let go of the connection to its Envoy."""
        self._proxy.admin.close()

    def load(self, module: Module) -> bool:
        """Load a module where nothing of it acts: all that a pod does with it before it calls it.

        It stays loaded, as what passed `examine` does, until a few others have come.

        Returns
        -------
        bool
            False where Envoy refuses it, crashes, or does not come back; others should not load it then.
        """
        with self._lock:
            before, known = self._ready(), self._proxy.ahead
            if self._keep(module):
                return True
            state = self._processes.state(self._proxy.name)
            patience = self._patience(_PATIENCE + loading(module))
            try:
                while found := self._look(patience, lambda: self._processes.state(self._proxy.name) != state):
                    if found.ahead == self._proxy.ahead_version:
                        return True
                    if found.ahead_rejected > before.ahead_rejected:
                        self._let_go(found, known)
                        return False
                    time.sleep(_STEP)
            except StoppedError:
                self._give_up()
                raise
            self._restart()
            return False

    def _keep(self, module: Module) -> bool:
        """Have a module loaded, and the one that came first let go of; say whether it was loaded already."""
        folder = self._proxy.folder / "loaded"
        file = folder / f"{module.digest.removeprefix('sha256:')}.wasm"
        known = self._proxy.ahead
        if str(file) in known:
            return True
        folder.mkdir(exist_ok=True)
        file.write_bytes(module.wasm)
        self._proxy.load_ahead((str(file), *known[: _MOST_LOADED - 1]))
        for path in folder.iterdir():
            if str(path) not in self._proxy.ahead:
                path.unlink(missing_ok=True)
        return False

    def _let_go(self, found: Discovery, known: Sequence[str]) -> None:
        """Have what was loaded last, and is refused, be no hindrance to the others."""
        self._refusals = found.ahead_rejected
        self._proxy.load_ahead(known)

    def _chain(self, *plugins: Applied) -> Chain:
        self._number += 1
        return Chain(self._number, plugins)

    def _restart(self) -> None:
        # What the canary was doing is unknown now: the next module is to meet a fresh one, with an empty chain.
        self._proxy.write(self._chain())
        self._proxy.load_ahead(())
        before, deadline = self._processes.state(self._proxy.name), time.monotonic() + _PATIENCE
        if self._processes.alive:
            self._processes.restart(self._proxy.name)
        # Its end must not be taken for a crash on the next module.
        while self._processes.alive and self._processes.state(self._proxy.name) == before:
            self._processes.wait_change(0.02)
            if time.monotonic() > deadline:
                break

    def _give_up(self) -> None:
        """Let what nobody waits for any more come to its end, where that takes a moment only; else end the Envoy."""
        self._proxy.write(self._chain())
        deadline = time.monotonic() + _SOON
        while (left := deadline - time.monotonic()) > 0:
            found = self._discovery(left)
            if found is not None and self._current(found) and not any(ask_all([self._proxy.health], timeout=_SOON)):
                return
            time.sleep(_STEP)
        self._restart()

    def _try_twice(self, applied: Applied, probes: Sequence[Probe]) -> Trial:
        try:
            return self._try(applied, probes)
        except _CrashError:
            # Something else may have ended the Envoy, such as a lack of memory; a module that crashes it does so again.
            self._restart()
        try:
            return self._try(applied, probes)
        except _CrashError as crash:
            raise _crashed(applied.plugin.id, crash) from None

    def _try(self, applied: Applied, probes: Sequence[Probe]) -> Trial:
        before = self._ready()
        for probe in probes:
            if probe not in self._without and None not in (plain := self._observe(probe)):
                self._without[probe] = tuple(one for one in plain if one is not None)
        state = self._processes.state(self._proxy.name)
        begin = self._proxy.log.size()
        traced = asks(applied.plugin.image.module)
        with self._tracing() if traced else nullcontext():
            found = self._examined(applied, probes, before, begin, state)
        if not traced or found.trapped:
            return found
        return replace(found, refused=refused(self._proxy.log.since(begin), applied.plugin.image.module))

    @contextmanager
    def _tracing(self) -> Iterator[None]:
        """Have the Envoy log each call into the VM and out of it."""
        level = ""
        with suppress(OSError):
            level = self._proxy.admin.level(_LOGGER)
            self._proxy.admin.post(f"/logging?{_LOGGER}=trace")
        try:
            yield
        finally:
            with suppress(OSError):
                self._proxy.admin.post(f"/logging?{_LOGGER}={level or 'info'}")

    def _examined(
        self, applied: Applied, probes: Sequence[Probe], before: Discovery, begin: int, state: State | None
    ) -> Trial:
        """Load a plugin, and see what it does to requests."""
        name = applied.plugin.id
        self._proxy.write(self._chain(applied))

        def crashed() -> bool:
            return self._processes.state(self._proxy.name) != state

        patience = self._patience(_PATIENCE + applied.loading)
        while (found := self._look(patience, crashed)) is not None:
            if found.version == self._proxy.chain.version:
                break
            if found.rejected > before.rejected:
                raise _refused(name, self._proxy.log.since(begin), applied.plugin.image.module)
            time.sleep(_STEP)
        else:
            if crashed():
                raise _CrashError("while it was loaded", self._proxy.log.since(begin))
            raise _hung(name, "its start (onStart or onConfigure)", patience)
        effects: list[Effect] = []
        for probe in probes:
            effects.append(self._effect(name, probe, crashed, begin))
            if trapped := traps(self._proxy.log.since(begin)):
                return self._trapped(applied, probe, trapped[0], tuple(effects))
        return Trial(tuple(effects))

    def _trapped(self, applied: Applied, probe: Probe, trap: Trap, effects: tuple[Effect, ...]) -> Trial:
        """Tell of a crash; see it once more, with a trace, to learn whether the filter lacked something here."""
        missed: tuple[str, ...] = ()
        again = replace(applied, attempt=applied.attempt + 1)
        with suppress(OSError):
            level = self._proxy.admin.level(_LOGGER)
            begin = self._proxy.log.size()
            self._proxy.admin.post(f"/logging?{_LOGGER}=trace")
            try:
                self._proxy.write(self._chain(again))
                patience = self._patience(_PATIENCE + applied.loading)
                while (found := self._look(patience, lambda: False)) is not None:
                    if found.version == self._proxy.chain.version:
                        self._observe(probe)
                        break
                    time.sleep(_STEP)
                missed = lacked(self._proxy.log.since(begin), trap.function)
            finally:
                self._proxy.admin.post(f"/logging?{_LOGGER}={level}")
        module = applied.plugin.image.module
        words = tuple(told(module, trap))
        summed = f"{trap.function}: {summary(module, trap)}"
        return Trial(effects, summed, str(probe), words, missed, callback=trap.function)

    def _effect(self, name: str, probe: Probe, crashed: Callable[[], bool], begin: int) -> Effect:
        """Learn what the plugin that is there does to a request."""
        found, plain = self._observe(probe), probe == PLAIN
        if crashed():
            words = "on a plain GET request" if plain else f"on the request {probe}"
            raise _CrashError(words, self._proxy.log.since(begin))
        # A crash may take the connection along: then it is that, and no pause.
        if None in found and not traps(self._proxy.log.since(begin)):
            where = "a plain GET / request" if plain else f"the request {probe}"
            # A worker whose callback does not return answers nobody.
            (busy,) = ask_all([self._proxy.health], timeout=_ASKED_TWICE)
            raise (_hung if busy else _held)(name, where, self._patience(_PATIENCE))
        seen = [one for one in found if one is not None]
        return effect_of(probe, self._without.get(probe, ()), seen or [frozenset()])

    def _observe(self, probe: Probe) -> list[frozenset[Trait] | None]:
        """Send a request twice; give what is true of each exchange, None for one without an answer."""
        address, data = str(self._proxy.folder / "inbound.sock"), probe.encoded("canary")
        found: list[frozenset[Trait] | None] = []
        with closing(Echo(self._proxy.folder / ECHO)) as echo:
            for _ in range(_TWICE):
                patience, response = self._patience(_PATIENCE), None
                while response is None and (left := patience.left()) > 0:
                    (response,) = exchange_all([(address, data)], timeout=left, echo=echo, go_on=go_on)
                found.append(None if response is None else served(response, echo))
                if response is None:
                    break
        return found

    def _patience(self, seconds: float) -> Patience:
        state = self._processes.state(self._proxy.name)
        return Patience(state.pid if state else 0, seconds)

    def _look(self, patience: Patience, crashed: Callable[[], bool]) -> Discovery | None:
        while (left := patience.left()) > 0 and not crashed():
            go_on()
            found = self._discovery(left if leash() is None else min(left, _ASKED))
            if found is not None:
                return found
            time.sleep(_STEP)
        return None

    def _ready(self) -> Discovery:
        began, lacks = time.monotonic(), ""
        state, patience = self._processes.state(self._proxy.name), self._patience(_START)
        while patience.left() > 0 and self._processes.alive:
            go_on()
            # Its main thread and its worker, at the same time.
            with discoveries([self._proxy.admin], timeout=1.0) as answers:
                silences = ask_all([self._proxy.health], timeout=1.0)
                (found,) = answers()
            # An Envoy that is being ended still has the chain of before.
            if not isinstance(found, OSError) and self._current(found) and not any(silences):
                if found.ahead == self._proxy.ahead_version:
                    self._refusals = found.ahead_rejected
                    return found
                self._let_go(found, self._proxy.ahead[1:])
            lacks = self._lacks(found, silences[0])
            now = self._processes.state(self._proxy.name)
            if now != state and time.monotonic() - began < _START:
                # One that has just begun has a time of its own.
                state, patience = now, self._patience(_START)
            time.sleep(_STEP)
        what, lines = "The canary Envoy, which tries each module first,", self._proxy.log.shown()
        raise no_watch(what, lines) or MeshError(
            f"{what} does not start.",
            why=[*filter(None, [lacks]), *lines[-3:]],
            hint=Wording("start the mesh again: {}, then {}", Verb("mesh", ("stop",)), Verb("mesh", ("local",))),
            code="WNB4005",
        )

    def _lacks(self, found: Discovery | OSError, silence: str) -> str:
        if isinstance(found, OSError):
            return f"Its main thread does not answer: {found}"
        if silence:
            return f"Its worker does not answer: {silence}"
        given = f"was given {self._proxy.chain.version}, and {self._proxy.ahead_version or 'nothing'} to load ahead"
        return f"It has filters {found.version or 'none'} and loaded {found.ahead or 'nothing'} ahead; it {given}"

    def _current(self, found: Discovery) -> bool:
        """Say whether it is done with what it was given; it has refused to load the newest, or loaded it."""
        # An Envoy that was started again counts from zero.
        self._refusals = min(self._refusals, found.ahead_rejected)
        loaded = found.ahead == self._proxy.ahead_version or found.ahead_rejected > self._refusals
        return found.version == self._proxy.chain.version and loaded

    def _discovery(self, timeout: float) -> Discovery | None:
        try:
            return self._proxy.admin.discovery(timeout=timeout)
        except OSError:
            return None


def _refused(name: str, lines: list[str], module: Module) -> ModuleError:
    words = [*reasons(lines), *refused(lines, module)]
    failed = [word for word in words if "Failed to configure" in word]
    trapped = traps(lines)
    if not failed or trapped:
        # Its own words first: the canary runs nobody else's filter.
        own = told(module, trapped[0]) if trapped else []
        return ModuleError(
            f"Envoy refuses the module of {name}.",
            why=[*own, *words] or ["Envoy gave no reason"],
            hint="the pods were not touched; what ran before still runs",
            code="WNB3007",
        )
    own = said(lines)
    look = "see what the filter logged, above" if own else "let onConfigure log why it returns false"
    return ModuleError(
        f"{name} was not started: its onConfigure refused the configuration.",
        why=[*own[-_MOST_SAID:], failed[0], *refused(lines, module)],
        hint=Wording("change {}; {}. The pods were not touched; what ran before still runs", Option("config"), look),
        code="WNB3008",
    )


def _crashed(name: str, crash: _CrashError) -> ModuleError:
    return ModuleError(
        f"The module of {name} crashes Envoy {crash.when}.",
        why=[line for line in crash.lines if "][critical][" in line][:4],
        hint="the pods were not touched; what ran before still runs",
        code="WNB3009",
    )


def _trapping(applied: Applied, trial: Trial) -> ModuleError:
    when = f"on a plain {PLAIN} request" if trial.request == str(PLAIN) else f"on the request {trial.request}"
    when = "in its timer" if trial.callback == _TIMER else when
    when = "soon after its start" if applied.singleton else when
    correct = Wording("correct that line; {} deploys it all the same", Option("allow_trap", value=True))
    other = trial.callback == _CREATED or _NO_HTTP_CONTEXT in trial.told
    if other and applied.plugin.type is PluginType.HTTP:
        # What SDKs do about a filter that makes contexts for connections, or none at all.
        correct = Wording(
            "a filter that is not for HTTP requests says so: {} for connections, {} for a service of the proxy; or {}",
            Option("type", PluginType.NETWORK.value),
            Option("type", PluginType.SINGLETON.value),
            correct,
        )
    elif other and applied.plugin.type is PluginType.NETWORK:
        correct = Wording(
            "a filter for HTTP requests is deployed without {}; or {}",
            Option("type", PluginType.NETWORK.value),
            correct,
        )
    return ModuleError(
        f"{applied.plugin.id} crashes {when}.",
        why=list(trial.told),
        hint=joined(
            correct,
            "the pods were not touched, what ran before still runs",
        ),
        code="WNB3013",
    )


def _hung(name: str, where: str, patience: Patience) -> HangError:
    return HangError(
        f"{name} does not return from {where}.",
        why=[f"no answer from the canary Envoy within {patience.seconds:.0f} s in which it had a processor"],
        hint="look for an endless loop; the pods were not touched, what ran before still runs",
    )


def _held(name: str, where: str, patience: Patience) -> HangError:
    return HangError(
        f"{name} holds {where}, and lets it go no further.",
        why=[f"it paused it, and did not go on with it within {patience.seconds:.0f} s"],
        hint="after each pause go on or answer, also when a call fails; the pods were not touched, "
        "what ran before still runs",
    )
