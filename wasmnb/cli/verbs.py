"""Which commands a shell has, under which words, and with which options beside their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from wasmnb.commands import COMMANDS
from wasmnb.commands.command import Argument, Command, Option
from wasmnb.errors import UsageError, did_you_mean

__all__ = ["CELLS_ONLY", "FORMS", "VERBS", "Need", "ShellVerb"]


FORMS = ("table", "wide", "json", "yaml", "name")
"""What ``--output`` takes."""


class Need(Enum):
    """Whether a verb needs a mesh that runs already."""

    NONE = "none"
    """It has no use for one, or starts one itself."""
    IF_DEPLOYED = "if-deployed"
    """It needs one when it is told to put something in force."""
    IF_THERE = "if-there"
    """It looks at one where there is one."""
    ALWAYS = "always"


@dataclass(frozen=True)
class ShellVerb:
    """A verb of the program.

    Parameters
    ----------
    name : str
    command : Command
        With the shell's options.
    need : Need
    puts : bool
        Whether it may put a module in force.
    """

    name: str
    command: Command
    need: Need
    puts: bool = False


CELLS_ONLY = {
    "wasm_filter": "it begins a cell; a shell builds folders",
    "wasm_file": "it begins a cell; a shell has files",
    "wasm_secret": "it lives as long as a kernel; a shell's commands read a configuration from a file, `@config.json`",
    "wasm_panel": "it is a view of a notebook",
    "wasm_compare": "it plots what a session has measured",
    "wasm_times": "it plots what a session has built",
    "wasm_registry": "it serves as long as a kernel lives",
    "wasm_check": "it checks what was done in a notebook of the workshop",
}
"""Commands that a shell does not have, and why."""

_DEV = "dev"
_PUT = ("build", "deploy", "dev", "rollback")
_NEEDS = {
    Need.ALWAYS: (
        "bookinfo",
        "deploy",
        "headers",
        "logs",
        "metrics",
        "pods",
        "properties",
        "rollback",
        "status",
        "undeploy",
    ),
    Need.IF_DEPLOYED: ("build", "dev"),
    Need.IF_THERE: ("doctor",),
}
# Another word for an option whose own the shell has a use for, in all verbs alike.
_OTHER_FLAGS = {("render", "output"): ("--file",), ("test", "output"): ()}
# Where a notebook's words are others, in one verb or in all.
_HELP = {
    ("headers", "before"): "what to compare with: auto, or none",
    ("", "config"): "configuration: JSON in single quotes, @file.json, or any text",
}
_SUMMARIES = {
    "config": "Keep a default for every later command, or show all and where they come from; KEY= unsets one.",
    "test": "Run the cases of a project folder, each in a fresh VM of a real Envoy.",
}
# Views that live in a notebook; what a shell does anyway; cases and secrets, which a kernel keeps.
_VIEWS = {
    "config": {"save"},
    "headers": {"watch", "seconds", "every", "save_test"},
    "login": {"secret"},
    "pods": {"watch", "seconds", "rates"},
    "test": {"save"},
}


def _form(words: tuple[str, ...]) -> Option:
    def read(word: str) -> str:
        if word not in words:
            hint = did_you_mean(word, words) or f"one of {', '.join(words)}"
            raise UsageError(f"There is no output format {word!r}.", hint=hint)
        return word

    text = "output format: " + ", ".join(words)
    return Option(("--output", "-o"), text, "FORM", read, values="|".join(words), keyword="shell_form")


_QUIET = Option(("--quiet", "-q"), "no progress and no notes; errors are still written", keyword="shell_quiet")
_MESH = (
    Option(
        ("--mesh", "-m"),
        "istio, or the name of a mesh that runs here (default: the only one, or the configured one)",
        "MESH",
        values="usable",
        keyword="shell_mesh",
    ),
    Option(
        ("--context",),
        "context of the kubeconfig, for the mesh istio",
        "CONTEXT",
        values="contexts",
        keyword="shell_context",
    ),
    Option(
        ("--namespace", "-n"),
        "namespace of the pods, for the mesh istio",
        "NAMESPACE",
        values="namespaces",
        keyword="shell_namespace",
    ),
    Option(
        ("--istio-namespace",),
        "namespace of istiod (default: istio-system)",
        "NAMESPACE",
        keyword="shell_istio_namespace",
    ),
)
_JUDGING = ("pods", "status")
_PROVE = Option(
    ("--prove",),
    "istio: effect or trace allows requests that show whether filters act; config accepts LOADED",
    "PROOF",
    values="effect|trace|config",
    keyword="shell_prove",
)


def _verb(name: str, command: Command) -> ShellVerb:
    need = next((need for need, names in _NEEDS.items() if name in names), Need.NONE)
    forms = (*FORMS, "junit") if name == "test" else FORMS
    common = (_form(forms), _QUIET, *(() if need is Need.NONE else _MESH), *((_PROVE,) if name in _JUDGING else ()))
    taken = {flag for option in common for flag in option.flags}
    own = []
    for option in command.options:
        if option.key in _VIEWS.get(name, ()):
            continue
        flags = _OTHER_FLAGS.get((name, option.key), tuple(flag for flag in option.flags if flag not in taken))
        if flags:
            text = _HELP.get((name, option.key)) or _HELP.get(("", option.key), option.help)
            own.append(replace(option, flags=flags, keyword=option.key, help=text))
    known = {flag for option in (*own, *common) for flag in option.flags}
    shown = [
        line.replace(" --output ", " --file ") for line in command.examples if name == "render"
    ] or command.examples
    examples = tuple(
        line for line in shown if all(word in known for word in line.split() if re.match("--?[a-z]", word))
    )
    summary = _SUMMARIES.get(name, command.summary)
    made = replace(command, summary=summary, options=(*own, *common), examples=examples, body=False)
    return ShellVerb(name, made, need, name in _PUT)


def _dev() -> Command:
    build = COMMANDS["wasm_build"]
    return replace(
        build,
        name="wasm_dev",
        summary="Build a folder after each change of its files, and deploy it when asked to. Ctrl-C ends it.",
        arguments=(Argument("what", "the folder of a project", True, "folders"),),
        options=tuple(option for option in build.options if option.key != "watch"),
        examples=("%wasm_dev ./my-filter", "%wasm_dev ./my-filter --deploy app=details"),
    )


class Verbs(Mapping[str, ShellVerb]):
    """Every verb by its name; what it takes is imported when it is asked for."""

    def __getitem__(self, name: str) -> ShellVerb:
        if name not in self:
            raise KeyError(name)
        return _verb(name, _dev() if name == _DEV else COMMANDS[f"wasm_{name}"])

    def __contains__(self, name: object) -> bool:
        return name == _DEV or (f"wasm_{name}" in COMMANDS and f"wasm_{name}" not in CELLS_ONLY)

    def __iter__(self) -> Iterator[str]:
        yield from (name.removeprefix("wasm_") for name in COMMANDS if name not in CELLS_ONLY)
        yield _DEV

    def __len__(self) -> int:
        return sum(1 for _ in self)


VERBS = Verbs()
