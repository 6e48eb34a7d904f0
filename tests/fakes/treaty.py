"""A text of one preamble and six short articles, the last one deleted, with a plenary on articles 1-3."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from storage.tables import Draft, DraftState, Lineage, Meeting, OnTable, Provision, Session, Text
from storage.work import Work
from tests.conftest import NOW

PLENARY = dt.datetime(2024, 2, 6, 15, tzinfo=dt.UTC)
"""10:00 in New York."""
LABELS = ("PREAMBLE", "1", "2", "3", "4", "5", "6")


def lay_text(work: Work) -> None:
    """Publish the first draft, "L.3", and put articles 1-3 on the table of the plenary."""
    text = work.put(Text(coalition_id=work.tenant, name="Convention"))
    lineages = [work.put(Lineage(coalition_id=work.tenant, text_id=text.id)).id for _ in LABELS]
    _publish(work, text.id, "L.3", NOW, dict(zip(LABELS, lineages, strict=True)), {})
    session = work.put(Session(coalition_id=work.tenant, name="Session", timezone="America/New_York"))
    meeting = Meeting(
        coalition_id=work.tenant,
        session_id=session.id,
        key="plenary",
        title="Plenary",
        starts_at=PLENARY,
        ends_at=PLENARY + dt.timedelta(hours=3),
    )
    work.put(meeting)
    for lineage_id in lineages[1:4]:
        work.put(OnTable(coalition_id=work.tenant, meeting_id=meeting.id, target="article", lineage_id=lineage_id))


def lay_second(work: Work, at: dt.datetime) -> None:
    """Publish a second draft, "L.4": articles 1-5 are 2-6 now, and what was article 1 says something else."""
    first = work.rows(Draft)[0]
    lineage = {row.label: row.lineage_id or 0 for row in work.rows(Provision, Provision.draft_id == first.id)}
    renumbered = {"PREAMBLE": lineage["PREAMBLE"], **{str(n + 1): lineage[str(n)] for n in range(1, 6)}}
    _publish(work, first.text_id, "L.4", at, renumbered, {lineage["1"]: "Something else"})


def _publish(
    work: Work, text_id: int, symbol: str, at: dt.datetime, lineages: Mapping[str, int], texts: Mapping[int, str]
) -> None:
    draft = Draft(
        coalition_id=work.tenant,
        text_id=text_id,
        symbol=symbol,
        date=at.date(),
        state=DraftState.PUBLISHED,
        added_at=at,
        published_at=at,
    )
    work.put(draft)
    for ordinal, (label, lineage_id) in enumerate(lineages.items()):
        provision = Provision(
            coalition_id=work.tenant,
            draft_id=draft.id,
            lineage_id=lineage_id,
            ordinal=ordinal,
            label=label,
            kind="preamble" if label == "PREAMBLE" else "article",
            heading="" if label == "PREAMBLE" else f"Heading {lineage_id}",
            text=texts.get(lineage_id, f"Text {lineage_id}"),
            placeholder=symbol == "L.3" and label == "6",
        )
        work.put(provision)
