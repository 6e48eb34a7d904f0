"""What people write as a time, a day, a duration or an hour of the clock, read in the speaker's zone.

Nothing here looks at a clock or a database.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from calendar import monthrange
from zoneinfo import ZoneInfo

from bot.days import Said, WhenProblem, day_words, find_day, two_readings, without_fillers

__all__ = [
    "DEFAULT_TIME",
    "WhenProblem",
    "echo",
    "local_moment",
    "read_clock",
    "read_day",
    "read_duration",
    "read_when",
]

DEFAULT_TIME = dt.time(18)
"""When a day is named without a time: the end of the afternoon's plenary."""

_LONGEST = 80  # characters; whoever writes more is not naming a time
_QUOTED = 40
_YEARS = range(1980, 2200)
_PARTS = {
    "noon": "12:00", "midday": "12:00", "morning": "9:00", "afternoon": "15:00", "evening": "20:00",
    "end of the day": "18:00", "end of day": "18:00", "eod": "18:00", "close of business": "18:00", "cob": "18:00",
}  # fmt: skip
_UNITS = {
    word: seconds
    for seconds, words in (
        (60, "m min mins minute minutes minuto minutos мин минута минуту минуты минут دقيقة دقائق 分 分钟 分鐘"),
        (3600, "h hr hrs hour hours hora horas heure heures ч час часа часов ساعة ساعات 小时 小時"),
        (86400, "d day days día días dia dias jour jours день дня дней يوم أيام 天"),
        (604800, "w week weeks semana semanas semaine semaines неделя неделю недели недель أسبوع أسابيع 周 星期"),
    )
    for word in words.split()
}
_DAY_SECONDS = 86400

# A minus without a space is a range, "10:00-13:00", unless the whole is an ISO moment (see _clean).
_OFFSET = r"(?P<utc>z|utc|gmt)?\s?(?P<offset>(?:\+|(?<!\d)-)\d{1,2}(?::?\d\d)?)?"
_CLOCK = re.compile(
    r"(?<![\d:./+-])(?P<hour>\d{1,2})"
    r"(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?|\s?h\s?(?P<after_h>\d\d)?|(?=\s?[ap]\.?m\b))"
    rf"(?:\s?(?P<half>[ap])\.?m\b\.?|\s?hr?s?\b)?(?:\s?{_OFFSET})(?![\w:/+-])"
)
_PART = re.compile(rf"\b(?:this )?({'|'.join(_PARTS)})\b")
_ZONE_LETTERS = re.compile(
    r"\b(?:[ecmp][sd]?t|cet|cest|wet|west|eest|eet|bst|ist|msk|wat|eat|sast|jst|kst|aest|aedt|nzst|nzdt|wib|pkt|sgt|hkt|art|brt)\b"
)
_IN = re.compile(r"(?:in|en|dans|через|بعد|خلال) (?P<after>.+)|(?P<before>.+?) ?(?:后|後|之后|以后|from now)")
_PIECE = re.compile(r"(?P<number>\d{1,4})\s?(?P<unit>[^\W\d_]+)(?: and| et| y| и)?\s*")


def read_when(words: str, now: dt.datetime, zone: ZoneInfo, *, past_allowed: bool = False) -> dt.datetime:
    """Read words as a moment, given and returned aware and in UTC; the words count in `zone` unless they say an offset.

    No time means 18:00, morning 9:00, noon 12:00, afternoon 15:00, end of day 18:00, evening and tonight 20:00. A
    weekday is the coming one: today while its time is ahead. "in 2h" counts elapsed hours, "in 3 days" keeps the time
    of day. Raises WhenProblem for what cannot be read, has two readings or, unless allowed, is past.
    """
    text = _clean(words)
    if length := _waiting(text):
        return _after(length, now, zone)
    _refuse_bare_length(text)
    if text == "now":
        return now.astimezone(dt.UTC)
    moment = _named_moment(text, words, now, zone)
    if moment < now and not past_allowed:
        raise _past(moment, now, zone)
    return moment


