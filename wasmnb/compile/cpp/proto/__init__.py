"""Messages of ``.proto`` files as C++ classes over the SDK's own runtime."""

from wasmnb.compile.cpp.proto.generate import generate, wanted

__all__ = ["generate", "wanted"]
