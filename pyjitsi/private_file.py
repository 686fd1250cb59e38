"""Files that hold what only their service may read."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all (but for a loss of power). Its folder is there. Raises OSError."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # of one who was stopped half way; its mode may be another
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    new.replace(path)
