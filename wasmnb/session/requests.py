"""Requests that a session sends through its mesh: one to look at, or many to measure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING
from weakref import ref

from wasmnb import redact
from wasmnb.display.text import short_digest
from wasmnb.errors import Interrupted, UsageError
from wasmnb.plugin.identity import plugin_key
from wasmnb.progress import Silent
from wasmnb.rollout.fan_out import ask_each
from wasmnb.session import parsing
from wasmnb.session.defaults import choice, number
from wasmnb.traffic import Capture, Exchange, PodCaptures, masking
from wasmnb.traffic.expectation import Expectation
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.cases import Environment
    from wasmnb.mesh import Mesh
    from wasmnb.progress import Progress
    from wasmnb.session.context import Context
    from wasmnb.traffic.measure import Comparison

    _Before = str | Exchange | Capture | PodCaptures

__all__ = ["Requests"]

_DIGITS = 8  # of a digest, to tell builds apart
_MOST_REQUESTS = 10_000


class Requests:
    """How a session sends requests.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._allowed: ref[Mesh] | None = None  # whose log levels may be raised

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
        save_test: str | None = None,
        received: bool = False,
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
        save_test : str, optional
            A filter of the session, whose cases get one more: this request, and what of its answer is the filter's.
        received : bool
            Allow, for this mesh from now on, that log levels of proxies are raised for such a request, so that it is
            seen as the service received it. The request is then in the log of the proxy, with credentials.

        Raises
        ------
        UnexpectedError
            The response is not what is expected.
        NoMeshError, UsageError, TrafficError, MeshError
        """
        mesh, expected = self.context.mesh, Expectation.of(expect, expect_header)
        if received:
            self._allowed = ref(mesh)
        if save_test is not None:
            self._needs_one_answer(save_test, all_pods=all_pods)
        send = self._sender(mesh, source, url, method=method, header=header, data=data, via=via, timeout=timeout)
        before = _earlier(before)
        try:
            if all_pods:
                return self._of_each_pod(mesh.endpoints(url), send, url, before, expected)
            taken = send()
            capture = self._compared(taken, before)
        except KeyboardInterrupt:
            raise Interrupted(f"Waiting for {redact.url(url)} was stopped; the request may have arrived.") from None
        expected.check(capture.after)
        if save_test is not None:
            self._record(save_test, taken)
        return capture

    def _needs_one_answer(self, save_test: str, *, all_pods: bool) -> None:
        """Refuse, before anything is sent, what no case of a filter could be made of."""
        if all_pods:
            raise UsageError(
                Wording("A case is made of one answer, and {} asks for several.", Option("all_pods", value=True)),
                hint=Wording("leave {} out", Option("all_pods", value=True)),
            )
        self.context.filters.get(save_test)

    def _sender(
        self,
        mesh: Mesh,
        source: str,
        url: str,
        *,
        method: str | None,
        header: Sequence[str] | Sequence[tuple[str, str]] | Mapping[str, str],
        data: str | bytes | None,
        via: str,
        timeout: float,
    ) -> Callable[..., Exchange]:
        """Read a request, keep its secrets from being shown, and give what sends it."""
        lines, content = parsing.header_lines(header), parsing.body(data)
        self.context.secrets |= redact.secrets_in(dict(lines)) | redact.secrets_in_url(url)
        self.context.secrets |= redact.secrets_in(content.decode("utf-8", "replace"))
        return partial(
            mesh.send,
            source,
            url,
            method=(method or ("POST" if content else "GET")).upper(),
            headers=lines,
            body=content,
            via=choice("via", via, ("proxy", "app")),
            timeout=number("timeout", timeout),
            received=True,
            levels=self._allowed is not None and self._allowed() is mesh,
        )

    def _of_each_pod(
        self, pods: Sequence[str], send: Callable[..., Exchange], url: str, before: _Before, expected: Expectation
    ) -> PodCaptures:
        """Send to each pod, and compare each response with that of the same pod before."""
        each, silent = ask_each(pods, send, url)
        captures = tuple(self._compared(one, before, own=True) for one in each)
        for one in captures:
            expected.check(one.after)
        return PodCaptures(captures, {pod: self.context.mask(why) for pod, why in silent.items()})

    def save_test(self, name: str, taken: Capture) -> str:
        """Add a case to those of a filter: a request that was sent, and what of its answer is the filter's.

        Parameters
        ----------
        name : str
            A filter of the session.
        taken : Capture
            As `headers` gave it.

        Returns
        -------
        str
            The filter's cases, in YAML.

        Raises
        ------
        UsageError
            The filter alone answers otherwise.
        BadNameError
        """
        shown = taken.after
        # What is shown has its secrets masked, and the filter is given what was sent.
        sent = (one for one in self.context.captures if (one.at, one.pod, one.via) == (shown.at, shown.pod, shown.via))
        self._record(name, next(sent, shown))
        return self.context.cases.text(name)

    def filters_of(self, taken: Capture) -> Sequence[str]:
        """Name the filters of the session that were in force when a response came."""
        plugins = {name.partition("@")[0] for name in taken.after.in_force or ()}
        return [name for name in self.context.filters.names() if name in plugins]

    def _record(self, name: str, taken: Exchange) -> None:
        module, environment = self.context.filters.get(name).module, self._environment(name)
        self.context.cases.record(name, taken, module, environment, self.context.secrets)

    def _environment(self, name: str) -> Environment:
        """Give what a filter is configured with where it is in force."""
        from wasmnb.cases import Environment  # noqa: PLC0415 - for those who have cases

        plugin = next((one for one in self.context.mesh.plugins() if one.id == name), None)
        if plugin is None:
            return Environment()
        return Environment(plugin.config_text or None, root_id=plugin.root_id, variables=plugin.env)

    def _compared(self, taken: Exchange, before: _Before, *, own: bool = False) -> Capture:
        """Keep an exchange, and give it with what it is to be compared with; ``own``: only of the same pod."""
        plugins = self.context.mesh.plugins()
        names = tuple(f"{one.id}@{one.image.digest.removeprefix('sha256:')[:_DIGITS]}" for one in plugins)
        capture = self.context.captures.add(
            replace(taken, in_force=names), tuple(plugin_key(plugin) for plugin in plugins)
        )
        if isinstance(before, PodCaptures):
            capture = replace(capture, before=before.before(taken.pod))
        elif isinstance(before, Capture):
            capture = replace(capture, before=before.after)
        elif isinstance(before, Exchange):
            capture = replace(capture, before=before)
        elif before == "none" or (own and capture.before is not None and capture.before.pod != taken.pod):
            capture = replace(capture, before=None)
        return masking.capture(capture, self.context.secrets)

    def compare(
        self,
        source: str,
        url: str,
        *,
        requests: int = 200,
        via: str = "proxy",
        timeout: float = 5.0,
        progress: Progress | None = None,
    ) -> Comparison:
        """Measure a request's latency and errors, beside the last measurement while other plugins were in force.

        Parameters
        ----------
        source, url, via, timeout
            As for `headers`.
        requests : int
            How many GETs are sent, one after the other; at most 10,000.

        Raises
        ------
        NoMeshError, UsageError, TrafficError
        Interrupted
        """
        from wasmnb.traffic.measure import Comparison, measure  # noqa: PLC0415

        if not 0 < requests <= _MOST_REQUESTS:
            raise UsageError(f"{requests} requests cannot be sent.", hint=f"give a number from 1 to {_MOST_REQUESTS}")
        mesh, seconds = self.context.mesh, number("timeout", timeout)
        via = choice("via", via, ("proxy", "app"))
        state = tuple(plugin_key(plugin) for plugin in mesh.plugins())
        try:
            taken = measure(
                lambda: mesh.send(source, url, via=via, timeout=seconds),
                requests=requests,
                what=f"{source} → {redact.url(url)}",
                plugins=tuple(f"{plugin.id} {short_digest(plugin.image.digest)}" for plugin in mesh.plugins()),
                at=datetime.now(timezone.utc),
                progress=progress or Silent(),
            )
        except KeyboardInterrupt:
            raise Interrupted("Measuring was stopped; what was sent so far has arrived.") from None
        known = self.context.measured.setdefault((source, url, via), {})
        known.pop(state, None)
        before = next(reversed(known.values()), None)
        known[state] = taken
        return Comparison(taken, before)


def _earlier(before: _Before) -> _Before:
    """Read what a response is to be compared with."""
    if isinstance(before, str):
        return choice("before", before, ("auto", "none"))
    if not isinstance(before, Exchange | Capture | PodCaptures):
        raise UsageError(
            f"What comes before is an Exchange or a Capture, not {type(before).__name__}.",
            hint="leave it out, or use none",
        )
    return before
