"""Completions: thin scripts for the shells, which ask `hythe __complete` what can stand at the cursor."""
