"""Options of a plugin, and of what puts one in force, step by step or not, or only shows it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from wasmnb.options import Option, argument, keyword, option, theme
from wasmnb.plugin.enums import FailPolicy, Kind, Mode, Phase, PluginType, words
from wasmnb.session.options.common import Reporting, selector_option
from wasmnb.session.options.registry import AccessOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.rollout import Rollout, Step
    from wasmnb.session.image_source import Deployable

__all__ = ["DeployCall", "DeployOptions", "PanelCall", "PluginOptions", "RenderCall", "RolloutOptions"]


@theme(frozen=True, kw_only=True)
class PluginOptions:
    """What a plugin is to be; None is what was not said."""

    id: str | None = option("name of the plugin on the mesh (default: the filter's name)", "ID", values="plugins")
    config: str | Mapping[str, Any] | None = option(
        "configuration: JSON in single quotes, @file.json, $variable, or any text",
        "CONFIG",
        "-c",
        python="configuration: JSON text, @file, other text, or a mapping",
        secret=True,
    )
    root_id: str | None = option("root id (default: the only one that the module registers)", "ID")
    phase: str | None = option("place in the filter chain", "PHASE", values="|".join(words(Phase)))
    priority: int | None = option("higher runs first within a phase (default: 0)", "NUMBER", read=int)
    fail_policy: str | None = option(
        "what happens after a crash of the filter: close, open or reload", "POLICY", values="|".join(words(FailPolicy))
    )
    match: Any = option(
        "listeners it is for: CLIENT, SERVER or CLIENT_AND_SERVER, with ports after a colon (default: every one)",
        "MODE:PORT",
        repeat=True,
        values="|".join(words(Mode)),
        python="listeners it is for: SERVER:9080, CLIENT, a Match, or several of these (default: every one)",
    )
    target_ref: Any = option(
        "what it is attached to, in place of a selector: Gateway/waypoint, Service/details",
        "KIND/NAME",
        repeat=True,
        values="Gateway/|GatewayClass/|Service/|ServiceEntry/|HTTPRoute/",
    )
    env: Any = option(
        "variable of the filter; NAME alone is the proxy's own",
        "NAME=VALUE",
        repeat=True,
        python="variables of the filter: NAME=VALUE, a mapping, or several of these; NAME alone is the proxy's own",
        secret=True,
    )
    vm_config: str | Mapping[str, Any] | None = option(
        "configuration of the filter's VM, which it reads when that starts; in the forms of the filter's own",
        "CONFIG",
        python="configuration of the filter's VM, which it reads when that starts; in the forms of the filter's own",
        secret=True,
    )
    vm_id: str | None = option("id of the VM; plugins with the same one share data and queues. The plugin's own", "ID")
    type: str | None = option(
        "what it filters: requests (HTTP) or connections (NETWORK); SINGLETON: nothing, it is one VM of a proxy",
        "TYPE",
        values="|".join(words(PluginType)),
    )
    pull_policy: str | None = option("when proxies fetch the image again", "POLICY", values="IfNotPresent|Always")
    pull_secret: str | None = option("Secret that proxies fetch the image with, in the plugin's namespace", "NAME")
    as_: str | None = option(
        "Istio's object that it becomes (default: the newest that can say it)",
        "KIND",
        values="|".join(words(kind for kind in Kind if kind.istio)),
    )
    target: str | None = option("what it is for (default: istio)", "TARGET", values="renderings")


@theme(frozen=True, kw_only=True)
class DeployOptions(PluginOptions):
    """How a plugin is put in force; None is what was not said."""

    timeout: float | None = option("seconds to wait until it is live (default: 10)", "SECONDS", read=float)
    prove: str | None = option(
        "effect: live is what was seen to act; trace: by Envoy's trace too, where there is no effect; config: send no"
        " requests, and accept what the proxies say (LOADED)",
        "PROOF",
        values="effect|trace|config",
    )
    probe: str | Sequence[str] = option(
        "a request that shows what the filter does, sent to each pod before and after: [METHOD] host:port/path, with"
        " -H 'name: value' and -d BODY behind it",
        "REQUEST",
        default=(),
        repeat=True,
    )
    probe_changes: bool = option(
        "send such requests also where their method may change something: once before, and once after", default=False
    )
    take_over: bool = option(
        "overwrite what others changed in the cluster, or made an object of that name", default=False
    )
    preflight: bool = option(
        "apply it without having tried it on an Envoy here",
        "",
        "--no-preflight",
        default=True,
        switch=False,
        python="False: do not look at the module before it is applied, and do not try it on an Envoy here. One that"
        " cannot load is refused by each pod, and until then nothing saves you from it, not even a fail policy that is"
        " open. The local mesh tries every module all the same",
    )
    allow_trap: bool = option("deploy it although it crashed on a test request", default=False)
    wait: bool = option(
        "do not wait for pods that may yet become live",
        "",
        "--no-wait",
        default=True,
        switch=False,
        also=(Option(("--wait",), "wait until it is live on every pod (default)"),),
        python="False: give the verdicts as they are once the mesh has taken the plugin; pods that may yet become LIVE"
        " are not waited for. One that cannot become LIVE is an error all the same",
    )


@theme(frozen=True, kw_only=True)
class RolloutOptions:
    """How a plugin is put in force step by step."""

    steps: str | Sequence[str | Mapping[str, str]] = option(
        "one step after the other: labels, a comma between steps, + between labels of one; or labels and rising shares"
        " of the requests for their service, version=v2:5%,25%,100%. The next step only when this one is live and its"
        " error rate has not risen, else every pod goes back",
        "LABELS",
        default=(),
        repeat=True,
        values="steps",
    )
    watch_for: float | None = option(
        "seconds for which a step's error rate is watched (default: 5)", "SECONDS", read=float
    )
    accept_no_traffic: bool = option(
        "a step whose error rate cannot be judged passes because it is live", default=False
    )
    traffic: str | None = option(
        "send GET requests while steps are watched: who sends, and where to, in quotes", "'SOURCE HOST:PORT/PATH'"
    )
    budget: str | Sequence[str] = option(
        "what the traffic of a step may become: 4xx=+5% (3xx, 5xx, resets, waiting: percent of the requests), p99=+50%"
        " (p50), volume=-50%; beside what holds for each step",
        "BUDGET",
        default=(),
        repeat=True,
    )
    promql: str | Sequence[str] = option(
        "a query that a Prometheus must give an answer to after each step, and none that is 0, else every pod goes"
        " back; <pods> stands for the step's pods, <window> for the time for which it was watched",
        "QUERY",
        default=(),
        repeat=True,
    )
    prometheus: str | None = option("URL of the Prometheus that is asked, without credentials", "URL")
    check: Callable[[Step], object] | None = keyword(
        "your own check of a step that is live and was watched: False, or a text that says why, and every pod goes back"
    )
    ask: Callable[[str], bool | None] | None = keyword(
        "asks the user to let such a step pass; gives None when nobody can be asked"
    )
    on_step: Callable[[Rollout], None] | None = keyword("given the Rollout whenever something about it has changed")


@theme(frozen=True, kw_only=True)
class _Deploying(DeployOptions, RolloutOptions, AccessOptions, Reporting):
    selector: str | Mapping[str, str] | None = selector_option()
    dry_run: bool = option(
        "apply and push nothing; show what would be applied, and the diff to what is there", default=False
    )
    export: str | None = option(
        "apply and push nothing; write what would be applied into a folder for Git, with a kustomize base", "FOLDER"
    )


@theme(frozen=True)
class DeployCall(_Deploying):
    """What `Session.deploy` takes."""

    name: Deployable = field(
        metadata=argument("a filter, a .wasm file, an image by its reference, or what build, push and pull give")
    )


@theme(frozen=True, kw_only=True)
class _Showing(DeployOptions, AccessOptions):
    selector: str | Mapping[str, str] | None = selector_option()


@theme(frozen=True)
class PanelCall(_Showing):
    """What `wasmnb.dashboards.panel` takes: what its controls begin with, and what they have no control for."""

    name: str | None = field(default=None, metadata=argument("a filter, a .wasm file or an image to begin with"))


@theme(frozen=True, kw_only=True)
class _Rendering(PluginOptions, AccessOptions, Reporting):
    selector: str | Mapping[str, str] | None = selector_option()
    istio_version: str = option(
        "version of Istio, which decides the kind of object (default: the newest)", "VERSION", default=""
    )
    namespace: str | None = option("namespace of the object (default: default)", "NAMESPACE", "-n")
    output: str = option("file to write; a plain Envoy's module is written beside it", "FILE", "-o", default="")
    out: str | None = option("write the object into a folder for Git, with our labels and a kustomize base", "FOLDER")
    listen: str | None = option("where a plain Envoy listens (default: 127.0.0.1:10000)", "HOST:PORT")
    upstream: str | None = option("the service behind a plain Envoy; without one it answers itself", "HOST:PORT")
    admin: str | None = option("administration of a plain Envoy (default: 127.0.0.1:9901)", "HOST:PORT")
    agent: bool = option(
        "instead of a filter, the agent in a cluster: its Deployment, account and rights", default=False
    )
    agent_image: str | None = option(
        "image of the agent (default: the tag below the configured registry to which a mesh's agent is pushed)", "IMAGE"
    )
    agent_pull_secret: str | None = option("the secret with which nodes pull the agent's image", "NAME")
    istio_namespace: str = option(
        "of the agent: namespace of istiod (default: istio-system)", "NAMESPACE", default="istio-system"
    )


@theme(frozen=True)
class RenderCall(_Rendering):
    """What `Session.render` takes."""

    name: Deployable | None = field(
        default=None,
        metadata=argument("a filter, a .wasm file, an image by its reference, or what build, push and pull give"),
    )
