"""Options of compilers and of images."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from wasmnb.options import argument, keyword, option, theme
from wasmnb.session.options.common import Reporting
from wasmnb.session.options.deploy import DeployOptions
from wasmnb.session.options.registry import AccessOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wasmnb.compile import Filter
    from wasmnb.module import Module

__all__ = ["BuildCall", "BuildOptions", "CompileOptions", "FilterCall", "WatchOptions"]


@theme(frozen=True, kw_only=True)
class CompileOptions:
    """What a compiler is told."""

    language: str | None = option(
        "language of the source (default: what the source or the folder looks like)",
        "LANGUAGE",
        "--language",
        "--lang",
        "-l",
        values="languages",
    )
    flags: Sequence[str] = option("pass a flag to the compiler", "FLAG", "--flag", default=(), repeat=True)
    include: Sequence[str] = option("look for C++ headers in this folder", "FOLDER", "-I", default=(), repeat=True)
    libraries: Sequence[str] = option(
        "compile this folder of C++ sources once, and link what the filter needs of it",
        "FOLDER",
        "--with",
        default=(),
        repeat=True,
    )
    define: Sequence[str] = option("define a C++ macro: NAME or NAME=VALUE", "MACRO", "-D", default=(), repeat=True)
    std: str | None = option("the C++ standard (default: c++17)", "STANDARD", "-std", values="c++17|c++20|c++23|c++26")
    force: bool = option("compile although nothing changed", default=False)


@theme(frozen=True, kw_only=True)
class BuildOptions:
    """How an image is made."""

    tag: str | None = option(
        "the image's reference (default: local/ and the filter's name)", "REFERENCE", "-t", values="images"
    )
    member: str | None = option(
        "build this filter of the folder: a member of its workspace, a program of its module, a project in it",
        "FOLDER",
        "-C",
    )
    runtime_config: Mapping[str, Any] | str | Path | None = option(
        "a runtime-config.json (default: made from the module)",
        "FILE",
        "-c",
        python="a runtime-config.json as a mapping, or its path (default: made from the module)",
    )
    variant: str = option(
        "artifact, or compat for registries that refuse it", "VARIANT", default="artifact", values="artifact|compat"
    )
    annotation: Sequence[str] | Mapping[str, str] = option(
        "KEY=VALUE; title, description, source, revision, version, licenses, created, or a key with a domain",
        "KEY=VALUE",
        "-a",
        default=(),
        repeat=True,
        values="annotations",
    )
    schema: Mapping[str, Any] | str | Path | None = option("JSON Schema of the filter's configuration", "FILE")
    in_container: str | None = option("build a folder in this builder image, with Docker or podman", "IMAGE")
    command: str | None = option("what the container runs (default: the image's own command)", "COMMAND")
    target: str | None = option("the module that the container makes (default: the only .wasm it wrote)", "FILE")
    pull: bool = option("pull the builder image when it is missing", default=False)


@theme(frozen=True, kw_only=True)
class WatchOptions:
    """How a folder is built again after each change."""

    watch: bool = option("build the folder again after each change, until an interrupt", "", "-w", default=False)
    seconds: float | None = option(
        "with --watch: so many seconds, for a run that nobody interrupts", "SECONDS", "--for", read=float
    )
    unattended: bool = keyword("nobody is there to interrupt it: then there must be seconds", default=False)


@theme(frozen=True, kw_only=True)
class _Filtering(DeployOptions, CompileOptions, AccessOptions, Reporting):
    deploy: str | Mapping[str, str] | None = option(
        "put it in force on the pods with these labels: app=details", "LABELS", "-d", values="selector"
    )
    files: Sequence[str] = option(
        "a file that belongs to the filter, beside those that it includes",
        "PATH",
        "--file",
        "-f",
        default=(),
        repeat=True,
        values="files",
    )
    test: bool = option("run its cases; one that fails stops the deployment", default=False)


@theme(frozen=True)
class FilterCall(_Filtering):
    """What `Session.filter` takes."""

    name: str = field(metadata=argument("what to call the filter, and its plugin and image"))
    source: str | None = field(
        default=None, metadata=argument("the program; without it, the filter of that name which is known")
    )


@theme(frozen=True, kw_only=True)
class _Building(BuildOptions, CompileOptions, WatchOptions, DeployOptions, AccessOptions, Reporting):
    # `target` is that of the build; what a deployment is for has a name of its own here.
    deploy: str | Mapping[str, str] | None = option(
        "with --watch: put each build in force on the pods with these labels: app=details",
        "LABELS",
        "-d",
        values="selector",
    )
    deploy_target: str | None = option("with --deploy: what it is for (default: istio)", "TARGET", values="renderings")
    log: Callable[[str], None] | None = keyword("given each line of a container's build, and of watching, as it comes")


@theme(frozen=True)
class BuildCall(_Building):
    """What `Session.build` takes."""

    what: str | Path | Filter | Module = field(
        metadata=argument("a filter, a .wasm file, a source, a folder, or the word precompiled")
    )
    file: str | Path | None = field(default=None, metadata=argument("the module, after the word precompiled"))
