"""DaemonSets: one pod on each node that is fit for it."""
