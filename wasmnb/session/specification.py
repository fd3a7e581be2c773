"""What a plugin is to be, read from the options that a user said; a plugin once there is an image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import UsageError, did_you_mean
from wasmnb.mesh import MeshOfOthers
from wasmnb.mesh.kinds import proof
from wasmnb.module import envoy_abi
from wasmnb.options import said
from wasmnb.plugin import FailPolicy, Kind, Match, Phase, Plugin, PluginType, Proof, PullPolicy, TargetRef
from wasmnb.plugin.enums import words
from wasmnb.plugin.identity import check_id
from wasmnb.plugin.rendering import ISTIO, KINDS, TARGETS
from wasmnb.plugin.rendering.capabilities import ENVOY, HIGRESS
from wasmnb.plugin.selector import selector as labels
from wasmnb.session.defaults import choice, number
from wasmnb.session.options.deploy import DeployOptions, PluginOptions
from wasmnb.session.options.registry import AccessOptions
from wasmnb.session.parsing import configuration
from wasmnb.session.probes import UserProbe, pods_of, read_probe
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

    from wasmnb.envoy.exchange import Probe
    from wasmnb.image import Image
    from wasmnb.mesh import Mesh

__all__ = ["Specification", "environment", "kind", "matches", "refuse", "target", "targets"]


@dataclass(frozen=True)
class Specification:
    """What a plugin is to be on a mesh, all but the image that runs, and how it is put in force.

    Parameters
    ----------
    id, root_id : str or None
        None: what follows from the image.
    said : mapping
        What the user said, as keywords of `Plugin`.
    defaults : mapping
        What the session's defaults say in place of what the user did not.
    target : str
        What it is for.
    seconds : float
        To wait until it is LIVE.
    preflight, allow_trap, wait : bool
        As of `DeployOptions`.
    prove : Proof, optional
        How it is to be seen to act; the mesh's own way where it is not said.
    take_over : bool
        As of `DeployOptions`.
    probes : tuple of UserProbe
        Requests on which it may be seen to act.
    probe_changes : bool
        As of `DeployOptions`.
    """

    id: str | None
    root_id: str | None
    said: Mapping[str, Any] = field(repr=False)
    defaults: Mapping[str, Any]
    target: str
    seconds: float = 0.0
    preflight: bool = True
    allow_trap: bool = False
    wait: bool = True
    prove: Proof | None = None
    take_over: bool = False
    probes: tuple[UserProbe, ...] = ()
    probe_changes: bool = False

    @classmethod
    def read(
        cls,
        options: PluginOptions,
        selector: str | Mapping[str, str] | None,
        defaults: Mapping[str, Any],
        *,
        applied: bool = True,
    ) -> Specification:
        """Read every word.

        Parameters
        ----------
        options : PluginOptions
        selector : str or mapping, optional
            The pods that it is for.
        defaults : mapping
            The session's.
        applied : bool
            It is for a mesh, and not for a file.

        Raises
        ------
        UsageError, ConfigError
            A word is not what it must be.
        """
        given = said(options, PluginOptions)
        read = {field: parse(given[name]) for name, (field, parse) in _READ.items() if name in given}
        where = target(options.target)
        # Who names a gateway, or writes for another one, does not mean the pods that the session's default names.
        own = options.target_ref is None and where == ISTIO
        fallen = {name: _READ[name][1](defaults[name]) for name in ("phase", "fail_policy")}
        if read.get("type") == PluginType.SINGLETON.value:
            # It meets no requests, so it has no place among filters.
            del fallen["phase"]
        if selector is not None:
            read["selector"] = labels(selector)
        elif own:
            fallen["selector"] = labels(defaults["selector"])
        if options.env is not None:
            read["env"], read["host_env"] = environment(options.env)
        if options.as_ is not None or options.target is not None:
            read["kind"] = kind(options.as_, where) if applied or TARGETS.load(where).kind else Kind.AUTO
        how: dict[str, Any] = {}
        if isinstance(options, DeployOptions):
            seconds = number("timeout", defaults["timeout"] if options.timeout is None else options.timeout)
            prove = None if options.prove is None else proof(options.prove)
            how = {"seconds": seconds, "preflight": options.preflight, "allow_trap": options.allow_trap}
            how |= {"wait": options.wait, "prove": prove, "take_over": options.take_over}
            probes = [options.probe] if isinstance(options.probe, str) else options.probe
            how |= {"probes": tuple(map(read_probe, probes)), "probe_changes": options.probe_changes}
        return cls(options.id, options.root_id, read, fallen, where, **how)

    def probes_on(self, mesh: Mesh) -> dict[str, tuple[Probe, ...]]:
        """Give the requests on which it may be seen to act, by the pods that they are sent to.

        Raises
        ------
        UsageError
            One leads to no pod that it is for, or may change something, which was not allowed; or none may be sent.
        """
        self._allow_probes(mesh)
        selector = self.said.get("selector", self.defaults.get("selector")) or {}
        return pods_of(mesh, self.probes, selector, changes=self.probe_changes)

    def probes_of_any(self, mesh: Mesh) -> dict[str, tuple[Probe, ...]]:
        """Give the requests as if of one pod without a name; the mesh is not asked where they lead to.

        Raises
        ------
        UsageError
            None may be sent.
        """
        self._allow_probes(mesh)
        return {"": tuple(one.probe for one in self.probes)} if self.probes else {}

    def _allow_probes(self, mesh: Mesh) -> None:
        how = self.prove or mesh.prove
        if self.probes and (how is Proof.CONFIG or (how is None and isinstance(mesh, MeshOfOthers))):
            raise UsageError(
                "Requests are not allowed, and without them it is not seen to act.",
                where=self.probes[0].place,
                hint=Wording("allow it: {}", Option("prove", "effect")),
            )

    @property
    def secrets(self) -> set[str]:
        """What must not be shown of it."""
        found = set().union(*(redact.secrets_in(self.said.get(name)) for name in ("config", "env", "vm_config")))
        for one in self.probes:
            found |= redact.secrets_in(dict(one.probe.headers)) | redact.secrets_in_url(one.url)
        return found

    def plugin(self, image: Image, there: Plugin | None = None) -> Plugin:
        """Make the plugin, its root id decided.

        Parameters
        ----------
        image : Image
        there : Plugin, optional
            In force, whose image is to be another one: what the user did not say stays as it is.

        Raises
        ------
        BadNameError
            The id cannot be a plugin's.
        ModuleError
            Envoy would refuse the module, or silently ignore the root id.
        """
        from wasmnb.module.check import check, unchecked  # noqa: PLC0415 - the parser, for deployments only

        known = image.module.facts.root_ids
        kept = there.root_id if there is not None and (known is None or there.root_id in known) else None
        wanted = self.root_id or kept or _named_by(image)
        host = envoy_abi.HIGRESS if self.target == HIGRESS else envoy_abi.ENVOY
        root_id = check(image.module, wanted, host=host) if self.preflight else unchecked(image.module, wanted)
        if there is None:
            made = {**self.defaults, **self.said}
            check_id(self.id or image.module.name)
            return Plugin(self.id or image.module.name, image, root_id=root_id, **made)
        # Pods by their labels and what it is attached to exclude each other: what is said now counts.
        other: dict[str, Any] = {}
        if self.said.get("selector"):
            other["targets"] = ()
        elif "targets" in self.said:
            other["selector"] = {}
        return replace(there, image=image, root_id=root_id, **{**other, **self.said})


def refuse(options: DeployOptions, access: AccessOptions) -> None:
    """Refuse words about a deployment where there is none.

    Raises
    ------
    UsageError
    """
    words = [*said(options, DeployOptions), *said(access, AccessOptions)]
    if words:
        raise UsageError(
            f"{', '.join(words)} says how to deploy, but nothing is to be deployed.",
            hint=Wording("add {}, for instance {}", Option("deploy", "SELECTOR"), Option("deploy", "app=details")),
        )


def matches(given: Any) -> tuple[Match, ...]:
    """Read ``SERVER:9080``, a `Match`, or several of either.

    Raises
    ------
    UsageError
    """
    return tuple(one if isinstance(one, Match) else Match.parse(str(one)) for one in _several(given))


def targets(given: Any) -> tuple[TargetRef, ...]:
    """Read ``Gateway/waypoint``, a `TargetRef`, or several of either.

    Raises
    ------
    UsageError
    """
    return tuple(one if isinstance(one, TargetRef) else TargetRef.parse(str(one)) for one in _several(given))


def environment(given: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read ``NAME=VALUE``, ``NAME`` alone (its value is the proxy's), a mapping, or several of these.

    Returns
    -------
    tuple of dict and tuple
        The variables with a value, and the names of those that are taken from the proxy.

    Raises
    ------
    UsageError
        A variable stands there twice.
    """
    values: dict[str, str] = {}
    taken: list[str] = []
    for one in _several(given):
        pairs = one.items() if isinstance(one, Mapping) else [_pair(str(one))]
        for name, value in pairs:
            if name in values or name in taken:
                raise UsageError(f"The environment has {name!r} twice.", hint="give it once")
            if value is None:
                taken.append(name)
            else:
                values[name] = value
    return values, tuple(taken)


