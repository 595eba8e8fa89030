"""What the cluster adds to objects, and what it forbids, between their decoding and their storing.

`chain.py` runs the plugins; each other module is one, and says which of Kubernetes' own it stands for.
"""
