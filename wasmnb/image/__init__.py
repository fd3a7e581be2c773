"""From a module to an image, and what images are called."""

from wasmnb.image.image import Image, Layer
from wasmnb.image.package import package
from wasmnb.image.reference import Reference

__all__ = ["Image", "Layer", "Reference", "package"]
