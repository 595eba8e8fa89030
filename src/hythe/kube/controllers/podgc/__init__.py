"""Pods that nobody else will take away."""
