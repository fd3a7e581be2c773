"""An Istio mesh that pushes what it is given first, as a session does: images of tests are nowhere else."""

from __future__ import annotations

from dataclasses import replace

from wasmnb.image.reference import Reference
from wasmnb.image.registry import push
from wasmnb.mesh.istio import IstioMesh
from wasmnb.mesh.results import Verdicts
from wasmnb.plugin import Plugin


class PublishedMesh(IstioMesh):
    """The mesh, with a registry beside it."""

    registry = ""

    def _published(self, plugin: Plugin) -> Plugin:
        reference = Reference.parse(plugin.image.reference)
        if not reference.is_local:
            return plugin
        target = f"{self.registry}/{reference.path}:1"
        push(plugin.image, target, plain_http=True)
        pinned = str(Reference.parse(target).with_digest(plugin.image.digest))
        return plugin.with_image(replace(plugin.image, reference=pinned))

    def render(self, plugin: Plugin) -> str:
        return super().render(self._published(plugin))

    def apply(self, plugin: Plugin, **options: object) -> Verdicts:
        return super().apply(self._published(plugin), **options)
