"""Pods and verdicts of a namespace, as they are now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.errors import SelectorError
from wasmnb.mesh.istio.api.namespaces import injected
from wasmnb.mesh.istio.objects.drift import drift_of, told
from wasmnb.mesh.istio.objects.objects_writer import put_at
from wasmnb.mesh.istio.objects.plugin_facts import (
    as_recorded,
    digest_of,
    envoy_name,
    policy_of,
    ports_of,
    said_by,
    selects,
    serves,
    takes,
)
from wasmnb.mesh.istio.proxies.desired_state import DesiredState, Known
from wasmnb.mesh.istio.proxies.gateway_status import judge_foreign
from wasmnb.mesh.istio.proxies.judge import judge, not_selected
from wasmnb.mesh.istio.proxies.kept_environment import changed, kept, shared
from wasmnb.mesh.istio.proxies.kept_evidence import KeptEvidence
from wasmnb.mesh.istio.proxies.pods import ended, has_proxy, labels, name_of, uid, workload
from wasmnb.mesh.istio.proxies.removal import removal, unseen
from wasmnb.mesh.istio.proxies.sample import sampled
from wasmnb.mesh.istio.proxies.shared_state import forget
from wasmnb.mesh.suggestion import label_suggestion
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.rendering import resource_names
from wasmnb.plugin.scope import TargetRef
from wasmnb.plugin.selector import labels_text
from wasmnb.plugin.verdict import Cause, Verdict
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool
    from wasmnb.mesh.istio.objects.drift import Drift
    from wasmnb.mesh.istio.objects.images import Images
    from wasmnb.mesh.istio.objects.objects import ObjectKind, Stored
    from wasmnb.mesh.istio.proxies.evidence import Evidence, Gatherer, Standing
    from wasmnb.mesh.istio.proxies.istiod import Istio
    from wasmnb.mesh.istio.proxies.pod_list import PodList
    from wasmnb.mesh.istio.proxies.proving import Proving
    from wasmnb.module import Module
    from wasmnb.plugin.verdict import PodVerdict

__all__ = ["Item", "VerdictReader"]

Item = Mapping[str, Any]

_MOST_WANTED = 64
"""Objects of which is remembered what they mean to run."""
_UNTOLD = (Cause.PROXY_SILENT, Cause.PROXY_UNASKED, Cause.NO_PERMISSION)
"""Why nothing is known of a proxy for a while: what it logged meanwhile is read when it can be asked again."""
_WELL = (Verdict.LIVE, Verdict.LOADED, Verdict.NO_SIDECAR, Verdict.NOT_SELECTED)


class VerdictReader:
    """Reads the verdicts of one namespace of a mesh.

    Parameters
    ----------
    cluster : Cluster
    pods : PodList
        The namespace's.
    istio : Istio
    gatherer : Gatherer
    tunnels : PortForwardPool
    images : Images
    proving : Proving
    sample : int, optional
        How many of the pods that a plugin is for are looked at; without it all.
    """

    def __init__(
        self,
        cluster: Cluster,
        pods: PodList,
        istio: Istio,
        gatherer: Gatherer,
        tunnels: PortForwardPool,
        *,
        images: Images,
        proving: Proving,
        sample: int | None = None,
    ) -> None:
        self.cluster = cluster
        self.namespace = pods.namespace
        self.istio = istio
        self._gatherer = gatherer
        self._tunnels = tunnels
        self._images = images
        self.proving = proving
        self.sample = sample
        self._known: dict[tuple[str, str], Known] = {}
        # Learns what an object's plugin does that was put in force elsewhere; says whether that was not known then.
        self.learn: Callable[[Stored, float], bool] = lambda *_: False
        self._there: dict[str, str] = {}
        # By object: what is wanted again is the same object, so that it need not be compared for each pod.
        self._wanted: dict[tuple[str, ObjectKind], DesiredState] = {}
        self._kept = KeptEvidence()
        self._pods = pods

    def items(self) -> list[Item]:
        """List the pods, by name.

        Raises
        ------
        ForbiddenError, MeshError
        """
        items = self._pods.read()
        self.keep(items)
        return items

    def keep(self, items: Sequence[Item]) -> None:
        """Forget what is known of other pods than these: they are gone."""
        there = {name_of(item): uid(item) for item in items}
        if there != self._there:
            for name in [name for name, was in self._there.items() if there.get(name, was) != was]:
                # Its name is that of another pod now, and a connection may lead to the one before.
                self._gatherer.renew(name)
            self._there, uids = there, frozenset(there.values())
            forget(self._known, lambda key: key[0] not in uids)
            self.proving.keep(items)
            self._gatherer.keep({name_of(item) for item in items})

    def serving(self) -> list[Item]:
        """List the pods that requests can reach, or will: neither at their end nor being deleted."""
        return [item for item in self.items() if not ended(item) and not item["metadata"].get("deletionTimestamp")]

    def concerned(self, stored: Sequence[Stored]) -> list[Item]:
        """List the pods that requests can reach, or will, and that objects are for."""
        return [item for item in self.serving() if any(selects(one, item) for one in stored)]

    def removed(
        self, items: Sequence[Item], stored: Sequence[Stored], every: Sequence[Item] | None = None
    ) -> list[PodVerdict]:
        """Judge whether plugins that were taken away are gone: GONE where no listener that serves has a filter of them.

        Parameters
        ----------
        items : sequence
            The pods that they were for; those without a proxy have nothing to lose.
        stored : sequence of Stored
            The objects that held them.
        every : sequence, optional
            All of these pods, where some of them have been judged already.
        """
        if not stored:
            return []  # what is no object of Istio's has no filter in its proxies
        names = {name for one in stored for name in self._names(one)}
        digest = digest_of(stored[-1])
        having = [item for item in (items if every is None else every) if has_proxy(item)]
        due, sample = {name_of(item) for item in items}, {name_of(item) for item in self.sampled(having)}
        if every is not None and len(items) < len(every):
            # What was asked before, for whatever reason, is asked again.
            sample |= due
        chosen = [item for item in having if name_of(item) in sample]
        seen = self._gatherer.gather([item for item in chosen if name_of(item) in due], {}, "", whole=True)
        found = {one.name: removal(one, stored[-1].id, digest, names) for one in seen}
        ill = {workload(one.item) for one in seen if found[one.name].verdict is not Verdict.GONE}
        more = [item for item in having if name_of(item) not in sample and workload(item) in ill]
        wider = self._gatherer.gather([item for item in more if name_of(item) in due], {}, "", whole=True)
        found |= {one.name: removal(one, stored[-1].id, digest, names) for one in wider}
        seen, chosen = [*seen, *wider], [*chosen, *more]
        left = self._left(seen, found, stored[-1].id, digest)
        note = _of(chosen, having)
        return [unseen(one, left.get(one.pod)).noted(note) for one in found.values()]

    def _left(self, seen: Sequence[Evidence], found: Mapping[str, PodVerdict], id_: str, digest: str) -> dict[str, str]:
        """Say what of the effect of a plugin still shows on pods whose listeners have it no more."""
        gone = [one for one in seen if found[one.name].verdict is Verdict.GONE]
        return self.proving.left([(one.item, one.stats.workers if one.stats else 0) for one in gone], id_, digest)

    def look_anew(self) -> None:
        """Have the next look ask every proxy; without, of many some are judged by what was seen a moment ago."""
        self._kept.forget()

    def sampled(self, items: Sequence[Item]) -> list[Item]:
        """Give those of the pods that a plugin is for which are looked at."""
        return sampled(items, self.sample)

    def judged(
        self,
        items: Sequence[Item],
        stored: Sequence[Stored],
        *,
        rest: bool = False,
        whole: bool = True,
    ) -> list[PodVerdict]:
        """Judge plugins on pods.

        Parameters
        ----------
        items : sequence
            The pods.
        stored : sequence of Stored
            The objects of the plugins.
        rest : bool
            Judge the pods that are not selected too.
        whole : bool
            Gather all evidence; without, no pod can be LIVE.
        """
        concerned = [item for item in items if any(selects(one, item) for one in stored if one.kind.ours)]
        chosen = self.sampled(concerned)
        if len(chosen) == len(concerned):
            return self._judged(items, stored, rest=rest, whole=whole)
        return self._judged_in_part(items, stored, concerned, chosen, rest=rest, whole=whole)

    def _judged_in_part(
        self,
        items: Sequence[Item],
        stored: Sequence[Stored],
        concerned: Sequence[Item],
        chosen: list[Item],
        *,
        rest: bool,
        whole: bool,
    ) -> list[PodVerdict]:
        """Judge plugins on a sample of their pods, and on all of a workload in which one is not well."""
        out = {name_of(item) for item in concerned} - {name_of(item) for item in chosen}
        found = self._judged([item for item in items if name_of(item) not in out], stored, rest=rest, whole=whole)
        failing = {one.pod for one in found if one.verdict not in (*_WELL, Verdict.WARMING)}
        failing = {workload(item) for item in chosen if name_of(item) in failing} if whole else set()
        more = [item for item in concerned if name_of(item) in out and workload(item) in failing]
        if more:
            found += self._judged(more, [one for one in stored if one.kind.ours], rest=False, whole=True)
            chosen += more
        note, judged = _of(chosen, concerned), {name_of(item) for item in chosen}
        return [one.noted(note) if one.pod in judged else one for one in found]

    def _judged(self, items: Sequence[Item], stored: Sequence[Stored], *, rest: bool, whole: bool) -> list[PodVerdict]:
        if whole:
            self._images.fill(stored)
        modules = self._images.modules()
        foreign = [judge_foreign(one, digest_of(one)) for one in stored if not one.kind.ours]
        stored = [one for one in stored if one.kind.ours]
        concerned = [item for item in items if any(selects(one, item) for one in stored)]
        state = tuple((one.item["metadata"]["uid"], one.item["metadata"].get("resourceVersion")) for one in stored)
        evidence, asked, unsent = self._gathered(concerned, state, whole=whole, taking=any(map(takes, stored)))
        bare = injected(self.cluster, self.namespace) if any(one.entries is None for one in evidence.values()) else ""
        found = foreign
        wanted_of, drift = {}, {}
        for one in stored:
            wanted, last = self.wanted(one, modules, bare), self._wanted.get((one.name, one.kind))
            wanted_of[one.name, one.kind] = last if last is not None and last == wanted else wanted
            drift[one.name, one.kind] = drift_of(one.item)
            self.proving.confine(one.id, ports_of(one.record.get("plugin") or {}), put_at(one))
        forget(self._wanted, set(list(self._wanted)[:-_MOST_WANTED]).__contains__)
        self._wanted |= wanted_of
        loaded: list[tuple[int, Item, Standing]] = []
        serving = [item for item in concerned if _serves(evidence[name_of(item)])]
        for item in items:
            name = item["metadata"]["name"]
            for id_ in dict.fromkeys(one.id for one in stored):
                mine = [one for one in stored if one.id == id_]
                here = [one for one in mine if selects(one, item)]
                if here:
                    # Two for a moment, while one object takes the place of another: the newest is meant.
                    one = max(here, key=put_at)
                    wanted = wanted_of[one.name, one.kind]
                    seen = judge(evidence[name], wanted, self.known(item, id_))
                    deployed = _as_deployed(seen, one, drift[one.name, one.kind], unsent)
                    found.append(self._environment(deployed, evidence[name], one, stored))
                    if whole and found[-1].verdict is not Verdict.LIVE and found[-1].cause not in _UNTOLD:
                        self.proving.doubt(item, id_)
                    if found[-1].verdict is Verdict.LIVE:
                        # What was seen to act does so no more when another filter that answers comes before it.
                        standing = evidence[name].standing(wanted.names)
                        behind = not _serves(evidence[name]) and any(
                            selects(any_, one) for one in serving for any_ in mine
                        )
                        loaded.append((len(found) - 1, item, standing._replace(behind=behind)))
                elif rest:
                    found.append(not_selected(item, self.wanted(mine[-1], modules, ""), _elsewhere(mine)))
        mended = self._mended(asked)
        proven = [one.noted(mended.get(one.pod, "")) for one in self._proven(found, loaded, stored)]
        if not whole:
            return proven
        ill = {one.pod for one in proven if one.verdict not in _WELL}
        self._kept.keep(asked, state, {one.name for one in asked} - ill)
        # A request would load the VM of a crashed one again.
        reloading = {one.id for one in stored if policy_of(one) is FailPolicy.RELOAD}
        telling = {name for name, one in evidence.items() if one.listeners is not None and one.listeners.tells}
        return self.proving.handled.look(proven, {name_of(item): item for item in concerned}, reloading, telling)

    def _gathered(
        self, items: Sequence[Item], state: Hashable, *, whole: bool, taking: bool
    ) -> tuple[dict[str, Evidence], list[Evidence], str]:
        """Look at the proxies of pods.

        Returns
        -------
        dict of str to Evidence
            What is known of each.
        list of Evidence
            What was seen just now.
        str
            Why istiod sends them nothing; empty where it answers, or may not be asked.
        """
        if not (items and whole):
            asked = self._gatherer.gather(items, {}, "", whole=whole, taking=taking)
            return {one.name: one for one in asked}, asked, ""
        acks, why = self._kept.acks(lambda: self.istio.acks(self.cluster, self._tunnels), items, state)
        known = self._kept.usable(items, state, lambda name: acks.get(f"{name}.{self.namespace}"))
        due = [item for item in items if item["metadata"]["name"] not in known]
        asked = self._gatherer.gather(due, acks, why, whole=True, taking=taking)
        unsent = why if why and self.istio.asked_by(self.cluster) else ""
        return {**known, **{one.name: one for one in asked}}, asked, unsent

    def _mended(self, asked: Sequence[Evidence]) -> dict[str, str]:
        """Put back log levels that were left raised; say of which pods."""
        found = {one.name: self.proving.trace.mend(one.item, one.levels) for one in asked if one.levels}
        return {name: words for name, words in found.items() if words}

    def left_raised(self) -> list[str]:
        """Put back log levels that were left raised on any pod; say of which."""
        return self.proving.trace.mended([item for item in self.serving() if has_proxy(item)])

    def _environment(self, verdict: PodVerdict, seen: Evidence, stored: Stored, every: Sequence[Stored]) -> PodVerdict:
        """Tell whether the VM may have another environment, where all but that and action is proven."""
        if verdict.verdict is not Verdict.LIVE:
            return verdict
        former = changed(stored) if seen.started < put_at(stored) else ""
        why = former or shared(stored, [one for one in every if one.id != stored.id and selects(one, seen.item)])
        return kept(verdict, why, self._gatherer.build(seen.item)) if why else verdict

    def unsure(self, items: Sequence[Item], verdicts: Sequence[PodVerdict], since: float = float("-inf")) -> bool:
        """Say whether any verdict on pods is LOADED for a reason that may pass in a moment; see `Proving.unsure`."""
        pods = {name_of(item): item for item in items}
        return any(one.pod in pods and self.proving.unsure(one, pods[one.pod], since) for one in verdicts)

    def _proven(
        self,
        found: list[PodVerdict],
        loaded: Sequence[tuple[int, Item, Standing]],
        stored: Sequence[Stored],
    ) -> list[PodVerdict]:
        """Tell LIVE from LOADED among the verdicts that everything but action is proven of."""
        proven = list(found)

        def judge() -> list[tuple[PodVerdict, Item, Standing]]:
            """Judge; give those that requests may show to act."""
            for at, item, one in loaded:
                proven[at] = self.proving.proven(found[at], item, one.mark)
            return [
                (proven[at], item, one)
                for at, item, one in loaded
                if proven[at].verdict is Verdict.LOADED and self.proving.asks(proven[at].plugin)
            ]

        begin = time.monotonic()
        if first := judge():
            self.proving.look(first)
            left = judge()
            names = {one.plugin for one, _, _ in left}
            learned = {one.id for one in stored if one.id in names and self.learn(one, begin)}
            if learned:
                self.proving.look_anew(learned)
                self.proving.look([each for each in left if each[0].plugin in learned])
                judge()
        return proven

    def wanted(self, stored: Stored, modules: Mapping[str, Module], injected: str) -> DesiredState:
        """Say what an object means to run."""
        digest, plugin = digest_of(stored), stored.record.get("plugin") or {}
        config, env, machine = said_by(stored)
        return DesiredState(
            plugin=stored.id,
            digest=digest,
            root_id=str(plugin.get("root_id") or ""),
            policy=policy_of(stored),
            config=config,
            env=env,
            machine=machine,
            names=self._names(stored),
            envoy_name=envoy_name(stored),
            since=put_at(stored),
            serves=serves(stored),
            module=modules.get(digest),
            injected=injected,
            ports=ports_of(plugin),
        )

    def istiod(self) -> str:
        """Say why istiod, which tells the proxies what to run, does not answer; empty when it does."""
        acks, why = self.istio.acks(self.cluster, self._tunnels)
        return why or ("" if acks else "istiod has no proxy connected")

    def known(self, item: Item, id_: str) -> Known:
        """Give what is remembered of a plugin on a pod."""
        return self._known.setdefault((str(item["metadata"]["uid"]), id_), Known())

    def before(self, stored: Sequence[Stored], items: Sequence[Item]) -> list[Standing]:
        """Remember which version of a plugin's filter each proxy has now, before it changes; give how it stands there.

        What such an entry shows of an earlier failure is not about what comes.
        """
        names = tuple(name for object_ in stored for name in self._names(object_))
        found = []
        there = self._gatherer.gather(items, {}, "", whole=False, taking=any(map(takes, stored)))
        for one, seen in zip(items, there, strict=True):
            found.append(seen.standing(names))
            for object_ in stored:
                entry = seen.named(self._names(object_))
                self.known(one, object_.id).before = (entry.version, entry.updated) if entry else ("", _EPOCH)
        return found

    def no_pod(self, selector: Mapping[str, str], items: Sequence[Item]) -> SelectorError:
        """Make the error for a selector that matches nothing: it lists the labels there are."""
        wanted = labels_text(selector)
        if not items:
            return SelectorError(
                f"There is no pod in the namespace {self.namespace}.",
                hint=Wording(
                    "{} makes some; {} chooses another",
                    Verb("bookinfo", ("apply",)),
                    Verb("mesh", ("istio",), (Option("namespace", "NAMESPACE", flag="-n"),)),
                ),
            )
        hint = label_suggestion(wanted, map(labels, items))
        words = f"The selector {wanted} matches no pod of the namespace {self.namespace}."
        if self.namespace == self.istio.namespace:
            why = (
                "a plugin in Istio's own namespace is for pods of all namespaces, and those are not looked at from here"
            )
            return SelectorError(words, why=[why], hint="put it in force in each namespace, where its pods are seen")
        return SelectorError(words, hint=hint)

    def _names(self, stored: Stored) -> tuple[str, ...]:
        return resource_names(self.namespace, stored.name, stored.kind.name)


def _serves(seen: Evidence) -> bool:
    """Say whether a pod has a proxy that is no gateway's, as far as is known."""
    return has_proxy(seen.item) and not (seen.listeners is not None and seen.listeners.leads_on)


