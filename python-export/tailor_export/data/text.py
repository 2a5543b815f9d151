"""Text files, packed by gzip or not."""

import gzip
import zlib
from pathlib import Path

from tailor_export.errors import DataError


def read_text(path: Path, advice: str = "") -> str:
    """UTF-8 with or without a byte order mark; lines end in a newline character alone.

    `advice` is what a user can do about a file that cannot be read.
    """
    hint = f". {advice}" if advice else ""
    try:
        content = path.read_bytes()
        packed = content[:2] == b"\x1f\x8b"
        text = (gzip.decompress(content) if packed else content).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}{hint}") from error
    except (UnicodeDecodeError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged or no text: {error}{hint}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
