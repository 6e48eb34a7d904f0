"""What every message must satisfy, whichever way it comes: posted, changed, ephemeral, by response_url, as an ack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.slack import blocks
from tests.fakes.slack.records import Json, texts_in
from tests.fakes.slack.web_api import RefusedCall, WebApi, decoded

MOST_TEXT = 40_000
"""Beyond it Slack cuts a message off, which is as bad as refusing it."""
MOST_UPDATED_TEXT = 4_000
"""chat.update refuses more (msg_too_long)."""
MOST_METADATA = 16_000


def content(api: WebApi, method: str, arguments: Json) -> tuple[str, list[Json], list[Json]]:
    """Give text, blocks and attachments of a message; raises RefusedCall for what Slack refuses."""
    text = arguments.get("text") or arguments.get("markdown_text") or ""
    if arguments.get("markdown_text") and (arguments.get("text") or arguments.get("blocks")):
        raise refusal(api, method, "markdown_text_conflict", ["markdown_text beside text or blocks"])
    parts = decoded(arguments, "blocks", [])
    attachments = decoded(arguments, "attachments", [])
    if not isinstance(text, str):
        raise refusal(api, method, "invalid_arguments", ["text must be a string"])
    if len(text) > (MOST_UPDATED_TEXT if method == "chat.update" else MOST_TEXT):
        raise refusal(api, method, "msg_too_long", [f"text has {len(text)} characters"])
    if not isinstance(parts, list) or not isinstance(attachments, list):
        raise refusal(api, method, "invalid_blocks_format", ["not a list"])
    troubles = blocks.problems(parts, "message")
    for attachment in attachments:
        troubles += blocks.problems(attachment.get("blocks", []), "message") if isinstance(attachment, dict) else []
    if troubles:
        raise refusal(api, method, "invalid_blocks", troubles)
    if api.most_block_text is not None and (length := sum(map(len, texts_in(parts)))) > api.most_block_text:
        raise refusal(api, method, "msg_blocks_too_long", [f"{length} characters in all blocks"])
    if not text.strip() and not parts and not attachments:
        raise refusal(api, method, "no_text", ["neither text nor blocks"])
    return text, parts, attachments


def refusal(api: WebApi, method: str, code: str, troubles: list[str]) -> RefusedCall:
    """Note what the app did wrong and give the error to raise."""
    api.violate(f"{method}: {code}: {'; '.join(troubles)}")
    return RefusedCall(code, errors=troubles, response_metadata={"messages": [f"[ERROR] {one}" for one in troubles]})


def metadata(api: WebApi, method: str, arguments: Json) -> Json | None:
    """Give the metadata of a message, or None; raises RefusedCall for a wrong shape."""
    value = decoded(arguments, "metadata")
    if value is None:
        return None
    if trouble := metadata_problem(value):
        raise refusal(api, method, "invalid_metadata_format", [trouble])
    if len(json.dumps(value)) > MOST_METADATA:
        raise refusal(api, method, "metadata_too_large", ["metadata is too large"])
    return dict(value)


def metadata_problem(value: Any) -> str:
    """Say what is wrong with the shape of metadata, or nothing."""
    if not isinstance(value, Mapping):
        return "metadata is no object"
    if set(value) - {"event_type", "event_payload", "entities"}:
        return "metadata has unknown keys"
    kind = value.get("event_type")
    if not isinstance(kind, str) or not 0 < len(kind) <= 255:
        return "metadata needs an event_type of 1 to 255 characters"
    if not isinstance(value.get("event_payload"), Mapping):
        return "metadata needs an event_payload that is an object"
    return ""