def names_hour(words: str) -> bool:
    """Tell whether words that read as a moment name its hour: not those that leave it to the default."""
    text = _clean(words)
    return text == "now" or _waiting(text) is not None or _split_clock(text)[1] is not None or "midnight" in text


def read_day(words: str, now: dt.datetime, zone: ZoneInfo) -> dt.date:
    """Read words as a day in `zone`: past or to come, a weekday being the next such day from today on.

    Raises WhenProblem for what is no day, and for one with a time.
    """
    text = _clean(words)
    today = now.astimezone(zone).date()
    length = _waiting(text)
    if length and not length[1]:
        return today + dt.timedelta(days=length[0])
    found = find_day(without_fillers(text), today, Said(_quoted(words)))
    if found is None:
        raise WhenProblem(
            "I cannot read “{words}” as a day. For example: `today`, `fri`, `6 Feb`.", words=_quoted(words)
        )
    return found[0]


def read_duration(words: str, *, bare_minutes: bool = False) -> dt.timedelta:
    """Read a positive length of time such as "2h30m", "45 min" or "3d", a day being 24 hours.

    A bare number counts minutes where `bare_minutes` says so. Raises WhenProblem for anything else.
    """
    text = _clean(words)
    if bare_minutes and re.fullmatch(r"\d{1,4}", text):
        text += "m"
    length = _length(text)
    if length:
        return dt.timedelta(days=length[0], seconds=length[1])
    if text.isdecimal() and int(text) and not bare_minutes:
        raise WhenProblem("“{words}” of what? For example: `20m`, `2h30m`, `3d`.", words=_quoted(words))
    raise WhenProblem(
        "I cannot read “{words}” as a length of time. For example: `45m`, `2h30m`, `3d`.", words=_quoted(words)
    )


def read_clock(words: str) -> dt.time:
    """Read an hour of the day such as "19:30", "7:30 pm" or "noon", naive; raises WhenProblem for anything else."""
    rest, clock, offset = _split_clock(_clean(words))
    if clock is None or offset or without_fillers(rest):
        raise WhenProblem(
            "I cannot read “{words}” as a time of day. For example: `19:30`, `9am`, `noon`.", words=_quoted(words)
        )
    return clock


