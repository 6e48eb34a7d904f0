"""files.*, where their bytes go, and where they are fetched."""

from __future__ import annotations

from time import monotonic

from aiohttp import web

from tests.fakes.slack import messages, shapes
from tests.fakes.slack.methods_chat import announce_message
from tests.fakes.slack.records import Channel, File, Json, Posted
from tests.fakes.slack.web_api import PAGE, Call, RefusedCall, WebApi, decoded


def upload_url(api: WebApi, arguments: Json) -> Json:
    """files.getUploadURLExternal: where to put the bytes of one file."""
    file = File(api.space.new_id("F"), str(arguments["filename"]), api.space.bot.id, alt=arguments.get("alt_txt") or "")
    file.length = int(arguments["length"])
    api.space.files[file.id] = file
    return {"upload_url": f"{api.space.url}/upload/v1/{file.id}", "file_id": file.id}


def complete(api: WebApi, arguments: Json) -> Json:
    """files.completeUploadExternal: shares files in a channel as one message, or keeps them for oneself."""
    listed = decoded(arguments, "files", [])
    files = [_uploaded(api, entry) for entry in listed]
    names = [arguments["channel_id"]] if arguments.get("channel_id") else []
    names += [one for one in str(arguments.get("channels") or "").split(",") if one]
    places = [_place(api, str(name)) for name in names]
    text = ""
    parts: list[Json] = []
    if arguments.get("initial_comment") or arguments.get("blocks"):
        content = {"text": arguments.get("initial_comment"), "blocks": arguments.get("blocks")}
        text, parts, _ = messages.content(api, "files.completeUploadExternal", content)
    for file in files:
        file.complete = True
    for place in places:
        _share(api, place, files, text, parts, arguments.get("thread_ts"))
    return {"files": [shapes.whole_file(api.space, one) for one in files]}


def _place(api: WebApi, name: str) -> Channel:
    place = api.channel({"channel": name})
    if place.archived:
        raise RefusedCall("is_archived")
    return place


def _uploaded(api: WebApi, entry: Json) -> File:
    file = api.space.files.get(str(entry.get("id")))
    if file is None or file.complete or len(file.content) != file.length:
        raise RefusedCall("file_not_found")
    file.title = str(entry.get("title") or file.name)
    return file


def _share(api: WebApi, place: Channel, files: list[File], text: str, parts: list[Json], thread: str | None) -> None:
    parent = place.find(str(thread)) if thread else None
    if thread and parent is None:
        raise RefusedCall("cannot_reply_to_message")
    posted = Posted(
        place, api.space.new_ts(), api.space.bot.id, text, parts, thread=parent.root if parent else None,
        files=files, bot_id=api.space.bot_id, subtype="file_share",
    )  # fmt: skip
    for file in files:
        file.channels.append(place.id)
        file.threads[place.id] = posted.ts
    api.space.post(posted, "file")
    announce_message(api, posted)


def info(api: WebApi, arguments: Json) -> Json:
    """files.info: of a file in a channel with the bot, or of its own."""
    file = _visible(api, str(arguments["file"]))
    if file is None:
        raise RefusedCall("file_not_found")
    paging = {"count": 100, "total": 0, "page": 1, "pages": 0}
    return {"file": shapes.whole_file(api.space, file), "comments": [], "paging": paging}


def _visible(api: WebApi, file_id: str) -> File | None:
    file = api.space.files.get(file_id)
    if file is None or file.owner == api.space.bot.id:
        return file
    inside = any(api.space.bot.id in api.space.channels[one].members for one in file.channels)
    return file if inside else None


async def take(api: WebApi, request: web.Request) -> web.StreamResponse:
    """Take the bytes of a file at its upload address."""
    call = Call("upload", (), monotonic())
    api.calls.append(call)
    fault = api.faults.next("upload")
    if fault is not None and not fault.done:
        return await api.play(fault, request, call)
    file = api.space.files.get(request.match_info["file"])
    if file is None:
        return web.Response(status=404, text="not found")
    if request.content_type.startswith("multipart/"):
        parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
        file.content = b"".join(part.file.read() for part in parts)
    else:
        file.content = await request.read()
    call.answer = "ok"
    if fault is not None:
        return await api.play(fault, request, call, {"ok": True})
    return web.Response(text=f"OK - {len(file.content)}")


async def give(api: WebApi, request: web.Request) -> web.StreamResponse:
    """Give the bytes of a file; without a good token a sign-in page with status 200, as Slack does."""
    call = Call("files-pri", (), monotonic())
    api.calls.append(call)
    if (fault := api.faults.next("files-pri")) is not None:
        return await api.play(fault, request, call, {"ok": True})
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    file = _visible(api, request.match_info["file"].split("-")[-1])
    if token != api.tokens.bot or api.tokens.revoked or "files:read" not in api.scopes:
        api.violate("files-pri: asked without a token that may read files")
        return web.Response(text=PAGE, content_type="text/html")
    if file is None:
        return web.Response(status=404, text=PAGE, content_type="text/html")
    api.scopes_used.add("files:read")
    call.answer = "ok"
    return web.Response(body=file.content, content_type=str(shapes.whole_file(api.space, file)["mimetype"]))


def delete(api: WebApi, arguments: Json) -> Json:
    """files.delete: of the bot's own files; where they were shared, nothing is left of them."""
    file = api.space.files.get(str(arguments["file"]))
    if file is None:
        raise RefusedCall("file_not_found")
    if file.owner != api.space.bot.id:
        raise RefusedCall("cant_delete_file")
    del api.space.files[file.id]
    for place in api.space.channels.values():
        for posted in place.messages:
            posted.files = [one for one in posted.files if one is not file]
    return {}


METHODS = {
    "files.delete": delete,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete,
    "files.info": info,
}
