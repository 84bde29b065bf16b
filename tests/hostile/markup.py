"""What a page is made of, and whether anything came alive that was only meant to be read."""

from __future__ import annotations

from html.parser import HTMLParser

ADDRESSES = ("href", "src", "action", "formaction", "data", "srcdoc", "xlink:href")


class Page(HTMLParser):
    """``bad``: what would run or lead away. ``texts``: what one reads, attributes included."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[tuple[str, frozenset[str]]] = set()
        self.bad: list[str] = []
        self.texts: list[str] = []
        self._in_script = False
        self.feed(html)
        self.close()

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.add((tag, frozenset(given)))
        self.texts += [value for value in given.values() if value]
        self._in_script = tag == "script"
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.bad.append(f"inline script {attrs}")
        for name, value in given.items():
            said = "".join((value or "").split()).lower()
            if name.startswith("on") or name == "style":
                self.bad.append(f"{tag} {name}={value}")
            is_picture = tag == "img" and said.startswith("data:image/")  # runs nothing
            if (
                name in ADDRESSES
                and not is_picture
                and said.startswith(("javascript:", "data:", "vbscript:", "//"))
            ):
                self.bad.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if not self._in_script:
            self.texts.append(data)
