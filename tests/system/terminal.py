"""The screen of a pseudo-terminal."""
import contextlib
import os


def shown(ours):
    """What is written to a terminal, piece by piece, until its other end is closed.

    Linux may tell the end (EIO) before the last piece is there to be read; a second read gets that.
    """
    for _ in range(2):
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 65536):
                yield piece
