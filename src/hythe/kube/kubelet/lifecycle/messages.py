"""A container's last words: what it wrote to its termination message file, or the end of its log.

At most 4096 bytes of the file; with FallbackToLogsOnError, if that is empty and the container has failed, the last 80
lines or 2048 bytes of the log. Source: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

from __future__ import annotations

import os
from pathlib import Path

from hythe.kube.kubelet.cri.observed import ContainerRecord
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.volumes import folders

LARGEST = 4096
LOG_BYTES = 2048
LOG_LINES = 80


def last_words(record: ContainerRecord, pod_folder: Path) -> str:
    """ "" where it said nothing."""
    place = folders.termination_log(pod_folder, record.name, record.attempt)
    text = _beginning(place)
    policy = record.annotations.get(names.TERMINATION_POLICY, "File")
    if not text and policy == "FallbackToLogsOnError" and record.exit_code:
        text = _log_end(Path(record.log_path))
    return text


def _beginning(place: Path) -> str:
    """The file is the container's: it is opened without following links, and only if it is a plain file."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with open(descriptor, "rb") as file:
        return file.read(LARGEST).decode(errors="replace")


def _log_end(place: Path) -> str:
    """Without the times and streams of the log's lines."""
    try:
        with open(place, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 4 * LOG_BYTES))
            lines = file.read().split(b"\n")[-LOG_LINES - 1 :]
    except OSError:
        return ""
    said = b"".join(_content(line) for line in lines)
    return said[-LOG_BYTES:].decode(errors="replace")


def _content(line: bytes) -> bytes:
    parts = line.split(b" ", 3)
    if len(parts) < 4:
        return b""
    return parts[3] + (b"\n" if parts[2] == b"F" else b"")
