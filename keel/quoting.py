"""Any text as one word of a shell's own language."""

import re
from typing import Iterator


def sh(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def shell_word(text: str) -> str:
    """The same for people: plain where nothing has to be quoted, as almost always."""
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII) else sh(text)


def fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def csh(text: str) -> str:
    """'!' is history even in quotes; a line break needs a backslash. It holds with and without `backslash_quote`."""
    return "'" + re.sub(r"[\\'!]", r"'\\\g<0>'", text).replace("\n", "\\\n") + "'"


def powershell(text: str) -> str:
    """In ASCII alone, since PowerShell 5.1 reads a profile without a byte order mark in the code page of the day.

    Any other character becomes `[char]` of each of its UTF-16 units, in an expression that is a text as well.
    """
    if text.isascii():
        return _powershell_word(text)
    terms = [] if text[0].isascii() else ["''"]  # two characters alone would be added like numbers
    for part in re.findall("[\x00-\x7f]+|[^\x00-\x7f]", text):
        terms += [_powershell_word(part)] if part.isascii() else map("[char]0x{:x}".format, _utf16_units(part))
    return f"({' + '.join(terms)})"


def _powershell_word(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _utf16_units(text: str) -> Iterator[int]:
    data = text.encode("utf-16-le", "surrogatepass")
    return (int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2))


def python(text: str) -> str:
    """For xonsh. Bytes that are no UTF-8 (surrogates here) are written as escapes."""
    return ascii(text) if re.search("[\ud800-\udfff]", text) else repr(text)


def nushell(text: str) -> str:
    """A raw string where that can hold it, else one with escapes."""
    if "'#" not in text and not text.endswith("'"):
        return f"r#'{text}'#"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def cmd(text: str) -> str:
    """What stands between `set "NAME=` and the last `"` of a line of a batch file; `text` has one line."""
    quoted = True
    parts = []
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "%":
            character = "%%"
        elif not quoted and character in "&|<>^()":
            character = "^" + character
        parts.append(character)
    return "".join(parts)
