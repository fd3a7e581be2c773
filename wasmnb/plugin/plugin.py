"""What to run where: an image with its configuration, for the pods that a selector names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ConfigError, Place, UsageError
from wasmnb.plugin.enums import FailPolicy, Kind, Phase, PluginType, PullPolicy, word
from wasmnb.plugin.scope import Match, TargetRef, carries
from wasmnb.plugin.selector import labels_text
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.image import Image

__all__ = ["Plugin"]


@dataclass(frozen=True)
class Plugin:  # noqa: PLW1641 - `dataclass` makes the hash
    """An image, its configuration, and the pods it is for.

    Parameters
    ----------
    id : str
        Names the plugin on the mesh; deploying the same id again replaces it.
    image : Image
        What runs; its digest is what a verdict is about.
    selector : mapping of str to str
        Labels that a pod must carry. An empty selector is every pod, unless there are targets.
    config : str, mapping or None
        The plugin configuration; a mapping is handed over as JSON, a string as it is. A plugin keeps a copy: what
        becomes of the mapping afterwards is another configuration.
    root_id : str or None
        None: the only one that the module registers.
    phase : Phase
    priority : int
        Higher runs first within a phase; equal ones run in order of id on the local mesh, the older first on Istio.
    fail_policy : FailPolicy
    match : tuple of Match
        The listeners it is for: those that fit any of them. None is every listener.
    pull_policy : PullPolicy
        Says nothing where images are named by digest, as they are here, and proxies keep what they have fetched.
    pull_secret : str
        Name of a Secret in the plugin's namespace that proxies fetch the image with; empty for none.
    env : mapping of str to str
        Environment variables of the VM; a value may be a secret.
    host_env : tuple of str
        Variables that the VM is given from the proxy's own environment.
    vm_config : str, mapping or None
        The configuration of the VM, which a filter reads when its VM starts; written as ``config`` is.
    vm_id : str
        The VM's id; plugins with the same one share data and queues, and where module, VM configuration and environment
        are the same as well, one VM. Empty: the plugin's own id.
    targets : tuple of TargetRef
        What it is attached to in place of a selector.
    type : PluginType
    kind : Kind
        What it becomes on a cluster, where the mesh is not to choose.

    Raises
    ------
    UsageError
        The image is none, the selector is not a mapping of text, a word is none of those there are, or two of them
        contradict each other.
    ConfigError
        The configuration cannot be written as text.
    """

    id: str
    image: Image
    selector: Mapping[str, str] = field(default_factory=dict)
    config: str | Mapping[str, Any] | None = field(default=None, repr=False)  # it may hold secrets
    root_id: str | None = None
    phase: Phase = Phase.UNSPECIFIED
    priority: int = 0
    fail_policy: FailPolicy = FailPolicy.CLOSE
    match: tuple[Match, ...] = ()
    pull_policy: PullPolicy = PullPolicy.UNSPECIFIED
    pull_secret: str = ""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)  # as the configuration
    host_env: tuple[str, ...] = ()
    vm_config: str | Mapping[str, Any] | None = field(default=None, repr=False)  # as the configuration
    vm_id: str = ""
    targets: tuple[TargetRef, ...] = ()
    type: PluginType = PluginType.HTTP
    kind: Kind = Kind.AUTO

    def __post_init__(self) -> None:
        # Asked of the type: the module of an image that is known by its digest is fetched when it is looked at.
        if not hasattr(self.image, "digest") or not hasattr(self.image, "reference"):
            raise UsageError(
                f"The image of {self.id} is a {type(self.image).__name__}, not an Image.", hint="give package(module)"
            )
        read = {
            "selector": _labels(self.selector),
            "config": _copied(self.config, f"the configuration of {self.id}"),
            "vm_config": _copied(self.vm_config, f"the VM's configuration of {self.id}"),
            "phase": word(Phase, self.phase),
            "fail_policy": word(FailPolicy, self.fail_policy),
            "match": _all_of(Match, self.match),
            "pull_policy": word(PullPolicy, self.pull_policy),
            "env": _variables(self.env),
            "host_env": (self.host_env,) if isinstance(self.host_env, str) else tuple(self.host_env),
            "targets": _all_of(TargetRef, self.targets),
            "type": word(PluginType, self.type),
            "kind": word(Kind, self.kind),
        }
        for name, value in read.items():
            object.__setattr__(self, name, value)
        if not isinstance(self.vm_id, str) or not self.vm_id.isprintable():
            raise UsageError(f"{self.vm_id!r} is no id of a VM.", hint="write it as one line of text")
        if not isinstance(self.priority, int):
            raise UsageError(f"{self.priority!r} is not a priority.", hint="give a whole number; higher runs first")
        self._agree()

    def __eq__(self, other: object) -> bool:
        """Say whether two are alike; of configurations also where Python takes 1 for true, and 1.0 for 1."""
        if not isinstance(other, Plugin):
            return NotImplemented
        same = all(getattr(self, one.name) == getattr(other, one.name) for one in fields(self))
        told = ([json.dumps(_plain(said), sort_keys=True) for said in (p.config, p.vm_config)] for p in (self, other))
        return same and next(told) == next(told)

    def _agree(self) -> None:
        if self.targets and self.selector:
            raise UsageError(
                f"{self.id} has a selector and targets, and a plugin can have one of them only.",
                hint="name pods by their labels, or a gateway, a waypoint or a service by its name",
            )
        if self.type is PluginType.SINGLETON and (self.match or self.priority or self.phase is not Phase.UNSPECIFIED):
            raise UsageError(
                f"{self.id} is a singleton service, which meets no requests.",
                hint=Wording("leave {}, {} and {} out", Option("match"), Option("phase"), Option("priority")),
            )
        for name in self.host_env:
            _variable(name)
        doubled = [name for name in self.host_env if name in self.env or self.host_env.count(name) > 1]
        if doubled:
            once = (
                "give it a value, or take it from the proxy's environment" if doubled[0] in self.env else "name it once"
            )
            raise UsageError(f"The environment of {self.id} has {doubled[0]!r} twice.", hint=once)

    @property
    def config_text(self) -> str:
        """The configuration as the bytes a filter reads, decoded."""
        return _text(self.config)

    @property
    def vm_config_text(self) -> str:
        """The configuration of the VM as the bytes that a filter reads, decoded."""
        return _text(self.vm_config)

    @property
    def scope(self) -> str:
        """What it is for, as a user would write it; ``every pod`` when nothing was said."""
        labels = labels_text(self.selector)
        return labels or ", ".join(str(target) for target in self.targets) or "every pod"

    def to_dict(self) -> dict[str, Any]:
        """Give the whole plugin as plain JSON values, the image by reference and digest.

        Nothing is masked: configuration and environment may hold secrets.
        """
        return {
            "id": self.id,
            "reference": self.image.reference,
            "image": self.image.digest,
            "selector": dict(self.selector),
            "config": _plain(self.config),
            "root_id": self.root_id,
            "phase": self.phase.value,
            "priority": self.priority,
            "fail_policy": self.fail_policy.value,
            "match": [one.to_dict() for one in self.match],
            "pull_policy": self.pull_policy.value,
            "pull_secret": self.pull_secret,
            "env": dict(self.env),
            "host_env": list(self.host_env),
            "vm_config": _plain(self.vm_config),
            "vm_id": self.vm_id,
            "targets": [target.to_dict() for target in self.targets],
            "type": self.type.value,
            "kind": self.kind.value,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], image: Callable[[str, str], Image]) -> Plugin:
        """Make the plugin of what `to_dict` gave.

        Parameters
        ----------
        values : mapping
        image : callable
            Gives the image of a reference and a digest.

        Raises
        ------
        UsageError
            There is a word that this version does not know, or one is missing.
        """
        rest = dict(values)
        unknown = rest.keys() - {one.name for one in fields(cls)} - {"reference"}
        if unknown or not {"id", "reference", "image"} <= rest.keys():
            what = f"says {', '.join(sorted(unknown))}" if unknown else "does not name an id and an image"
            raise UsageError(
                f"A stored plugin {what}, which this version cannot restore.", hint="install the wasmnb that stored it"
            )
        rest["image"] = image(rest.pop("reference"), rest.pop("image"))
        rest["match"] = tuple(Match(one["mode"], tuple(one["ports"])) for one in rest.get("match", ()))
        rest["targets"] = tuple(TargetRef.from_dict(one) for one in rest.get("targets", ()))
        return cls(**rest)

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Say whether a pod with these labels is selected; one with targets selects none by its labels."""
        return not self.targets and carries(labels, self.selector)

    def with_image(self, image: Image) -> Plugin:
        """Give the same plugin with another image."""
        return replace(self, image=image)


