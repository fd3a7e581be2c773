"""Plugins put in force in a namespace and taken away: what is looked at before, what changes, what is waited for."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import timezone
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, MeshError
from wasmnb.mesh.istio.objects.convergence import REMOVAL
from wasmnb.mesh.istio.objects.drift import drift_of
from wasmnb.mesh.istio.objects.images import module_of
from wasmnb.mesh.istio.objects.objects import MANAGED, MANAGER, PLUGIN
from wasmnb.mesh.istio.objects.objects_writer import newest_of, parts_of, put_at, unknown
from wasmnb.mesh.istio.objects.plugin_facts import is_for, ports_of
from wasmnb.mesh.istio.proxies.pods import labels, moment
from wasmnb.mesh.protocol import Origin
from wasmnb.plugin.enums import Kind
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.identity import build_key, check_id
from wasmnb.plugin.rendering.envoy import in_order
from wasmnb.plugin.scope import carries
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from wasmnb.envoy.effect import Trial
    from wasmnb.envoy.exchange import Probe
    from wasmnb.envoy.preflight import Preflight
    from wasmnb.mesh.istio.objects.convergence import Convergence
    from wasmnb.mesh.istio.objects.images import Images
    from wasmnb.mesh.istio.objects.objects import Stored
    from wasmnb.mesh.istio.objects.objects_writer import ObjectsWriter
    from wasmnb.mesh.istio.proxies.verdicts import Item, VerdictReader
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress

__all__ = ["Deployments", "examined"]

_LEFT = {Cause.STILL_IN_FORCE, Cause.PROXY_SILENT, Cause.WORKER_HUNG}
_MOST_TOLD = 8
_LOADING = 4.0  # seconds per MiB of module that every proxy needs to compile it


class Deployments:
    """The plugins of one namespace.

    Parameters
    ----------
    writer : ObjectsWriter
    reader : VerdictReader
    convergence : Convergence
    images : Images
    changed : callable
        Told when what is in force has changed.
    """

    def __init__(
        self,
        writer: ObjectsWriter,
        reader: VerdictReader,
        convergence: Convergence,
        images: Images,
        changed: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._objects = writer.objects
        self._reader = reader
        self._convergence = convergence
        self._images = images
        self._changed = changed
        self._past: dict[str, list[Plugin]] = {}
        self._gone: dict[str, list[PodVerdict]] = {}
        self._lock = threading.RLock()

    def text(self, plugin: Plugin) -> str:
        """Give the YAML of the object that a plugin would become."""
        self._learn(plugin)
        return self._writer.text(plugin)

    def apply(
        self,
        plugin: Plugin,
        *,
        only: Mapping[str, str] | None,
        preflight: Preflight | None,
        allow_trap: bool,
        probes: Mapping[str, Sequence[Probe]],
        take_over: bool,
        wait: float | None,
        progress: Progress,
    ) -> list[PodVerdict]:
        """Put a plugin in force; see `IstioMesh.apply`."""
        check_id(plugin.id)
        with self._lock:
            self._learn(plugin, strict=preflight is not None)
            items = self._reader.serving()
            known = self._reader.proving.known
            # Not before: those that may change something are meant for this deployment, and not for another one.
            known.mean(probes)
            sent = known.probes([item for item in items if is_for(plugin, item)])
            trial, note = examined(plugin, preflight, sent, progress, allow_trap=allow_trap)
            stored = self._objects.all(plugin.id)
            selected = self._selected(plugin, items)
            again = ""
            if only is None and self._writer.holds(plugin, stored) and not (take_over and drift_of(stored[0].item)):
                self._tried(plugin, trial)
                self._reader.look_anew()
                verdicts = self._reader.judged(selected, stored)
                again = _why_anew(verdicts)
                if not again:
                    return [one.noted("unchanged: nothing was applied") for one in verdicts]
            if only is not None:
                chosen = [item for item in selected if carries(labels(item), only)]
                if not chosen:
                    raise self._reader.no_pod({**plugin.selector, **only}, items)
                stored = self._split(plugin, only, stored, selected, progress)
                selected = chosen
            seen = self._reader.sampled(selected)
            beside = [one.beside for one in self._reader.before(stored, seen)]
            there = list(zip(seen, beside, strict=True))
            proving = self._reader.proving
            confining = proving.confining(plugin.id, ports_of(plugin.to_dict()), self._reader.cluster.now())
            with self._tentative(plugin.id, stored), confining:
                self._tried(plugin, trial)
                proving.before(plugin.id, plugin.image.digest, build_key(plugin), there)
                progress.update(f"applying {plugin.id} in {self._objects.namespace}")
                held = self._put(plugin, only, stored, afresh=bool(again), take_over=take_over)
            self._images.keep(plugin.image)
            verdicts = self._convergence.settled(held, 0.0 if wait is None else wait + _loading(plugin), progress)
            self._changed()
            return [one.noted("; ".join(filter(None, (again, note)))) for one in verdicts]

    def _tried(self, plugin: Plugin, trial: Trial | None) -> None:
        if trial is not None:
            self._reader.proving.known.tried(plugin.id, plugin.image.digest, trial)

    @contextmanager
    def _tentative(self, id_: str, stored: Sequence[Stored]) -> Iterator[None]:
        """Put a build in force in the block; where that is refused, what was known of the one before counts again.

        Where it cannot be told which is in force, it is not known what pods answered before.
        """
        known = self._reader.proving.known
        put_back = known.snapshot(id_)
        try:
            yield
        except BaseException as error:
            untouched = self._untouched(id_, stored) if isinstance(error, Exception) else None
            if untouched is None:
                known.elsewhere(id_)
            elif untouched:
                put_back()
            raise

    def _untouched(self, id_: str, stored: Sequence[Stored]) -> bool | None:
        """Say whether the objects of a plugin are as they were; None where nobody can say."""
        try:
            now = self._objects.all(id_)
        except (MeshError, TimeoutError):
            return None
        then, there = ({(one.kind, one.name, put_at(one)) for one in many} for many in (stored, now))
        return then == there

    def remove(self, id_: str) -> Plugin:
        """Take a plugin away; see `IstioMesh.remove`."""
        with self._lock:
            stored = self.find(id_)
            newest = newest_of(stored)
            plugin = self._writer.plugin(newest) if newest is not None else None
            if plugin is None:
                kinds = dict.fromkeys(f"{one.kind.plural}.{one.kind.group}" for one in stored)
                named = f"-l {PLUGIN}={id_},{MANAGED}={MANAGER}"
                raise MeshError(
                    f"The objects of {id_!r} have lost their record.",
                    hint=f"`kubectl -n {self._objects.namespace} delete {','.join(kinds)} {named}` deletes them",
                )
            with suppress(BadNameError):
                self._past[id_] = self._writer.history(id_, stored)
            for one in stored:
                self._objects.delete(one)
            seen = self._gone[id_] = self._convergence.gone(stored)
            left = [one for one in seen if one.cause in _LEFT]
            self._changed()
            if left:
                raise self._not_gone(id_, left)
            self._reader.proving.forget(id_)
            return plugin

    def removed(self, id_: str) -> list[PodVerdict]:
        """Give what was seen of each pod when a plugin was taken away last."""
        return list(self._gone.get(id_, ()))

    def _not_gone(self, id_: str, left: Sequence[PodVerdict]) -> DeployError:
        """Make the error for a plugin whose objects are deleted, and that some pods still run."""
        istiod = self._reader.istiod()
        return DeployError(
            f"{id_!r} was taken away, and is not proven to be gone from {', '.join(one.pod for one in left)}.",
            why=[*(f"{one.pod}: {one.reason}" for one in left), *([istiod] if istiod else [])][:_MOST_TOLD],
            hint=Wording("its objects are deleted: look again with {}, or restart these pods", Verb("pods")),
            verdicts=left,
        )

    def plugins(self) -> list[Plugin]:
        """List what is in force, in the order in which requests meet it."""
        found: dict[str, list[Stored]] = {}
        for one in self._objects.all():
            found.setdefault(one.id, []).append(one)
        plugins = [self._writer.plugin(newest) for many in found.values() if (newest := newest_of(many)) is not None]
        # Where phase and priority are equal, the older object comes first, then the name (Istio, ``extensions.go``).
        return in_order((plugin for plugin in plugins if plugin is not None), by_id=False)

    def changed_by_others(self, id_: str) -> tuple[str, ...]:
        """Say who changed which fields of a plugin's objects, and when."""
        return tuple(str(drift) for one in self._objects.all(id_) for drift in drift_of(one.item))

    def origin(self, id_: str) -> Origin | None:
        """Say who put a plugin in force as it is now."""
        newest = newest_of(self.find(id_))
        record = newest.record if newest is not None else {}
        if "by" not in record:
            return None
        at = moment(str(record.get("at", ""))).astimezone(timezone.utc)
        return Origin(str(record["by"]), at, str(record.get("notebook", "")))

    def history(self, id_: str) -> list[Plugin]:
        """List what was in force under an id; see `IstioMesh.history`."""
        stored = self._objects.all(id_)
        if not stored and id_ in self._past:
            return list(self._past[id_])
        return self._writer.history(id_, stored)

    def find(self, id_: str) -> list[Stored]:
        """List the objects that hold a plugin.

        Raises
        ------
        BadNameError
            There is none.
        """
        stored = self._objects.all(id_)
        if not stored:
            there = list(dict.fromkeys(one.id for one in self._objects.all()))
            raise unknown(id_, self._objects.namespace, there)
        return stored

    def _learn(self, plugin: Plugin, *, strict: bool = True) -> None:
        """Find out which root id the plugin's module registers; raise when it is another than the plugin's."""
        from wasmnb.module.check import check, unchecked  # noqa: PLC0415 - the parser comes with the first module
        from wasmnb.module.envoy_abi import ENVOY, HIGRESS  # noqa: PLC0415

        module = module_of(plugin.image)
        if module is not None:
            host = HIGRESS if plugin.kind is Kind.HIGRESS else ENVOY
            given = plugin.root_id
            root_id = check(module, given, host=host) if strict else unchecked(module, given)
            self._writer.root_id(plugin.image.digest, root_id)

    def _selected(self, plugin: Plugin, items: Sequence[Item]) -> list[Item]:
        if plugin.kind.foreign:
            return []
        found = [item for item in items if is_for(plugin, item)]
        if not found and not plugin.targets:
            raise self._reader.no_pod(plugin.selector, items)
        return found

    def _split(
        self,
        plugin: Plugin,
        only: Mapping[str, str],
        stored: list[Stored],
        selected: Sequence[Item],
        progress: Progress,
    ) -> list[Stored]:
        if all(one.part for one in stored):
            return stored
        progress.update(f"splitting {plugin.id} into parts, as it is")
        held = self._writer.split(stored, parts_of(selected, only))
        self._convergence.settled(held, REMOVAL, progress)
        return held

    def _put(
        self,
        plugin: Plugin,
        only: Mapping[str, str] | None,
        stored: Sequence[Stored],
        *,
        afresh: bool,
        take_over: bool,
    ) -> list[Stored]:
        """Put a plugin in force as a whole, or on one part; give the objects that hold it there."""
        if only is not None:
            held = self._writer.put_part(plugin, only, stored, take_over=take_over)
            return [one for one in held if one.part == dict(only)]
        attempt = stored[0].attempt + 1 if afresh else 0
        past = self._past.get(plugin.id, ())
        held = self._writer.put(plugin, stored, attempt=attempt, past=past, take_over=take_over)
        self._past[plugin.id] = self._writer.history(plugin.id, held)
        return held


