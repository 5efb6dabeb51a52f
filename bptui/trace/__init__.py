"""Somebody's own numpy program as a graph: instrumented, run in a process of its own, recorded."""
