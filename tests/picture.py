"""Draws docs/pictures/exchange.svg from a real exchange on the demo's coalition: `python -m tests.picture`."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console as Screen
from rich.text import Text

from tests.reference import ROOT
from tests.scenarios.play import play_file

SCRIPT = """\
#! load ../../config/demo/demo.toml
#! at 2024-02-05T12:00:00Z
> :as Ana
> assign articles 5, 6 @Kofi
> :as Kofi
> accept all
> :as Ana
> :attach ../../config/demo/convention-rev2.txt
> draft add DEM/CONF.7/L.3/Rev.2 dated 2024-02-02
> draft publish
> yes
> :as Kofi
> review 7 oppose The judge must stay. propose: go back to "shall"
"""
SHOWN = ("> accept all", "[@Kofi] Thank you", "[@Kofi] New text", "> review 7", "[@Kofi]")


def main() -> None:
    """Play the lines and draw what Kofi sees."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "picture.txt"
        script.write_text(SCRIPT, "utf-8")
        _, played = play_file(script, Path(folder))
    screen = Screen(record=True, width=104, file=io.StringIO(), force_terminal=True)
    shown = False
    for line in played:
        if not line.startswith("    "):
            shown = line.startswith(SHOWN)
        if shown:
            screen.print(Text(line, style="bold cyan" if line.startswith(">") else ""))
    target = ROOT / "docs" / "pictures" / "exchange.svg"
    target.write_text(_self_contained(screen.export_svg(title="Kofi and Dragoman")), "utf-8")


def _self_contained(svg: str) -> str:
    """Leave the fonts to the reader's machine: a picture in a README asks nobody for anything."""
    return re.sub(r"<!--.*?-->|@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "monospace")


if __name__ == "__main__":
    main()
