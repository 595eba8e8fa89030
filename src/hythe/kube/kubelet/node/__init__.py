"""This machine as a Node: its object, status, conditions, lease, and what it has to give."""