def examined(
    plugin: Plugin, preflight: Preflight | None, probes: Sequence[Probe], progress: Progress, *, allow_trap: bool
) -> tuple[Trial | None, str]:
    """Try a plugin on the embedded Envoy; give what was seen there, and what is worth a note."""
    if preflight is None:
        return None, ""
    from wasmnb.module.envoy_abi import HIGRESS  # noqa: PLC0415 - for a module, not for a look

    progress.update("testing the module on an Envoy here")
    if module_of(plugin.image) is None:
        return None, "not tested before: its image is not on this machine"
    if plugin.kind is Kind.HIGRESS and (module := module_of(plugin.image)) is not None and module.facts.host == HIGRESS:
        return None, f"not tried before: its ABI is {module.facts.abi}, which the embedded Envoy does not have"
    trial = preflight.examine(plugin, probes, allow_trap=allow_trap)
    return trial, trial.note


def _loading(plugin: Plugin) -> float:
    module = module_of(plugin.image)
    return _LOADING * module.size / 2**20 if module is not None else _LOADING


def _why_anew(verdicts: Sequence[PodVerdict]) -> str:
    """Say why a plugin that is in force already is to be loaded afresh; empty when it is not."""
    if any(one.verdict is Verdict.TRAPPED for one in verdicts):
        return "unchanged, but loaded afresh because its VM had crashed"
    if any(one.cause is Cause.LOG_ROTATED for one in verdicts):
        return "unchanged, but loaded afresh to prove it: a log was rotated"
    return ""
