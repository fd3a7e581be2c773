"""Messages of ``.proto`` files as C++ classes over the SDK's own runtime."""

from wasmnb.compile.cpp.proto.generate import elsewhere, generate, replaced, wanted

__all__ = ["elsewhere", "generate", "replaced", "wanted"]
