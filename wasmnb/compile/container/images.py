"""The builder image: here already, or pulled when the user asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.compile.container.daemon import talking
from wasmnb.errors import ToolchainError
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.compile.container.daemon import Daemon
    from wasmnb.progress import Progress

__all__ = ["ensure_image"]

_NAMED = "look at its name, and whether its registry can be reached; where it is not public: docker login"


def ensure_image(daemon: Daemon, image: str, *, pull: bool, progress: Progress) -> bool:
    """See that the daemon has an image.

    Parameters
    ----------
    daemon : Daemon
    image : str
        A reference, as ``docker run`` takes it.
    pull : bool
        Pull it when it is missing; nothing is pulled otherwise.
    progress : Progress
        Is told the bytes of a pull.

    Returns
    -------
    bool
        It has a command of its own.

    Raises
    ------
    ToolchainError
        It is missing and is not to be pulled, or cannot be.
    """
    from docker.errors import ImageNotFound, NotFound  # noqa: PLC0415
    from docker.utils import parse_repository_tag  # noqa: PLC0415

    if not image:
        raise ToolchainError(
            "A container build needs a builder image.", hint="name one, such as rust:1", code="WNB2011"
        )
    with talking(daemon, f"look for the image {image!r}", _NAMED):
        try:
            return _acts(daemon.client.images.get(image).attrs)
        except (ImageNotFound, NotFound):
            if not pull:
                raise ToolchainError(
                    f"The container daemon at {daemon.address} does not have the image {image!r}.",
                    hint=Wording("add {}", Option("pull", value=True)),
                    code="WNB2011",
                ) from None
    with talking(daemon, f"pull the image {image!r}", _NAMED):
        repository, tag = parse_repository_tag(image)
        events = daemon.client.api.pull(repository, tag=tag or "latest", stream=True, decode=True)
        _follow(events, image, progress)
        return _acts(daemon.client.images.get(image).attrs)


def _acts(attributes: dict[str, Any]) -> bool:
    settings = attributes.get("Config") or {}
    return bool(settings.get("Cmd") or settings.get("Entrypoint"))


def _follow(events: Iterable[dict[str, Any]], image: str, progress: Progress) -> None:
    """Report a pull while it runs, and raise its error: the daemon has said 200 before it knew of any."""
    layers: dict[str, tuple[int, int]] = {}
    for event in events:
        if "error" in event:
            raise ToolchainError(
                f"The image {image!r} cannot be pulled.",
                why=[str(event["error"])],
                hint=_NAMED,
                code="WNB2011",
            )
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            layers[str(event.get("id"))] = (detail.get("current", 0), detail["total"])
        done, total = (sum(part) for part in zip(*layers.values(), strict=True)) if layers else (None, None)
        progress.update(f"pulling {image}", done, total)
