"""Cut a grid into blocks, of which each is computed at once, and is a chunk of the store."""

import itertools
import math
from typing import NamedTuple


class Blocks(NamedTuple):
    """Blocks of one shape, but for those at the ends of the grid, which may be smaller.

    Attributes
    ----------
    shape : tuple of int
        Of the grid.
    block : tuple of int
        Of a block.
    """

    shape: tuple[int, ...]
    block: tuple[int, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], most: int) -> "Blocks":
        """Make blocks of at most ``most`` points, which lie together in the order of the grid.

        Examples
        --------
        >>> Blocks.of((4, 10, 5), 20).block
        (1, 4, 5)
        """
        block = [1] * len(shape)
        for axis in reversed(range(len(shape))):
            room = most // math.prod(block)
            pieces = math.ceil(shape[axis] / max(1, min(room, shape[axis])))
            block[axis] = math.ceil(shape[axis] / pieces)
            if pieces > 1:
                break
        return cls(shape, tuple(block))

    @property
    def size(self) -> int:
        """The number of points of a block."""
        return math.prod(self.block)

    def regions(self) -> list[tuple[slice, ...]]:
        """Return where each block is in the grid."""
        parts = [
            [slice(start, min(start + step, end)) for start in range(0, end, step)]
            for end, step in zip(self.shape, self.block, strict=True)
        ]
        return list(itertools.product(*parts))


def count(region: tuple[slice, ...]) -> int:
    """Return the number of points of ``region``."""
    return math.prod(part.stop - part.start for part in region)
