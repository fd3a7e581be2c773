"""Checks that run something: cases on the learner's filter, the learner's cases on filters of ours, and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.cases import read
from wasmnb.compile import Filter

if TYPE_CHECKING:
    from wasmnb.cases import Suite, TestResults
    from wasmnb.exercises.scene import Scene

__all__ = ["CasesCheck", "ImageCheck", "TestsCheck"]


@dataclass(frozen=True)
class CasesCheck:
    """Whether a filter of the session passes cases.

    Parameters
    ----------
    filter : str
    cases : str
    """

    filter: str
    cases: str

    @property
    def about(self) -> str:
        """What is looked at."""
        return f"what {self.filter} does in cases of our own"

    def look(self, scene: Scene) -> str:
        """Say what is otherwise."""
        suite = read(self.cases, source="exercise")
        return _failure(scene.runner.run(suite, scene.session.context.filters.get(self.filter).module))


@dataclass(frozen=True)
class TestsCheck:
    """Whether the session's cases of a filter tell a right one from wrong ones.

    Parameters
    ----------
    filter : str
        Whose cases they are.
    right : str
        The source of a filter that must pass.
    wrong : sequence of mapping
        ``what`` is wrong with a filter that must not pass, and what stands there ``instead``: parts of ``right`` by
        what takes their place.
    least : int
        How many cases there must be.
    """

    __test__ = False  # pytest takes every class whose name begins so for a test

    filter: str
    right: str
    wrong: Sequence[Mapping[str, object]] = ()
    least: int = 1

    @property
    def about(self) -> str:
        """What is looked at."""
        return f"what the cases of {self.filter} tell apart"

    def look(self, scene: Scene) -> str:
        """Say what is otherwise."""
        suite = scene.session.context.cases.get(self.filter)
        if len(suite.cases) < self.least:
            return f"there are {len(suite.cases)} cases, fewer than {self.least}"
        said = _failure(self._run(scene, suite, self.right))
        if said:
            return f"a right filter fails them: {said}"
        for one in self.wrong:
            source, instead = self.right, one["instead"]
            for old, new in instead.items() if isinstance(instead, Mapping) else ():
                source = source.replace(str(old), str(new))
            if self._run(scene, suite, source).passed:
                return f"a filter passes them that {one['what']}"
        return ""

    def _run(self, scene: Scene, suite: Suite, source: str) -> TestResults:
        return scene.runner.run(suite, Filter(self.filter, source).build())


@dataclass(frozen=True)
class ImageCheck:
    """Whether an image is in the registry that the session serves.

    Parameters
    ----------
    repository : str
        Behind the registry's host.
    tag : str
    same_as, other_than : str
        A tag of that repository which must mean the same digest, or another one.
    plugin : str
        A plugin that must be in force by that digest.
    """

    repository: str
    tag: str
    same_as: str = ""
    other_than: str = ""
    plugin: str = ""

    @property
    def about(self) -> str:
        """What is looked at."""
        return f"the image {self.repository}:{self.tag}"

    def look(self, scene: Scene) -> str:
        """Say what is otherwise."""
        host = scene.session.registry().host
        if not host:
            return "no registry is served"
        listed = scene.session.list(target=f"{host}/{self.repository}")
        digests = {one.tag: one.digest for one in listed}
        digest = digests.get(self.tag)
        if digest is None:
            return f"{host}/{self.repository} has the tags: {', '.join(sorted(filter(None, digests))) or 'none'}"
        return self._tags_differ(digests, digest) or self._not_in_force(scene, digest)

    def _tags_differ(self, digests: Mapping[str, str], digest: str) -> str:
        if self.same_as and digests.get(self.same_as) != digest:
            return f"{self.same_as} means {digests.get(self.same_as, 'nothing')}, {self.tag} means {digest}"
        if self.other_than and digests.get(self.other_than) in (None, digest):
            return f"{self.other_than} means {digests.get(self.other_than, 'nothing')}, {self.tag} means {digest}"
        return ""

    def _not_in_force(self, scene: Scene, digest: str) -> str:
        if not self.plugin:
            return ""
        running = next((one for one in scene.session.current.plugins() if one.id == self.plugin), None)
        if running is None:
            return f"{self.plugin} is not in force"
        found = running.image.digest
        return "" if found == digest else f"{found} is in force, {self.tag} means {digest}"


def _failure(results: TestResults) -> str:
    said = [f"{one.name}: {one.why}" for one in results if one.why]
    return said[0] if said else ""
