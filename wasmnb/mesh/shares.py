"""Shares of a service's requests, for the pods that a plugin is tried on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.selector import labels_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.plugin import Plugin
    from wasmnb.wording import Text

__all__ = ["MeshOfShares", "Share", "refused", "weights"]

_ALL = 100
_PRECISE = 1000  # a share has three digits behind its point at most


@dataclass(frozen=True)
class Share:
    """Which share of the requests for a service goes to the pods that a plugin is tried on.

    Parameters
    ----------
    plugin : str
        Its id.
    service : str
    labels : mapping of str to str
        What these pods carry.
    percent : float
    pods : tuple of str
        All pods of the service.
    """

    plugin: str
    service: str
    labels: Mapping[str, str]
    percent: float
    pods: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.percent:g}% of the requests for {self.service} go to {labels_text(self.labels, '+')}"


@runtime_checkable
class MeshOfShares(Protocol):
    """A mesh that can send a share of a service's requests to the pods that a plugin is tried on.

    Its `Mesh.apply` without ``only``, and `Mesh.remove`, end that.
    """

    def rendered_share(self, plugin: Plugin, labels: Mapping[str, str], percent: float) -> str:
        """Give the text of what `share` would put in force; nothing is.

        Raises
        ------
        DeployError
            It cannot be put in force, because somebody else says where these requests go, or none would be left for
            the other pods.
        ForbiddenError, MeshError
        """

    def share(self, plugin: Plugin, labels: Mapping[str, str], percent: float, *, wait: float = 10.0) -> Share:
        """Send a share of the requests to the pods that carry some labels, and wait until callers' proxies do so.

        Parameters
        ----------
        plugin : Plugin
            Its pods tell which service is meant.
        labels : mapping of str to str
        percent : float
        wait : float
            Seconds.

        Raises
        ------
        DeployError
            As `rendered_share`, or the proxies do not do so in time.
        ForbiddenError, MeshError
        """

    def shares(self, id: str | None = None) -> tuple[Share, ...]:  # noqa: A002 - the field's own word
        """List the shares that there are, or those of one plugin."""

    def unshare(self, id: str) -> None:  # noqa: A002
        """Let the requests go where they went before; nothing happens where none has a share.

        Raises
        ------
        ForbiddenError, MeshError
        """


def weights(percent: float, tried: Sequence[int], others: Sequence[int]) -> list[int]:
    """Give whole numbers, for groups of pods, by which a share goes to some and the rest to others.

    Parameters
    ----------
    percent : float
    tried, others : sequence of int
        How many pods are in each group; all have the same part of what goes to them.
    """
    share = Fraction(round(percent * _PRECISE), _ALL * _PRECISE)
    parts = [part * Fraction(one, sum(many)) for part, many in ((share, tried), (1 - share, others)) for one in many]
    common = lcm(*(part.denominator for part in parts))
    found = [int(part * common) for part in parts]
    return [one // gcd(*found) for one in found]


def refused(service: str, why: Sequence[str], hint: Text) -> DeployError:
    """Make the error for requests that cannot be shared."""
    return DeployError(
        f"The requests for {service} cannot be shared; nothing was changed.", why=why, hint=hint, code="WNB4032"
    )
