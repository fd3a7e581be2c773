"""What can be said to the verbs of a session: one dataclass per theme, and one per verb that is made of them.

Each option is defined here, once: its keyword, its words on a line, and its help. What it means stands where it acts.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from wasmnb.options import Option, argument, keyword, option, theme
from wasmnb.plugin.enums import FailPolicy, Kind, Mode, Phase, PluginType, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wasmnb.compile import Filter
    from wasmnb.module import Module
    from wasmnb.progress import Progress
    from wasmnb.rollout import Rollout
    from wasmnb.session.image_source import Deployable

__all__ = [
    "AccessOptions",
    "BuildCall",
    "BuildOptions",
    "CompileOptions",
    "DeployCall",
    "DeployOptions",
    "FilterCall",
    "InspectCall",
    "ListCall",
    "LoginCall",
    "MeshCall",
    "MeshOptions",
    "PanelCall",
    "PluginOptions",
    "RegistryCall",
    "RenderCall",
    "RolloutOptions",
    "TransferCall",
    "WatchOptions",
]


def _selector() -> Any:
    return option("labels of the pods: key=value,key=value; * is every pod", "LABELS", "-s", values="selector")


@theme(frozen=True, kw_only=True)
class PluginOptions:
    """What a plugin is to be; None is what was not said."""

    id: str | None = option("name of the plugin on the mesh; the filter's name", "ID", values="plugins")
    config: str | Mapping[str, Any] | None = option(
        "configuration: JSON in single quotes, @file.json, $variable, or any text",
        "CONFIG",
        "-c",
        python="configuration: JSON text, @file, other text, or a mapping",
        secret=True,
    )
    root_id: str | None = option("root id; the only one that the module registers", "ID")
    phase: str | None = option("where in the filter chain", "PHASE", values="|".join(words(Phase)))
    priority: int | None = option("higher runs first within a phase; 0", "NUMBER", read=int)
    fail_policy: str | None = option(
        "after a crash of the filter: close, open or reload", "POLICY", values="|".join(words(FailPolicy))
    )
    match: Any = option(
        "listeners it is for: CLIENT, SERVER or CLIENT_AND_SERVER, with ports behind a colon; every one",
        "MODE:PORT",
        repeat=True,
        values="|".join(words(Mode)),
        python="listeners it is for: SERVER:9080, CLIENT, a Match, or several of these; every one",
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
    type: str | None = option(
        "what it filters: requests (HTTP) or connections (NETWORK)", "TYPE", values="|".join(words(PluginType))
    )
    pull_policy: str | None = option("when proxies fetch the image anew", "POLICY", values="IfNotPresent|Always")
    pull_secret: str | None = option("Secret that proxies fetch the image with, in the plugin's namespace", "NAME")
    as_: str | None = option(
        "Istio's object that it becomes; the newest that can say it",
        "KIND",
        values="|".join(words(kind for kind in Kind if kind.istio)),
    )
    target: str | None = option("what it is for; istio", "TARGET", values="renderings")


@theme(frozen=True, kw_only=True)
class DeployOptions(PluginOptions):
    """How a plugin is put in force; None is what was not said."""

    timeout: float | None = option("seconds to wait until it is live; 10", "SECONDS", read=float)
    prove: str | None = option(
        "effect: live is what was seen to act; config: send no requests, and take what the proxies say (LOADED) for"
        " enough",
        "PROOF",
        values="effect|config",
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
    wait: bool = option(
        "do not wait for pods that may yet become live",
        "",
        "--no-wait",
        default=True,
        switch=False,
        also=(Option(("--wait",), "wait until it is live on every pod; so it is without the option"),),
        python="False: give the verdicts as they are once the mesh has taken the plugin; pods that may yet become LIVE"
        " are not waited for. One that cannot become LIVE is an error all the same",
    )


@theme(frozen=True, kw_only=True)
class AccessOptions:
    """How a registry is spoken to."""

    plain_http: bool = option("speak to the registry without TLS", default=False)
    insecure: bool = option("speak TLS, but believe whoever answers", default=False)
    ca: str | None = option("believe these certificate authorities, a PEM file", "FILE")


@theme(frozen=True, kw_only=True)
class RolloutOptions:
    """How a plugin is put in force step by step."""

    steps: str | Sequence[str | Mapping[str, str]] = option(
        "one step after the other: labels, a comma between steps, + between labels of one; the next step only when this"
        " one is live and its error rate has not risen, else every pod goes back",
        "LABELS",
        default=(),
        repeat=True,
        values="steps",
    )
    watch_for: float | None = option("seconds for which a step's error rate is watched; 5", "SECONDS", read=float)
    accept_no_traffic: bool = option(
        "a step whose error rate cannot be judged passes because it is live", default=False
    )
    ask: Callable[[str], bool | None] | None = keyword(
        "asks the user to let such a step pass; gives None when nobody can be asked"
    )
    on_step: Callable[[Rollout], None] | None = keyword("given the Rollout whenever something about it has changed")


@theme(frozen=True, kw_only=True)
class CompileOptions:
    """What a compiler is told."""

    flags: Sequence[str] = option("pass a flag to the compiler", "FLAG", "--flag", default=(), repeat=True)
    include: Sequence[str] = option("look for C++ headers in this folder", "FOLDER", "-I", default=(), repeat=True)
    define: Sequence[str] = option("define a C++ macro: NAME or NAME=VALUE", "MACRO", "-D", default=(), repeat=True)
    std: str | None = option("the C++ standard; c++17", "STANDARD", "-std", values="c++17|c++20|c++23|c++26")
    force: bool = option("compile although nothing changed", default=False)


@theme(frozen=True, kw_only=True)
class BuildOptions:
    """How an image is made."""

    tag: str | None = option("the image's reference; local/ and the filter's name", "REFERENCE", "-t", values="images")
    runtime_config: Mapping[str, Any] | str | Path | None = option(
        "a runtime-config.json; made from the module",
        "FILE",
        "-c",
        python="a runtime-config.json as a mapping, or its path; made from the module",
    )
    variant: str = option(
        "artifact, or compat for registries that refuse it", "VARIANT", default="artifact", values="artifact|compat"
    )
    annotation: Sequence[str] | Mapping[str, str] = option(
        "KEY=VALUE; title, description, source, revision, version, licenses, created, or a key with a domain",
        "KEY=VALUE",
        "-a",
        default=(),
        repeat=True,
        values="annotations",
    )
    schema: Mapping[str, Any] | str | Path | None = option("JSON Schema of the filter's configuration", "FILE")
    in_container: str | None = option("build a folder in this builder image, with Docker or podman", "IMAGE")
    command: str | None = option("what the container runs; the image's own command", "COMMAND")
    target: str | None = option("the module that the container makes; the only .wasm it wrote", "FILE")
    pull: bool = option("pull the builder image when it is missing", default=False)


@theme(frozen=True, kw_only=True)
class WatchOptions:
    """How a folder is built again after each change."""

    watch: bool = option("build the folder again after each change, until an interrupt", "", "-w", default=False)
    seconds: float | None = option(
        "with --watch: so many seconds, for a run that nobody interrupts", "SECONDS", "--for", read=float
    )
    unattended: bool = keyword("nobody is there to interrupt it: then there must be seconds", default=False)


@theme(frozen=True, kw_only=True)
class _Reporting:
    progress: Progress | None = keyword("told how far it has come")


@theme(frozen=True, kw_only=True)
class _Deploying(DeployOptions, RolloutOptions, AccessOptions, _Reporting):
    selector: str | Mapping[str, str] | None = _selector()
    dry_run: bool = option(
        "apply and push nothing; show what would be applied, and the diff to what is there", default=False
    )


@theme(frozen=True)
class DeployCall(_Deploying):
    """What `Session.deploy` takes."""

    name: Deployable = field(
        metadata=argument("a filter, a .wasm file, an image by its reference, or what build, push and pull give")
    )


@theme(frozen=True, kw_only=True)
class _Showing(DeployOptions, AccessOptions):
    selector: str | Mapping[str, str] | None = _selector()


@theme(frozen=True)
class PanelCall(_Showing):
    """What `wasmnb.dashboards.panel` takes: what its controls begin with, and what they have no control for."""

    name: str | None = field(default=None, metadata=argument("a filter, a .wasm file or an image to begin with"))


@theme(frozen=True, kw_only=True)
class _Filtering(DeployOptions, CompileOptions, AccessOptions, _Reporting):
    deploy: str | Mapping[str, str] | None = option(
        "put it in force on the pods with these labels: app=details", "LABELS", "-d", values="selector"
    )
    language: str | None = option(
        "of the cell; without it, what the source looks like",
        "LANGUAGE",
        "--language",
        "--lang",
        "-l",
        values="languages",
    )
    files: Sequence[str] = option(
        "a file that belongs to the filter, beside those that it includes",
        "PATH",
        "--file",
        "-f",
        default=(),
        repeat=True,
        values="files",
    )
    test: bool = option("run its cases; one that fails stops the deployment", default=False)


@theme(frozen=True)
class FilterCall(_Filtering):
    """What `Session.filter` takes."""

    name: str = field(metadata=argument("of the filter; it names the plugin and the image too"))
    source: str | None = field(
        default=None, metadata=argument("the program; without it, the filter of that name which is known")
    )


@theme(frozen=True, kw_only=True)
class _Building(BuildOptions, CompileOptions, WatchOptions, DeployOptions, AccessOptions, _Reporting):
    # `target` is that of the build; what a deployment is for has a name of its own here.
    deploy: str | Mapping[str, str] | None = option(
        "with --watch: put each build in force on the pods with these labels: app=details",
        "LABELS",
        "-d",
        values="selector",
    )
    deploy_target: str | None = option("with --deploy: what it is for; istio", "TARGET", values="renderings")
    log: Callable[[str], None] | None = keyword("given each line of a container's build, and of watching, as it comes")


@theme(frozen=True)
class BuildCall(_Building):
    """What `Session.build` takes."""

    what: str | Path | Filter | Module = field(
        metadata=argument("a filter, a .wasm file, a source, a folder, or the word precompiled")
    )
    file: str | Path | None = field(default=None, metadata=argument("the module, behind the word precompiled"))


@theme(frozen=True, kw_only=True)
class _Rendering(PluginOptions, AccessOptions, _Reporting):
    selector: str | Mapping[str, str] | None = _selector()
    istio_version: str = option("decides on the object; the newest", "VERSION", default="")
    namespace: str | None = option("of the object; default", "NAMESPACE", "-n")
    output: str = option("file to write; a plain Envoy's module is written beside it", "FILE", "-o", default="")
    listen: str | None = option("where a plain Envoy listens; 127.0.0.1:10000", "HOST:PORT")
    upstream: str | None = option("the service behind a plain Envoy; without one it answers itself", "HOST:PORT")
    admin: str | None = option("administration of a plain Envoy; 127.0.0.1:9901", "HOST:PORT")


@theme(frozen=True)
class RenderCall(_Rendering):
    """What `Session.render` takes."""

    name: Deployable = field(
        metadata=argument("a filter, a .wasm file, an image by its reference, or what build, push and pull give")
    )


@theme(frozen=True, kw_only=True)
class MeshOptions:
    """How a mesh is started, or connected to."""

    workloads: Sequence[str] = option(
        "put a sidecar before your own service: NAME=HOST:PORT,label=value; HTTP/2 and gRPC are found out, or said with"
        " HOST:PORT/h2c",
        "SERVICE",
        "--workload",
        "-w",
        default=(),
        repeat=True,
    )
    bookinfo: bool = option(
        "start without the six bookinfo pods",
        "",
        "--no-bookinfo",
        default=True,
        switch=False,
        python="False: without the six bookinfo pods",
    )
    gateway_port: int = option("loopback port of the way in; a free one", "PORT", default=0, read=int)
    log_level: str = option(
        "from which level on proxies keep what filters log; info",
        "LEVEL",
        default="info",
        values="trace|debug|info|warning|error|critical|off",
    )
    context: str | None = option(
        "istio: context of the kubeconfig, or in-cluster; the current one", "CONTEXT", values="contexts"
    )
    namespace: str | None = option(
        "istio: namespace of the pods; the one that the context names", "NAMESPACE", "-n", values="namespaces"
    )
    istio_namespace: str = option("istio: where istiod runs; istio-system", "NAMESPACE", default="istio-system")
    as_: str = option(
        "istio: the kind of object that plugins become; the newest that fits",
        "KIND",
        default="",
        values="|".join(words(kind for kind in Kind if kind.istio)),
    )
    preflight: bool = option(
        "istio: apply modules that the embedded Envoy has not tried",
        "",
        "--no-preflight",
        default=True,
        switch=False,
        python="istio; False: apply modules that the embedded Envoy has not tried",
    )
    prove: str | None = option(
        "istio: how a filter is proven to act: effect sends plain requests of ours to the pods that it is put on, and "
        "what was not seen to act is LOADED; config sends nothing and takes LOADED for enough",
        "PROOF",
        values="effect|config",
    )


@theme(frozen=True, kw_only=True)
class _Starting(MeshOptions, _Reporting):
    pass


@theme(frozen=True)
class MeshCall(_Starting):
    """What `Session.mesh` takes."""

    kind: str | None = field(
        default=None,
        metadata=argument("local, istio or stop; without it, the one that is chosen or configured"),
    )


@theme(frozen=True, kw_only=True)
class _Transferring(AccessOptions, _Reporting):
    pass


@theme(frozen=True)
class TransferCall(_Transferring):
    """What `Session.push` takes."""

    reference: str = field(
        metadata=argument("the image, such as registry.example/team/header-filter:v1; with a digest, that decides")
    )


@theme(frozen=True, kw_only=True)
class _Pulling(_Transferring):
    repack: bool = option(
        "where meshes refuse the image, make one that they take of the module in it, as local/NAME", default=False
    )


@theme(frozen=True)
class PullCall(_Pulling):
    """What `Session.pull` takes."""

    reference: str = field(metadata=argument("the image, such as registry.example/team/header-filter:v1"))


@theme(frozen=True)
class InspectCall(AccessOptions):
    """What `Session.inspect` takes."""

    reference: str = field(metadata=argument("the image; of the store, else of its registry"))


@theme(frozen=True, kw_only=True)
class _Listing(AccessOptions, _Reporting):
    search: str | None = option("words that must all be in name, digest, language or root id", "WORDS", "-s")


@theme(frozen=True)
class ListCall(_Listing):
    """What `Session.list` takes."""

    target: str | None = field(
        default=None,
        metadata=argument("a repository, a namespace or a registry; the store, without it or with local"),
    )


@theme(frozen=True, kw_only=True)
class _LoggingIn(AccessOptions):
    user: str | None = option("the user name", "USER", "-u")
    password_env: str | None = option("environment variable with the password or token, for runbooks", "NAME")
    secret: str | None = option("the name under which the session keeps it", "NAME", values="secrets")


@theme(frozen=True)
class LoginCall(_LoggingIn):
    """What `Session.login` takes."""

    host: str = field(metadata=argument("such as registry.example, or docker.io"))


@theme(frozen=True, kw_only=True)
class _Serving:
    port: int | None = option("loopback port; 5000", "PORT", read=int)


@theme(frozen=True)
class RegistryCall(_Serving):
    """What `Session.registry` takes."""

    action: str | None = field(
        default=None, metadata=argument("start or stop; without it, whether one is served is said")
    )
