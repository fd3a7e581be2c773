"""Checks of facts: verdicts, responses, modules and answers; each says what is otherwise, or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.plugin.selector import selector

if TYPE_CHECKING:
    from wasmnb.exercises.scene import Scene

__all__ = ["AnswerCheck", "ModuleCheck", "ResponseCheck", "VerdictCheck", "differs"]


@dataclass(frozen=True)
class VerdictCheck:
    """Whether a plugin has a verdict on each of some pods.

    Parameters
    ----------
    plugin : str
    pods : str
        Labels.
    verdict : str
        ``none`` where the plugin must not be there at all.
    only : bool
        It must not run on any other pod.
    config : mapping
        What its configuration must have, by dotted keys.
    """

    plugin: str
    pods: str = "*"
    verdict: str = "LIVE"
    only: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """What is looked at."""
        return f"the verdict of {self.plugin} on {self.pods}"

    def look(self, scene: Scene) -> str:
        """Say what is otherwise."""
        mesh = scene.session.current
        plugin = next((one for one in mesh.plugins() if one.id == self.plugin), None)
        if self.verdict == "none":
            return "" if plugin is None else f"{self.plugin} is still in force"
        if plugin is None:
            there = ", ".join(one.id for one in mesh.plugins()) or "nothing"
            return f"{self.plugin} is not in force; in force: {there}"
        labels = selector(self.pods)
        verdicts = {one.pod: one for one in mesh.verdicts(self.plugin)}
        for pod in mesh.pods():
            wanted = labels.items() <= dict(pod.labels).items()
            one = verdicts.get(pod.name)
            found = one.verdict.value if one is not None else "NOT_SELECTED"
            if wanted and found != self.verdict:
                return f"{pod.name}: {found}" + (f" ({one.reason})" if one is not None and one.reason else "")
            if self.only and not wanted and plugin.selects(pod.labels):
                return f"{self.plugin} is on {pod.name} too"
        return _config_differs(plugin.config_text, self.config)


def _config_differs(text: str, wanted: Mapping[str, Any]) -> str:
    try:
        config = json.loads(text) if wanted else None
    except ValueError:
        return "its configuration is not valid JSON"
    for path, value in wanted.items():
        found = config
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if found != value:
            return f"{path} of its configuration is {found!r}"
    return ""


@dataclass(frozen=True)
class ResponseCheck:
    """Whether a response is as it should be, and the request behind the filters.

    Parameters
    ----------
    url : str
    source, method, data, via : str
    headers : mapping of str to str
        Of the request.
    status : int
    has : mapping
        Lines of the response: a value, a ``{regex: ...}``, or None for any value.
    lacks : sequence of str
        Names that the response must not have.
    body : str
        Regular expression that is found in the response's body.
    received_has, received_lacks
        The same of the request as the service received it.
    received_body : str
        Regular expression that is found in the request's body there.
    times : int
        How many times the request is sent; each answer is looked at.
    """

    url: str
    source: str = "productpage"
    method: str = "GET"
    data: str = ""
    via: str = "proxy"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    has: Mapping[str, Any] = field(default_factory=dict)
    lacks: Sequence[str] = ()
    body: str = ""
    received_has: Mapping[str, Any] = field(default_factory=dict)
    received_lacks: Sequence[str] = ()
    received_body: str = ""
    times: int = 1

    @property
    def about(self) -> str:
        """What is looked at."""
        received = [*self.received_has, *(f"no {name}" for name in self.received_lacks)]
        lines = [*self.has, *(f"no {name}" for name in self.lacks), *(f"{one} as received" for one in received)]
        return f"{self.method} {self.url} from {self.source}" + (f": {', '.join(lines)}" if lines else "")

    def look(self, scene: Scene) -> str:
        """Say what is otherwise."""
        return next(filter(None, (self._once(scene) for _ in range(self.times))), "")

    def _once(self, scene: Scene) -> str:
        got = scene.session.current.send(
            *(self.source, self.url),
            method=self.method,
            headers=[*self.headers.items()],
            body=self.data.encode(),
            via=self.via,
            received=bool(self.received_has or self.received_lacks or self.received_body),
        )
        response = got.response
        if response.status != self.status:
            return f"the status is {response.status}"
        said = differs(response.headers.lines, self.has, self.lacks, "the response")
        if not said and self.body and not re.search(self.body, response.text):
            said = f"the body is {response.text[:200]!r}"
        if said or got.received is None:
            return said or (got.unseen if self.received_has or self.received_lacks or self.received_body else "")
        request = got.received.request
        said = differs(request.headers.lines, self.received_has, self.received_lacks, "the request")
        text = request.body.decode("utf-8", "replace")
        if not said and self.received_body and not re.search(self.received_body, text):
            said = f"the service received the body {text[:200]!r}"
        return said


def differs(lines: Iterable[tuple[str, str]], has: Mapping[str, Any], lacks: Sequence[str], where: str) -> str:
    """Say in which header lines are otherwise than they should be."""
    there: dict[str, list[str]] = {}
    for name, value in lines:
        there.setdefault(name.lower(), []).append(value)
    for name, wanted in has.items():
        found = there.get(name.lower())
        if found is None:
            return f"{where} has no header {name}"
        if isinstance(wanted, Mapping):
            good = len(found) == 1 and re.fullmatch(wanted["regex"], found[0]) is not None
        else:
            good = wanted is None or found == [str(wanted)]
        if not good:
            return f"{name} of {where} is {', '.join(map(repr, found))}"
    gone = [name for name in lacks if name.lower() in there]
    return f"{where} has the header {gone[0]}" if gone else ""


@dataclass(frozen=True)
class ModuleCheck:
    """What a filter of the session is compiled from, and to.

    Parameters
    ----------
    filter : str
    language : str
    callbacks : sequence of str
        Callbacks that the module must export.
    """

    filter: str
    language: str = ""
    callbacks: Sequence[str] = ()

    @property
    def about(self) -> str:
        """What is looked at."""
        return f"the module of {self.filter}"

    def look(self, scene: Scene) -> str:
        """Say what is otherwise."""
        made = scene.session.context.filters.get(self.filter)
        if self.language and made.filter.language != self.language:
            return f"{self.filter} is written in {made.filter.language}"
        absent = [name for name in self.callbacks if name not in made.module.facts.callbacks]
        return f"the module has no {absent[0]}" if absent else ""


@dataclass(frozen=True)
class AnswerCheck:
    """Whether the answer is the right one.

    Parameters
    ----------
    right : sequence of str
        Answers that are right, in any case.
    wrong : mapping of str to str
        What is said to answers that others gave before.
    has : mapping
        Of an answer that is a result (``$rollout``): what its JSON form must have, by dotted keys.
    """

    right: Sequence[str] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)
    has: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """What is looked at."""
        return "the answer"

    def look(self, scene: Scene) -> str:
        """Say what is otherwise."""
        answer = scene.answer
        if answer is None or answer == "":
            return "no answer was given behind the exercise's number"
        if self.has:
            return self._result_differs(answer)
        word = str(answer).strip().lower()
        if word in (str(right).lower() for right in self.right):
            return ""
        said = {key.lower(): text for key, text in self.wrong.items()}.get(word)
        return said or f"it is not {answer}"

    def _result_differs(self, answer: Any) -> str:
        if not hasattr(answer, "to_dict"):
            return f"the answer is {type(answer).__name__}, not the result of a command"
        values = answer.to_dict()
        for path, wanted in self.has.items():
            found: Any = values
            for key in path.split("."):
                found = _part(found, key)
            if found != wanted:
                return f"{path} of the result is {found!r}"
        return ""


def _part(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list | tuple):
        if key == "count":
            return len(value)
        return value[int(key)] if key.isdigit() and int(key) < len(value) else None
    return None
