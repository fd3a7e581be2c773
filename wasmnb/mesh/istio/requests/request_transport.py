"""How a request leaves a pod: by a program that is there, by a container added to it, or by a pod beside it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import MeshError, TrafficError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, NoProgramError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.api.transport import Transport
from wasmnb.mesh.istio.proxies.pods import PROXY, name_of, proxy_container
from wasmnb.mesh.istio.requests import debug_containers
from wasmnb.mesh.istio.requests.sender_pod import application, shell_image, uid
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wasmnb.mesh.istio.api.cluster import Cluster, Executed
    from wasmnb.mesh.istio.requests.curl_script import Errand
    from wasmnb.traffic import Response

__all__ = ["Carried", "Ways"]

_PROXY_UID = 1337
_MARGIN = 2.0  # seconds for the exec itself, beside those of the request


@dataclass(frozen=True)
class Carried:
    """A response, and how the request went: ``notes``, and seconds where they were taken at the pod."""

    response: Response
    notes: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True)
class Ways:
    """The ways out of one pod.

    Parameters
    ----------
    cluster : Cluster
    item : mapping
        The pod.
    past : bool
        Past its proxy, as the proxy's own connections go; else as the application's, through it.
    """

    cluster: Cluster
    item: Mapping[str, Any]
    past: bool

    def carry(self, errand: Errand, first: Transport | None = None) -> tuple[Carried, Transport]:
        """Send a request by the first way that is open.

        Parameters
        ----------
        errand : Errand
        first : Transport, optional
            The way that was open the last time.

        Returns
        -------
        Carried, Transport
            And the way that it went.

        Raises
        ------
        ForbiddenError
            No way is allowed.
        NotReadyError, TrafficError, MeshError
        """
        shut: list[MeshError] = []
        for way in self._open(first, shut):
            try:
                return self._go(way, errand), way
            except (ForbiddenError, NoProgramError) as error:  # noqa: PERF203 - a container is started in each round
                shut.append(error)
        raise _closed(self.name, shut)

    @property
    def name(self) -> str:
        """The pod's name."""
        return name_of(self.item)

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return str(self.item["metadata"]["namespace"])

    @property
    def container(self) -> str:
        """The container whose connections are wanted: the proxy's, or the application's."""
        return PROXY if self.past else application(self.item)

    def _open(self, first: Transport | None, shut: list[MeshError]) -> Iterator[Transport]:
        """Give the ways that the user has the rights for, the least intrusive first."""
        executes = self.cluster.may(self._exec)
        every = {
            Transport.EXEC: executes,
            Transport.DEBUG_CONTAINER: executes and self._may(debug_containers.ADD, "pods/ephemeralcontainers"),
            Transport.PROBE_POD: self._may("create", "pods") and self._may("delete", "pods"),
        }
        if not executes:
            shut.append(ForbiddenError(f"You may not {self._exec}.", right=self._exec))
        # An application that is the proxy's user is not told from the proxy.
        unfit = not self.past and (not self.container or uid(self.item, self.container) == _PROXY_UID)
        for way in sorted(every, key=lambda one: one is not first):
            if every[way] and not (way is Transport.EXEC and unfit):
                yield way

    @property
    def _exec(self) -> Right:
        # Over a websocket it begins as a GET.
        return Right("get", "pods/exec", "", self.namespace)

    def _may(self, verb: str, resource: str) -> bool:
        return self.cluster.may(Right(verb, resource, "", self.namespace))

    def _go(self, way: Transport, errand: Errand) -> Carried:
        if way is Transport.EXEC:
            return self._by_exec(errand, self.name, self.container, f"in the container {self.container} of {self.name}")
        image = shell_image(proxy_container(self.item) or {"image": ""})
        if not image:
            raise NoProgramError(f"{self.name} has no proxy whose image could send.")
        if way is Transport.DEBUG_CONTAINER:
            name, new = debug_containers.guest(self.cluster, self.item, image, proxy=self.past)
            how = "added to it now; Kubernetes keeps its entry as long as the pod" if new else "added to it earlier"
            words = f"in the ephemeral container {name} of {self.name}, {how}"
            return self._by_exec(errand, self.name, name, words)
        return self._by_probe(errand, image)

    def _by_exec(self, errand: Errand, pod: str, container: str, where: str) -> Carried:
        done = self.cluster.execute(
            self.namespace,
            pod,
            container,
            errand.command,
            stdin=errand.stdin,
            timeout=errand.seconds + _MARGIN,
            over=errand.over,
        )
        return self._carried(errand, done, where)

    def _by_probe(self, errand: Errand, image: str) -> Carried:
        where = f"in a pod made for it beside {self.name}, and deleted again"
        wait = errand.seconds + _MARGIN
        if self.cluster.may(self._exec):
            command = ["sleep", str(int(wait) + 60)]
            with debug_containers.probe(
                self.cluster, self.item, image, proxy=self.past, command=command, timeout=wait
            ) as pod:
                return self._by_exec(errand, pod, "probe", where)
        _public(errand)
        told = base64.b64encode(errand.stdin).decode()
        command = ["sh", "-c", debug_containers.SCRIPT, told, *errand.command]
        with debug_containers.probe(
            self.cluster, self.item, image, proxy=self.past, command=command, timeout=wait
        ) as pod:
            done = debug_containers.transcript(self.cluster, self.namespace, pod, wait)
        return self._carried(errand, done, f"{where} (exec is not allowed)")

    def _carried(self, errand: Errand, done: Executed, where: str) -> Carried:
        response, carrier, seconds = errand.result(done)
        past = "past the proxy" if self.past else "through the proxy"
        return Carried(response, (f"sent {past} by {carrier.value} {where}",), seconds)


def _public(errand: Errand) -> None:
    """Refuse what must not stand in a pod's specification, which others can read."""
    request = errand.request
    if redact.secrets_in(dict(request.headers)) or redact.secrets_in_url(request.url) or request.body:
        raise TrafficError(
            "A request with a body or a secret cannot be sent here.",
            why=["without exec it would stand in a pod's specification, which others can read"],
            hint="send it without, or get the right to exec",
        )


def _closed(pod: str, shut: list[MeshError]) -> MeshError:
    why = [line for error in shut for line in (error.what, *error.why)]
    kind = ForbiddenError if shut and all(isinstance(error, ForbiddenError) for error in shut) else NoProgramError
    return kind(
        f"There is no way to send a request from {pod}.",
        why=why,
        hint=Wording(
            "one of these is needed: exec where the container has curl, python3 or nc; exec and ephemeral containers; "
            "making and deleting pods. {} prints the rules",
            Verb("doctor", options=(Option("rbac", value=True),)),
        ),
    )
