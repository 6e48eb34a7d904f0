"""The fixed sets of words that rows are described with."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a member may do, least first."""

    OBSERVER = "observer"
    MEMBER = "member"
    COORDINATOR = "coordinator"

    @property
    def rank(self) -> int:
        """Order the roles: a higher rank may do all that a lower one may."""
        return list(Role).index(self)


class Label(StrEnum):
    """How sensitive an item is, least first; a room's ceiling is the most it may see."""

    PUBLIC = "public"
    COALITION = "coalition"
    CLOSED = "closed"

    @property
    def rank(self) -> int:
        """Order the labels: an item may be shown where the ceiling's rank is at least its own."""
        return list(Label).index(self)


class Purpose(StrEnum):
    """What a room is served for."""

    TASKS = "tasks"
    ALERTS = "alerts"
    COUNTDOWN = "countdown"
    DIGEST = "digest"


class Standing(StrEnum):
    """Where a person stands with the coalition."""

    ASKED = "asked"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Put out at once: none of their accounts is theirs here until somebody takes that back."""
    FORMER = "former"
    """Gone for good: the row has no name, and is kept so that nobody else is ever given its number."""


class MeetingState(StrEnum):
    """What became of a meeting."""

    PLANNED = "planned"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


class DraftState(StrEnum):
    """What became of a draft: received, read and previewed, published; or refused, or withdrawn again."""

    RECEIVED = "received"
    PREVIEWED = "previewed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


class TaskState(StrEnum):
    """Where a task stands; a stale one was reviewed on an older draft than the one that changed its provision."""

    OPEN = "open"
    DONE = "done"
    STALE = "stale"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What a review says of a provision."""

    SUPPORT = "support"
    CONCERN = "concern"
    OPPOSE = "oppose"
    NEUTRAL = "neutral"


class InboxState(StrEnum):
    """What became of an invocation."""

    FETCHING = "fetching"
    """A file that came with it is fetched first."""
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class NoticeKind(StrEnum):
    """What a notice is for; the kind decides how it waits, merges and grows late."""

    REPLY = "reply"
    TASK = "task"
    REMINDER = "reminder"
    COUNTDOWN = "countdown"
    PROGRAMME = "programme"
    ALERT = "alert"
    DIGEST = "digest"
    ANNOUNCEMENT = "announcement"
    NOTICE = "notice"


class NoticeState(StrEnum):
    """Where a notice stands on its way out."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


UNSETTLED = (NoticeState.PLANNED, NoticeState.SENDING)
"""The states of what is still owed."""


class ParcelState(StrEnum):
    """Where a parcel stands: committed before it is sent, settled after."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Its reader was put out before it was settled."""


class LeftoverKind(StrEnum):
    """What is left to be done after a purge."""

    ROOM = "room"
    """To leave a room."""
    ACCOUNT = "account"
    """To leave the direct chats with an account and keep nothing of it."""
    FILES = "files"
    """To see that what was deleted is in no file of the database."""


class Outcome(StrEnum):
    """What came of a privileged command, in the audit."""

    DONE = "done"
    UNDONE = "undone"
    ASKED = "asked"
    """It waits for a second person."""
    DENIED = "denied"
    """Whoever said it may not."""


class RequestState(StrEnum):
    """What became of a request for a second person."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
