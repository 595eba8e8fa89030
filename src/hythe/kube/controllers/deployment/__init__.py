"""Deployments: a template's pods, replaced a few at a time when the template changes."""
