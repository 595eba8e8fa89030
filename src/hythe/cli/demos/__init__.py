"""Demonstrations that people can run: `hythe demo NAME`."""
