"""Whether an Ed25519 signature is genuine: RFC 8032, section 5.1.7. keel has no cryptographic library to ask.

Only public values come along here, so that nothing has to take the same time for all of them. Like libsodium (minisign)
it computes R anew and compares its bytes: one message, one key, one valid encoding.
"""

import hashlib
from typing import Optional, Tuple

# x, y, z and x*y/z, "extended homogeneous coordinates" (5.1.4).
Point = Tuple[int, int, int, int]

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)  # of -1
_NEUTRAL: Point = (0, 1, 1, 0)


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """key: 32 bytes.  signature: 64 bytes; whatever else they are is not genuine."""
    if len(key) != 32 or len(signature) != 64:
        return False
    public = _decompress(key)
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or scalar >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    return _compress(_sum_of_products(scalar, _BASE, challenge, _negated(public))) == signature[:32]


def _add(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _negated(point: Point) -> Point:
    x, y, z, t = point
    return -x % _P, y, z, -t % _P


def _sum_of_products(factor1: int, point1: Point, factor2: int, point2: Point) -> Point:
    """factor1 * point1 + factor2 * point2, bit by bit from the highest on."""
    choices = (_NEUTRAL, point1, point2, _add(point1, point2))
    total = _NEUTRAL
    for bit in range(max(factor1.bit_length(), factor2.bit_length()) - 1, -1, -1):
        total = _add(total, total)
        choice = (factor1 >> bit & 1) + 2 * (factor2 >> bit & 1)
        if choice:
            total = _add(total, choices[choice])
    return total


def _compress(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, _P - 2, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decompress(data: bytes) -> Optional[Point]:
    """The point that 32 bytes mean (5.1.3), None for no point and for an encoding that is not the canonical one."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_base = _decompress((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))
assert _base is not None
_BASE: Point = _base
