"""Liveness, readiness and startup probes: how each asks, when, and what its answers come to."""
