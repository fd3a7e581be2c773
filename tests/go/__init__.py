"""Tests of the Go toolchain."""
