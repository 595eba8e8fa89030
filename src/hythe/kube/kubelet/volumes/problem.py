"""Why a volume could not be made."""

from __future__ import annotations

from hythe.errors import HytheError


class VolumeProblem(HytheError):
    """`message` is what stands behind "MountVolume.SetUp failed for volume ... : "."""


class VolumeUnsupported(VolumeProblem):
    """A kind of volume that this kubelet does not make; trying again is of no use."""
