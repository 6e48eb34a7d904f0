"""Files: put with Slack, then shared into a channel; and fetched from there when somebody adds a draft."""

from __future__ import annotations

from pathlib import PurePath

from bot.adapters.slack.lookup import Spot, part_key
from bot.adapters.slack.web import Away, Web
from bot.message import File

_NOT_FETCHED = ("external", "tombstone", "hidden_by_limit")


def upload_name(file: File, key: str, number: int) -> str:
    """Give the name under which a file of a parcel is uploaded: its own, with a piece by which it is found again.

    Messages that share a file cannot bear metadata. What people see is the title, which has no such piece.
    """
    path = PurePath(file.name)
    return f"{path.stem}-{part_key(key, f'file/{number}')[:8]}{path.suffix}"


async def share(web: Web, spot: Spot, file: File, name: str) -> None:
    """Upload a file and share it. Raises as `Web.call`; the last of its three calls is the one that people see."""
    content = file.content
    place = await web.call("files.getUploadURLExternal", filename=name, length=len(content))
    try:
        await web.upload(str(place["upload_url"]), content)
    except Away as problem:
        raise Away(problem.code, unknown=False) from None  # it lies there unseen
    await web.call(
        "files.completeUploadExternal",
        files=[{"id": str(place["file_id"]), "title": file.name}],
        channel_id=spot.channel,
        thread_ts=spot.thread,
    )


async def fetch(web: Web, file_id: str, most: int) -> bytes | None:
    """Fetch a file by its id; None where it lies elsewhere, or is larger than `most` bytes. Raises as `Web.call`."""
    found = (await web.call("files.info", file=file_id)).get("file") or {}
    url = found.get("url_private_download") or found.get("url_private")
    size = found.get("size")
    too_large = isinstance(size, int) and size > most
    if not url or too_large or found.get("is_external") or found.get("mode") in _NOT_FETCHED:
        return None
    return await web.download(str(url), most, page="html" in str(found.get("mimetype") or "html"))
