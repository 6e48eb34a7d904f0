"""The links of a page that lists documents. To be run in the child process only."""

from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import etree, html

from bot.texts.document import Unreadable

MOST = 5000


@dataclass(frozen=True, slots=True)
class PageLink:
    """One link: where it leads, whole and without its fragment, and what it is called."""

    address: str
    words: str


def page_links(data: bytes, address: str) -> list[PageLink]:
    """The links to documents and pages on the web, in order, each address once. Raises Unreadable for no page."""
    try:
        root = html.document_fromstring(data, parser=html.HTMLParser(no_network=True, huge_tree=False))
    except (etree.LxmlError, ValueError):
        raise Unreadable("This is no web page.") from None
    base = urljoin(address, str(root.xpath("string(//base/@href)")).strip())
    found: dict[str, PageLink] = {}
    for node in root.iter("a"):
        target = _joined(base, str(node.get("href", "")).strip())
        if target and len(found) < MOST:
            found.setdefault(
                target, PageLink(target, " ".join("".join(str(piece) for piece in node.itertext()).split()))
            )
    return list(found.values())


def _joined(base: str, target: str) -> str:
    try:
        whole = urldefrag(urljoin(base, target)).url if target else ""
        return whole if urlsplit(whole).scheme in ("http", "https") else ""
    except ValueError:
        return ""
