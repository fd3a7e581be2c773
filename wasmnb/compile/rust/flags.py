"""The compiler flags that a Rust filter may bring along."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.errors import Place, UsageError
from wasmnb.wording import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Flags"]

_OPTIMISE = re.compile(r"-O[0123sz]")
_EDITION = re.compile(r"--edition=(?:2018|2021|2024)")
_CFG = re.compile(r"--cfg=.+")
_LINT = re.compile(r"-[AWDF][\w:-]+")
_ALLOWED = "allowed are -O0 to -O3, -Os, -Oz, --edition=YEAR, --cfg=NAME, and lints (-A, -W, -D with a name)"
_REASONS = (
    ("--target", "the machine is always WebAssembly as Envoy runs it"),
    ("--extern", 'ask for a crate at the top of the cell: // deps: serde = "1"'),
    ("-L", 'ask for a crate at the top of the cell: // deps: serde = "1"'),
    ("-l", "there are no C libraries in a proxy's VM"),
    ("-o", "the module stays in memory; save it with Module.wasm"),
)


@dataclass(frozen=True)
class Flags:
    """Checked flags.

    Parameters
    ----------
    optimise : str
        rustc's ``opt-level``; ``s`` unless asked otherwise.
    edition : str
        Of the language; ``2021`` unless asked otherwise.
    others : tuple of str
        ``--cfg`` and lints, in the order given.
    """

    optimise: str = "s"
    edition: str = "2021"
    others: tuple[str, ...] = ()

    @classmethod
    def parse(cls, words: Sequence[str]) -> Flags:
        """Check and sort flags.

        Raises
        ------
        UsageError
            A flag is not allowed.
        """
        optimise, edition, others = cls.optimise, cls.edition, []
        queue = list(words)
        while queue:
            word = queue.pop(0)
            if word in ("--edition", "--cfg") and queue:
                word += "=" + queue.pop(0)
            elif word in ("-A", "-W", "-D", "-F") and queue:
                word += queue.pop(0)
            if _OPTIMISE.fullmatch(word):
                optimise = word[2:]
            elif _EDITION.fullmatch(word):
                edition = word.partition("=")[2]
            elif _CFG.fullmatch(word) or _LINT.fullmatch(word):
                others.append(word)
            else:
                raise _refused(word)
        return cls(optimise, edition, tuple(others))

    @property
    def options(self) -> tuple[str, ...]:
        """What rustc is to be told."""
        return (f"--edition={self.edition}", f"-Copt-level={self.optimise}", *self.others)


def _refused(word: str) -> UsageError:
    why = next((text for start, text in _REASONS if word.startswith(start)), "")
    return UsageError(
        f"The compiler flag {word!r} is not allowed.",
        where=Place(Option("flags"), quote=word),
        why=[why] if why else [],
        hint=_ALLOWED,
    )
