"""The pages of help: what there is, and what one verb takes."""

from __future__ import annotations

import sys
import textwrap

from wasmnb.cli.terminal import columns
from wasmnb.cli.verbs import VERBS
from wasmnb.wording import Front

__all__ = ["overview", "page"]

_WIDTH = 90
_ABOUT = "From the source of a Proxy-Wasm filter to a live service mesh, and proof that it is live."
_MORE = "wasmnb COMMAND --help shows its options; wasmnb completion bash|zsh|fish prints what makes Tab work."
_GROUPS = {
    "Begin, build and test": ("init", "build", "dev", "test", "bench"),
    "Images": ("list", "inspect", "push", "pull", "tag", "rm", "login", "logout"),
    "A mesh": ("mesh", "bookinfo", "pods", "logs", "metrics", "headers"),
    "Plugins": ("deploy", "status", "rollback", "undeploy", "render"),
    "More": ("config", "doctor", "explain"),
}


def page(name: str) -> str:
    """Give the page of a verb."""
    return VERBS[name].command.help(Front.SHELL, columns=columns(sys.stdout) or _WIDTH)


def overview() -> str:
    """Give the list of verbs."""
    room = columns(sys.stdout) or _WIDTH
    lines = ["wasmnb COMMAND [options]", ""]
    lines += textwrap.wrap(
        "From the source of a Proxy-Wasm filter to a live service mesh, and proof that it is live.", room
    )
    named = {name for names in _GROUPS.values() for name in names}
    others = tuple(name for name in VERBS if name not in named)
    for title, names in {**_GROUPS, "More": (*_GROUPS["More"], *others)}.items():
        lines += ["", f"{title}:"]
        for name in names:
            first, *rest = textwrap.wrap(VERBS[name].command.summary, max(room - 14, 20))
            lines += [f"  {name:<12}{first}", *(f"{'':14}{line}" for line in rest)]
    lines += [
        "",
        "wasmnb COMMAND --help shows its options.",
    ]
    return "\n".join(
        textwrap.fill(line, room, subsequent_indent=" " * 2) if len(line) > room else line for line in lines
    )
