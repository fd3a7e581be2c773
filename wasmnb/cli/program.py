"""From the words of a shell to an exit code: the verb is found, its mesh, its result, and what is said of it."""

from __future__ import annotations

import io
import signal
import sys
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from wasmnb.cli import exit_codes
from wasmnb.cli.answer import answer, remark
from wasmnb.cli.exit_codes import ExitCode
from wasmnb.cli.terminal import columns, prepare, say
from wasmnb.cli.verbs import CELLS_ONLY, VERBS, Need
from wasmnb.errors import Explained, UsageError, WasmnbError, did_you_mean
from wasmnb.progress import Silent
from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.cli.verbs import ShellVerb
    from wasmnb.session import Session

__all__ = ["run"]

_OWN = "shell_"


def run(words: Sequence[str]) -> int:
    """Run one command; everything that it says has been said when this returns."""
    prepare()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with words_for(Front.SHELL):
        try:
            code = _ran(list(words))
        except Explained as error:
            code = _failed(error)
        except KeyboardInterrupt:
            remark("Interrupted. What was done until then stays.")
            code = ExitCode.INTERRUPTED
    return int(code)


def _ran(words: list[str]) -> ExitCode:
    if not words or words[0] in ("--help", "-h", "help"):
        from wasmnb.cli.help import overview, page  # noqa: PLC0415 - for those who ask

        named = words[1:2] if words[:1] == ["help"] else []
        say(page(named[0]) if named and named[0] in VERBS else overview(), sys.stdout)
        return ExitCode.DONE
    if words[0] == "completion":
        return _completion(words[1:])
    verb = VERBS.get(words[0])
    if verb is None:
        _unknown(words[0])
    parsed = verb.command.parse_words(words[1:], (each.command for each in VERBS.values()))
    if parsed.help:
        say(verb.command.help(Front.SHELL, columns=columns(sys.stdout) or 90), sys.stdout)
        return ExitCode.DONE
    own = {key.removeprefix(_OWN): value for key, value in parsed.keywords.items() if key.startswith(_OWN)}
    return _called(verb, {key: value for key, value in parsed.keywords.items() if not key.startswith(_OWN)}, own)


def _completion(words: list[str]) -> ExitCode:
    from wasmnb.cli.completion import SCRIPTS, script  # noqa: PLC0415 - for those who ask

    text = script(words[0]) if len(words) == 1 else None
    if text is None:
        known = ", ".join(SCRIPTS)
        raise UsageError(f"wasmnb completion takes the name of a shell: {known}.", hint="wasmnb completion bash")
    say(text.rstrip("\n"), sys.stdout)
    return ExitCode.DONE


def _called(verb: ShellVerb, keywords: dict[str, Any], own: dict[str, Any]) -> ExitCode:
    from wasmnb.session import default  # noqa: PLC0415 - for a command that runs

    session, form = default(), own.get("form", "table")
    _use_mesh(session, verb, keywords, own)
    if verb.name == "dev":
        keywords["watch"] = True
    if verb.name == "config" and keywords:
        keywords["save"] = True  # a shell has no session that would remember it
    if "deployable" in {argument.values for argument in verb.command.arguments}:
        keywords["name"] = _stored(session, keywords["name"])
    magic = {key: keywords.pop(key) for key in verb.command.own if key in keywords}
    if form == "junit":
        magic["output"] = form
    try:
        result = _result(verb, session, keywords, quiet=bool(own.get("quiet")))
        if verb.command.after is not None:
            result = _after(verb.command.after, result, magic)
        if result is not None:
            _print(answer(result, form, quiet=bool(own.get("quiet"))))
        if verb.name == "mesh" and session.meshes.announced is not None:
            from wasmnb.cli.foreground import keep  # noqa: PLC0415

            keep(session, session.meshes.announced)
            return ExitCode.DONE
        return exit_codes.of_result(result, _proof(session, keywords))
    except Explained as error:
        _partial(error, form, quiet=bool(own.get("quiet")))
        raise


