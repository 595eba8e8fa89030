"""Nodes: which are silent, what that means for their pods, and what is left when one is gone."""
