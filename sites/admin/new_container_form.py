"""The form for a new container: what Docker takes as lists is written one a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms

from provisioning.new_container import written
from provisioning.new_container.asked import MAX_ENVIRONMENT, NAME
from sites.models import Host

_PLAIN: Final = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
_RESTARTS: Final = (
    ("unless-stopped", "Always, unless it was stopped"),
    ("always", "Always"),
    ("on-failure", "When it has failed"),
    ("no", "Never"),
)
_PULL: Final = (
    ("never", "Use the one the host has"),
    ("missing", "Pull it if the host lacks it"),
)


def _line(**words: Any) -> forms.CharField:
    return forms.CharField(widget=forms.TextInput(attrs=_PLAIN), **words)


def _lines(rows: int, **words: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={**_PLAIN, "rows": rows, "class": "few"})
    return forms.CharField(
        widget=widget, required=False, strip=False, max_length=MAX_ENVIRONMENT, **words
    )


class NewContainerForm(forms.Form):
    host = forms.ModelChoiceField(Host.objects.none(), empty_label=None)
    name = forms.RegexField(
        NAME,
        max_length=63, widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"invalid": "Use letters, digits and . _ -, two of them at least."},
        help_text="Its volumes and networks begin with it and an underscore.",
    )  # fmt: skip
    image = _line(max_length=512, help_text="With a tag or digest, such as nginx:1.28.")
    pull = forms.ChoiceField(label="If the image is not there", choices=_PULL)
    command = _lines(3, help_text="One word a line, as there is no shell. Empty: the image’s own.")
    entrypoint = _lines(2, help_text="One word a line. Empty: the image’s own.")
    environment = _lines(
        5, help_text="NAME=value, one a line; in quotes with $, # or line ends. Kept encrypted "
        "until it is made, and never shown again.",
    )  # fmt: skip
    ports = _lines(
        3, help_text="[address:][port on the host:]port[/udp], one a line, such as 8080:80. "
        "Without an address only the host itself reaches it.",
    )  # fmt: skip
    volumes = _lines(
        3, help_text="source:/target[:ro], one a line. A source that begins with / is a folder of "
        "the host, below its sites folder in _containers/NAME.",
    )  # fmt: skip
    networks = _line(
        max_length=2000, required=False,
        help_text="With spaces between them. Empty: one of its own. siteflow_proxy is the proxy’s.",
    )  # fmt: skip
    memory = _line(
        label="Memory at most", max_length=40, required=False, initial="256m",
        help_text="Such as 256m or 1.5g. Empty: no limit.",
    )  # fmt: skip
    cpus = forms.FloatField(
        label="CPUs at most", required=False, min_value=0.01, max_value=1024,
        help_text="Such as 0.5. Empty: no limit.",
    )  # fmt: skip
    pids = forms.IntegerField(
        label="Processes at most", required=False, min_value=1, max_value=4_194_304,
        help_text="Threads count as well. Empty: no limit.",
    )  # fmt: skip
    restart = forms.ChoiceField(label="Start it again", choices=_RESTARTS)
    labels = _lines(2, help_text="NAME=value, one a line.")
    start = forms.BooleanField(
        label="Start it", required=False, initial=True, help_text="Else it is only made."
    )

    def __init__(self, hosts: Any, data: Any = None, **given: Any) -> None:
        super().__init__(data, **given)
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]

    def clean_command(self) -> list[str]:
        return written.lines(self._text("command"))

    def clean_entrypoint(self) -> list[str]:
        return written.lines(self._text("entrypoint"))

    def clean_environment(self) -> dict[str, str]:
        found: dict[str, str] = self._read("environment", written.environment)
        return found

    def clean_ports(self) -> list[dict[str, Any]]:
        return self._each("ports", written.port)

    def clean_volumes(self) -> list[dict[str, Any]]:
        return self._each("volumes", written.mount)

    def clean_labels(self) -> dict[str, str]:
        found: dict[str, str] = self._read("labels", written.pairs)
        return found

    def clean_memory(self) -> int | None:
        text: str = self.cleaned_data["memory"]
        return self._read("memory", written.size) if text else None

    def told(self) -> dict[str, Any]:
        """As `NewContainer` takes it; limits that were left empty are none."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "host"}
        given["networks"] = given["networks"].replace(",", " ").split()
        given["memory_bytes"] = given.pop("memory")
        return given

    def put(self, error: Any) -> None:
        """A refusal, at the field it is about."""
        first, _, rest = str(error.field).partition(".")
        field = {"memory_bytes": "memory"}.get(first, first)
        words = error.message.removeprefix(f"{error.field}: ").removeprefix("Value error, ")
        row = rest.partition(".")[0]
        place = f"Line {int(row) + 1}: " if row.isdecimal() else ""
        words = words[:1].upper() + words[1:]
        self.add_error(field if field in self.fields else None, place + words)

    def _text(self, name: str) -> str:
        """Browsers send line ends as CR LF."""
        text: str = self.cleaned_data[name]
        return text.replace("\r\n", "\n")

    def _each(self, name: str, how: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for number, line in enumerate(written.lines(self._text(name)), 1):
            try:
                found.append(how(line))
            except written.Unreadable as error:
                raise forms.ValidationError(f"Line {number}: {error}.") from None
        return found

    def _read(self, name: str, how: Callable[[str], Any]) -> Any:
        try:
            return how(self._text(name))
        except written.Unreadable as error:
            words = str(error)
            raise forms.ValidationError(f"{words[:1].upper()}{words[1:]}.") from None
