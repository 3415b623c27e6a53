"""One colour of a company, made readable: text on it, and links in it, on light and on dark pages.

Contrast is WCAG 2.2's: at least 4.5 between text and what it stands on.
"""

from dataclasses import dataclass

# What the style sheet puts behind links; the lowest contrast of a link is with these.
LIGHT_GROUNDS = ("#ffffff", "#f1f3f5")
DARK_GROUNDS = ("#12161a", "#242b32")
_ENOUGH = 4.6  # a little above 4.5, for rounding
_STEPS = 50

Rgb = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours as `#rrggbb`. fill: buttons; on_fill: text on them; link: links and marks."""

    fill: str
    on_fill: str
    link: str


def light_palette(accent: str) -> Palette:
    """For a light page; `accent` as `#rrggbb`."""
    return Palette(fill=accent, on_fill=_text_on(accent), link=_towards(accent, "#000000", LIGHT_GROUNDS))


def dark_palette(accent: str) -> Palette:
    """For a dark page: the button is as light as links are, so that it stands out from the ground."""
    link = _towards(accent, "#ffffff", DARK_GROUNDS)
    return Palette(fill=link, on_fill=_text_on(link), link=link)


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours, 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _text_on(ground: str) -> str:
    return max(("#ffffff", "#0b0f12"), key=lambda text: contrast(text, ground))


def _towards(colour: str, end: str, grounds: tuple[str, ...]) -> str:
    """The first colour on the way from `colour` to `end` that can be read on all of `grounds`."""
    for step in range(_STEPS + 1):
        mixed = _mix(colour, end, step / _STEPS)
        if all(contrast(mixed, ground) >= _ENOUGH for ground in grounds):
            return mixed
    return end


def _mix(colour: str, end: str, part: float) -> str:
    mixed = (round(a + (b - a) * part) for a, b in zip(_rgb(colour), _rgb(end), strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _rgb(colour: str) -> Rgb:
    value = int(colour.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def _luminance(colour: str) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (part / 255 for part in _rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