def target(given: str | None) -> str:
    """Read what a plugin is rendered for; Istio when nothing is said.

    Raises
    ------
    UsageError
    """
    return _one_of("target", given or ISTIO, TARGETS.names())


def kind(as_: str | None, for_: str | None) -> Kind:
    """Read which object a plugin is to become: as a kind of Istio's, or by what it is for.

    Raises
    ------
    UsageError
        A word is unknown, both are said and contradict each other, or a plain Envoy is named, which has no objects.
    """
    where = target(for_)
    if where == ENVOY:
        raise UsageError(
            "A plain Envoy is not a mesh: nothing can be deployed to it.",
            hint=Wording(
                "{} writes a file that it runs with",
                Verb("render", ("NAME",), (Option("target", "envoy"), Option("output", "FILE"))),
            ),
        )
    found = TARGETS.load(where).kind
    if found is None:
        raise UsageError(
            f"Nothing is deployed to {where} from here.",
            hint=Wording(
                "{} writes what it reads",
                Verb("render", ("NAME",), (Option("target", where), Option("output", "FILE"))),
            ),
        )
    if where != ISTIO and as_:
        raise UsageError(
            Wording("{} names one of Istio's objects, and {} has none.", Option("as_"), Option("target", where)),
            hint="leave one out",
        )
    if found is not Kind.AUTO:
        return found
    return Kind(_one_of("as_", as_, KINDS)) if as_ else Kind.AUTO