def _all_of(kind: type[Any], given: object) -> tuple[Any, ...]:
    many = (given,) if isinstance(given, kind) else given
    if not isinstance(many, tuple | list) or not all(isinstance(one, kind) for one in many):
        raise UsageError(f"{given!r} is not a list of {kind.__name__}.", hint=f"give a tuple of wasmnb.{kind.__name__}")
    return tuple(many)


def _variable(name: object) -> None:
    if not isinstance(name, str) or not name or "=" in name or "\0" in name:
        raise UsageError(f"{name!r} cannot name an environment variable.", hint="for instance LOG_LEVEL")


def _variables(given: object) -> dict[str, str]:
    pairs = dict(given) if isinstance(given, Mapping) else None
    if pairs is None:
        raise UsageError("The environment is not a mapping.", hint='give names and values: {"LEVEL": "debug"}')
    for name, value in pairs.items():
        _variable(name)
        if not isinstance(value, str) or "\0" in value:
            raise UsageError(f"The value of the environment variable {name} is not text.", hint="write it as a string")
    return pairs


def _labels(given: object) -> dict[str, str]:
    pairs = dict(given) if isinstance(given, Mapping) else None
    if pairs is None or not all(isinstance(one, str) for pair in pairs.items() for one in pair):
        raise UsageError(
            f"{given!r} is not a selector.",
            where=Place("the selector"),
            hint='give labels as a mapping of text, for instance {"app": "details"}; {} is every pod',
        )
    return pairs


def _text(config: str | Mapping[str, Any] | None) -> str:
    if config is None or isinstance(config, str):
        return config or ""
    return json.dumps(config, ensure_ascii=False, separators=(",", ":"))


def _plain(config: str | Mapping[str, Any] | None) -> Any:
    return config if config is None or isinstance(config, str) else json.loads(_text(config))


def _copied(config: Any, what: str) -> Any:
    if config is None:
        return None
    try:
        text = config if isinstance(config, str) else json.dumps(config, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{what[0].upper()}{what[1:]} cannot be written as text: {error}.",
            where=Place(what.partition(" of ")[0]),
            hint="use text, or what JSON has: objects, lists, strings, numbers, true, false and null",
        ) from error
    return deepcopy(config)
