"""Odd values that are perfectly legal: where free text is taken, each must arrive byte for byte."""

from __future__ import annotations

from typing import Final

# Passwords, passphrases, search words, names: whoever refuses these protects nobody.
LEGAL: Final = (
    "p@ss'w\"o$rd #1", "a b", "  two  blanks  inside  ", "tab\there", "-dash", "--help",
    "-oProxyCommand=x", "ü", "Ünïcödé", "пароль", "密码", "パスワード", "كلمة", "😀",
    "👩\u200d👩\u200d👧\u200d👦", "é", "e\u0301", "ß",
    "{\"a\": [1, \"b\"]}", "[1,2]", "null", "true",
    "0", "-1", "1e999", "NaN", "$HOME", "${HOME}", "$(id)", "`id`", "a;b", "a&&b", "a|b", "a>b",
    "<b>bold</b>", "</script>", "&amp;", "&", "'", "\"", "\\", "\\\\", "\\n", "'\"'\"'", "it's",
    "say \"hi\"", "100%", "%s%n", "%41", "a+b", "a=b", "a:b", "a,b", "#hash", "!bang", "~", "*",
    "?", "[x]", "{x}", "{{7*7}}", "(x)", "user@host", "C:\\Windows", "/etc/passwd", "../..", ";",
    "x" * 100, "correct horse battery staple", "Aa1!Aa1!", "SELECT 1;--", "' OR 1=1--",
    "name=value; path=/",
)  # fmt: skip

LONG: Final = "0123456789" * 100  # characters
MULTILINE: Final = ("first\nsecond", "a\r\nb", "trailing\n", "\nleading")
SECRETS: Final = (*LEGAL, *MULTILINE, LONG)
