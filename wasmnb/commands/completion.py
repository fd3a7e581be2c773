"""Tab on a command's line: its options, and the values that they can have in this session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmnb.commands.line import split
from wasmnb.compile.languages import LANGUAGES
from wasmnb.errors import WasmnbError
from wasmnb.image.reference import split_target
from wasmnb.mesh import MeshInNamespace
from wasmnb.mesh.kinds import MESHES
from wasmnb.mesh.running import registrations
from wasmnb.plugin.rendering import TARGETS
from wasmnb.project.templates import TEMPLATES
from wasmnb.session.building import PRECOMPILED
from wasmnb.session.defaults import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmnb.commands.command import Argument, Command, Option
    from wasmnb.session import Session

__all__ = ["candidates"]


def candidates(command: Command, before: str, session: Session) -> tuple[list[str], str]:
    """Give what may stand at the end of a magic's line, and the part of the line that it replaces.

    Parameters
    ----------
    command : Command
    before : str
        The line behind the magic's name, up to the cursor.
    session : Session
    """
    words = split(before, strict=False)
    typed = words.pop() if words and (words[-1].end == len(before) or words[-1].open) else None
    text = typed.text if typed is not None else ""
    earlier = [word.text for word in words]
    return _option_value(command, text, earlier, session) or _word(command, text, earlier, session)


def _option_value(command: Command, text: str, earlier: list[str], session: Session) -> tuple[list[str], str] | None:
    """Complete the value of an option or of a ``key=``, when one is being typed."""
    flag, equals, value = text.partition("=")
    if equals and command.option(flag):
        return _values(command.option(flag), value, session, earlier)
    if equals and command.free:
        return _defaults(flag, value, session)
    waiting = command.option(earlier[-1]) if earlier else None
    return _values(waiting, text, session, earlier) if waiting is not None and waiting.metavar else None


def _word(command: Command, text: str, earlier: list[str], session: Session) -> tuple[list[str], str]:
    """Complete an option's name, a key, or an argument."""
    if text.startswith("-"):
        used = {word.partition("=")[0] for word in earlier}
        left = [option for option in command.all_options if option.repeat or not used.intersection(option.flags)]
        return [option.flags[0] for option in left if option.flags[0].startswith(text)], text
    if command.free:
        return [f"{key}=" for key in KEYS if key.startswith(text)], text
    at = len(_places(command, earlier))
    if command.arguments and command.arguments[-1].repeat:
        at = min(at, len(command.arguments) - 1)
    if at < len(command.arguments):
        found, fragment = _values(command.arguments[at], text, session)
        if found or text:
            return found, fragment
    return ([] if text else [option.flags[0] for option in command.all_options]), text


def _places(command: Command, words: Iterable[str]) -> list[str]:
    """List the words that are arguments, not options or their values."""
    found: list[str] = []
    value_follows = False
    for word in words:
        option = command.option(word.partition("=")[0])
        if value_follows:
            value_follows = False
        elif option is not None:
            value_follows = bool(option.metavar) and "=" not in word
        else:
            found.append(word)
    return found


def _values(
    of: Option | Argument | None, text: str, session: Session, earlier: list[str] | None = None
) -> tuple[list[str], str]:
    kind = of.values if of is not None else ""
    if kind == "namespaces":
        return [name for name in _namespaces(session, earlier or []) if name.startswith(text)], text
    if kind == "selector":
        head, comma, text = text.rpartition(",")
        given = {label.partition("=")[0] for label in head.split(",")} if comma else set()
        labels = [label for label in _labels(session) if label.partition("=")[0] not in given]
        return [label for label in labels if label.startswith(text)], text
    if kind == "steps":
        text = re.split(r"[,+]", text)[-1]
        return [label for label in _labels(session) if label.startswith(text)], text
    known = _LISTS[kind](session) if kind in _LISTS else kind.split("|") if "|" in kind else []
    return [value for value in known if value.lower().startswith(text.lower())], text


def _defaults(key: str, text: str, session: Session) -> tuple[list[str], str]:
    if key == "selector":
        return [label for label in _labels(session) if label.startswith(text)], text
    choices = KEYS[key].choices if key in KEYS else ()
    return [word for word in choices if word.lower().startswith(text.lower())], text


def _labels(session: Session) -> list[str]:
    pods = session.pods() if session.running else []
    return list(dict.fromkeys(f"{key}={value}" for pod in pods for key, value in pod.labels.items()))


