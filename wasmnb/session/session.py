"""What a notebook remembers, and one public method for each thing that it can do."""

from __future__ import annotations

import atexit
from contextlib import nullcontext
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.build import Filter
from wasmnb.errors import Interrupted, UsageError
from wasmnb.session import words
from wasmnb.session.defaults import choice, number
from wasmnb.session.deploying import in_force, put, still_in_force, stopped, unknown_plugin
from wasmnb.session.filters import Filters
from wasmnb.session.results import Deployment, FilterResult, Removal, plugin_key
from wasmnb.session.state import State
from wasmnb.session.wanted import Wanted
from wasmnb.traffic import Capture, Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.checks import Check
    from wasmnb.mesh import Pod, PodVerdict
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["Session", "close_default", "default"]


class Session(State):
    """Filters by name, the chosen mesh, and the defaults: what the cells of one notebook share.

    Every method is what the magic of the same name does; its keywords are the magic's options. None prints. What they
    give, and every error they raise, has the secrets masked that went through the session.
    """

    def __init__(self) -> None:
        super().__init__()
        self._filters = Filters()

    @property
    def filters(self) -> list[str]:
        """The names of the filters that this session knows."""
        return self._filters.names()

    def filter(
        self,
        name: str,
        source: str | None = None,
        *,
        language: str | None = None,
        flags: Sequence[str] = (),
        force: bool = False,
        deploy: str | Mapping[str, str] | None = None,
        id: str | None = None,  # noqa: A002 - the option's own word
        config: str | Mapping[str, Any] | None = None,
        root_id: str | None = None,
        phase: str | None = None,
        priority: int | None = None,
        fail_policy: str | None = None,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> FilterResult:
        """Compile a filter, and put it in force when asked to.

        Parameters
        ----------
        name : str
        source : str, optional
            The program; without it, the filter of that name which is known.
        language : str, optional
        flags : sequence of str
            Extra compiler flags.
        force : bool
            Compile although nothing changed.
        deploy : str or mapping, optional
            The selector of the pods to put it on; what follows is as in `deploy`.

        Raises
        ------
        BadNameError, UsageError, ConfigError, CompileError, LinkError, ToolchainError, ModuleError, DeployError
        """
        with self._guard():
            how = Wanted(id, deploy, config, root_id, phase, priority, fail_policy, timeout)
            if deploy is None:
                how.refuse()
            else:
                # What is wrong with the command is said before a compiler runs.
                how = self._ready(how)
            if source is None:
                known = self._filters.get(name)
            else:
                wanted = Filter(name, source, self._default("language", language), tuple(flags))
                with nullcontext() if deploy is None else still_in_force(self.current, id or name):
                    known = self._filters.build(wanted, force=force, progress=progress)
            if deploy is None:
                return known
            deployment = self._deploy(known.module, how, progress)
            unchanged = known.unchanged and deployment.unchanged
            return replace(
                known, deployment=deployment, unchanged=unchanged, stages=(*known.stages, *deployment.stages)
            )

    def deploy(
        self,
        name: str | Filter | Module,
        *,
        id: str | None = None,  # noqa: A002 - the option's own word
        selector: str | Mapping[str, str] | None = None,
        config: str | Mapping[str, Any] | None = None,
        root_id: str | None = None,
        phase: str | None = None,
        priority: int | None = None,
        fail_policy: str | None = None,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> Deployment:
        """Put a filter in force on every pod that the selector names, and wait until it is LIVE there.

        Parameters
        ----------
        name : str, Filter or Module
            A filter of the session, or a ``.wasm`` file.
        id : str, optional
            Names the plugin on the mesh; the filter's name.
        selector : str or mapping, optional
            ``app=details,version=v1``; ``*`` is every pod.
        config : str or mapping, optional
            JSON text, ``@file``, other text, or a mapping.
        root_id : str, optional
            The only one that the module registers.
        phase, fail_policy : str, optional
            See `wasmnb.Phase` and `wasmnb.FailPolicy`.
        priority : int, optional
            Higher runs first within a phase; 0.
        timeout : float, optional
            Seconds to wait for LIVE.

        Raises
        ------
        NoMeshError, BadNameError, UsageError, ConfigError, ModuleError, SelectorError, DeployError, HangError
        Interrupted
        """
        with self._guard():
            how = self._ready(Wanted(id, selector, config, root_id, phase, priority, fail_policy, timeout))
            return self._deploy(self._filters.module(name, progress=progress), how, progress)

    def undeploy(self, id: str) -> Removal:  # noqa: A002 - the option's own word
        """Take a plugin away from every pod.

        Raises
        ------
        NoMeshError
        BadNameError
            It is not there; the message names what is.
        Interrupted
        """
        with self._guard():
            mesh = self.current
            plugin = in_force(mesh, id)
            if plugin is None:
                raise unknown_plugin(mesh, id)
            start = perf_counter()
            pods = tuple(pod.name for pod in mesh.pods() if plugin.selects(pod.labels))
            try:
                removed = mesh.remove(id)
            except KeyboardInterrupt:
                raise stopped(mesh, plugin, "removing") from None
            return Removal(removed, pods, perf_counter() - start)

    def headers(
        self,
        source: str,
        url: str,
        *,
        method: str | None = None,
        header: Sequence[str] | Sequence[tuple[str, str]] | Mapping[str, str] = (),
        data: str | bytes | None = None,
        via: str = "proxy",
        timeout: float = 5.0,
        before: str | Exchange | Capture = "auto",
    ) -> Capture:
        """Send a request, and compare the response with that of the same request before.

        Parameters
        ----------
        source : str
            Workload or pod that sends.
        url : str
            ``host:port/path``.
        method : str, optional
            ``GET``, or ``POST`` when there is data.
        header : sequence or mapping
            ``name: value`` lines, pairs, or a mapping.
        data : str or bytes, optional
            The body; ``@file`` reads one.
        via : str
            ``proxy`` or ``app``; see ``Mesh.send``.
        timeout : float
            Seconds.
        before : str, Exchange or Capture
            ``auto``: the last exchange of this very request while other plugins were in force. ``none``: nothing.

        Raises
        ------
        NoMeshError, UsageError, TrafficError, MeshError
        """
        with self._guard():
            mesh = self.current
            lines, content = words.header_lines(header), words.body(data)
            self._secrets |= redact.secrets_in(dict(lines)) | redact.secrets_in_url(url)
            self._secrets |= redact.secrets_in(content.decode("utf-8", "replace"))
            method = (method or ("POST" if content else "GET")).upper()
            via = choice("via", via, ("proxy", "app"))
            if isinstance(before, str):
                before = choice("before", before, ("auto", "none"))
            elif not isinstance(before, Exchange | Capture):
                raise UsageError(
                    f"before is an Exchange or a Capture, not {type(before).__name__}.",
                    hint="leave it out, or use none",
                )
            try:
                taken = mesh.send(
                    source, url, method=method, headers=lines, body=content, via=via, timeout=number("timeout", timeout)
                )
            except KeyboardInterrupt:
                raise Interrupted(f"waiting for {redact.url(url)} was stopped; the request may have arrived.") from None
            capture = self._captures.add(taken, tuple(plugin_key(plugin) for plugin in mesh.plugins()))
            if isinstance(before, Capture):
                capture = replace(capture, before=before.after)
            elif isinstance(before, Exchange):
                capture = replace(capture, before=before)
            elif before == "none":
                capture = replace(capture, before=None)
            return redact.capture(capture, self._secrets)

    def status(self, id: str | None = None) -> list[PodVerdict]:  # noqa: A002 - the option's own word
        """Judge every plugin on every pod, or one plugin.

        Raises
        ------
        NoMeshError
        BadNameError
            No plugin of that id is in force.
        """
        with self._guard():
            mesh = self.current
            if id is not None and in_force(mesh, id) is None:
                raise unknown_plugin(mesh, id)
            return list(self._shown(mesh.verdicts(id)))

    def pods(self) -> list[Pod]:
        """List the pods of the mesh as they are now."""
        with self._guard():
            return self.current.pods()

    def logs(self, pod: str, *, tail: int | None = 20) -> list[str]:
        """Give the last lines that a pod's proxy logged, oldest first; ``tail=None`` for all.

        Parameters
        ----------
        pod : str
            Pod or workload.
        tail : int, optional

        Raises
        ------
        NoMeshError
        BadNameError
            There is no pod of that name.
        """
        with self._guard():
            mesh = self.current
            return [redact.text(line, self._secrets) for line in mesh.logs(pod, tail=tail)]

    def doctor(self) -> list[Check]:
        """Look at everything that must work here: the compiler, the proxy, the mesh."""
        from wasmnb.session.doctor import examine  # noqa: PLC0415 - touches the toolchain

        with self._guard():
            return examine(self._defaults["language"], self._mesh)

    def _ready(self, how: Wanted) -> Wanted:
        """Read what was said about a deployment; raise for what is wrong with it, or when there is no mesh."""
        self.current  # noqa: B018 - raises
        how = how.read(self._defaults)
        self._secrets |= redact.secrets_in(how.config)
        return how

    def _deploy(self, module: Module, how: Wanted, progress: Progress | None) -> Deployment:
        start = perf_counter()
        plugin = how.plugin(module, self._defaults["registry"])
        packed = ("package", perf_counter() - start)
        done = put(self.current, plugin, wait=how.seconds, progress=progress)
        return replace(done, verdicts=self._shown(done.verdicts), stages=(packed, *done.stages))


_default: Session | None = None


def default() -> Session:
    """Give the session that the magics of this process share; its mesh stops when the process ends."""
    global _default  # noqa: PLW0603 - one per kernel, which is one per process
    if _default is None:
        _default = Session()
        atexit.register(close_default)
    return _default


def close_default() -> None:
    """Stop what the shared session started, and forget it."""
    global _default
    if _default is not None:
        session, _default = _default, None
        session.close()
