"""Istio on Kubernetes: rolled out by digest, proven pod by pod."""
