"""Images between this machine and registries: push, pull, list, log in.

Importing this imports the HTTP library; whoever only needs it later imports it then.
"""

from wasmnb.image.registry.catalogue import repositories, tags
from wasmnb.image.registry.pull import Pulled, pull, resolve
from wasmnb.image.registry.push import push

__all__ = ["Pulled", "pull", "push", "repositories", "resolve", "tags"]
