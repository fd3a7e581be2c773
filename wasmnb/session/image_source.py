"""From whatever a user deploys to the image that goes to the mesh, where the mesh can get it.

An image is one of the store, or of a registry as it is at this moment.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from wasmnb.compile import Filter
from wasmnb.errors import BadNameError, ConfigError, ImageError, RegistryError
from wasmnb.image.image import Image
from wasmnb.image.index_entries import ref_name
from wasmnb.image.manifest import is_digest
from wasmnb.image.reference import LOCAL, Reference
from wasmnb.image.results import Built, Transfer
from wasmnb.module import Module
from wasmnb.module.envoy_abi import ENVOY
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.image import Store
    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.progress import Progress
    from wasmnb.session.context import Context
    from wasmnb.session.options.registry import AccessOptions

    Deployable = str | Filter | Module | Image | Built | Transfer
    """What can be deployed: a name or a reference, or an object that stands for one."""

__all__ = ["Found", "ImageSource", "default_id", "find", "held", "is_reference", "place"]


_FETCHER = "Istio"  # whose rule Envoy Gateway and Higress share


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


def refusal(found: Found, consumer: str) -> str:
    """Say why a consumer of images refuses one that was named; empty when it does not, or fetches none."""
    foreign = found.image.module.facts.host not in (ENVOY, consumer)
    if not found.named and not foreign:
        return ""
    from wasmnb.image.compatibility import acceptance  # noqa: PLC0415 - for images of others only

    told = acceptance(found.image, consumer)
    return told.why if told is not None and told.accepted is False else ""


def refuse(found: Found, consumer: str) -> None:
    """Refuse an image that a consumer would refuse.

    Raises
    ------
    ImageError
        It says why, and how to come by one that is taken.
    """
    why = refusal(found, consumer)
    if why:
        named = str(replace(Reference.parse(found.image.reference), digest=""))
        if found.image.module.facts.host not in (ENVOY, consumer):
            raise ImageError(
                f"{consumer} cannot run {named}.",
                why=[why],
                hint=Wording(
                    "it is for {}; build it with an SDK that exports proxy_abi_version_0_2_1 for others",
                    Option("target", found.image.module.facts.host.lower()),
                ),
            )
        again = Verb("pull", (named,), (Option("repack", True),))
        raise ImageError(
            f"{consumer} refuses the image {named}.",
            why=[why],
            hint=Wording("{} makes an image that it takes", again),
        )


@contextmanager
def _misplaced(store: Store, reference: str) -> Iterator[None]:
    """Say, where no mesh finds a module in an image, that it has one in another place, and how to come by it.

    Raises
    ------
    NoPluginError
    """
    from wasmnb.image.layer import NoPluginError  # noqa: PLC0415 - for images of others only

    try:
        yield
    except NoPluginError:
        if held(store, reference) and (looked := store.inspect(reference)).hidden is not None:
            raise NoPluginError(
                f"The image {reference} has its module where no mesh looks for it.",
                why=looked.problems,
                hint=Wording("{} makes an image of it", Verb("pull", (reference,), (Option("repack", True),))),
            ) from None
        raise


def is_reference(text: str) -> bool:
    """Tell whether a word names an image, and no filter and no file."""
    return is_digest(text) or (any(sign in text for sign in "/:@") and not text.endswith(".wasm"))


def held(store: Store, reference: str) -> str:
    """Give the digest that a reference means in the store; empty when it has none."""
    try:
        return store.resolve(reference)
    except ImageError:
        return ""


def default_id(name: Deployable) -> str:
    """Give the id that a plugin gets when the user gives none: the filter's name, or the last part of the image's."""
    if isinstance(name, Filter | Module):
        return name.name
    reference = name if isinstance(name, str) else name.reference
    try:
        return Reference.parse(reference).name if is_reference(reference) else reference
    except BadNameError:
        return ""


class ImageSource:
    """How a session comes by the image of a deployment.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def supply(
        self,
        name: Deployable,
        access: AccessOptions,
        progress: Progress | None,
        *,
        consumer: str = _FETCHER,
        dry: bool = False,
    ) -> tuple[Found, tuple[tuple[str, float], ...]]:
        """Find the image, and see that the mesh can get it; give it with the seconds that each of both took.

        ``consumer``: what takes the image there. ``dry``: push nothing, and note what would be pushed.
        """
        start = perf_counter()
        found = self.find(name, access, progress)
        stages = (("fetch" if isinstance(name, str) and is_reference(name) else "package", perf_counter() - start),)
        if not self.context.mesh.needs_registry:
            why = refusal(found, _FETCHER)
            note = "; ".join(one for one in (found.note, f"Istio would refuse this image: {why}" if why else "") if one)
            return replace(found, note=note), stages
        refuse(found, consumer)
        start = perf_counter()
        made = isinstance(name, Filter | Module) or (isinstance(name, str) and not is_reference(name))
        if dry and (would := self._would_push(found.image, made_here=made)):
            return replace(found, image=would, named=False, note=f"{would.reference} would be pushed first"), stages
        image = self._published(found.image, access, progress, made_here=made)
        return replace(found, image=image), (*stages, ("push", perf_counter() - start))

    def find(self, name: Deployable, access: AccessOptions, progress: Progress | None) -> Found:
        """Find the image that something deployable stands for; nothing is pushed."""
        if isinstance(name, Built):
            name = name.image
        if isinstance(name, Image):
            return Found(replace(name, reference=name.pinned), named=True)
        if isinstance(name, Transfer):
            name = name.pinned
        if isinstance(name, str) and is_reference(name):
            own = "" if is_digest(name) else self.context.own.get(ref_name(Reference.parse(name)), "")
            with _misplaced(self.context.store, name):
                found = find(name, self.context.store, own=own, access=self._access(name, access), progress=progress)
            return replace(found, image=replace(found.image, reference=found.image.pinned), named=True)
        with self._images_named(name):
            module = self.context.filters.module(name, progress=progress)
        registry = self.context.defaults["registry"]
        from wasmnb.image import package  # noqa: PLC0415 - for deployments only

        return Found(package(module, f"{registry}/{module.name}" if registry else ""))

    def _would_push(self, image: Image, *, made_here: bool) -> Image | None:
        """Give the image under the name that it would be pushed to; None when a registry must have it already."""
        target = place(image, self.context.defaults["registry"], self.context.mesh.name)
        if not made_here and target == image.reference:
            return None
        return replace(image, reference=str(Reference.parse(target).with_digest(image.digest)))

    def _published(self, image: Image, access: AccessOptions, progress: Progress | None, *, made_here: bool) -> Image:
        """See that a registry has an image, for a mesh that takes it from there.

        What was made here, or is the store's own, is pushed; what names a registry must be there already.
        """
        from wasmnb.image.registry import look, push  # noqa: PLC0415 - the HTTP library, for its users only

        target = place(image, self.context.defaults["registry"], self.context.mesh.name)
        keywords = self._access(target, access)
        if made_here or target != image.reference:
            push(image, target, **keywords, progress=progress)
            return replace(image, reference=str(Reference.parse(target).with_digest(image.digest)))
        pinned = str(Reference.parse(target).with_digest(image.digest))
        if not look(pinned, **keywords):
            named = str(replace(Reference.parse(target), digest=""))
            if held(self.context.store, named) != image.digest:  # the tag means another one by now
                named = pinned
            host, mesh = Reference.parse(target).host, self.context.mesh.name
            raise RegistryError(
                f"{host} does not have {pinned}, and the mesh {mesh!r} takes it from there.",
                hint=Wording("{}", Verb("push", (named,))),
                status=404,
                code="WNB3041",
            )
        return replace(image, reference=pinned)

    def _access(self, reference: str, options: AccessOptions) -> AccessKeywords:
        return self.context.access(LOCAL if is_digest(reference) else Reference.parse(reference).host, options)

    @contextmanager
    def _images_named(self, name: str | Filter | Module) -> Iterator[None]:
        """Say, where there is no filter of a name, that the store has an image of it."""
        try:
            yield
        except BadNameError as error:
            if (
                isinstance(name, str)
                and name not in self.context.filters.names()
                and held(self.context.store, f"{LOCAL}/{name}")
            ):
                error.advise(f"the store has an image of that name: {LOCAL}/{name}")
            raise


def find(reference: str, store: Store, *, own: str, access: AccessKeywords, progress: Progress | None = None) -> Found:
    """Find an image; a tag of a registry is asked for anew each time.

    Parameters
    ----------
    reference : str
    store : Store
    own : str
        The digest that this session itself built under this name and has not pushed; empty when there is none.
    access : AccessKeywords
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


def _now(reference: str, here: str, access: AccessKeywords) -> tuple[str, str]:
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


def _pulled(store: Store, reference: str, access: AccessKeywords, progress: Progress | None) -> Found:
    from wasmnb.image.registry import pull  # noqa: PLC0415 - the HTTP library, for its users only

    done = pull(reference, store, **access, progress=progress)
    return Found(store.get(done.reference), done.note)
