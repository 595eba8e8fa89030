"""Implementations of `hythe.engine.runtime.Runtime`."""
