"""Any text as one word of a shell's own language."""

import re


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
    """The typographic quotation marks count as quotation marks there, too."""
    return "'" + re.sub("['\u2018\u2019\u201a\u201b]", r"\g<0>\g<0>", text) + "'"


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
