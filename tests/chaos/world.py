"""A mesh with a filter on some of its pods, which faults are done to."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field, replace

from tests.chaos import filters
from tests.chaos.looks import Expected
from tests.chaos.truth import Truth, ask
from wasmnb.errors import BadNameError, WasmnbError
from wasmnb.image import package
from wasmnb.mesh import Mesh, PodVerdict, Verdict
from wasmnb.module import Module
from wasmnb.plugin import FailPolicy, Plugin
from wasmnb.plugin.errors import DeployError

SOURCE = "productpage"
TARGETS = {
    "details": ("details:9080/details/1", {"app": "details"}),
    "ratings": ("ratings:9080/ratings/1", {"app": "ratings"}),
    "reviews": ("reviews:9080/health", {"app": "reviews"}),
    "one of reviews": ("reviews:9080/health", {"app": "reviews", "version": "v2"}),
}
"""Requests to a service, and the selector of the pods that the filter is for."""


@dataclass
class World:
    """What one run is done to.

    Parameters
    ----------
    mesh : Mesh
    choose : random.Random
        Makes every choice, so that a seed makes them again.
    target : str
        One of `TARGETS`.
    plugin : Plugin
        What was deployed last, whether or not it came into force.
    story : list of str
        What was done, in order.
    alike : bool
        Whether what was deployed last does what stood there before, so that its effect tells nobody of it.
    """

    mesh: Mesh
    choose: random.Random
    target: str
    plugin: Plugin
    story: list[str] = field(default_factory=list)
    alike: bool = False

    @classmethod
    def begin(cls, mesh: Mesh, choose: random.Random, id_: str, **more: object) -> World:
        """Choose pods, a filter and its policy, and deploy it under an id that was never used before."""
        target = choose.choice(list(TARGETS))
        policy = choose.choice(list(FailPolicy))
        image = package(filters.marking(choose.choice(filters.BUILDS)))
        world = cls(mesh, choose, target, Plugin(id_, image, TARGETS[target][1], fail_policy=policy), **more)
        world.deploy(world.plugin)
        return world

    @property
    def url(self) -> str:
        return TARGETS[self.target][0]

    @property
    def pods(self) -> list[str]:
        """The pods that the filter is for."""
        wanted = self.plugin.selector.items()
        return [one.name for one in self.mesh.pods() if wanted <= one.labels.items()]

    def deploy(self, plugin: Plugin) -> None:
        """Deploy what may well be refused."""
        before, self.plugin = self.plugin, plugin
        shows = [(one.image.digest, one.config_text) for one in (before, plugin)]
        self.alike = shows[0] == shows[1] and (self.alike or before.env != plugin.env)
        about = f"{plugin.image.reference.split(':')[0]} {plugin.config_text!r} {plugin.fail_policy.value}"
        try:
            self.mesh.apply(plugin, allow_trap=True)
            self.story.append(f"deployed {about}")
        except WasmnbError as error:
            self.story.append(f"deployed {about}: {type(error).__name__}")

    def change(self, module: Module | None = None, **fields: object) -> None:
        """Deploy the filter with something else of it."""
        image = package(module) if module is not None else self.plugin.image
        self.deploy(replace(self.plugin, image=image, **fields))

    def undeploy(self) -> None:
        """Take the filter away, if it is there."""
        self.alike = False
        # Where a worker hangs, nobody can prove that it is gone; the next look says what is.
        with contextlib.suppress(BadNameError, DeployError):
            self.mesh.remove(self.plugin.id)

    def beside(self, id_: str, module: Module, **fields: object) -> None:
        """Deploy another filter on the same pods."""
        with contextlib.suppress(WasmnbError):
            self.mesh.apply(Plugin(id_, package(module), self.plugin.selector, **fields), allow_trap=True)

    def recover(self) -> None:
        """Wait until what was mended is whole."""

    def truth(self) -> dict[str, Truth]:
        """Say what requests to each pod show."""
        return ask(self.mesh, SOURCE, self.url, self.pods)

    def verdicts(self) -> dict[str, PodVerdict]:
        """Give the verdict of each pod that the filter is for; none where nothing is in force."""
        try:
            found = self.mesh.verdicts(self.plugin.id)
        except BadNameError:
            return {}
        return {one.pod: one for one in found if one.verdict is not Verdict.NOT_SELECTED}

    def expected(self) -> Expected | None:
        """Give what the filter that is in force would show."""
        standing = next((one for one in self.mesh.plugins() if one.id == self.plugin.id), None)
        tag = filters.tag_of(standing.image.digest) if standing is not None else ""
        if standing is None or not tag:
            return None
        return Expected(tag, "" if tag == filters.LYING else standing.config_text)

    def provoke(self, letter: str, times: int = 1) -> None:
        """Send each pod requests that the filter does harm on."""
        for pod in self.pods:
            for _ in range(times):
                with contextlib.suppress(WasmnbError):
                    self.mesh.send(SOURCE, f"{self.url}?{letter}", pod=pod, timeout=0.5)
