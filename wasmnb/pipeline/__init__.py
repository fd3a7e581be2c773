"""From a cell, a file or a folder to an image: what stands above the compilers and the packaging."""

from wasmnb.pipeline.build import SCHEMA, build_image

__all__ = ["SCHEMA", "build_image"]
