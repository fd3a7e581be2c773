"""A session's project folders: begun from a template, built, and watched while somebody edits them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from time import monotonic, strftime
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError, WasmnbError
from wasmnb.rollout.deploy import in_force
from wasmnb.session.images import Images
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from wasmnb.compile import Filter
    from wasmnb.image.results import Built
    from wasmnb.module import Module
    from wasmnb.progress import Progress
    from wasmnb.project import Project
    from wasmnb.rollout.deployment import Deployment

__all__ = ["Projects"]

_EXAMPLE = "config.json"
_STEP_MS = 200  # how soon an end of the time is seen


class Projects(Images):
    """What a session does with project folders."""

    def init(
        self,
        destination: str | Path,
        *,
        language: str | None = None,
        template: str | None = None,
        platform: str | None = None,
        name: str | None = None,
        force: bool = False,
    ) -> Project:
        """Write a project folder that is built without us; see `wasmnb.init_project`.

        Raises
        ------
        UsageError, BadNameError
        """
        from wasmnb.project import init_project  # noqa: PLC0415 - for its users only

        with self._guard():
            return init_project(
                destination, language=language, template=template, platform=platform, name=name, force=force
            )

    def build(
        self,
        what: str | Path | Filter | Module,
        file: str | Path | None = None,
        *,
        tag: str | None = None,
        runtime_config: Mapping[str, Any] | str | Path | None = None,
        variant: str = "artifact",
        annotation: Sequence[str] | Mapping[str, str] = (),
        schema: Mapping[str, Any] | str | Path | None = None,
        in_container: str | None = None,
        command: str | None = None,
        target: str | None = None,
        pull: bool = False,
        flags: Sequence[str] = (),
        include: Sequence[str] = (),
        define: Sequence[str] = (),
        std: str | None = None,
        force: bool = False,
        watch: bool = False,
        seconds: float | None = None,
        deploy: str | Mapping[str, str] | None = None,
        unattended: bool = False,
        progress: Progress | None = None,
        log: Callable[[str], None] | None = None,
    ) -> Built:
        """Build an image, and keep it in the store; with ``watch``, build it again after each change of a folder.

        Parameters
        ----------
        what, file, tag, runtime_config, variant, annotation, schema, in_container, command, target, pull
            As of `Images.build`.
        flags, include, define, std, force, log
            As of `Images.build`.
        watch : bool
            Go on until an interrupt, or until ``seconds`` are over. A build that fails is told to ``log``; the next
            change may mend it.
        seconds : float, optional
            How long to watch.
        deploy : str or mapping, optional
            Put each build in force on the pods that this selector names, with the configuration that is in force there;
            at first with the folder's own ``config.json``.
        unattended : bool
            Nobody is there to interrupt it: then there must be ``seconds``.

        Raises
        ------
        UsageError
            There is no folder to watch, or no end of it.
        WasmnbError
            What the last build or deployment raised, when watching ended with it.
        """
        once = partial(
            super().build,
            file=file,
            tag=tag,
            runtime_config=runtime_config,
            variant=variant,
            annotation=annotation,
            schema=schema,
            in_container=in_container,
            command=command,
            target=target,
            pull=pull,
            flags=flags,
            include=include,
            define=define,
            std=std,
            force=force,
            progress=progress,
        )
        if not watch:
            if seconds is not None or deploy is not None:
                said = Option("seconds", flag="--for") if seconds is not None else Option("deploy")
                raise UsageError(
                    Wording("{} goes with {}.", said, Option("watch")),
                    hint=Wording(
                        "add {}, or put the image in force with {}", Option("watch", value=True), Verb("deploy")
                    ),
                )
            return once(what, log=log)
        folder = self._watchable(what, seconds, unattended=unattended)
        say = log or (lambda _: None)
        outcome: Built | WasmnbError | None = None
        try:
            for changed in _changes(folder, seconds):
                outcome = self._once(folder, changed, once, deploy, say)
        except KeyboardInterrupt:
            if outcome is None:
                raise
            say("watching ended")
        if isinstance(outcome, WasmnbError):
            raise outcome
        if outcome is None:
            raise UsageError("Watching ended before the first build.", hint="give it more time")
        return outcome

    def _watchable(self, what: object, seconds: float | None, *, unattended: bool) -> Path:
        if not isinstance(what, str | Path) or not Path(what).expanduser().is_dir():
            raise UsageError(
                Wording("{} wants a folder, and {} is none.", Option("watch"), str(what)),
                hint=Wording("{}", Verb("build", ("./my-filter",), (Option("watch", value=True),))),
            )
        if seconds is not None and seconds <= 0:
            raise UsageError(
                Wording("{} is a number of seconds above 0, not {}.", Option("seconds", flag="--for"), f"{seconds:g}"),
                hint=Wording("for instance {}", Option("seconds", "60", flag="--for")),
            )
        if seconds is None and unattended:
            raise UsageError(
                Wording("{} ends with an interrupt, and in this run nobody is there to give one.", Option("watch")),
                hint=Wording("add {}, or leave {} out", Option("seconds", "SECONDS", flag="--for"), Option("watch")),
            )
        return Path(what).expanduser()

    def _once(
        self,
        folder: Path,
        changed: str,
        build: Callable[[Path], Built],
        deploy: str | Mapping[str, str] | None,
        say: Callable[[str], None],
    ) -> Built | WasmnbError:
        """Build, and deploy when asked to; say in a line what came of it."""
        try:
            built = build(folder)
            line = "unchanged" if built.unchanged else f"built in {built.seconds:.1f} s"
            line += f", image {built.image.digest[:19]}"
            if deploy is not None:
                done = self._put(folder, built, deploy)
                line += f", live on {', '.join(verdict.pod for verdict in done.verdicts)} in {done.seconds:.1f} s"
        except WasmnbError as error:
            say("\n".join([f"{strftime('%H:%M:%S')} {changed}: failed", *error.lines()]))
            return error
        say(f"{strftime('%H:%M:%S')} {changed}: {line}")
        return built

    def _put(self, folder: Path, built: Built, selector: str | Mapping[str, str]) -> Deployment:
        name = built.image.module.name
        there = in_force(self.current, name)
        if there is not None:
            kept = {"config": there.config, "phase": there.phase.value, "priority": there.priority}
            kept |= {"fail_policy": there.fail_policy.value, "root_id": there.root_id}
        else:
            kept = {"config": _example(folder)}
        return self.deploy(built, id=name, selector=selector, **kept)  # type: ignore[attr-defined, no-any-return]


def _example(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / _EXAMPLE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _changes(folder: Path, seconds: float | None) -> Iterator[str]:
    """Give the names of what changed, at first none, until the time is over.

    Raises
    ------
    KeyboardInterrupt
    """
    from watchfiles import watch  # noqa: PLC0415 - for its users only

    from wasmnb.compile.folder import LEFT_OUT  # noqa: PLC0415

    def wanted(_: object, path: str) -> bool:
        parts = Path(path).relative_to(folder.resolve()).parts
        return bool(parts) and not any(part.startswith(".") or part in LEFT_OUT or part.endswith("~") for part in parts)

    end = None if seconds is None else monotonic() + seconds
    looking = watch(
        folder.resolve(),
        watch_filter=wanted,
        rust_timeout=_STEP_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    # It looks from the first turn on: what is saved during the first build is not missed.
    next(looking)
    yield "as it is"
    for found in looking:
        if found:
            names = sorted({Path(path).name for _, path in found})
            yield ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")  # noqa: PLR2004
        if end is not None and monotonic() > end:
            return
