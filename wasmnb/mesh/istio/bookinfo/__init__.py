"""The bookinfo application on the cluster."""
