"""From whatever a user deploys to the image that goes to the mesh, where the mesh can get it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb.compile import Filter
from wasmnb.errors import BadNameError, RegistryError
from wasmnb.image.image import Image
from wasmnb.image.index_entries import ref_name
from wasmnb.image.manifest import is_digest
from wasmnb.image.reference import LOCAL, Reference
from wasmnb.image.results import Built, Transfer
from wasmnb.module import Module
from wasmnb.session.image_lookup import Found, find, held, is_reference, place
from wasmnb.session.state import State
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.progress import Progress

    Deployable = str | Filter | Module | Image | Built | Transfer
    """What can be deployed: a name or a reference, or an object that stands for one."""

__all__ = ["NO_ACCESS", "Supplying", "default_id"]

#: Nothing was said about how a registry is spoken to.
NO_ACCESS: dict[str, Any] = {"plain_http": False, "insecure": False, "ca": None}


def default_id(name: Deployable) -> str:
    """Give the id that a plugin gets when the user gives none: the filter's name, or the last part of the image's."""
    if isinstance(name, Filter | Module):
        return name.name
    reference = name if isinstance(name, str) else name.reference
    try:
        return Reference.parse(reference).name if is_reference(reference) else reference
    except BadNameError:
        return ""


class Supplying(State):
    """How a session comes by the image of a deployment."""

    def _supply(
        self, name: Deployable, spoken: dict[str, Any], progress: Progress | None, *, dry: bool = False
    ) -> tuple[Found, tuple[tuple[str, float], ...]]:
        """Find the image, and see that the mesh can get it; give it with the seconds that each of both took.

        ``dry``: push nothing, and note what would be pushed.
        """
        start = perf_counter()
        found = self._find(name, spoken, progress)
        stages = (("fetch" if isinstance(name, str) and is_reference(name) else "package", perf_counter() - start),)
        if not self.current.needs_registry:
            return found, stages
        start = perf_counter()
        made = isinstance(name, Filter | Module) or (isinstance(name, str) and not is_reference(name))
        if dry and (would := self._would_push(found.image, made_here=made)):
            return replace(found, image=would, named=False, note=f"{would.reference} would be pushed first"), stages
        image = self._published(found.image, spoken, progress, made_here=made)
        return replace(found, image=image), (*stages, ("push", perf_counter() - start))

    def _find(self, name: Deployable, spoken: dict[str, Any], progress: Progress | None) -> Found:
        if isinstance(name, Built):
            name = name.image
        if isinstance(name, Image):
            return Found(replace(name, reference=name.pinned), named=True)
        if isinstance(name, Transfer):
            name = name.pinned
        if isinstance(name, str) and is_reference(name):
            own = "" if is_digest(name) else self._own.get(ref_name(Reference.parse(name)), "")
            access = self._access_to(name, spoken)
            found = find(name, self.store, own=own, access=access, progress=progress)
            return replace(found, image=replace(found.image, reference=found.image.pinned), named=True)
        with self._images_named(name):
            module = self._filters.module(name, progress=progress)
        registry = self._defaults["registry"]
        from wasmnb.image import package  # noqa: PLC0415 - for deployments only

        return Found(package(module, f"{registry}/{module.name}" if registry else ""))

    def _would_push(self, image: Image, *, made_here: bool) -> Image | None:
        """Give the image under the name that it would be pushed to; None when a registry must have it already."""
        target = place(image, self._defaults["registry"], self.current.name)
        if not made_here and target == image.reference:
            return None
        return replace(image, reference=str(Reference.parse(target).with_digest(image.digest)))

    def _published(self, image: Image, spoken: dict[str, Any], progress: Progress | None, *, made_here: bool) -> Image:
        """See that a registry has an image, for a mesh that takes it from there.

        What was made here, or is the store's own, is pushed; what names a registry must be there already.
        """
        from wasmnb.image.registry import look, push  # noqa: PLC0415 - the HTTP library, for its users only

        target = place(image, self._defaults["registry"], self.current.name)
        access = self._access_to(target, spoken)
        if made_here or target != image.reference:
            push(image, target, **access, progress=progress)
            return replace(image, reference=str(Reference.parse(target).with_digest(image.digest)))
        pinned = str(Reference.parse(target).with_digest(image.digest))
        if not look(pinned, **access):
            named = str(replace(Reference.parse(target), digest=""))
            raise RegistryError(
                f"{Reference.parse(target).host} does not have {pinned}, and the mesh {self.current.name!r} takes it"
                " from there.",
                hint=Wording("{}", Verb("push", (named,))),
                status=404,
                code="WNB3041",
            )
        return replace(image, reference=pinned)

    def _access_to(self, reference: str, spoken: dict[str, Any]) -> dict[str, Any]:
        return self._access(LOCAL if is_digest(reference) else Reference.parse(reference).host, **spoken)

    @contextmanager
    def _images_named(self, name: str | Filter | Module) -> Iterator[None]:
        """Say, where there is no filter of a name, that the store has an image of it."""
        try:
            yield
        except BadNameError as error:
            if isinstance(name, str) and name not in self._filters.names() and held(self.store, f"{LOCAL}/{name}"):
                error.advise(f"the store has an image of that name: {LOCAL}/{name}")
            raise
