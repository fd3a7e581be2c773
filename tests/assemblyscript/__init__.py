"""Tests of the AssemblyScript toolchain."""
