"""What people say: messages, mentions, direct chats, commands, files; and what they take back."""

from __future__ import annotations

from uuid import uuid4

from tests.fakes.slack import payloads, shapes
from tests.fakes.slack.delivery import COMMAND, Delivery
from tests.fakes.slack.records import Channel, File, Json, Person, Posted
from tests.fakes.slack.responses import Answerable
from tests.fakes.slack.stage import NotPossible, Stage
from tests.fakes.slack.web_api import RefusedCall

BOT = "<@BOT>"


class Speaking(Stage):
    """People with a keyboard. With `wait=False` an action comes back before the app has acknowledged."""

    async def say(
        self, person: Person, channel: Channel, words: str, thread: Posted | None = None, *, wait: bool = True
    ) -> Posted:
        """Write into a channel (`<@BOT>` is the bot). A mention comes as two events, as from Slack."""
        self.require_member(person, channel)
        return await self._write(person, channel, words, thread, [], wait)

    mention = say

    async def direct(self, person: Person, words: str, *, wait: bool = True) -> Posted:
        """Write into the direct chat with the bot."""
        return await self._write(person, self.space.direct(person), words, None, [], wait)

    async def upload(
        self,
        person: Person,
        channel: Channel | None,
        name: str,
        content: bytes,
        words: str = "",
        thread: Posted | None = None,
        *,
        wait: bool = True,
    ) -> Posted:
        """Drop a file into a channel, or (None) into the direct chat."""
        place = channel or self.space.direct(person)
        self.require_member(person, place)
        file = File(self.space.new_id("F"), name, person.id, content, len(content), complete=True, channels=[place.id])
        self.space.files[file.id] = file
        posted = await self._write(person, place, words, thread, [file], wait=False)
        file.threads[place.id] = posted.ts
        shared: Json = {
            "type": "file_shared", "file_id": file.id, "user_id": person.id, "file": {"id": file.id},
            "channel_id": place.id, "event_ts": posted.ts,
        }  # fmt: skip
        self.happen(shared, place)
        if wait:
            await self.quiet()
        return posted

    async def _write(
        self, person: Person, place: Channel, words: str, thread: Posted | None, files: list[File], wait: bool
    ) -> Posted:
        words = words.replace(BOT, self.space.bot.mention)
        subtype = "file_share" if files else "bot_message" if person.bot else None
        posted = Posted(
            place, self.space.new_ts(), person.id, payloads.escaped(words), thread=thread.root if thread else None,
            blocks=payloads.rich_text(self.space, words) if words else [], files=files,
            subtype=subtype, client_msg_id=None if person.bot else str(uuid4()),
            bot_id=f"B{person.id[1:]}" if person.bot else None,
        )  # fmt: skip
        place.messages.append(posted)
        inner = payloads.said(self.space, posted)
        told = self.happen(inner, place)
        if self.space.bot.mention in words and place.kind != "im":
            told += self.happen(payloads.mention(inner), place, "app_mention")
        await self.settled(told, wait)
        return posted

    async def edit(self, person: Person, posted: Posted, words: str, *, wait: bool = True) -> list[Delivery]:
        """Change one's own message. A mention that was added comes as app_mention, too."""
        if posted.user != person.id:
            raise NotPossible("only one's own messages can be changed")
        words = words.replace(BOT, self.space.bot.mention)
        before = shapes.message(self.space, posted)
        posted.text, posted.blocks = payloads.escaped(words), payloads.rich_text(self.space, words)
        ts = self.space.new_ts()
        posted.edited = {"user": person.id, "ts": ts}
        told = self.happen(self._hidden("message_changed", ts, posted, before), posted.channel)
        if self.space.bot.mention in words and posted.channel.kind != "im":
            told += self.happen(payloads.mention(payloads.said(self.space, posted)), posted.channel, "app_mention")
        return await self.settled(told, wait)

    async def delete(self, person: Person, posted: Posted, *, wait: bool = True) -> list[Delivery]:
        """Take back one's own message."""
        if posted.user != person.id:
            raise NotPossible("only one's own messages can be deleted")
        before = shapes.message(self.space, posted)
        posted.deleted = True
        told = self.happen(self._hidden("message_deleted", self.space.new_ts(), posted, before), posted.channel)
        return await self.settled(told, wait)

    def _hidden(self, subtype: str, ts: str, posted: Posted, before: Json) -> Json:
        event: Json = {
            "type": "message", "subtype": subtype, "hidden": True, "ts": ts, "event_ts": ts, "previous_message": before,
        }  # fmt: skip
        if subtype == "message_deleted":
            return event | {"deleted_ts": posted.ts}
        return event | {"message": shapes.message(self.space, posted)}

    async def command(
        self, person: Person, verb: str, words: str = "", channel: Channel | None = None, *, wait: bool = True
    ) -> Delivery:
        """Type a slash command, in a channel or (None) in the direct chat with the bot.

        Raises NotPossible for a command the app does not have, and for people of another team.
        """
        place = channel or self.space.direct(person)
        self.require_member(person, place)
        escapes = self.installed.escapes(verb)
        if escapes is None:
            raise NotPossible(f"{verb} is not a valid command")
        if person.team is not self.space.team:
            raise NotPossible("people of another team have no slash commands here")
        text = payloads.command_text(self.space, words, escapes)
        url, trigger = self.responses.make(person, place), self.trigger(person)
        payload = payloads.command(self.space, person, verb, text, place, trigger, url)
        delivery = Delivery(COMMAND, payload, accepts=True, then=lambda one: self._show_answer(person, place, one))
        await self.settled([self.deliver(delivery)], wait)
        return delivery

    def _show_answer(self, person: Person, place: Channel, delivery: Delivery) -> None:
        """Show what came with the acknowledgement, as Slack does."""
        answer = delivery.answer
        if not isinstance(answer, dict) or not (answer.get("text") or answer.get("blocks")):
            return
        try:
            self.responses.answer(Answerable(person, place), answer)
        except RefusedCall as refused:
            delivery.failed = refused.code
