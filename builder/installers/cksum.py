"""POSIX's checksum of files: what `cksum` prints, and what a Bom of macOS holds."""

import zlib

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class PosixChecksum:
    """Sums up what it is given.

    POSIX's CRC is zlib's with all bits reversed, a start value of 0, and the length (least significant byte first,
    without leading zeros) behind the data: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/cksum.html
    """

    def __init__(self) -> None:
        self._crc = 0xFFFFFFFF
        self._length = 0

    def update(self, data: bytes) -> None:
        self._crc = zlib.crc32(data.translate(_REVERSED), self._crc)
        self._length += len(data)

    def value(self) -> int:
        """The checksum of all that was given so far."""
        length = self._length.to_bytes((self._length.bit_length() + 7) // 8, "little")
        return int(f"{zlib.crc32(length.translate(_REVERSED), self._crc):032b}"[::-1], 2)


def posix_checksum(data: bytes) -> int:
    """The checksum of `data`."""
    checksum = PosixChecksum()
    checksum.update(data)
    return checksum.value()
