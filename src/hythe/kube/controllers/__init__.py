"""The controllers: each makes one thing so, from what is wished and what is there.

All are alike. Informers say which keys may have something to do; the keys go through a queue; `sync(key)` looks at
the informers' caches, decides (in a pure function, where that is more than a line), acts through the API, and writes
the status. It never matters which event brought a key or how often: the same state gives the same actions, and none
where nothing is left to do. `controller.Controller` is what they have in common, `manager.ControllerManager` runs
them all.
"""
