"""A session's images: kept in the store, named, listed, looked at, and carried between it and registries."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, ImageError, RegistryError
from wasmnb.image.index_entries import ref_name
from wasmnb.image.reference import LOCAL, Reference, split_target
from wasmnb.image.results import Removed, Tagged, Transfer
from wasmnb.options import takes
from wasmnb.session.image_source import held
from wasmnb.session.options.registry import InspectCall, ListCall, PullCall, TransferCall
from wasmnb.wording import Option, Verb, Wording, joined

if TYPE_CHECKING:
    from wasmnb.image import Image, Inspection, Listing
    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.progress import Progress
    from wasmnb.session.context import Context

__all__ = ["Images"]


class Images:
    """What a session does with images.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    @takes(TransferCall)
    def push(self, call: TransferCall) -> Transfer:
        """Push an image of the store to the registry that its name says.

        Raises
        ------
        BadNameError, ImageError, RegistryError, Interrupted
        """
        from wasmnb.image.registry import push  # noqa: PLC0415 - the HTTP library, for its users only

        start, image = perf_counter(), self._stored(call.reference)
        named = Reference.parse(image.reference)
        if named.is_local:
            stay = "references under local/ stay in the store, and deploy from it; {} gives another name"
            note = str(Wording(stay, Verb("tag")))
            return Transfer("pushed", image.reference, image.digest, image.size, unchanged=True, note=note)
        access = self.context.access(named.host, call)
        done = push(image, image.reference, **access, progress=call.progress)
        self.context.own.pop(image.reference, None)
        moved = f"the tag has moved from {done.before}" if done.before and not done.unchanged else ""
        seconds = perf_counter() - start
        return Transfer("pushed", image.reference, done.digest, image.size, done.unchanged, seconds, moved)

    @takes(PullCall)
    def pull(self, call: PullCall) -> Transfer:
        """Pull an image from its registry into the store.

        With ``repack``, an image that meshes refuse becomes one that they take, of the module in it, as ``local/NAME``.

        Raises
        ------
        BadNameError, ImageError, RegistryError, Interrupted
        """
        from wasmnb.image.registry import pull  # noqa: PLC0415 - the HTTP library, for its users only

        start, before = perf_counter(), held(self.context.store, call.reference)
        if call.repack and Reference.parse(call.reference).is_local:
            return self._repacked(call.reference, start)
        access = self.context.access(Reference.parse(call.reference).host, call)
        done = pull(call.reference, self.context.store, **access, progress=call.progress)
        # An index is kept as one, and deployed as the manifest that meshes take of it.
        now = self.context.store.resolve(done.reference)
        self.context.own.pop(ref_name(Reference.parse(call.reference)), None)
        if call.repack:
            return self._repacked(done.reference, start)
        return Transfer(
            "pulled", done.reference, done.digest, done.size, before == now, perf_counter() - start, done.note
        )

    def _repacked(self, reference: str, start: float) -> Transfer:
        """Make an image of the module in another image, in the store too, unless that one is taken as it is.

        Raises
        ------
        ImageError
            There is no module in it.
        """
        looked = self.context.store.inspect(reference)
        module = looked.module or looked.hidden
        if module is None:
            raise ImageError(
                f"{reference} cannot be packaged anew: no module can be taken out of it.", why=looked.problems
            )
        if all(one.accepted for one in looked.consumers):
            made, note = self.context.store.get(reference), "every consumer takes it as it is; nothing was packaged"
        else:
            from wasmnb.image import package  # noqa: PLC0415 - for its users only

            made, note = (
                package(module, f"{LOCAL}/{Reference.parse(reference).name}"),
                f"made of the module in {reference}",
            )
            self.context.store.add(made)
            self.context.own[made.reference] = made.digest
        seconds = perf_counter() - start
        return Transfer("pulled", made.reference, made.digest, made.size, unchanged=False, seconds=seconds, note=note)

    def tag(self, source: str, target: str) -> Tagged:
        """Give an image of the store one more name; a tag that named another one moves.

        Raises
        ------
        BadNameError, ImageError
        """
        before = held(self.context.store, target)
        tagged = self.context.store.tag(source, target)
        self.context.own[tagged.reference] = tagged.digest
        return Tagged(source, tagged, before)

    def rm(self, *references: str) -> Removed:
        """Forget names of images, all or none, and free what no other name needs.

        Raises
        ------
        BadNameError, ImageError
            One is not there; nothing has been removed then.
        """
        wanted = dict.fromkeys(references)
        rows = {row.reference: row for row in self.context.store.list()}
        digests = [self.context.store.resolve(reference) for reference in wanted]
        freed = sum(self.context.store.remove(reference) for reference in wanted)
        left = {row.reference for row in self.context.store.list()}
        gone = tuple(row for name, row in rows.items() if name not in left and row.digest in digests)
        for row in gone:
            self.context.own.pop(row.reference, None)
        return Removed(gone, freed)

    @takes(InspectCall)
    def inspect(self, call: InspectCall) -> Inspection:
        """Look at an image of the store, or else of its registry: its form, what is in it, and who takes it.

        Raises
        ------
        BadNameError, ImageError, RegistryError
        """
        if call.reference.endswith(".wasm") and Path(call.reference).is_file():
            raise BadNameError(
                f"{call.reference} is a file, and no image.",
                hint=Wording(
                    "{} makes an image of it",
                    Verb("build", ("precompiled", call.reference), (Option("tag", "local/NAME", "-t"),)),
                ),
            )
        if held(self.context.store, call.reference) or (named := Reference.parse(call.reference)).is_local:
            return self.context.store.inspect(call.reference)
        from wasmnb.image.registry import inspect  # noqa: PLC0415 - the HTTP library, for its users only

        return inspect(call.reference, **self.context.access(named.host, call))

    @takes(ListCall)
    def list(self, call: ListCall) -> Listing:
        """List the images of the store, or those of a registry.

        Without a target, a search looks through the configured registry too.

        Raises
        ------
        BadNameError, ImageError, RegistryError
        """
        target, search = call.target, call.search
        if target is None:
            here, registry = self.context.store.list(search), self.context.defaults["registry"]
            if not search or not registry:
                return here
            access = self.context.access(split_target(registry)[0], call)
            return beside(here, registry, search, access, call.progress)
        host, _ = split_target(target)
        if host == LOCAL:
            return below(self.context.store.list(search), target)
        from wasmnb.image.registry import listing  # noqa: PLC0415 - the HTTP library, for its users only

        try:
            return listing(target, search=search, **self.context.access(host, call), progress=call.progress)
        except RegistryError as error:
            if not error.status and target.isidentifier():
                look = Wording("to look for a word: {}", Verb("list", options=(Option("search", target),)))
                error.advise(joined(error.hint_value or "look at the name", look))
            raise

    def _stored(self, reference: str) -> Image:
        """Give an image of the store; a filter's name alone is a mistake that can be told."""
        try:
            return self.context.store.get(reference)
        except ImageError as error:
            if reference in self.context.filters.names():
                build = Verb("build", (reference,), (Option("tag", "REFERENCE", "-t"),))
                error.advise(Wording("{} is a filter: {} makes an image of it", reference, build))
            raise


