"""Commands for images: build, push, pull, tag, remove, list and inspect them."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from wasmnb.commands.ask import asking
from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.errors import UsageError
from wasmnb.notebook import attended
from wasmnb.options import options_of
from wasmnb.session.options.build import BuildCall, BuildOptions, CompileOptions, WatchOptions
from wasmnb.session.options.deploy import DeployOptions
from wasmnb.session.options.registry import AccessOptions, InspectCall, ListCall, PullCall, TransferCall
from wasmnb.wording import Front, Wording, front
from wasmnb.wording import Option as Said

if TYPE_CHECKING:
    from wasmnb.compile.go.migration import Migration
    from wasmnb.session import Built, Removed, Session

__all__ = ["COMMANDS"]

# Short and long flags of a deployment that a build has another use for: `--deploy-target` is its own option.
_DEPLOY = options_of(DeployOptions, without=("-c", "target"))


def _build(session: Session, *, migrate: bool = False, **keywords: Any) -> Built | Migration:
    if migrate:
        what, force, _ = keywords.pop("what"), keywords.pop("force", False), keywords.pop("progress", None)
        if keywords:
            flags = {option.key: option.flags[0] for option in COMMANDS[0].options}
            said = [Said(name, flag=flags.get(name, name)) for name in sorted(keywords)]
            raise UsageError(
                "A migration changes a folder, and builds nothing.",
                hint=Wording(f"leave out {' and '.join('{}' for _ in said)}", *said),
            )
        return session.migrate(what, force=force)
    # A container's build may take minutes, and its log is what a user looks at meanwhile.
    shell = front() is Front.SHELL
    log = partial(print, file=sys.stderr) if shell else print
    # At a shell there always is a way to end it: Ctrl-C, or a signal.
    return session.build(log=log, unattended=not (shell or attended()), **keywords)


def _rm(session: Session, references: list[str]) -> Removed:
    return session.rm(*references)


COMMANDS = (
    Command(
        "wasm_build",
        "Make an image of a filter or of a module, and keep it in the store on this machine.",
        asking(_build, "deploy"),
        (
            Argument(
                "what", "a filter, a .wasm file, a source, a project folder, or the word precompiled", True, "builds"
            ),
            Argument("file", "the module, after the word precompiled", False),
        ),
        (
            *options_of(BuildOptions),
            *options_of(CompileOptions),
            Option(
                ("--migrate",),
                "change a Go project on TinyGo's SDK into one on Go's own, show the diff, and build nothing;"
                " with --force, also where changes are not committed",
            ),
            *options_of(WatchOptions),
            *options_of(BuildCall, only=("deploy",)),
            *_DEPLOY,
            *options_of(BuildCall, only=("deploy_target",)),
            *options_of(AccessOptions),
        ),
        (
            "%wasm_build header-filter -t registry.example/team/header-filter:v0.2",
            "%wasm_build precompiled path/to/filter.wasm -t registry.example/team/filter:v1 -c runtime-config.json",
            "%wasm_build header-filter -a 'title=Header filter' -a licenses=Apache-2.0",
            "%wasm_build ./header-filter -t local/header-filter",
            "%wasm_build ./filter --in-container rust:1 --command 'cargo build --release --target wasm32-wasip1'",
            "%wasm_build ./filter --watch --deploy app=details",
            "%wasm_build ./old-filter --migrate",
        ),
        slow=True,
    ),
    Command(
        "wasm_push",
        "Push an image of the store to the registry that its name says, and print its digest.",
        method("push"),
        (Argument("reference", "the image", True, "images"),),
        options_of(TransferCall),
        ("%wasm_push registry.example/team/header-filter:v0.2", "%wasm_push localhost:5000/me/header-filter:v1"),
        slow=True,
    ),
    Command(
        "wasm_pull",
        "Pull an image from its registry into the store.",
        method("pull"),
        (Argument("reference", "the image, by tag or by digest", True, "images"),),
        options_of(PullCall),
        (
            "%wasm_pull registry.example/team/header-filter:v0.2",
            "%wasm_pull registry.example/team/header-filter:v0.2 --repack",
        ),
        slow=True,
    ),
    Command(
        "wasm_tag",
        "Add a name to an image of the store.",
        method("tag"),
        (
            Argument("source", "its name or digest now", True, "images"),
            Argument("target", "its new name", True, "images"),
        ),
        examples=("%wasm_tag local/header-filter registry.example/team/header-filter:v0.2",),
    ),
    Command(
        "wasm_rm",
        "Remove names of images, and delete what no other name needs.",
        _rm,
        (Argument("references", "names or digests", True, "images", repeat=True),),
        examples=("%wasm_rm local/header-filter", "%wasm_rm local/one:v1 local/two:v1"),
    ),
    Command(
        "wasm_list",
        "List the images of the store, or those of a repository, a namespace or a registry.",
        method("list"),
        (Argument("target", "such as registry.example/team (default: the store on this machine)", False, "targets"),),
        options_of(ListCall),
        (
            "%wasm_list",
            "%wasm_list --search header",
            "%wasm_list registry.example/team",
        ),
        slow=True,
    ),
    Command(
        "wasm_inspect",
        "Look at an image: its form, what is in it, and which meshes take it.",
        method("inspect"),
        (Argument("reference", "the image, from the store, or else from its registry", True, "images"),),
        options_of(InspectCall),
        ("%wasm_inspect local/header-filter", "%wasm_inspect registry.example/team/header-filter:v0.2"),
    ),
)
