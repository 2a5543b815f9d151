"""Files that are either the old or the new one, never half of one."""

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a temporary file beside the target and renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporary_files(path: Path) -> None:
    """Those that `write_atomically` left of this file when it was killed."""
    for temporary in path.parent.glob(f"{path.name}.*.tmp"):
        temporary.unlink(missing_ok=True)
