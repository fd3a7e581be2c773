"""A registry on this machine's loopback interface: where images can be pushed when there is no other registry."""

from wasmnb.image.registry.server.served import ServedRegistry
from wasmnb.image.registry.server.server import RegistryServer

__all__ = ["RegistryServer", "ServedRegistry"]