def beside(here: Listing, registry: str, search: str, access: AccessKeywords, progress: Progress | None) -> Listing:
    """Add what a registry has to what the store has; what both have is one row, with the store's time.

    Parameters
    ----------
    here : Listing
        Of the store, searched already.
    registry : str
        Host, or host and path.
    search : str
    access : AccessKeywords
    progress : Progress, optional

    Returns
    -------
    Listing
        A registry that cannot be asked is a note, because the store was searched all the same.
    """
    from wasmnb.image.registry import listing  # noqa: PLC0415 - the HTTP library, for its users only

    title = f"Images on this machine and of {registry}"
    try:
        there = listing(registry, search=search, **access, progress=progress)
    except RegistryError as error:
        notes = (*here.notes, f"{registry} could not be searched: {error.what}")
        return type(here).of(here, title=here.title, notes=notes)
    mine = {row.reference: row.digest for row in here}
    more = [row for row in there if mine.get(row.reference) != row.digest]
    moved = [row.reference for row in more if row.reference in mine]
    notes = (*here.notes, *there.notes)
    if moved:
        notes = (*notes, f"another image here than in the registry, so twice: {', '.join(moved)}")
    return type(here).of([*here, *more], title=title, notes=notes)


def below(listing: Listing, target: str) -> Listing:
    """Keep what has a name, or stands below it."""
    start = target.rstrip("/")
    rows = [row for row in listing if row.name == start or row.name.startswith(f"{start}/")]
    return type(listing).of(rows, title=f"Images of {start}")
