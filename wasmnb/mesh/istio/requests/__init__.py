"""Requests from a workload of the cluster, and the ways to send them."""
