"""Each rule against code it must find and code it must leave alone."""

from __future__ import annotations

import pytest

from tests.static.rules import RULES, check_python
from tests.static.texts import SCRIPTS, TEMPLATES, check_script, check_template

BAD: list[tuple[str, str]] = [
    ("shell", "run(['ls'], shell=True)"),
    ("shell", "Popen(text, shell=wanted)"),
    ("shell", "os.system('ls')"),
    ("shell", "os.popen(text)"),
    ("shell", "from os import system"),
    ("shell", "await asyncio.create_subprocess_shell(text)"),
    ("process", "import subprocess"),
    ("process", "import subprocess as sp"),
    ("process", "from subprocess import run"),
    ("process", "def f():\n    import subprocess"),
    ("process", "os.execvp('ls', ['ls'])"),
    ("process", "os.posix_spawn('/bin/ls', [], {})"),
    ("process", "await asyncio.create_subprocess_exec('ls')"),
    ("command-text", "channel.exec_command(text)"),
    ("command-text", "host.run(f'ls {path}')"),
    ("command-text", "host.run('ls ' + path)"),
    ("command-text", "host.run('ls %s' % path)"),
    ("command-text", "host.run('ls {}'.format(path))"),
    ("command-text", "host.run(' '.join(words))"),
    ("command-text", "host.run(('sh', '-c', f'ls {path}'))"),
    ("command-text", "host.run(['/bin/bash', '-c', 'ls ' + path])"),
    ("command-text", "argv = ('sudo', '-n', 'sh', '-ec', script)"),
    ("command-text", "argv = ['sh', '-c', template.format(path), 'sh']"),
    ("quoting", "import shlex"),
    ("quoting", "from shlex import join"),
    ("host-keys", "client.set_missing_host_key_policy(paramiko.AutoAddPolicy())"),
    ("host-keys", "from paramiko import WarningPolicy"),
    ("host-keys", "paramiko.SSHClient()"),
    ("host-keys", "from paramiko.client import SSHClient as Client"),
    ("evaluation", "eval(text)"),
    ("evaluation", "exec(text)"),
    ("evaluation", "import pickle"),
    ("evaluation", "from pickle import loads"),
    ("evaluation", "yaml.load(text)"),
    ("evaluation", "yaml.unsafe_load(text)"),
    ("markup", "mark_safe(text)"),
    ("markup", "mark_safe(f'<b>{name}</b>')"),
    ("markup", "mark_safe('<b>' + name + '</b>')"),
    ("markup", "SafeString(text)"),
    ("markup", "format_html(f'<b>{name}</b>')"),
    ("markup", "format_html(text, name)"),
    ("markup", "format_html_join(text, '{}', rows)"),
    ("secret-field", "class Host:\n    password = models.CharField(max_length=9)"),
    ("secret-field", "class Host:\n    api_token = models.TextField()"),
    ("secret-field", "class Host:\n    private_key: str = models.TextField()"),
    ("secret-field", "class Host:\n    client_secret = models.BinaryField()"),
    ("rights", "user.has_perm('sites.view_host')"),
    ("rights", "request.user.has_perms(names)"),
    ("queries", "cursor.execute(f'SELECT {name}')"),
    ("queries", "cursor.execute('SELECT %s' % name)"),
    ("queries", "cursor.execute('SELECT ' + name)"),
    ("queries", "Host.objects.raw('SELECT {}'.format(name))"),
    ("queries", "RawSQL(f'{name} = 1', [])"),
    ("queries", "rows.extra(where=f'{name} = 1')"),
    ("broad-catch", "try:\n    f()\nexcept Exception:\n    pass"),
    ("broad-catch", "try:\n    f()\nexcept BaseException as error:\n    log(error)"),
    ("broad-catch", "try:\n    f()\nexcept:\n    pass"),
    ("broad-catch", "try:\n    f()\nexcept Exception:  # noqa: BLE001\n    pass"),
    ("waiting", "time.sleep(1)"),
]
GOOD: list[str] = [
    "run(('ls', path), shell=False)",
    "host.run(('docker', 'compose', '-p', project, 'up'))",
    "host.run(('sh', '-c', 'echo \"$1\"', 'sh', path))",
    "host.run(('/bin/sh', '-c', _WRAPPER, 'sh', *words))",
    "argv = ('docker', '--config', f'{folder}/x')",
    "asyncio.run(main())",
    "import os.path",
    "transport.open_session()",
    "yaml.safe_load(text)",
    "re.compile(pattern)",
    "mark_safe('<b>–</b>')",
    "format_html('<b>{}</b>', name)",
    "format_html('<b>' '{}</b>', name)",
    "format_html_join(' ', '<li>{}</li>', rows)",
    "class Host:\n    password = Encrypted()",
    "class Host:\n    token_hash = models.CharField(max_length=64)",
    "class Host:\n    must_change_password = models.BooleanField()",
    "class Host:\n    credential = models.ForeignKey(Credential)",
    "password = forms.CharField()",
    "may(user, 'sites.view_host')",
    "cursor.execute('SELECT 1 WHERE name = %s', [name])",
    "cursor.execute(QUERY, (name,))",
    "try:\n    f()\nexcept OSError:\n    pass",
    "try:\n    f()\nexcept BaseException:\n    undo()\n    raise",
    "try:\n    f()\nexcept Exception:  # one's trouble is not the others'\n    pass",
    "# nothing tells of it\ntime.sleep(1)",
    "time.sleep(1)  # nothing tells of it",
]


@pytest.mark.parametrize(("rule", "source"), BAD)
def test_what_is_found(rule: str, source: str) -> None:
    assert rule in {one.rule for one in check_python("a.py", source)}


@pytest.mark.parametrize("source", GOOD)
def test_what_is_left_alone(source: str) -> None:
    assert list(check_python("a.py", source)) == []


def test_each_rule_is_tested() -> None:
    assert {rule for rule, _ in BAD} == set(RULES)


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("markup", "{{ name|safe }}"),
        ("markup", "{{ name | safe }}"),
        ("markup", "{{ rows|safeseq|join:', ' }}"),
        ("markup", "{% autoescape off %}"),
        ("inline-script", "<script>alert(1)</script>"),
        ("inline-script", '<script type="module">x</script>'),
        ("inline-script", '<p style="color: red">'),
        ("inline-script", "<button onclick='x()'>"),
        ("inline-script", '<a href="javascript:x()">'),
        ("inline-script", "<style>p {}</style>"),
    ],
)
def test_what_is_found_in_templates(rule: str, line: str) -> None:
    assert [one.rule for one in check_template("a.html", f"<p>\n{line}\n")] == [rule]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("markup", "row.innerHTML = text;"),
        ("markup", "row.insertAdjacentHTML('beforeend', text);"),
        ("markup", "document.write(text);"),
        ("evaluation", "eval(text);"),
        ("evaluation", "new Function(text);"),
        ("evaluation", "setTimeout('x()', 1);"),
    ],
)
def test_what_is_found_in_scripts(rule: str, line: str) -> None:
    (found,) = check_script("a.js", f"/* innerHTML\n */\n// eval(x)\n{line}")
    assert (found.rule, found.line) == (rule, 4)


def test_templates_and_scripts_that_are_right() -> None:
    template = '{# |safe #}<script src="x.js" type="module"></script>{{ name }} <p class="on">'
    assert list(check_template("a.html", template)) == []
    assert list(check_script("a.js", "row.textContent = text; setTimeout(() => go(), 1);")) == []
    assert set(TEMPLATES) | set(SCRIPTS) == {"markup", "inline-script", "evaluation"}
