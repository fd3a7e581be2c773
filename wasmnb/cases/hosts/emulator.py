"""The emulator as the host of cases."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from wasmnb.cases.http_text import AUTHORITY
from wasmnb.cases.model import Answer, Failure, Immediate, Phase
from wasmnb.cases.observation import Callback, Exchange, LogLine, Observation, Part
from wasmnb.compile.backtrace import symbolize
from wasmnb.emulator import Exchange as Emulated
from wasmnb.emulator import HeaderMap, LogLevel, Loop, Plugin, Response, World
from wasmnb.emulator.codes import MetricType
from wasmnb.emulator.engine import wasmtime_package
from wasmnb.module.check import unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wasmnb.cases.model import Case, Environment, Lines, Stream
    from wasmnb.emulator import Call, Flow, Record
    from wasmnb.module import Module

__all__ = ["EmulatorHost"]

_SECOND = 1_000_000_000
_DEFAULT: Lines = ((":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", AUTHORITY))
# Envoy 1.40's own answers for a service that gives a stream up.
_RESET = "upstream connect error or disconnect/reset before headers. reset reason: {}"
_REASONS = {Failure.REFUSED: "remote refused stream reset", Failure.RESET: "remote reset"}


class EmulatorHost:
    """Runs cases on wasmtime.

    Parameters
    ----------
    clusters : iterable of str
        The services that there are, besides those that a case names: they answer 200.

    Raises
    ------
    ModuleError
        wasmtime is not installed.
    """

    name = "emulator"

    def __init__(self, clusters: Iterable[str] = ()) -> None:
        wasmtime_package()
        self.clusters = frozenset(clusters)

    def close(self) -> None:
        """Nothing was started."""

    def stop(self) -> None:
        """Nothing is under way in another thread."""

    def run(self, case: Case, modules: Sequence[Module]) -> Observation:
        """Run a case in fresh VMs.

        Raises
        ------
        ModuleError
            wasmtime does not take a module that Envoy would take.
        """
        problems = [str(one) for module in modules for one in module.facts.problems]
        if problems:
            return Observation(refused=tuple(problems))
        with closing(_Run(case, modules, self.clusters)) as run:
            return run.observe()


class _Run:
    """One case under way."""

    def __init__(self, case: Case, modules: Sequence[Module], clusters: Iterable[str]) -> None:
        self.case = case
        self.modules = {f"filter-{index}": module for index, module in enumerate(modules)}
        self.records: list[Record] = []
        self.world = World(
            properties=case.properties,
            answer=_answers({**dict.fromkeys(clusters, (Answer(),)), **case.callouts}),
            level=LogLevel[case.log_level.upper()],
            queues={name: list(items) for name, items in case.queues.items()},
        )
        if case.time is not None:
            self.world.now = case.time * _SECOND
        for key, value in case.shared_data.items():
            self.world.share(key, value)
        self.loop = Loop(self.world)
        environments = [one.environment for one in case.filters] or [case.environment]
        self.plugins = [
            self._plugin(name, module, environment)
            for (name, module), environment in zip(self.modules.items(), environments, strict=True)
        ]

    def _plugin(self, name: str, module: Module, environment: Environment) -> Plugin:
        return Plugin(
            module,
            name,
            self.loop,
            self.records,
            root_id=unchecked(module, environment.root_id),
            config=environment.config or "",
            vm_config=environment.vm_config or "",
            variables=tuple(environment.variables.items()),
        )

    def close(self) -> None:
        for plugin in self.plugins:
            plugin.machine.close()

    def observe(self) -> Observation:
        refused = [why for why in [plugin.start() for plugin in self.plugins] if why]
        self.loop.run()
        start = self.callbacks(0)
        if refused:
            said = [str(line) for one in start for line in one.log]
            return Observation(start, refused=(*said, *refused))
        exchanges = [self._exchange(stream) for stream in self.case.streams]
        return Observation(
            start,
            tuple(exchanges),
            calls=tuple(str(call) for call in self.world.calls),
            call_headers=tuple(line for call in self.world.calls for line in call.headers),
            metrics={
                one.name: one.count if one.kind is MetricType.HISTOGRAM else one.value for one in self.world.metrics
            },
            shared_data={key: value for key, (value, _) in self.world.shared.items()},
            queues={name: tuple(items) for name, items in self.world.queues.items()},
            memory=sum(plugin.machine.memory_bytes for plugin in self.plugins),
        )

    def callbacks(self, begin: int) -> tuple[Callback, ...]:
        return tuple(_callback(one, self.modules[one.plugin]) for one in self.records[begin:] if one.name not in _OWN)

    def _exchange(self, stream: Stream) -> Exchange:
        begin = len(self.records)
        for _ in range(stream.ticks):
            for plugin in self.plugins:
                plugin.tick()
            self.loop.run()
        if not stream.phases:
            return Exchange(callbacks=self.callbacks(begin))
        exchange = Emulated(self.plugins)
        if any(plugin.machine.failed for plugin in self.plugins):
            exchange.refuse()
        else:
            request = self._send(exchange, exchange.request, stream, Phase.REQUEST_HEADERS, _DEFAULT)
            self.loop.run_now()
            # The service answers as soon as it has the request, whatever the filter still waits for.
            self.loop.run(until=lambda: exchange.request.ended)
        pieces: dict[Phase, tuple[bytes, ...]] = {Phase.REQUEST_BODY: request} if exchange.request.headers else {}
        if exchange.request.ended and exchange.response.headers is None:
            pieces[Phase.RESPONSE_BODY] = self._send(
                exchange, exchange.response, stream, Phase.RESPONSE_HEADERS, ((":status", "200"),)
            )
            self.loop.run()
        exchange.end()
        self.loop.run()
        failure = "the stream was reset" if exchange.was_reset else ""
        if not failure and not exchange.response.ended:
            failure = "the filter stopped, and does not go on"
        return Exchange(
            _parts(exchange.request, "request", pieces),
            _parts(exchange.response, "response", pieces),
            self.callbacks(begin),
            failure,
        )

    def _send(self, exchange: Emulated, flow: Flow, stream: Stream, phase: Phase, default: Lines) -> tuple[bytes, ...]:
        """Let a request or a response in, piece by piece; give what came out with each piece of the body."""
        word = phase.value.removesuffix("_headers")
        given, body, tail = (
            stream.headers(phase),
            stream.chunks(Phase(f"{word}_body")),
            stream.headers(Phase(f"{word}_trailers")),
        )
        if not given or (default[0][0] == ":status" and not any(name == ":status" for name, _ in given)):
            given = (*default, *given)
        exchange.send_headers(flow, HeaderMap.of(given), end=not body and not tail)
        self.loop.run_now()
        pieces = []
        for index, piece in enumerate(body):
            before = len(flow.body)
            exchange.send_data(flow, piece, end=index == len(body) - 1 and not tail)
            self.loop.run_now()
            pieces.append(b"".join(flow.body[before:]))
        if tail:
            exchange.send_trailers(flow, HeaderMap.of(tail))
        return tuple(pieces)


_OWN = {"_initialize", "_start", "main", "__main_void"}


def _callback(record: Record, module: Module) -> Callback:
    trap: tuple[str, ...] = ()
    if record.trap:
        frames = [f"  at {frame}" for frame in symbolize(module, record.offsets)]
        trap = (f"{record.name} failed: {record.trap}", *frames)
    reply = record.reply
    return Callback(
        record.name,
        record.arguments,
        "" if record.returned is None else str(record.returned),
        tuple(record.calls),
        tuple(LogLine(level, text) for level, text in record.log),
        record.instructions,
        trap,
        None if reply is None else Immediate(reply.status, reply.grpc_status, reply.details),
    )


def _parts(flow: Flow, word: str, pieces: Mapping[Phase, tuple[bytes, ...]]) -> dict[Phase, Part]:
    if flow.arrived is None:
        return {}
    body = Phase(f"{word}_body")
    return {
        Phase(f"{word}_headers"): Part(flow.arrived.texts()),
        body: Part((), b"".join(flow.body), pieces.get(body)),
        Phase(f"{word}_trailers"): Part(() if flow.tail is None else flow.tail.texts()),
    }


def _answers(callouts: Mapping[str, Sequence[Answer]]) -> Callable[[Call], Response | None]:
    given: dict[str, int] = {}

    def answer(call: Call) -> Response | None:
        turns = callouts.get(call.cluster)
        if turns is None:
            return None
        number = given.get(call.cluster, 0)
        given[call.cluster] = number + 1
        return _response(turns[min(number, len(turns) - 1)])

    return answer


def _response(answer: Answer) -> Response:
    if answer.failure is Failure.TIMEOUT:
        return Response(never=True)
    if answer.failure is not None:
        text = _RESET.format(_REASONS[answer.failure])
        headers = ((":status", "503"), ("content-length", str(len(text))), ("content-type", "text/plain"))
        return Response(headers, text.encode(), delay=answer.delay)
    return Response(
        ((":status", str(answer.status)), *answer.headers),
        answer.body,
        answer.trailers,
        answer.delay,
        grpc_status=answer.grpc_status,
        messages=answer.messages,
    )
