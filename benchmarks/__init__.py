"""Bundled benchmarks: how fast the live loop is on this machine."""