def local_moment(naive: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Give the moment, aware and in UTC, that a local time of a zone means.

    Raises WhenProblem, naming both readings with their offsets, where the clocks skip that time or show it twice, and
    for years before 1980 or after 2199.
    """
    if naive.year not in _YEARS:
        raise _out_of_reach(naive)
    readings = sorted({naive.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1)})
    if len(readings) == 1:
        return readings[0]
    first, second = (reading.astimezone(zone).isoformat(" ", "seconds") for reading in readings)
    local = f"{day_words(naive.date(), year=True)} {naive:%H:%M}"
    if readings[0].astimezone(zone).replace(tzinfo=None, fold=0) == naive.replace(fold=0):
        raise WhenProblem(
            "{local} comes twice in {zone}, where clocks go back. Please write `{first}` or `{second}`.",
            local=local, zone=str(zone), first=first, second=second,
        )  # fmt: skip
    raise WhenProblem(
        "{local} does not exist in {zone}, where clocks go forward. Please write `{first}` or `{second}`.",
        local=local, zone=str(zone), first=first, second=second,
    )  # fmt: skip


def echo(moment: dt.datetime, now: dt.datetime, zone: ZoneInfo) -> str:
    """Write a moment to the minute, such as "Tue 13 Feb 18:00", so that `read_when` reads it back.

    The year stands where it could be mistaken, the offset where the clocks show that time twice.
    """
    local = moment.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    words = f"{day_words(local.date(), year=not 0 <= days <= 300)} {local:%H:%M}"
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{words} {local.isoformat()[-6:]}" if twice else words


def _named_moment(text: str, words: str, now: dt.datetime, speaker: ZoneInfo) -> dt.datetime:
    """Read a day, a time of day or both; without a day it is today, by the offset's date where one is given."""
    rest, clock, offset = _split_clock(text)
    zone = offset or speaker
    today = now.astimezone(zone).date()
    rest = without_fillers(rest)
    said = Said(_quoted(words), f" {clock:%H:%M}{_offset_words(offset)}" if clock else "")
    if clock is None and rest.split()[-1:] == ["midnight"]:
        return _midnight(rest.removesuffix("midnight").strip(), today, said, zone)
    found = (today, False) if clock and not rest else find_day(rest, today, said)
    if found is None:
        raise _unreadable(rest, said)
    day, is_weekday = found
    naive = dt.datetime.combine(day, clock or DEFAULT_TIME)
    if is_weekday and all(naive.replace(tzinfo=zone, fold=fold) <= now for fold in (0, 1)):
        naive += dt.timedelta(days=7)
    return local_moment(naive, zone)


def _midnight(rest: str, today: dt.date, said: Said, zone: dt.tzinfo) -> dt.datetime:
    """Read midnight: the coming one if no day is named; with a day it could be either end of it."""
    found = find_day(rest, today, said) if rest else None
    if found:
        raise two_readings(said.words, *(f"{day_words(found[0] + dt.timedelta(days=n))} 00:00" for n in (0, 1)))
    if rest:
        raise _unreadable(rest, said)
    return local_moment(dt.datetime.combine(today + dt.timedelta(days=1), dt.time()), zone)


def _waiting(text: str) -> tuple[int, int] | None:
    """Read "in 2h30m" as days and seconds."""
    found = _IN.fullmatch(text)
    return _length(found["after"] or found["before"]) if found else None


def _after(length: tuple[int, int], now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Go on by days of the calendar, then by elapsed seconds."""
    days, seconds = length
    there = now.astimezone(zone).replace(fold=0) + dt.timedelta(days=days) if days else now
    moment = there.astimezone(dt.UTC) + dt.timedelta(seconds=seconds)
    if moment.year not in _YEARS:
        raise _out_of_reach(moment)
    return moment


def _clean(words: str) -> str:
    """Bring words to one form: lower case, ASCII digits and marks, single spaces; nothing for what is far too long."""
    text = unicodedata.normalize("NFKC", words[: _LONGEST + 1]).lower()
    text = re.sub(r"[\"`“”„«»‹›,،;()\[\]]", " ", text).replace("’", "'").replace("−", "-")
    text = "".join(_plain_character(character) for character in text)
    text = " ".join(text.split()).strip(" .!?؟'")
    text = re.sub(r"\b(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d[\d:.]*)(?=[+-])", r"\1 \2 ", text)
    return re.sub(r"\b(\d{4}-\d\d-\d\d)t(?=\d)", r"\1 ", text) if len(words) <= _LONGEST else ""


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf":  # marks of writing direction come along when Arabic is pasted
        return ""
    return " " if category[0] in "CZ" else character


def _quoted(words: str) -> str:
    """Cut what somebody wrote to a length that can stand in a sentence, without what a terminal could choke on."""
    shown = "".join(character if character.isprintable() else " " for character in words[: 4 * _QUOTED])
    shown = " ".join(shown.split())
    return shown if len(shown) <= _QUOTED else f"{shown[: _QUOTED - 1]}…"


def _split_clock(text: str) -> tuple[str, dt.time | None, dt.timezone | None]:
    """Take the only time of day, and its offset, out of words; no time where there are several or an impossible one."""
    if re.search(r"\btonight\b", text):
        text = re.sub(r"\btonight\b", "today", text) + ("" if _CLOCK.search(text) else " 20:00")
    text = _PART.sub(lambda part: _PARTS[part[1]], text)
    found = list(_CLOCK.finditer(text))
    if len(found) != 1:
        return text, None, None
    clock, offset = _clock_time(found[0]), _offset(found[0])
    if clock is None or (offset is None and found[0]["offset"]):
        return text, None, None
    return f"{text[: found[0].start()]} {text[found[0].end() :]}".strip(), clock, offset


def _clock_time(found: re.Match[str]) -> dt.time | None:
    hour, minute = int(found["hour"]), int(found["minute"] or found["after_h"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "p" else 0)
    try:
        return dt.time(hour, minute, int(found["second"] or 0))
    except ValueError:
        return None


def _offset(found: re.Match[str]) -> dt.timezone | None:
    """Give the offset that stands after a time of day; None where there is none, or one that no clock has."""
    if not found["offset"]:
        return dt.UTC if found["utc"] else None
    digits = found["offset"][1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 14 or minutes > 59:
        return None
    ahead = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-ahead if found["offset"][0] == "-" else ahead)


def _offset_words(offset: dt.timezone | None) -> str:
    return f" {dt.datetime.combine(dt.date.min, dt.time(12), offset):%:z}" if offset else ""


def _length(text: str) -> tuple[int, int] | None:
    """Read "2h30m" as days and seconds; None for anything else and for nothing at all."""
    text = re.sub(r"^half an? hour$", "30m", re.sub(r"^(\d{1,4}) ?h ?(\d\d)$", r"\1h\2m", text))
    text = re.sub(r"^an? (?=[a-z]+$)", "1", text)
    amounts: dict[int, int] = {}
    end = 0
    while end < len(text):
        piece = _PIECE.match(text, end)
        unit = _UNITS.get(piece["unit"]) if piece else None
        if piece is None or unit is None or unit in amounts:
            return None
        amounts[unit] = int(piece["number"])
        end = piece.end()
    days = sum(number * unit // _DAY_SECONDS for unit, number in amounts.items() if unit >= _DAY_SECONDS)
    seconds = sum(number * unit for unit, number in amounts.items() if unit < _DAY_SECONDS)
    return (days, seconds) if days or seconds else None


def _refuse_bare_length(text: str) -> None:
    """Refuse "2h" and "3 days" without "in": the first is also a French 02:00."""
    if not _length(text):
        return
    hour = re.fullmatch(r"([01]?\d|2[0-3]) ?h ?([0-5]\d)?", text)
    if hour:
        raise two_readings(text, f"{int(hour[1])}:{hour[2] or '00'}", f"in {text}")
    raise WhenProblem("“{words}” is a length of time. Did you mean `in {words}`?", words=text)


def _past(moment: dt.datetime, now: dt.datetime, zone: ZoneInfo) -> WhenProblem:
    day, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
    meant = echo(_likely(moment, now, zone), now, zone)
    if day == today:
        return WhenProblem("That was earlier today. Did you mean {meant}?", meant=meant)
    if (today - day).days == 1:
        return WhenProblem("That was yesterday. Did you mean {meant}?", meant=meant)
    return WhenProblem(
        "{day} is past. Did you mean {meant}?", day=day_words(day, year=day.year != today.year), meant=meant
    )


def _likely(moment: dt.datetime, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Guess what a past time was meant to be: of today, tomorrow; of the last days, that weekday; else, that date."""
    local, today = moment.astimezone(zone).replace(fold=0), now.astimezone(zone).date()
    days = (today - local.date()).days
    if days <= 7:
        step = dt.timedelta(days=1 if days == 0 else 7)
        candidates = [local + step, local + 2 * step]
    else:
        years = range(today.year, today.year + 9)
        candidates = [local.replace(year=year) for year in years if _exists(year, local.month, local.day)]
    return next(later.astimezone(dt.UTC) for later in candidates if later > now)


def _exists(year: int, month: int, day: int) -> bool:
    return day <= monthrange(year, month)[1]


def _unreadable(rest: str, said: Said) -> WhenProblem:
    if said.time and (letters := _ZONE_LETTERS.search(rest)):
        return WhenProblem(
            "I do not know the zone “{zone}”. Please write its offset from UTC, for example: `6 Feb 15:00 +01:00`.",
            zone=letters[0].upper(),
        )
    if not said.words:
        return WhenProblem("Please say when. For example: `fri 17:00`, `6 Feb 15:00`, `in 2h`.")
    return WhenProblem(
        "I cannot read “{words}” as a time. For example: `fri 17:00`, `6 Feb 15:00`, `in 2h`.", words=said.words
    )


def _out_of_reach(moment: dt.datetime) -> WhenProblem:
    return WhenProblem("The year {year} is out of reach. Please check it.", year=f"{moment.year:04}")
