"""The tables: the records themselves, with no second set of classes that mirrors them."""

from storage.tables.duties import Duty
from storage.tables.leaving import Erasure, Suspension
from storage.tables.leftovers import Leftover
from storage.tables.links import Link, WrongCodes
from storage.tables.notices import Inbox, Notice, Parcel
from storage.tables.oversight import Audit, FailedTry, Request, Retention
from storage.tables.people import Coalition, Code, Confirmation, Deed, Identity, Lane, Member, Room
from storage.tables.programme import Deadline, Meeting, OnTable, Session
from storage.tables.pulses import BACKUP, PROCESS, PURGED, SCRUB, Pulse
from storage.tables.sources import AllowedHost, Correction, Snapshot, Source
from storage.tables.tasks import Note, Reminder, Review, Task
from storage.tables.texts import Blob, Change, Draft, Lineage, Provision, Text
from storage.tables.words import (
    UNSETTLED,
    DraftState,
    InboxState,
    Label,
    LeftoverKind,
    MeetingState,
    NoticeKind,
    NoticeState,
    Outcome,
    ParcelState,
    Purpose,
    RequestState,
    Role,
    Standing,
    TaskState,
    Verdict,
)

__all__ = [
    "BACKUP",
    "PROCESS",
    "PURGED",
    "SCRUB",
    "UNSETTLED",
    "AllowedHost",
    "Audit",
    "Blob",
    "Change",
    "Coalition",
    "Code",
    "Confirmation",
    "Correction",
    "Deadline",
    "Deed",
    "Draft",
    "DraftState",
    "Duty",
    "Erasure",
    "FailedTry",
    "Identity",
    "Inbox",
    "InboxState",
    "Label",
    "Lane",
    "Leftover",
    "LeftoverKind",
    "Lineage",
    "Link",
    "Meeting",
    "MeetingState",
    "Member",
    "Note",
    "Notice",
    "NoticeKind",
    "NoticeState",
    "OnTable",
    "Outcome",
    "Parcel",
    "ParcelState",
    "Provision",
    "Pulse",
    "Purpose",
    "Reminder",
    "Request",
    "RequestState",
    "Retention",
    "Review",
    "Role",
    "Room",
    "Session",
    "Snapshot",
    "Source",
    "Standing",
    "Suspension",
    "Task",
    "TaskState",
    "Text",
    "Verdict",
    "WrongCodes",
]
