"""A page's form as a browser would send it."""

from html.parser import HTMLParser


class Fields(HTMLParser):
    """`named`: field -> value, of the form with this action; what is not ticked is not in it."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.named: dict[str, str] = {}
        self._action = action
        self._inside = False
        self._open: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = said.get("action") == self._action and said.get("method") == "post"
        if not self._inside:
            return
        name = said.get("name", "")
        ticked = said.get("type") not in ("checkbox", "radio") or "checked" in said
        match tag:
            case "input" if name and ticked:
                self.named[name] = said.get("value", "")
            case "select" | "textarea":
                self._open = name
                self.named[name] = ""
            case "option" if self._open and "selected" in said:
                self.named[self._open] = said["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self._open = None
        elif tag == "form":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._open and self.lasttag == "textarea":
            text = self.named[self._open] + data
            self.named[self._open] = text.removeprefix("\n")
