"""Where a plugin's filter stands in a proxy: in a listener that serves, before the ports of the pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.mesh.istio.proxies.capture import passed_by
from wasmnb.mesh.istio.proxies.case import PATIENCE, Case
from wasmnb.mesh.istio.proxies.pods import is_waypoint
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.mesh.istio.proxies.config_dump import Entry, Listeners

__all__ = ["Placement", "ports_text"]

_UNUSED = (
    "neither a service nor a pod that it is for uses the waypoint; the label istio.io/use-waypoint on the service or "
    "its namespace has it do so"
)


class Placement(Case):
    """The part of the judgement that the proxy's listeners decide."""

    def verdict(self, entry: Entry) -> PodVerdict | None:
        """Judge by where the filter stands: a listener that drains still has what was removed."""
        if self.seen.listeners is None:
            return self.say(Verdict.UNPROVEN, Cause.LISTENERS_UNREADABLE, "the proxy's listeners could not be read")
        if entry.name in self.seen.listeners.active:
            return self._passed(entry, self.seen.listeners)
        if self.seen.listeners.errors:
            return self.say(
                Verdict.REJECTED, Cause.LISTENER_REFUSED, "Envoy refused the listener", *self.seen.listeners.errors[:2]
            )
        if entry.name in self.seen.listeners.warming or self.age < PATIENCE:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "its listener is not in force yet")
        words = "no listener that serves has it: only one that drains, or none"
        if is_waypoint(self.seen.item):
            words = f"no request comes to it here: {_UNUSED}"
        return self.say(Verdict.UNPROVEN, Cause.LISTENER_ABSENT, words)

    def _passed(self, entry: Entry, listeners: Listeners) -> PodVerdict | None:
        """Judge by whether requests to the pod's own ports come to the filter."""
        every = listeners.ports()
        if not (self.wanted.serves and every):
            return None
        having = listeners.ports(http=True, having=entry.name)
        past = passed_by(self.seen.item, every)
        if served := sorted(set(having) - set(past)):
            meant = [port for port in listeners.ports(http=True) if not self.wanted.ports or port in self.wanted.ports]
            lacking = sorted(set(meant) - set(having) - set(past))
            if not lacking:
                return None
            words = f"it stands before {ports_text(served)}; not all that comes to {ports_text(lacking)} comes to it"
            return self.say(Verdict.UNPROVEN, Cause.LISTENER_ABSENT, words)
        if set(every) <= set(past) or (having and set(having) <= set(past)):
            words = f"requests to {ports_text(past)} do not pass the proxy: annotations or capture rules leave them out"
            return self.say(Verdict.UNPROVEN, Cause.TRAFFIC_BYPASSES, words)
        if not listeners.ports(http=True):
            words = (
                f"the proxy does not read {ports_text(every)} as HTTP: name the service's port http, or set appProtocol"
            )
            return self.say(Verdict.UNPROVEN, Cause.NO_HTTP_PORT, words)
        words = f"the filter stands before none of the pod's own ports ({ports_text(every)})"
        if part := listeners.reached(entry.name):
            words = f"not all that comes to {ports_text(part)} comes to the filter: a filter chain of the port lacks it"
        return self.say(Verdict.UNPROVEN, Cause.LISTENER_ABSENT, words)


def ports_text(ports: Sequence[int]) -> str:
    """Name ports in words."""
    return f"port {ports[0]}" if len(ports) == 1 else f"ports {', '.join(map(str, ports))}"
