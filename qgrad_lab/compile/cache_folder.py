"""Keep bytes in a folder that is bounded, shared by processes, and never in the way.

Whatever is wrong with the folder or with a file in it, the worst that happens is that an entry is
not there. Entries are written under another name and renamed, so that no process sees half of one,
and they carry a digest, so that a damaged one is found out. The least recently used ones go first.
"""

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

_DIGEST_SIZE = 32
_ENTRY = ".entry"
_UNFINISHED = ".unfinished"
_ABANDONED_SECONDS = 3600.0
"""After which an unfinished file is one of a process that has ended."""


class CacheFolder:
    """Entries of bytes by name.

    Parameters
    ----------
    path
        The folder, which is made when it is needed, for this user alone.
    max_bytes
        How much all entries may take together.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as path:
    ...     folder = CacheFolder(Path(path), max_bytes=1000)
    ...     folder.put("name", b"content")
    ...     print(folder.get("name"), folder.get("other"))
    b'content' None
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._total: int | None = None  # as far as this process knows; None before it has looked

    def get(self, name: str) -> bytes | None:
        """Return the entry ``name``, if there is one that is whole."""
        file = self._file(name)
        try:
            content = file.read_bytes()
        except OSError:
            return None
        entry = content[_DIGEST_SIZE:]
        if content[:_DIGEST_SIZE] != _digest(entry):
            with contextlib.suppress(OSError):
                file.unlink()
            return None
        with contextlib.suppress(OSError):  # one that may only be read is used all the same
            os.utime(file)
        return entry

    def put(self, name: str, entry: bytes) -> None:
        """Add an entry, or replace it, unless it is too large or the folder cannot be written."""
        size = _DIGEST_SIZE + len(entry)
        if size > self._max_bytes:
            return
        unfinished = None
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, unfinished = tempfile.mkstemp(_UNFINISHED, dir=self.path)
            with open(descriptor, "wb") as file:
                file.write(_digest(entry))
                file.write(entry)
            os.replace(unfinished, self._file(name))
        except OSError:
            if unfinished is not None:
                with contextlib.suppress(OSError):
                    os.unlink(unfinished)
            return
        if self._total is not None:
            self._total += size
        if self._total is None or self._total > self._max_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Remove the least recently used entries until a tenth of the room is free."""
        files = []
        now = time.time()
        try:
            with os.scandir(self.path) as found:
                for file in found:
                    if file.name.endswith(_ENTRY):
                        status = file.stat()
                        files.append((status.st_mtime, status.st_size, file.path))
                    elif file.name.endswith(_UNFINISHED):
                        if now - file.stat().st_mtime > _ABANDONED_SECONDS:
                            os.unlink(file.path)
        except OSError:
            pass  # another process removes entries at the same time
        total = sum(size for _, size, _ in files)
        if total > self._max_bytes:
            for _, size, path in sorted(files):
                if total <= self._max_bytes * 9 // 10:
                    break
                with contextlib.suppress(OSError):
                    os.unlink(path)
                total -= size
        self._total = total

    def _file(self, name: str) -> Path:
        # Names come from the user's functions, and may be long.
        return self.path / (hashlib.blake2b(name.encode(), digest_size=20).hexdigest() + _ENTRY)


def _digest(entry: bytes) -> bytes:
    return hashlib.blake2b(entry, digest_size=_DIGEST_SIZE).digest()
