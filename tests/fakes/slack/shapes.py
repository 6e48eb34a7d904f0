"""How people, channels, messages, files and views look in Slack's JSON."""

from __future__ import annotations

import mimetypes
from pathlib import PurePath
from typing import Any

from tests.fakes.slack.records import Channel, File, Json, Person, Posted, View
from tests.fakes.slack.workspace import Workspace


def user(space: Workspace, person: Person) -> Json:
    """Give a person as users.info does, without the e-mail address, for which another scope is needed."""
    profile = {
        "title": "",
        "phone": "",
        "skype": "",
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": "g0123456789a",
        "team": person.team.id,
    }
    shape: Json = {
        "id": person.id,
        "team_id": person.team.id,
        "name": person.handle,
        "deleted": person.deleted,
        "color": "9f69e7",
        "profile": profile,
        "is_bot": person.bot,
        "is_app_user": False,
        "updated": person.updated,
    }
    if person.deleted:
        return shape
    shape |= {
        "real_name": person.name,
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": person.tz_offset,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "who_can_share_contact_card": "EVERYONE",
    }
    if person.team is not space.team:
        shape["is_stranger"] = True
    return shape


def channel(space: Workspace, place: Channel) -> Json:
    """Give a conversation as conversations.info does."""
    shape: Json = {
        "id": place.id,
        "created": place.created,
        "creator": place.members[0] if place.members else space.bot.id,
        "is_archived": place.archived,
        "is_im": place.kind == "im",
        "is_mpim": place.kind == "mpim",
        "is_org_shared": False,
        "context_team_id": space.team.id,
        "updated": place.created * 1000,
    }
    if place.kind == "im":
        other = next((one for one in place.members if one != space.bot.id), "")
        return shape | {"user": other, "is_user_deleted": space.people[other].deleted, "is_open": True}
    return shape | {
        "name": place.name,
        "name_normalized": place.name,
        "is_channel": place.kind == "channel",
        "is_group": place.kind == "group",
        "is_general": False,
        "is_member": space.bot.id in place.members,
        "is_private": place.private,
        "is_shared": place.shared,
        "is_ext_shared": place.shared,
        "is_pending_ext_shared": False,
        "shared_team_ids": list(place.teams),
        "internal_team_ids": [],
        "connected_team_ids": [team for team in place.teams if team != space.team.id] if place.shared else [],
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def message(space: Workspace, posted: Posted, metadata: bool = False) -> Json:
    """Give a message as the history does; its metadata only where it is asked for."""
    author = space.people.get(posted.user)
    team = author.team.id if author else space.team.id
    shape: Json = {"type": "message", "user": posted.user, "ts": posted.ts, "text": posted.text, "team": team}
    if posted.bot_id:
        profile = {"id": posted.bot_id, "app_id": space.app_id, "name": space.bot.name, "team_id": space.team.id}
        shape |= {"bot_id": posted.bot_id, "app_id": space.app_id, "bot_profile": {**profile, "deleted": False}}
    optional: Json = {
        "subtype": posted.subtype,
        "client_msg_id": posted.client_msg_id,
        "blocks": posted.blocks,
        "attachments": posted.attachments,
        "edited": posted.edited,
        "files": [file(space, one, posted.channel) for one in posted.files],
        "metadata": posted.metadata if metadata else None,
    }
    shape |= {key: value for key, value in optional.items() if value}
    shape |= _threading(space, posted)
    if posted.reactions:
        users = [space.bot.id]
        shape["reactions"] = [{"name": name, "users": users, "count": 1} for name in posted.reactions]
    return shape | posted.extra


def _threading(space: Workspace, posted: Posted) -> Json:
    if posted.thread is not None:
        parent = posted.channel.find(posted.thread)
        return {"thread_ts": posted.thread, **({"parent_user_id": parent.user} if parent else {})}
    replies = [
        one for one in posted.channel.messages if one.thread == posted.ts and not one.deleted and not one.only_for
    ]
    if not replies:
        return {}
    people = sorted({one.user for one in replies})
    return {
        "thread_ts": posted.ts,
        "reply_count": len(replies),
        "reply_users": people,
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
        "subscribed": True,
    }


def file(space: Workspace, one: File, place: Channel | None = None) -> Json:
    """Give a file; in a channel that is shared with another workspace only that there is one."""
    if place is not None and place.shared:
        return {"id": one.id, "created": 0, "timestamp": 0, "file_access": "check_file_info"}
    return whole_file(space, one)


def whole_file(space: Workspace, one: File) -> Json:
    """Give a file as files.info does."""
    base = f"{space.url}/files-pri/{space.team.id}-{one.id}"
    ending = PurePath(one.name).suffix.lstrip(".").lower()
    return {
        "id": one.id,
        "created": int(space.now()),
        "timestamp": int(space.now()),
        "name": one.name,
        "title": one.title or one.name,
        "mimetype": mimetypes.guess_type(one.name)[0] or "application/octet-stream",
        "filetype": ending or "binary",
        "pretty_type": ending.upper() or "Binary",
        "user": one.owner,
        "user_team": space.people[one.owner].team.id,
        "editable": False,
        "size": len(one.content),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "url_private": f"{base}/{one.name}",
        "url_private_download": f"{base}/download/{one.name}",
        "permalink": f"https://{space.team.domain}.slack.com/files/{one.owner}/{one.id}/{one.name}",
        "channels": list(one.channels),
        "groups": [],
        "ims": [],
        "shares": {"public": {place: [{"ts": ts}] for place, ts in one.threads.items()}},
        "file_access": "visible",
        "alt_txt": one.alt,
    }


def view(space: Workspace, one: View) -> Json:
    """Give a view as views.open and the interactions do."""
    state: dict[str, Any] = {"values": {}}
    return {
        "private_metadata": "",
        "callback_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "external_id": "",
        "close": None,
        "submit": None,
        **one.content,
        "id": one.id,
        "team_id": space.team.id,
        "app_id": space.app_id,
        "app_installed_team_id": space.team.id,
        "bot_id": space.bot_id,
        "root_view_id": one.root,
        "previous_view_id": one.previous,
        "hash": one.hash,
        "state": state,
    }
