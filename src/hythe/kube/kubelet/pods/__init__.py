"""From a Pod's specification to what the runtime is asked for; pure but for `cgroups`."""