def _result(verb: ShellVerb, session: Session, keywords: dict[str, Any], *, quiet: bool) -> Any:
    if not verb.command.slow:
        return verb.command.call(session, **keywords)
    if quiet:
        return verb.command.call(session, progress=Silent(), **keywords)
    from wasmnb.views.progress import LiveProgress  # noqa: PLC0415 - for long work

    with LiveProgress() as progress:
        return verb.command.call(session, progress=progress, **keywords)


def _after(after: Callable[..., Any], result: Any, magic: dict[str, Any]) -> Any:
    """Do what comes after a command; what that prints is part of the answer."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            return after(result, magic, {})
    finally:
        _print(printed.getvalue().rstrip("\n"))


def _use_mesh(session: Session, verb: ShellVerb, keywords: dict[str, Any], own: dict[str, Any]) -> None:
    """Choose the mesh that a verb is about: as the line says, as is configured, or the only one that runs here."""
    from wasmnb.cli.mesh_choice import choose  # noqa: PLC0415 - for verbs that have a mesh

    wanted = verb.need is Need.ALWAYS or (verb.need is Need.IF_DEPLOYED and "deploy" in keywords)
    if wanted or (verb.need is Need.IF_THERE and own.keys() & {"mesh", "context", "namespace"}):
        choose(session, own, preflight=verb.puts)
    elif verb.need is Need.IF_THERE or (verb.name == "mesh" and "kind" not in keywords):
        with suppress(WasmnbError):
            choose(session, own, preflight=verb.puts)


def _stored(session: Session, name: str) -> str:
    """Give the image of the store that a bare name means; a shell has no filters of that name."""
    from wasmnb.image.reference import LOCAL  # noqa: PLC0415
    from wasmnb.session.image_source import held, is_reference  # noqa: PLC0415

    reference = f"{LOCAL}/{name}"
    bare = not is_reference(name) and not name.endswith(".wasm")
    return reference if bare and held(session.store, reference) else name


def _proof(session: Session, keywords: dict[str, Any]) -> Any:
    from wasmnb.mesh.kinds import proof  # noqa: PLC0415

    if keywords.get("prove"):
        return proof(keywords["prove"])
    return session.current.prove if session.running else None


def _partial(error: Explained, form: str, *, quiet: bool) -> None:
    """Answer with what an error knows: verdicts, the results of cases, the costs of a filter."""
    found = getattr(error, "rollout", None)
    verdicts = getattr(error, "verdicts", ())
    if found is None and verdicts:
        from wasmnb.mesh.results import Verdicts  # noqa: PLC0415

        found = Verdicts(tuple(verdicts))
    for known in ("results", "costs"):
        found = found if found is not None else getattr(error, known, None)
    if found is not None:
        _print(answer(found, form if form != "junit" else "table", quiet=quiet))


def _print(text: str) -> None:
    if text:
        say(text, sys.stdout)


def _failed(error: Explained) -> ExitCode:
    error.front = Front.SHELL
    remark("\n".join(error.lines()))
    return exit_codes.of_error(error)


def _unknown(word: str) -> NoReturn:
    if f"wasm_{word}" in CELLS_ONLY:
        raise UsageError(
            f"A shell has no {word!r}: {CELLS_ONLY[f'wasm_{word}']}.", hint="wasmnb help shows what it has"
        )
    if word.startswith("-"):
        meant = did_you_mean(word, ["--help", "--version"])
        raise UsageError(f"The first word is a command, and not {word!r}.", hint=meant or f"wasmnb COMMAND {word}")
    hint = did_you_mean(word, [*VERBS, "completion", "help"]) or "wasmnb help shows what there is"
    raise UsageError(f"There is no command {word!r}.", hint=hint)


def _interrupt(number: int, frame: object) -> NoReturn:  # noqa: ARG001 - a handler's own
    raise KeyboardInterrupt
