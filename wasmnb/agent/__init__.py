"""The agent in a cluster: a process of its own that judges plugins while no notebook is open.

It looks and never sends a request to an application nor changes a log level, so that what nobody has seen to act is
LOADED. It keeps a status per workload in a ConfigMap, tells changes as Kubernetes events, and serves metrics.
"""

from wasmnb.agent.manifest import Agent, manifest

__all__ = ["Agent", "manifest"]
