"""The images of a repository, a namespace or a whole registry, as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.display.text import several
from wasmnb.errors import AuthError, RegistryError
from wasmnb.image.listing import Listing
from wasmnb.image.reference import split_target
from wasmnb.image.registry import manifests
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.catalogue import repositories_of, tags_of
from wasmnb.image.registry.client import client
from wasmnb.image.registry.listing_cache import Memory
from wasmnb.image.registry.manifest_facts import facts_of, row
from wasmnb.image.registry.repository import Remote
from wasmnb.image.registry.resolve import NOT_FOUND
from wasmnb.image.registry.responses import Operation
from wasmnb.paths import cache_dir
from wasmnb.progress import Silent
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from typing_extensions import Unpack

    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.image.registry.client import Client
    from wasmnb.progress import Progress

    Tag = tuple[str, str]
    """Repository without its host, and tag."""

__all__ = ["FRESH", "listing"]

#: Seconds for which a tag that was looked at is not looked at again.
FRESH = 30.0

_STEP = 20  # tags between two reports of progress


def listing(
    target: str,
    *,
    search: str | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
    fresh: float = FRESH,
    **access: Unpack[AccessKeywords],
) -> Listing:
    """List the images of a registry.

    Parameters
    ----------
    target : str
        A host (``registry.example:5000``), a namespace (``registry.example/team``) or a repository.
    search : str, optional
        Words that must all be in the reference, the digest, the language or a root id.
    **access
        As for `push`.
    progress : Progress, optional
        Told of tags.
    cache : pathlib.Path, optional
        A folder for what manifests said, by digest; one under the user's cache when not given.
    fresh : float
        Seconds for which a tag that was looked at is not looked at again, but for those pushed from this process; the
        table says so. 0 asks for all.

    Returns
    -------
    Listing
        ``.frame`` is a DataFrame ``name, tag, size, digest, updated, abi, language, root_ids``. What nobody says is
        missing; ``updated`` is the annotation ``org.opencontainers.image.created``, as registries tell no time.

    Raises
    ------
    RegistryError
        The registry cannot be reached, refuses, has no such repository, or no catalogue to look through.
    """
    host, path = split_target(target)
    at = client(host, Access.of(**access))
    memory = Memory(cache or cache_dir("registry"))
    try:
        return _Listing(at, path, memory, progress or Silent(), fresh).run(target, search)
    finally:
        memory.close()


class _Listing:
    def __init__(self, at: Client, path: str, memory: Memory, progress: Progress, fresh: float) -> None:
        self._at, self._path, self._memory, self._progress, self._fresh = at, path, memory, progress, fresh
        self._operation = Operation("list", f"{at.host}/{path}".rstrip("/"), at.host)
        self._notes: list[str] = []
        self._learned: dict[str, dict[str, Any]] = {}

    def run(self, target: str, search: str | None) -> Listing:
        self._progress.update(f"asking {self._at.host}")
        tags = self._tags()
        digests, facts = self._looked_at(tags)
        gone = sum(not digests[tag] for tag in tags)
        if gone:
            self._notes.append(f"{several(gone, 'tag')} without a manifest: it was deleted.")
        rows = [row(f"{self._at.host}/{tag[0]}", tag[1], digests[tag], facts.get(digests[tag], {})) for tag in tags]
        return Listing.of(rows, search, title=f"Images of {target}", notes=self._notes)

    def _tags(self) -> list[Tag]:
        """Find all tags: of the repository that is meant, else of those below it."""
        if self._path:
            known = self._tags_of(self._path)
            if known:
                return [(self._path, tag) for tag in known]
        paths = repositories_of(self._at)
        if self._path:
            paths = [path for path in paths if path.startswith(f"{self._path}/")]
            if not paths:
                raise RegistryError(
                    f"{self._at.host} has no repository and no namespace {self._path}.",
                    hint=Wording("{} shows what it has", Verb("list", (self._at.host,))),
                    status=NOT_FOUND,
                    code="WNB3041",
                )
        found: list[Tag] = []
        denied = 0
        for path, shown in zip(paths, self._at.side_by_side(self._tags_if_allowed, paths), strict=True):
            found += [(path, tag) for tag in shown or ()]
            denied += shown is None
            self._progress.update(f"listing {self._at.host}: {several(len(found), 'tag')}")
        if denied:
            self._notes.append(
                f"{several(denied, 'repository', 'repositories')} of the catalogue whose tags you may not see."
            )
        return found

    def _tags_of(self, path: str) -> list[str]:
        try:
            return tags_of(Remote(self._at, path))
        except RegistryError as error:
            # A catalogue also names repositories that have been emptied.
            if error.status != NOT_FOUND:
                raise
        return []

    def _tags_if_allowed(self, path: str) -> list[str] | None:
        try:
            return self._tags_of(path)
        except AuthError:
            return None

    def _looked_at(self, tags: list[Tag]) -> tuple[dict[Tag, str], dict[str, dict[str, Any]]]:
        """Give what each tag means, and what is known of each digest; only what is not known is asked for."""
        remembered = self._memory.tags({f"{self._at.host}/{path}" for path, _ in tags})
        before = {tag: remembered.get((f"{self._at.host}/{tag[0]}", tag[1]), ("", self._fresh)) for tag in tags}
        facts = self._memory.facts(digest for digest, _ in before.values() if digest)
        digests, asked = {}, []
        for tag, (digest, age) in before.items():
            if age < self._fresh and digest in facts and tag not in self._at.moved:
                digests[tag] = digest
            else:
                asked.append(tag)
        if digests:
            known = several(len(digests), "tag")
            self._notes.append(f"{known} looked at less than {self._fresh:.0f} s ago, and not again.")
        answers = self._at.side_by_side(lambda tag: self._ask(tag, before[tag][0], facts), asked)
        for number, (tag, digest) in enumerate(zip(asked, answers, strict=True), start=1):
            digests[tag] = digest
            if number % _STEP == 1 or number == len(asked):
                self._progress.update(f"listing {self._at.host}", number, len(asked))
        self._at.moved.difference_update(asked)
        self._memory.keep_facts(self._learned)
        looked = {(f"{self._at.host}/{path}", tag): digests[path, tag] for path, tag in asked if digests[path, tag]}
        self._memory.keep_tags(looked)
        return digests, {**facts, **self._learned}

    def _ask(self, tag: Tag, before: str, facts: Mapping[str, dict[str, Any]]) -> str:
        """Ask what a tag means now, and of a digest that we do not know the manifest; empty for nothing."""
        remote = Remote(self._at, tag[0])
        try:
            if before in facts and manifests.look(remote, tag[1], self._operation) == before:
                return before
            found = manifests.fetch(remote, tag[1], self._operation)
            if found.digest not in self._learned:
                self._learned[found.digest] = facts_of(remote, found.data, self._operation)
        except RegistryError as error:
            if error.status != NOT_FOUND:
                raise
            return ""
        return found.digest
