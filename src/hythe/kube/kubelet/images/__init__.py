"""Which image a container runs: names, pull policies, pulls and their back-off."""