def _one_of(what: str, given: str, words: tuple[str, ...]) -> str:
    found = next((word for word in words if word.lower() == given.lower()), None)
    if found is None:
        raise UsageError(
            Wording("{} cannot be {}.", Option(what), repr(given)),
            why=[f"it is one of: {', '.join(words)}"],
            hint=did_you_mean(given, words) or f"for instance {words[0]}",
        )
    return found


def _pair(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name, value if equals else None


def _several(given: Any) -> Iterable[Any]:
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)


def _named_by(image: Image) -> str | None:
    """Give the root id that an image names, where its module does not tell which ones it has."""
    if image.module.facts.root_ids is not None:
        return None
    from wasmnb.image.oci_annotations import declared_by  # noqa: PLC0415

    named = declared_by(image.annotations)[2]
    if named is None:
        try:
            config = json.loads(image.config).get("config") or {}
            named = config.get("rootIds") or config.get("root_ids")
        except (ValueError, AttributeError, RecursionError):
            return None
    return str(named[0]) if isinstance(named, list | tuple) and len(named) == 1 else None


def _one_of_enum(name: str, of: type[Enum]) -> Callable[[Any], str]:
    return lambda value: choice(name, value, words(of))


# What reads an option, and the field of `Plugin` that it becomes.
_READ: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "config": ("config", configuration),
    "vm_config": ("vm_config", configuration),
    "vm_id": ("vm_id", lambda value: value),
    "phase": ("phase", _one_of_enum("phase", Phase)),
    "priority": ("priority", lambda value: value),
    "fail_policy": ("fail_policy", _one_of_enum("fail_policy", FailPolicy)),
    "match": ("match", matches),
    "target_ref": ("targets", targets),
    "type": ("type", _one_of_enum("type", PluginType)),
    "pull_policy": ("pull_policy", _one_of_enum("pull_policy", PullPolicy)),
    "pull_secret": ("pull_secret", lambda value: value),
}
