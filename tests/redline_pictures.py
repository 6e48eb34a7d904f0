"""Draws docs/pictures/redline-*.png, one of each direction and script: `python -m tests.redline_pictures`."""

from __future__ import annotations

from bot.texts.compare import compare
from bot.texts.pictures import picture
from bot.texts.read import read
from tests.reference import ROOT

DEMO = ROOT / "config" / "demo"
ARABIC = (
    "المادة 1\nالإخطار\n"
    "١ - يجب على كل دولة طرف أن تخطر الشخص المعني بالطلب خلال ثلاثين يوما.\n"
    "٢ - لا يجوز نقل بيانات الصحفيين إلى دولة أخرى دون إذن من القاضي.\n",
    "المادة 1\nالإخطار\n"
    "١ - يجوز لكل دولة طرف أن تخطر الشخص المعني بالطلب خلال ستين يوما.\n"
    "٢ - لا يجوز نقل بيانات الصحفيين والباحثين إلى دولة أخرى دون إذن من القاضي.\n",
)
CHINESE = (
    "第一条\n通知\n1. 各缔约国应当在三十日内将请求通知有关人员。\n2. 未经法官许可，不得将记者的数据移交另一国。\n",
    "第一条\n通知\n1. 各缔约国可在六十日内将请求通知有关人员。\n2. 未经法官许可，不得将记者、学者的数据移交另一国。\n",
)


def main() -> None:
    """Draw an article of the demo's two drafts, and one in Arabic and in Chinese."""
    demo = [(DEMO / f"convention-rev{n}.txt").read_bytes() for n in (1, 2)]
    for name, (old, new), label in (
        ("en", demo, "7"),
        ("ar", [text.encode() for text in ARABIC], "1"),
        ("zh", [text.encode() for text in CHINESE], "1"),
    ):
        comparison = compare(read(old, "old"), read(new, "new"))
        change = next(row for row in comparison.changes if label in row.new)
        (ROOT / "docs" / "pictures" / f"redline-{name}.png").write_bytes(picture(comparison, change).png)


if __name__ == "__main__":
    main()
