"""Compose: an application of several containers from one file (the Compose Specification).

    files -> document (YAML with positions) -> interpolate -> schema -> extends, include -> merge
          -> normalise -> Project (model.py) -> plan (pure) -> converge (threads, through client/)

Everything up to the plan is pure but for reading files. The daemon is only spoken to through `hythe.client`,
so that any engine with Docker's API can be driven.
"""
