"""The same request to every pod of a service, to several of them at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.errors import TrafficError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.traffic import Exchange

__all__ = ["ask_each"]

_AT_ONCE = 8


def ask_each(pods: Sequence[str], send: Callable[..., Exchange], url: str) -> tuple[list[Exchange], dict[str, str]]:
    """Send a request to each pod.

    Parameters
    ----------
    pods : sequence of str
    send : callable
        Sends it to the pod that its keyword ``pod`` names.
    url : str
        For messages.

    Returns
    -------
    list of Exchange
        In the order of the pods.
    dict of str to str
        The pods that gave no answer, and why.

    Raises
    ------
    TrafficError
        There is no pod, or none answered.
    """
    if not pods:
        raise TrafficError(
            f"No pod serves {redact.url(url)}.", hint=Wording("{} shows the pods there are", Verb("pods"))
        )
    taken: list[Exchange] = []
    silent: dict[str, str] = {}
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(pods)))
    try:
        for pod, future in [(pod, pool.submit(_answer, send, pod)) for pod in pods]:
            answer = future.result()
            if isinstance(answer, TrafficError):
                silent[pod] = answer.what
            else:
                taken.append(answer)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if not taken:
        raise TrafficError(
            f"None of the pods behind {redact.url(url)} answered.",
            why=[f"{pod}: {why}" for pod, why in silent.items()],
            hint=Wording("{} shows whether they are ready", Verb("pods")),
        )
    return taken, silent


def _answer(send: Callable[..., Exchange], pod: str) -> Exchange | TrafficError:
    try:
        return send(pod=pod)
    except TrafficError as error:
        return error
