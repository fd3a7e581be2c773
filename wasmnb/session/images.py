"""A session's images: built, kept in the store, named, listed, looked at, and carried between it and registries."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ImageError, RegistryError
from wasmnb.image.index_entries import ref_name
from wasmnb.image.reference import LOCAL, Reference, split_target
from wasmnb.image.results import Built, Removed, Tagged, Transfer
from wasmnb.session import parsing
from wasmnb.session.building import Order
from wasmnb.session.image_lookup import held
from wasmnb.session.listings import below, beside
from wasmnb.session.state import State
from wasmnb.wording import Option, Verb, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wasmnb.compile import Filter
    from wasmnb.image import Inspection, Listing
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["Images"]


class Images(State):
    """What a session does with images."""

    def build(
        self,
        what: str | Path | Filter | Module,
        file: str | Path | None = None,
        *,
        tag: str | None = None,
        runtime_config: Mapping[str, Any] | str | Path | None = None,
        variant: str = "artifact",
        annotation: Sequence[str] | Mapping[str, str] = (),
        schema: Mapping[str, Any] | str | Path | None = None,
        in_container: str | None = None,
        command: str | None = None,
        target: str | None = None,
        pull: bool = False,
        flags: Sequence[str] = (),
        include: Sequence[str] = (),
        define: Sequence[str] = (),
        std: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
        log: Callable[[str], None] | None = None,
    ) -> Built:
        """Build an image, and keep it in the store.

        Parameters
        ----------
        what : str, pathlib.Path, Filter or Module
            A filter of the session, a ``.wasm`` file, a C++ source, a folder with a module or with a project, or the
            word ``precompiled`` with a ``file`` behind it.
        file : str or pathlib.Path, optional
            The module, whatever its name ends with.
        tag : str, optional
            The image's reference; ``local/<name>``.
        runtime_config : mapping, str or pathlib.Path, optional
            The ``runtime-config.json``, or its path; made from the module.
        variant : str
            ``artifact`` or ``compat``; see `wasmnb.image.package`.
        annotation : sequence of str, or mapping
            ``key=value``; the standard keys go by their short names, such as ``title``.
        schema : mapping, str or pathlib.Path, optional
            JSON Schema of the filter's configuration, or its path.
        in_container : str, optional
            A builder image in which a folder is built.
        command, target, pull
            As of `wasmnb.compile.container.build_in_container`.
        flags, include, define, std
            As for `filter`; for a source or a folder.
        force : bool
            Compile although nothing changed.
        log : callable, optional
            Given each line of a container's build as it comes.

        Raises
        ------
        BadNameError, UsageError, ConfigError, CompileError, LinkError, ToolchainError, ModuleError, ImageError
        Interrupted
        """
        with self._guard():
            start = perf_counter()
            order = Order.read(
                what,
                file,
                reference=tag,
                runtime_config=runtime_config,
                variant=variant,
                annotations=annotation,
                schema=schema,
                force=force,
                flags=parsing.flags(flags, include, define, std),
            )
            container = {"command": command, "target": target, "pull": pull}
            before = held(self.store, order.reference)
            image = order.run(self._filters, self.store, in_container, container, progress=progress, log=log)
            self._own[image.reference] = image.digest
            return Built(image, before == image.digest, perf_counter() - start)

    def push(
        self,
        reference: str,
        *,
        plain_http: bool = False,
        insecure: bool = False,
        ca: str | None = None,
        progress: Progress | None = None,
    ) -> Transfer:
        """Push an image of the store to the registry that its name says.

        Parameters
        ----------
        reference : str
            Such as ``registry.example/team/header-filter:v1``. Under ``local/`` nothing is to be done.
        plain_http, insecure : bool
            Without TLS; with TLS, but whoever answers is believed.
        ca : str, optional
            A file of certificate authorities to believe.

        Raises
        ------
        BadNameError, ImageError, RegistryError, Interrupted
        """
        from wasmnb.image.registry import push  # noqa: PLC0415 - the HTTP library, for its users only

        with self._guard():
            start, image = perf_counter(), self._stored(reference)
            named = Reference.parse(image.reference)
            if named.is_local:
                note = str(
                    Wording(
                        "references under local/ stay in the store, and deploy from it; {} gives another name",
                        Verb("tag"),
                    )
                )
                return Transfer("pushed", image.reference, image.digest, image.size, unchanged=True, note=note)
            access = self._access(named.host, plain_http=plain_http, insecure=insecure, ca=ca)
            done = push(image, image.reference, **access, progress=progress)
            self._own.pop(image.reference, None)
            moved = f"the tag has moved from {done.before}" if done.before and not done.unchanged else ""
            seconds = perf_counter() - start
            return Transfer("pushed", image.reference, done.digest, image.size, done.unchanged, seconds, moved)

    def pull(
        self,
        reference: str,
        *,
        plain_http: bool = False,
        insecure: bool = False,
        ca: str | None = None,
        progress: Progress | None = None,
    ) -> Transfer:
        """Pull an image from its registry into the store.

        Parameters
        ----------
        reference : str
            With a tag, a digest, or both: then the digest decides.
        plain_http, insecure, ca
            As for `push`.

        Raises
        ------
        BadNameError, ImageError, RegistryError, Interrupted
        """
        from wasmnb.image.registry import pull  # noqa: PLC0415 - the HTTP library, for its users only

        with self._guard():
            start, before = perf_counter(), held(self.store, reference)
            access = self._access(Reference.parse(reference).host, plain_http=plain_http, insecure=insecure, ca=ca)
            done = pull(reference, self.store, **access, progress=progress)
            # An index is kept as one, and deployed as the manifest that meshes take of it.
            now = self.store.resolve(done.reference)
            self._own.pop(ref_name(Reference.parse(reference)), None)
            return Transfer(
                "pulled", done.reference, done.digest, done.size, before == now, perf_counter() - start, done.note
            )

    def tag(self, source: str, target: str) -> Tagged:
        """Give an image of the store one more name; a tag that named another one moves.

        Raises
        ------
        BadNameError, ImageError
        """
        with self._guard():
            before = held(self.store, target)
            tagged = self.store.tag(source, target)
            self._own[tagged.reference] = tagged.digest
            return Tagged(source, tagged, before)

    def rm(self, *references: str) -> Removed:
        """Forget names of images, all or none, and free what no other name needs.

        Raises
        ------
        BadNameError, ImageError
            One is not there; nothing has been removed then.
        """
        with self._guard():
            wanted = dict.fromkeys(references)
            rows = {row.reference: row for row in self.store.list()}
            digests = [self.store.resolve(reference) for reference in wanted]
            freed = sum(self.store.remove(reference) for reference in wanted)
            left = {row.reference for row in self.store.list()}
            gone = tuple(row for name, row in rows.items() if name not in left and row.digest in digests)
            for row in gone:
                self._own.pop(row.reference, None)
            return Removed(gone, freed)

    def inspect(
        self, reference: str, *, plain_http: bool = False, insecure: bool = False, ca: str | None = None
    ) -> Inspection:
        """Look at an image of the store, or else of its registry: its form, what is in it, and who takes it.

        Parameters
        ----------
        reference : str
        plain_http, insecure, ca
            As for `push`.

        Raises
        ------
        BadNameError, ImageError, RegistryError
        """
        with self._guard():
            if held(self.store, reference) or (named := Reference.parse(reference)).is_local:
                return self.store.inspect(reference)
            from wasmnb.image.registry import inspect  # noqa: PLC0415 - the HTTP library, for its users only

            return inspect(reference, **self._access(named.host, plain_http=plain_http, insecure=insecure, ca=ca))

    def list(
        self,
        target: str | None = None,
        *,
        search: str | None = None,
        plain_http: bool = False,
        insecure: bool = False,
        ca: str | None = None,
        progress: Progress | None = None,
    ) -> Listing:
        """List the images of the store, or those of a registry.

        Parameters
        ----------
        target : str, optional
            A repository, a namespace or a registry; the store, without it or with ``local``. Without it, a search
            looks through the configured registry too.
        search : str, optional
            Words that must all be in the reference, the digest, the language or a root id.
        plain_http, insecure, ca
            As for `push`.

        Raises
        ------
        BadNameError, ImageError, RegistryError
        """
        with self._guard():
            if target is None:
                return self._searched(search, progress, plain_http=plain_http, insecure=insecure, ca=ca)
            host, _ = split_target(target)
            if host == LOCAL:
                return below(self.store.list(search), target)
            from wasmnb.image.registry import listing  # noqa: PLC0415 - the HTTP library, for its users only

            access = self._access(host, plain_http=plain_http, insecure=insecure, ca=ca)
            try:
                return listing(target, search=search, **access, progress=progress)
            except RegistryError as error:
                if not error.status and target.isidentifier():
                    look = Wording("to look for a word: {}", Verb("list", options=(Option("search", target),)))
                    error.advise(joined(error.hint_value or "look at the name", look))
                raise

    def _searched(self, search: str | None, progress: Progress | None, **spoken: Any) -> Listing:
        """List the store, and for a search the configured registry beside it."""
        here, registry = self.store.list(search), self._defaults["registry"]
        if not search or not registry:
            return here
        return beside(here, registry, search, self._access(split_target(registry)[0], **spoken), progress)

    def _stored(self, reference: str) -> Any:
        """Give an image of the store; a filter's name alone is a mistake that can be told."""
        try:
            return self.store.get(reference)
        except ImageError as error:
            if reference in self._filters.names():
                build = Verb("build", (reference,), (Option("tag", "REFERENCE", "-t"),))
                error.advise(Wording("{} is a filter: {} makes an image of it", reference, build))
            raise
