"""What a session looks at: answers of services, verdicts, pods, logs, and whether everything works."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.check import Checks
from wasmnb.errors import Interrupted, UsageError
from wasmnb.mesh import MeshInNamespace, log_lines
from wasmnb.mesh.results import Logs, Pods, Verdicts
from wasmnb.plugin.identity import plugin_key
from wasmnb.rollout.deploy import in_force, unknown_plugin
from wasmnb.rollout.fan_out import ask_each
from wasmnb.session import parsing
from wasmnb.session.defaults import choice, number
from wasmnb.session.metrics import read_metrics
from wasmnb.session.results import Roles
from wasmnb.session.state import State
from wasmnb.traffic import Capture, Exchange, PodCaptures, masking
from wasmnb.traffic.expectation import Expectation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.mesh.results import Metrics

__all__ = ["Looking"]


class Looking(State):
    """What a session sees of its mesh."""

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
        before: str | Exchange | Capture | PodCaptures = "auto",
        all_pods: bool = False,
        expect: int | str | None = None,
        expect_header: str | Sequence[str] = (),
    ) -> Capture | PodCaptures:
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
        before : str, Exchange, Capture or PodCaptures
            ``auto``: the last exchange of this very request while other plugins were in force. ``none``: nothing.
        all_pods : bool
            Send it to each pod of the service; pods that do not answer are named, unless none does.
        expect : int or str, optional
            The status that the response must have: ``200``, or ``2xx`` for each of that hundred.
        expect_header : str or sequence of str
            ``NAME=VALUE`` that a line of the response must be; ``NAME`` alone for any value.

        Raises
        ------
        UnexpectedError
            The response is not what is expected.
        NoMeshError, UsageError, TrafficError, MeshError
        """
        with self._guard():
            mesh, expected = self.current, Expectation.of(expect, expect_header)
            lines, content = parsing.header_lines(header), parsing.body(data)
            self._secrets |= redact.secrets_in(dict(lines)) | redact.secrets_in_url(url)
            self._secrets |= redact.secrets_in(content.decode("utf-8", "replace"))
            method = (method or ("POST" if content else "GET")).upper()
            via = choice("via", via, ("proxy", "app"))
            if isinstance(before, str):
                before = choice("before", before, ("auto", "none"))
            elif not isinstance(before, Exchange | Capture | PodCaptures):
                raise UsageError(
                    f"What comes before is an Exchange or a Capture, not {type(before).__name__}.",
                    hint="leave it out, or use none",
                )
            send = partial(
                mesh.send,
                source,
                url,
                method=method,
                headers=lines,
                body=content,
                via=via,
                timeout=number("timeout", timeout),
                received=True,
            )
            try:
                if all_pods:
                    taken, silent = ask_each(mesh.endpoints(url), send, url)
                    captures = tuple(self._compared(one, before, own=True) for one in taken)
                    for one in captures:
                        expected.check(one.after)
                    return PodCaptures(captures, {pod: self.mask(why) for pod, why in silent.items()})
                capture = self._compared(send(), before)
            except KeyboardInterrupt:
                raise Interrupted(f"Waiting for {redact.url(url)} was stopped; the request may have arrived.") from None
            expected.check(capture.after)
            return capture

    def _compared(
        self, taken: Exchange, before: str | Exchange | Capture | PodCaptures, *, own: bool = False
    ) -> Capture:
        """Keep an exchange, and give it with what it is to be compared with; ``own``: only of the same pod."""
        capture = self._captures.add(taken, tuple(plugin_key(plugin) for plugin in self.current.plugins()))
        if isinstance(before, PodCaptures):
            capture = replace(capture, before=before.before(taken.pod))
        elif isinstance(before, Capture):
            capture = replace(capture, before=before.after)
        elif isinstance(before, Exchange):
            capture = replace(capture, before=before)
        elif before == "none" or (own and capture.before is not None and capture.before.pod != taken.pod):
            capture = replace(capture, before=None)
        return masking.capture(capture, self._secrets)

    def status(self, id: str | None = None) -> Verdicts:  # noqa: A002 - the option's own word
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
            return Verdicts(self._shown(mesh.verdicts(id)))

    def pods(self, *, verdicts: bool = False) -> Pods:
        """List the pods of the mesh as they are now.

        Parameters
        ----------
        verdicts : bool
            Say too what is true of each plugin on them.
        """
        with self._guard():
            found = tuple(self.current.pods())
            return Pods(found, verdicts=self.status().items if verdicts else ())

    def logs(self, pod: str, *, tail: int | None = 20, level: str | None = None, grep: str | None = None) -> Logs:
        """Give the last lines that a pod's proxy logged, oldest first; ``tail=None`` for all.

        Parameters
        ----------
        pod : str
            Pod or workload.
        tail : int, optional
            Of those that ``level`` and ``grep`` leave.
        level : str, optional
            Lines of this level and graver ones: ``warning``. A backtrace stays with its line.
        grep : str, optional
            A regular expression that a line must contain.

        Raises
        ------
        NoMeshError
        BadNameError
            There is no pod of that name.
        UsageError
        """
        with self._guard():
            mesh = self.current
            if level is None and grep is None:
                lines = mesh.logs(pod, tail=tail)
            else:
                lines = log_lines.chosen(mesh.logs(pod), level=level, grep=grep)
                lines = lines if tail is None else lines[max(0, len(lines) - tail) :]
            return Logs(tuple(self.mask(line) for line in lines), pod=pod)

    def metrics(self, pod: str | None = None, *, seconds: float | None = None) -> Metrics:
        """Read the metrics that filters define, of each pod, with the rates of counters since they were read before.

        Parameters
        ----------
        pod : str, optional
            Of one pod or workload only.
        seconds : float, optional
            Read twice, so many seconds apart; the rates are of this time.

        Raises
        ------
        NoMeshError
        BadNameError
            There is no pod of that name.
        """
        with self._guard():
            if seconds is not None:
                self._metrics = read_metrics(self.current, pod)
                time.sleep(number("seconds", seconds))
            found, before = read_metrics(self.current, pod), self._metrics
            self._metrics = found
            return found if before is None else found.since(before)

    def doctor(self, *, rbac: bool = False) -> Checks | Roles:
        """Look at all that must work here: the compiler, the proxy, the mesh, the image store, the credentials.

        Parameters
        ----------
        rbac : bool
            Look at nothing; give the smallest set of Kubernetes roles with which everything works, as YAML: for the
            chosen mesh's namespace, else for ``default``. What bookinfo needs besides is a role of its own.
        """
        from wasmnb.session.doctor import examine  # noqa: PLC0415 - touches the toolchain

        with self._guard():
            if rbac:
                from wasmnb.mesh.istio.doctor import rbac as roles  # noqa: PLC0415 - for users of a cluster only

                home = self._mesh.namespace if isinstance(self._mesh, MeshInNamespace) else "default"
                return Roles(roles(home))
            return Checks(tuple(examine(self._defaults["language"], self._mesh, self)))
