"""The objects that plugins become on the cluster: read, written, and waited for."""
