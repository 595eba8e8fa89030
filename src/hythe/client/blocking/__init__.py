# Made by scripts/blocking-client from ../aio/__init__.py: change that, and run the script.
"""The Python client, synchronous: made from `hythe.client.blocking`, whose docstring says how it works."""