def _pods(session: Session) -> list[str]:
    return [pod.name for pod in session.pods()] if session.running else []


def _senders(session: Session) -> list[str]:
    pods = session.pods() if session.running else []
    services = [pod.labels[key] for pod in pods for key in ("app",) if key in pod.labels]
    return list(dict.fromkeys([*services, *(pod.workload for pod in pods), *(pod.name for pod in pods)]))


def _plugins(session: Session) -> list[str]:
    return [plugin.id for plugin in session.current.plugins()] if session.running else []


def _addresses(session: Session) -> list[str]:
    pods = session.pods() if session.running else []
    return list(dict.fromkeys(f"{pod.labels['app']}:9080/" for pod in pods if "app" in pod.labels))


def _images(session: Session) -> list[str]:
    return [image.reference for image in session.store.list()]


def _targets(session: Session) -> list[str]:
    return list(dict.fromkeys([*_registries(session), *(image.name for image in session.store.list())]))


def _registries(session: Session) -> list[str]:
    from wasmnb.image.registry.credentials import hosts  # noqa: PLC0415 - the HTTP library, for its users only

    own = session.config()["registry"]
    return sorted({*hosts(), *([split_target(own)[0]] if own else ())})


def _builds(session: Session) -> list[str]:
    from pathlib import Path  # noqa: PLC0415

    return [*session.filters, PRECOMPILED, *sorted(path.name for path in Path.cwd().glob("*.wasm"))]


def _codes(_: Session) -> list[str]:
    from wasmnb.error_pages import explanations  # noqa: PLC0415 - the pages, for their readers only

    names = (word for page in explanations() for word in (page.code, page.name))
    return sorted(set(names), key=lambda word: (not word.startswith("WNB"), word))


def _exercises(_: Session) -> list[str]:
    from wasmnb.exercises import chapters  # noqa: PLC0415 - for those who learn

    return [one.number for chapter in chapters() for one in chapter.exercises]


def _contexts(_: Session) -> list[str]:
    from wasmnb.mesh.istio.api.kubeconfig import contexts  # noqa: PLC0415 - over a second to import

    return contexts()[0]


def _namespaces(session: Session, earlier: list[str]) -> list[str]:
    """List the namespaces of the cluster whose context stands on the line, of the chosen mesh's, or of the current."""
    from wasmnb.mesh.istio.api.cluster import Cluster  # noqa: PLC0415 - over a second to import

    words = " ".join(earlier).replace("=", " ").split()
    named = words[words.index("--context") + 1 :][:1] if "--context" in words else []
    try:
        mesh = session.current if session.running and not named else None
        if isinstance(mesh, MeshInNamespace):
            return mesh.namespaces()
        return Cluster.connect(named[0] if named else None).namespaces()
    except WasmnbError:
        return []


def _annotations(_: Session) -> list[str]:
    from wasmnb.image.oci_annotations import STANDARD  # noqa: PLC0415

    return [f"{name}=" for name in STANDARD]


def _quiet(give: Callable[[Session], list[str]]) -> Callable[[Session], list[str]]:
    """Offer nothing when the mesh or the store cannot say: Tab never shows an error."""

    def quiet(session: Session) -> list[str]:
        try:
            return give(session)
        except WasmnbError:
            return []

    return quiet


_LISTS: dict[str, Callable[[Session], list[str]]] = {
    "annotations": _annotations,
    "builds": _quiet(_builds),
    "codes": _codes,
    "contexts": _contexts,
    "deployable": lambda session: [*session.filters, *_quiet(_images)(session)],
    "exercises": _quiet(_exercises),
    "files": lambda session: [*session.files],
    "filters": lambda session: [*session.filters],
    "images": _quiet(_images),
    "languages": lambda _: list(LANGUAGES.names()),
    "meshes": lambda _: [*MESHES.names(), "stop", "list", "join"],
    "plugins": _quiet(_plugins),
    "pods": _quiet(_pods),
    "renderings": lambda _: list(TARGETS.names()),
    "registries": _quiet(_registries),
    "running": lambda _: [one.name for one in registrations()],
    "secrets": lambda session: [*session.secrets],
    "senders": _quiet(_senders),
    "targets": _quiet(_targets),
    "templates": lambda _: list(TEMPLATES.names()),
    "urls": _quiet(_addresses),
}
