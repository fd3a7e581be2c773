"""Images between this machine and registries: push, pull, look at, list, log in.

Importing this imports the HTTP library; whoever needs it only later imports it then.
"""

from wasmnb.image.registry.catalogue import repositories, tags
from wasmnb.image.registry.listing import listing
from wasmnb.image.registry.login import Login, login, logout
from wasmnb.image.registry.pull import Pulled, pull
from wasmnb.image.registry.push import Pushed, push
from wasmnb.image.registry.resolve import inspect, look, resolve

__all__ = [
    "Login",
    "Pulled",
    "Pushed",
    "inspect",
    "listing",
    "login",
    "logout",
    "look",
    "pull",
    "push",
    "repositories",
    "resolve",
    "tags",
]
