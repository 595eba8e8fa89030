"""Kubernetes' Container Runtime Interface, version 1, on the engine: what a kubelet speaks to."""
