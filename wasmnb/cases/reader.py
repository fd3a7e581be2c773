"""Reading cases: from the text of a file or a cell to `Suite`, with every mistake at the line where it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.cases.http_text import read_head, read_request_line
from wasmnb.cases.model import (
    HTTP_PHASES,
    Answer,
    Case,
    Environment,
    Expectation,
    Failure,
    FilterInChain,
    Immediate,
    Invocation,
    Matcher,
    Outcome,
    Phase,
    Stream,
    Suite,
    pattern,
)
from wasmnb.cases.nodes import Tree, read_yaml
from wasmnb.cases.validation import validate
from wasmnb.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.cases.model import Lines

__all__ = ["PATTERN", "load", "read"]

PATTERN = "*.wasmtest.yaml"
"""What files of cases are called."""

_TEXTPROTO = (".textpb", ".textproto", ".pbtxt", ".txtpb")
_Path = tuple[str | int, ...]


def load(path: str | Path) -> Suite:
    """Read a file of cases: YAML, or protobuf's text format by its suffix (``.textpb``, ``.textproto``).

    Raises
    ------
    UsageError
        The file cannot be read.
    ConfigError
        It says something that is no case.
    """
    file = Path(path)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"The cases in {path} cannot be read: {reason}.") from error
    return read(text, source=str(path), folder=file.parent, textproto=file.suffix in _TEXTPROTO)


def read(
    text: str, *, source: str = "cell", folder: Path | None = None, first: int = 1, textproto: bool = False
) -> Suite:
    """Read the text of cases.

    Parameters
    ----------
    text : str
    source : str
        What the text is called in messages.
    folder : pathlib.Path, optional
        What relative paths in it are relative to; the working directory when not given.
    first : int
        Line of the text's first line in what the user sees.
    textproto : bool
        It is protobuf's text format, not YAML.

    Raises
    ------
    ConfigError
        It says something that is no case.
    """
    if textproto:
        from wasmnb.cases.textproto import read_textproto  # noqa: PLC0415 - the rarer form

        tree = read_textproto(text, source)
    else:
        tree = read_yaml(text, source, first=first)
    validate(tree)
    return _Reader(tree, folder or Path()).suite()


class _Reader:
    def __init__(self, tree: Tree, folder: Path) -> None:
        self.tree = tree
        self.folder = folder

    def suite(self) -> Suite:
        value = self.tree.value or {}
        env = value.get("env") or {}
        cases = tuple(self._case(one, env, ("test", index)) for index, one in enumerate(value.get("test") or ()))
        return Suite(self.tree.source, cases, self.folder, env.get("wasm_path", ""))

    def wrong(self, what: str, path: _Path, hint: str = "") -> ConfigError:
        return ConfigError(what, where=self.tree.place(path), hint=hint)

    def _case(self, value: Mapping[str, Any], env: Mapping[str, Any], path: _Path) -> Case:
        streams = [self._stream(one, (*path, "requests", index)) for index, one in enumerate(value.get("requests", ()))]
        own = {name for name in (*(phase.value for phase in HTTP_PHASES), "request", "response") if name in value}
        if streams and own:
            raise self.wrong(
                f"The test {value['name']!r} has requests, and {min(own)} beside them.",
                (*path, min(own)),
                "put it into the first of the requests",
            )
        level = str(env.get("log_level", "INFO")).lower()
        return Case(
            name=str(value["name"]),
            streams=tuple(streams) or (self._stream(value, path),),
            environment=self._environment(value, env),
            filters=tuple(
                FilterInChain(one.get("module", ""), self._environment(one, {})) for one in value.get("filters", ())
            ),
            properties={one["path"]: _bytes(one.get("value", "")) for one in value.get("properties", ())},
            callouts={
                cluster: self._answers(answers, (*path, "callouts", cluster))
                for cluster, answers in value.get("callouts", {}).items()
            },
            shared_data={name: _bytes(one) for name, one in value.get("shared_data", {}).items()},
            queues={name: tuple(map(_bytes, items)) for name, items in value.get("queues", {}).items()},
            init=self._expectation(value.get("plugin_init"), (*path, "plugin_init")),
            refused=value.get("refused") in (True, "true"),
            outcome=self._outcome(value.get("outcome"), (*path, "outcome")),
            log_level="info" if level == "undefined" else level,
            time=env.get("time_secs"),
            benchmark=value.get("benchmark") in (True, "true"),
            line=self.tree.line(path),
            said={"env": env, "test": [value]},
        )

    def _environment(self, value: Mapping[str, Any], env: Mapping[str, Any]) -> Environment:
        both = {**env, **value}
        config = both.get("config")
        if config is None and "config_path" in env:
            config = self._file(env["config_path"], ("env", "config_path")).decode("utf-8", "surrogateescape")
        root_id = both.get("root_id")
        variables = {name: _text(one) for name, one in both.get("variables", {}).items()}
        return Environment(_configuration(config), _configuration(both.get("vm_config")), root_id, variables)

    def _stream(self, value: Mapping[str, Any], path: _Path) -> Stream:
        phases: dict[Phase, tuple[Invocation, ...]] = {}
        for phase in HTTP_PHASES:
            here: _Path = (*path, phase.value)
            said = value.get(phase.value)
            if phase.value.endswith("_body"):
                made = tuple(self._invocation(one, phase, (*here, index)) for index, one in enumerate(said or ()))
            else:
                made = (self._invocation(said, phase, here),) if said is not None else ()
            if made:
                phases[phase] = made
        self._shorthands(value, path, phases)
        if "num_chunks" in value and "chunk_size" in value:
            raise self.wrong(
                "Both num_chunks and chunk_size are given.", (*path, "chunk_size"), "leave one of them out"
            )
        for name in ("num_chunks", "chunk_size"):
            body = next((phase for phase, many in phases.items() if len(many) > 1), None)
            if name in value and body is not None:
                raise self.wrong(
                    f"{name} cuts a whole body, and {body.value} comes in pieces already.",
                    (*path, name),
                    f"give {body.value} once, or leave {name} out",
                )
        return Stream(
            phases,
            value.get("num_chunks", 0),
            value.get("chunk_size", 0),
            self._expectation(value.get("stream_init"), (*path, "stream_init")),
            self._expectation(value.get("stream_destroy"), (*path, "stream_destroy")),
            value.get("ticks", 0),
        )

    def _shorthands(self, value: Mapping[str, Any], path: _Path, phases: dict[Phase, tuple[Invocation, ...]]) -> None:
        if "request" in value:
            try:
                pseudo = read_request_line(value["request"])
            except ValueError as error:
                raise self.wrong(f"{error}.", (*path, "request")) from None
            phases[Phase.REQUEST_HEADERS] = (_before(pseudo, phases.get(Phase.REQUEST_HEADERS)),)
        if "response" in value:
            status = ((":status", str(value["response"])),)
            phases[Phase.RESPONSE_HEADERS] = (_before(status, phases.get(Phase.RESPONSE_HEADERS)),)

    def _invocation(self, value: Mapping[str, Any] | None, phase: Phase, path: _Path) -> Invocation:
        said = (value or {}).get("input") or {}
        here: _Path = (*path, "input")
        result = self._expectation((value or {}).get("result"), (*path, "result"))
        if phase.value.endswith("_body"):
            if "header" in said:
                raise self.wrong("A body has no header.", (*here, "header"), "give content or file")
            return Invocation((), self._content(said, here), result)
        if "header" in said:
            return Invocation(_lines(said["header"]), b"", result)
        if not said:
            return Invocation((), b"", result)
        text = self._content(said, here).decode("utf-8", "surrogateescape")
        if phase.value.endswith("_trailers"):
            text = f"{'GET /' if phase.of_request else 'HTTP/1.1 200'}\n{text}"
        try:
            lines = read_head(text, request=phase.of_request)
        except ValueError as error:
            raise self.wrong(f"{error}.", here) from None
        if phase.value.endswith("_trailers"):
            lines = tuple(line for line in lines if not line[0].startswith(":"))
        return Invocation(lines, b"", result)

    def _content(self, said: Mapping[str, Any], path: _Path) -> bytes:
        return self._file(said["file"], (*path, "file")) if "file" in said else _bytes(said.get("content", ""))

    def _file(self, name: str, path: _Path) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            what = f"The file {name} cannot be read: {error.strerror}."
            raise self.wrong(what, path, f"a relative path starts at {self.folder}") from error

    def _expectation(self, value: Mapping[str, Any] | None, path: _Path) -> Expectation | None:
        if value is None:
            return None
        immediate = value.get("immediate")
        return Expectation(
            has_header=tuple(
                (one["key"], _text(one.get("value", "")), self.tree.line((*path, "has_header", index)))
                for index, one in enumerate(value.get("has_header", ()))
            ),
            no_header=tuple(
                (one["key"], self.tree.line((*path, "no_header", index)))
                for index, one in enumerate(value.get("no_header", ()))
            ),
            headers=self._matchers(value, "headers", path),
            body=self._matchers(value, "body", path),
            immediate=None
            if immediate is None
            else Immediate(
                immediate.get("http_status"),
                immediate.get("grpc_status"),
                _text(immediate["details"]) if "details" in immediate else None,
            ),
            log=self._matchers(value, "log", path),
            line=self.tree.line(path),
        )

    def _matchers(self, value: Mapping[str, Any], name: str, path: _Path) -> tuple[Matcher, ...]:
        return tuple(self._matcher(one, (*path, name, index)) for index, one in enumerate(value.get(name, ())))

    def _matcher(self, value: Mapping[str, Any], path: _Path) -> Matcher:
        invert = value.get("invert") in (True, "true")
        line = self.tree.line(path)
        if "regex" in value:
            try:
                pattern(value["regex"])
            except re.error as error:
                raise self.wrong(
                    f"{value['regex']!r} is not a regular expression: {error}.", (*path, "regex")
                ) from None
            return Matcher(None, value["regex"], invert, line)
        exact = self._file(value["file"], (*path, "file")) if "file" in value else _bytes(value["exact"])
        return Matcher(exact, None, invert, line)

    def _answers(self, value: Any, path: _Path) -> tuple[Answer, ...]:
        many = value if isinstance(value, list) else [value]
        if not many:
            raise self.wrong("There is no answer.", path, "give one, or leave the cluster out")
        return tuple(map(_answer, many))

    def _outcome(self, value: Mapping[str, Any] | None, path: _Path) -> Outcome | None:
        if value is None:
            return None
        shared = value.get("shared_data", {})
        return Outcome(
            metrics=dict(value.get("metrics", {})),
            shared_data={name: None if one is None else _bytes(one) for name, one in shared.items()},
            queues={name: tuple(map(_bytes, items)) for name, items in value.get("queues", {}).items()},
            calls=self._matchers(value, "calls", path),
            call_headers=self._matchers(value, "call_headers", path),
            log=self._matchers(value, "log", path),
            line=self.tree.line(path),
        )


def _answer(value: Mapping[str, Any]) -> Answer:
    return Answer(
        status=value.get("status", 200),
        headers=_lines(value.get("headers", ())),
        body=_bytes(value.get("body", "")),
        trailers=_lines(value.get("trailers", ())),
        delay=value.get("delay_ms", 0) / 1000,
        failure=Failure(value["failure"]) if "failure" in value else None,
        grpc_status=value.get("grpc_status"),
        messages=tuple(map(_bytes, value.get("messages", ()))),
    )


def _before(lines: Lines, said: tuple[Invocation, ...] | None) -> Invocation:
    """Put pseudo headers before what a phase says itself, which goes first where both say the same."""
    one = said[0] if said else Invocation()
    own = {name.lower() for name, _ in one.headers}
    return Invocation((*(line for line in lines if line[0] not in own), *one.headers), b"", one.result)


def _lines(headers: Any) -> Lines:
    return tuple((one["key"], _text(one.get("value", ""))) for one in headers)


def _configuration(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bytes(value: Any) -> bytes:
    return _text(value).encode("utf-8", "surrogateescape")
