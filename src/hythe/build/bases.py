"""The images that a build begins with or copies from: those that are here, and those that are fetched for it.

Fetching is not the builder's business; whoever runs it gives a `Fetch`. An image is fetched when it is missing, and
with --pull in any case, but once in a build: all of its stages mean the same image.
"""

from __future__ import annotations

from hythe.build.api import BuildCancelled, Fetch
from hythe.build.progress import Reporter
from hythe.errors import HytheError, NotFound
from hythe.store.images import Image, Images


class Bases:
    """For one build. `fetch` None: only what is here; `always`: fetch what is here, too."""

    def __init__(self, images: Images, fetch: Fetch | None, reporter: Reporter, *, always: bool) -> None:
        self._images, self._fetch, self._reporter = images, fetch, reporter
        self._always, self._fetched = always, set[str]()

    def get(self, name: str, platform: str = "") -> Image:
        """Raises NotFound for an image that is not here and cannot be fetched."""
        try:
            found = self._images.get(name)
            if not self._always or name in self._fetched:
                return found
        except NotFound:
            if self._fetch is None:
                raise
        self._bring(name, platform)
        return self._images.get(name)

    def _bring(self, name: str, platform: str) -> None:
        if self._fetch is None:
            raise NotFound(f"the image {name} cannot be fetched here", hint="leave --pull out")
        try:
            self._fetch(name, platform, self._reporter.passed_on)
        except BuildCancelled:
            raise
        except HytheError as error:
            raise NotFound(
                f"the image {name} cannot be fetched: {error.message}",
                hint=error.hint or f"make it: hythe image bootstrap {name}, or load it",
            ) from error
        self._fetched.add(name)
