"""Magics for images: build, push, pull, tag, remove, list and inspect them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.notebook import attended

if TYPE_CHECKING:
    from wasmnb.session import Built, Removed

__all__ = ["ACCESS", "COMMANDS", "FLAGS"]

ACCESS = (
    Option(("--plain-http",), "speak to the registry without TLS"),
    Option(("--insecure",), "speak TLS, but believe whoever answers"),
    Option(("--ca",), "believe these certificate authorities, a PEM file", "FILE"),
)
"""What can be said about the way to a registry."""

FLAGS = (
    Option(("--flag",), "pass a flag to the compiler", "FLAG", repeat=True, keyword="flags"),
    Option(("--include", "-I"), "look for C++ headers in this folder", "FOLDER", repeat=True),
    Option(("--define", "-D"), "define a C++ macro: NAME or NAME=VALUE", "MACRO", repeat=True),
    Option(("--std", "-std"), "the C++ standard; c++17", "STANDARD", values="c++17|c++20|c++23|c++26"),
)
"""What can be said to the compiler."""


def _build(session: Any, **keywords: Any) -> Built:
    # A container's build may take minutes, and its log is what a user looks at meanwhile.
    return session.build(log=print, unattended=not attended(), **keywords)  # type: ignore[no-any-return]


def _rm(session: Any, references: list[str]) -> Removed:
    return session.rm(*references)  # type: ignore[no-any-return]


COMMANDS = (
    Command(
        "wasm_build",
        "Make an image of a filter or of a module, and keep it in the store on this machine.",
        _build,
        (
            Argument(
                "what", "a filter, a .wasm file, a source, a project folder, or the word precompiled", True, "builds"
            ),
            Argument("file", "the module, behind the word precompiled", False),
        ),
        (
            Option(
                ("--tag", "-t"), "the image's reference; local/ and the filter's name", "REFERENCE", values="images"
            ),
            Option(
                ("--runtime-config", "-c"),
                "a runtime-config.json; made from the module",
                "FILE",
                keyword="runtime_config",
            ),
            Option(
                ("--variant",),
                "artifact, or compat for registries that refuse it",
                "VARIANT",
                values="artifact|compat",
            ),
            Option(
                ("--annotation", "-a"),
                "KEY=VALUE; title, description, source, revision, version, licenses, created, or a key with a domain",
                "KEY=VALUE",
                repeat=True,
                values="annotations",
            ),
            Option(("--schema",), "JSON Schema of the filter's configuration", "FILE"),
            Option(("--in-container",), "build a folder in this builder image, with Docker or podman", "IMAGE"),
            Option(("--command",), "what the container runs; the image's own command", "COMMAND"),
            Option(("--target",), "the module that the container makes; the only .wasm it wrote", "FILE"),
            Option(("--pull",), "pull the builder image when it is missing"),
            *FLAGS,
            Option(("--force",), "compile although nothing changed"),
            Option(("--watch", "-w"), "build the folder again after each change, until an interrupt"),
            Option(
                ("--for",),
                "with --watch: so many seconds, for a run that nobody interrupts",
                "SECONDS",
                float,
                keyword="seconds",
            ),
            Option(
                ("--deploy", "-d"),
                "with --watch: put each build in force on the pods with these labels: app=details",
                "LABELS",
                values="selector",
            ),
        ),
        (
            "%wasm_build header-filter -t registry.example/team/header-filter:v0.2",
            "%wasm_build precompiled path/to/filter.wasm -t registry.example/team/filter:v1 -c runtime-config.json",
            "%wasm_build header-filter -a 'title=Header filter' -a licenses=Apache-2.0",
            "%wasm_build ./header-filter -t local/header-filter",
            "%wasm_build ./filter --in-container rust:1 --command 'cargo build --release --target wasm32-wasip1'",
            "%wasm_build ./filter --watch --deploy app=details",
        ),
        slow=True,
    ),
    Command(
        "wasm_push",
        "Push an image of the store to the registry that its name says, and print its digest.",
        method("push"),
        (Argument("reference", "the image", True, "images"),),
        ACCESS,
        ("%wasm_push registry.example/team/header-filter:v0.2", "%wasm_push localhost:5000/me/header-filter:v1"),
        slow=True,
    ),
    Command(
        "wasm_pull",
        "Pull an image from its registry into the store.",
        method("pull"),
        (Argument("reference", "the image, by tag or by digest", True, "images"),),
        ACCESS,
        ("%wasm_pull registry.example/team/header-filter:v0.2",),
        slow=True,
    ),
    Command(
        "wasm_tag",
        "Give an image of the store one more name.",
        method("tag"),
        (
            Argument("source", "the name or digest it has", True, "images"),
            Argument("target", "the name it gets", True, "images"),
        ),
        examples=("%wasm_tag local/header-filter registry.example/team/header-filter:v0.2",),
    ),
    Command(
        "wasm_rm",
        "Forget names of images, and free what no other name needs.",
        _rm,
        (Argument("references", "names or digests", True, "images", repeat=True),),
        examples=("%wasm_rm local/header-filter", "%wasm_rm local/one:v1 local/two:v1"),
    ),
    Command(
        "wasm_list",
        "List the images of the store, or those of a repository, a namespace or a registry.",
        method("list"),
        (Argument("target", "such as registry.example/team; the store without it", False, "targets"),),
        (
            Option(("--search", "-s"), "words that must all be in name, digest, language or root id", "WORDS"),
            *ACCESS,
        ),
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
        (Argument("reference", "the image; of the store, else of its registry", True, "images"),),
        ACCESS,
        ("%wasm_inspect local/header-filter", "%wasm_inspect registry.example/team/header-filter:v0.2"),
    ),
)