def _of(chosen: Sequence[Item], every: Sequence[Item]) -> str:
    """Say that pods are a sample; empty where they are all."""
    return f"one of a sample of {len(chosen)} of {len(every)} pods" if len(chosen) < len(every) else ""


_EPOCH = datetime.fromtimestamp(0, timezone.utc)


_UNARRIVED = (Cause.OTHER_DIGEST, Cause.OTHER_CONFIG, Cause.NOT_ARRIVED)
"""Why a verdict is OLD or UNPROVEN that a proxy gets by having nothing new."""


def _as_deployed(verdict: PodVerdict, stored: Stored, drift: Sequence[Drift], unsent: str) -> PodVerdict:
    """Hold a verdict, which is about what an object names, against what was deployed from here.

    Parameters
    ----------
    verdict : PodVerdict
    stored : Stored
    drift : sequence of Drift
    unsent : str
        Why istiod sends proxies nothing; empty where it does.
    """
    if unsent and verdict.cause in _UNARRIVED and verdict.verdict is not Verdict.WARMING:
        verdict = verdict.noted(f"proxies keep what they have: {unsent}")
    if not drift:
        return verdict
    named = digest_of(stored)
    wanted = str((stored.record.get("plugin") or {}).get("image") or verdict.wanted)
    reason = "; ".join(filter(None, [told(drift), verdict.reason]))
    if verdict.verdict is Verdict.OLD and verdict.running == wanted != named:
        # What was deployed from here runs on; it is old beside what the object names now.
        return replace(verdict, cause=Cause.OBJECT_CHANGED, wanted=named, reason=reason)
    if verdict.verdict is Verdict.LIVE and not as_recorded(stored):
        return replace(
            verdict, verdict=Verdict.OLD, cause=Cause.OBJECT_CHANGED, wanted=wanted, running=named, reason=reason
        )
    return replace(verdict, wanted=wanted, reason=reason)


def _elsewhere(stored: Sequence[Stored]) -> str:
    """Say for which other pods a plugin is."""
    plugin = stored[-1].record.get("plugin") or {}
    if plugin.get("targets"):
        return f"it is for {', '.join(str(TargetRef.from_dict(one)) for one in plugin['targets'])}"
    return f"the pod's labels do not match {labels_text(plugin.get('selector') or {})}"
