"""From a reference to the image that is deployed: of the store, or of a registry as it is at this moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ConfigError, ImageError, RegistryError
from wasmnb.image.manifest import is_digest
from wasmnb.image.reference import Reference
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.image import Image, Store
    from wasmnb.progress import Progress

__all__ = ["Found", "find", "held", "is_reference", "place"]


@dataclass(frozen=True)
class Found:
    """An image to deploy, and what the user should know of where it comes from."""

    image: Image
    note: str = ""
    named: bool = False

    def notes(self, image: Image) -> tuple[str, ...]:
        """Say what the image, as the mesh got it, is; nothing for a filter, which the user knows."""
        pinned = (f"image {image.reference}",) if self.named else ()
        return (*pinned, *((self.note,) if self.note else ()))


def is_reference(text: str) -> bool:
    """Tell whether a word names an image, and no filter and no file."""
    return is_digest(text) or (any(sign in text for sign in "/:@") and not text.endswith(".wasm"))


def held(store: Store, reference: str) -> str:
    """Give the digest that a reference means in the store; empty when it has none."""
    try:
        return store.resolve(reference)
    except ImageError:
        return ""


def find(
    reference: str, store: Store, *, own: str, access: Mapping[str, Any], progress: Progress | None = None
) -> Found:
    """Find an image; a tag of a registry is asked for anew each time.

    Parameters
    ----------
    reference : str
    store : Store
    own : str
        The digest that this session itself built under this name and has not pushed; empty when there is none.
    access : mapping
        How the registry is spoken to.
    progress : Progress, optional

    Raises
    ------
    BadNameError, ImageError, ModuleError, RegistryError
    """
    if is_digest(reference) or Reference.parse(reference).is_local:
        return Found(store.get(reference))
    where, here = Reference.parse(reference), held(store, reference)
    now, note = where.digest, ""
    if here and here == own:
        note = str(Wording("{} was built in this session and is not pushed: {}", reference, Verb("push")))
        now = here
    elif not now:
        now, note = _now(reference, here, access)
    if now == here:
        try:
            return Found(store.get(reference), note)
        except ImageError:
            # It was damaged, and is deleted now; an image that the registry has not is gone.
            if note:
                raise
    found = _pulled(store, reference, access, progress)
    moved = f"{reference} has moved on {where.host}; the store had {here}"
    return replace(found, note="; ".join(filter(None, (moved if here else "", found.note))))


def _now(reference: str, here: str, access: Mapping[str, Any]) -> tuple[str, str]:
    """Ask what a tag means now, and fall back on what the store has, with a note; empty when it means nothing."""
    from wasmnb.image.registry import look  # noqa: PLC0415 - the HTTP library, for its users only

    host = Reference.parse(reference).host
    try:
        now = look(reference, **access)
    except RegistryError as error:
        if not here or error.status:
            raise
        return here, f"{host} does not answer: {reference} is what the store has, {here}, perhaps not the newest"
    if here and not now:
        return here, str(
            Wording("{} has no {}: it was taken from the store, and {} brings it there", host, reference, Verb("push"))
        )
    return now, ""


def place(image: Image, registry: str | None, mesh: str) -> str:
    """Give the reference under which a mesh that needs a registry can get an image.

    Raises
    ------
    ConfigError
        It is on this machine only, and no registry is configured.
    """
    where = Reference.parse(image.reference)
    if not where.is_local:
        return image.reference
    if not registry:
        raise ConfigError(
            f"The mesh {mesh!r} takes images from a registry, and none is configured.",
            hint=Wording(
                "{}, then deploy again",
                Verb("config", options=(Option("registry", "registry.example/team", bare=True),)),
            ),
        )
    return f"{registry}/{where.path}:{where.tag or 'latest'}"


def _pulled(store: Store, reference: str, access: Mapping[str, Any], progress: Progress | None) -> Found:
    from wasmnb.image.registry import pull  # noqa: PLC0415 - the HTTP library, for its users only

    done = pull(reference, store, **access, progress=progress)
    return Found(store.get(done.reference), done.note)
