"""Zones of time by the names people use for them: IANA names, and cities."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from zoneinfo import available_timezones

from bot.commands import nearest
from bot.problem import Problem

_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip

_CITIES = {
    "Europe/Zurich": "geneva bern basel",
    "Europe/Amsterdam": "hague,the hague,den haag,rotterdam",
    "Europe/Paris": "strasbourg lyon marseille",
    "Europe/Berlin": "munich hamburg cologne frankfurt bonn",
    "Europe/Madrid": "barcelona valencia",
    "Europe/Rome": "milan turin naples",
    "Europe/London": "edinburgh glasgow manchester",
    "Europe/Istanbul": "ankara",
    "America/New_York": "washington,washington dc,boston,miami,philadelphia,atlanta,nyc",
    "America/Los_Angeles": "san francisco,seattle,portland,oakland",
    "America/Toronto": "ottawa",
    "America/Sao_Paulo": "rio,rio de janeiro,brasilia",
    "America/Guayaquil": "quito",
    "America/Bogota": "medellin cali",
    "Africa/Johannesburg": "cape town,durban,pretoria",
    "Africa/Lagos": "abuja",
    "Africa/Casablanca": "rabat",
    "Asia/Kolkata": "delhi,new delhi,mumbai,bangalore,bengaluru,chennai,hyderabad",
    "Asia/Karachi": "islamabad lahore",
    "Asia/Shanghai": "beijing shenzhen guangzhou",
    "Asia/Ho_Chi_Minh": "hanoi",
    "Asia/Jerusalem": "tel aviv,ramallah",
    "Asia/Riyadh": "jeddah mecca",
    "Asia/Dubai": "abu dhabi",
    "Asia/Tokyo": "osaka kyoto",
    "Australia/Sydney": "canberra",
    "Pacific/Auckland": "wellington christchurch",
}
"""Places where people work that have no zone named after them; words, or with commas where a name has several."""


class ZoneProblem(Problem):
    """Words that name no zone."""


def find_zone(words: str) -> str:
    """Give the IANA name of the zone that an IANA name or a city means, whatever case and accents.

    Raises ZoneProblem, with the nearest name there is, for anything else: offsets and letters like "EST" among it,
    since they do not follow the clock changes.
    """
    typed = _plain(words.replace("_", " "))
    names = _names()
    if typed in names:
        return names[typed]
    near = nearest(typed, names) if len(typed) > 3 else None
    shown = " ".join(words.split())[:40]
    if near is not None:
        raise ZoneProblem(
            "I know no zone “{words}”. Did you mean `{near}`?", words=shown, near=_shown(near, names[near])
        )
    raise ZoneProblem(
        "I know no zone “{words}”. Name a city that keeps your time, for example: `Bogota`, `Europe/Vienna`.",
        words=shown,
    )


def _shown(name: str, zone: str) -> str:
    """Write a known name as people would: the IANA name, or the city that has no zone named after it."""
    return zone if name in _plain(zone.replace("_", " ")) else name.title()


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Map what people may type to IANA names; where several zones end alike, the shorter name counts."""
    zones = sorted((zone for zone in available_timezones() if "/" in zone), key=lambda zone: (zone.count("/"), zone))
    names = {"utc": "UTC", "gmt": "UTC"}
    for zone in zones:
        if not zone.startswith("Etc/"):  # "Etc/GMT+5" is five hours behind
            names[_plain(zone.replace("_", " "))] = zone
    for zone in zones:
        if zone.startswith(_REGIONS):
            names.setdefault(_plain(zone.rpartition("/")[2].replace("_", " ")), zone)
    for zone, cities in _CITIES.items():
        for city in cities.split("," if "," in cities else None):
            names.setdefault(city, zone)
    return names


def _plain(words: str) -> str:
    """Bring words to lower case without accents, with single spaces."""
    decomposed = unicodedata.normalize("NFKD", words.casefold())
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split())
