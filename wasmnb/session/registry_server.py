"""The registry that a session serves to its own machine, where there is no other to push to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import UsageError, did_you_mean
from wasmnb.options import takes
from wasmnb.session.options.registry import RegistryCall
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.image.registry.server import RegistryServer, ServedRegistry
    from wasmnb.session.context import Context

__all__ = ["ServingRegistry"]

_ACTIONS = ("start", "stop")
_PORT = 5000  # where registries listen by custom, so that a notebook's references stay the same


class ServingRegistry:
    """A registry on the loopback interface, for as long as the session lives.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._server: RegistryServer | None = None

    @takes(RegistryCall)
    def registry(self, call: RegistryCall) -> ServedRegistry:
        """Serve a registry to this machine, end it, or say whether one is served; what was pushed stays on disk.

        Raises
        ------
        UsageError
            The action is unknown, or one is served on another port.
        RegistryError
            The port is taken.
        """
        from wasmnb.image.registry.server import RegistryServer, ServedRegistry  # noqa: PLC0415 - an HTTP server

        if call.action not in (None, *_ACTIONS):
            raise UsageError(
                f"A registry cannot {call.action!r}.",
                hint=did_you_mean(call.action, _ACTIONS) or Wording("{} starts it", Verb("registry", ("start",))),
            )
        if call.action == "start" and self._server is None:
            self._server = RegistryServer(port=_PORT if call.port is None else call.port)
        elif call.action == "start" and self._server is not None and call.port not in (None, 0, self._server.port):
            raise UsageError(
                f"A registry is served already, as {self._server.host}.",
                hint=Wording("{} ends it", Verb("registry", ("stop",))),
            )
        if call.action == "stop":
            self.close()
        return ServedRegistry.of(self._server)

    def close(self) -> None:
        """End it, if one is served."""
        if self._server is not None:
            server, self._server = self._server, None
            server.stop()
