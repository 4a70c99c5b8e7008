"""The methods of the Bot API that put messages into chats, change them and take them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram_calls import Refusal, Upload
from telegram_chats import BOT, SELF, World
from telegram_html import formatted, utf16
from telegram_pictures import sizes

TEXT, CAPTION = 4096, 1024
BUTTONS = 100
_ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}
_CONTENT = ("text", "entities", "caption", "caption_entities", "reply_markup")
_SAME = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)


class Messages(World):
    """Sending, editing, deleting."""

    def _sendMessage(self, params: dict[str, Any]) -> Any:  # noqa: N802
        text, entities = _text(params)
        options = params.get("link_preview_options")
        return self._sent(
            params, lambda: {"text": text, "entities": entities, "link_preview_options": options}
        )

    def _sendPhoto(self, params: dict[str, Any]) -> Any:  # noqa: N802
        caption, entities = _caption(params)

        def content() -> dict[str, Any]:
            return {
                "photo": self._photo(params),
                "caption": caption,
                "caption_entities": entities,
                "has_media_spoiler": params.get("has_spoiler"),
                "show_caption_above_media": params.get("show_caption_above_media"),
            }

        return self._sent(params, content)

    def _sent(self, params: dict[str, Any], content: Callable[[], dict[str, Any]]) -> Any:
        chat = self._chat(params)
        markup = _keyboard(params)
        with self._changed:
            topic = self._open_topic(chat, params.get("message_thread_id"))
            answered = self._answered(chat["id"], params.get("reply_parameters"))
            return self._message(
                chat["id"],
                sender=SELF,
                **content(),
                **topic,
                reply_to_message=answered,
                reply_markup=markup,
                has_protected_content=params.get("protect_content"),
            )

    def _open_topic(self, chat: dict[str, Any], thread: int | None) -> dict[str, Any]:
        if not thread:
            return {}
        opened = self._threads.get(chat["id"], {}).get(thread)
        # What is deleted and what never was look alike from outside.
        if not chat.get("is_forum") or opened is None:
            raise Refusal(400, "Bad Request: message thread not found")
        if not opened and not self.is_admin(chat["id"]):
            raise Refusal(400, "Bad Request: TOPIC_CLOSED")
        return {"message_thread_id": thread, "is_topic_message": True}

    def _answered(self, chat_id: int, reply: dict[str, Any] | None) -> dict[str, Any] | None:
        if not reply:
            return None
        message = self._messages.get(chat_id, {}).get(reply["message_id"])
        if message is None and not reply.get("allow_sending_without_reply"):
            raise Refusal(400, "Bad Request: message to be replied not found")
        return message and {k: v for k, v in message.items() if k != "reply_to_message"}

    def _photo(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        photo = params.get("photo")
        if isinstance(photo, str) and photo.startswith("attach://"):
            photo = params.get(photo.removeprefix("attach://"))
        if isinstance(photo, Upload):
            file_id = f"photo{len(self.files) + 1}"
            shown = sizes(file_id, photo.content)
            self.files[file_id] = photo.content
            return shown
        if photo in self.files:
            return sizes(photo, self.files[photo])
        if isinstance(photo, str) and photo.startswith(("http://", "https://")):
            # The fake looks nothing up outside.
            raise Refusal(400, "Bad Request: failed to get HTTP URL content")
        if not photo:
            raise Refusal(400, "Bad Request: there is no photo in the request")
        raise Refusal(400, "Bad Request: wrong file identifier/HTTP URL specified")

    # --- changes --------------------------------------------------------------------------

    def _editMessageText(self, params: dict[str, Any]) -> Any:  # noqa: N802
        text, entities = _text(params)
        return self._edited(params, "text", {"text": text, "entities": entities})

    def _editMessageCaption(self, params: dict[str, Any]) -> Any:  # noqa: N802
        caption, entities = _caption(params)
        return self._edited(params, "photo", {"caption": caption, "caption_entities": entities})

    def _editMessageReplyMarkup(self, params: dict[str, Any]) -> Any:  # noqa: N802
        return self._edited(params, None, {})

    def _edited(self, params: dict[str, Any], wanted: str | None, content: dict[str, Any]) -> Any:
        chat = self._chat(params)
        markup = _keyboard(params)
        with self._changed:
            message = self._messages.get(chat["id"], {}).get(params.get("message_id", 0))
            if message is None:
                raise Refusal(400, "Bad Request: message to edit not found")
            if not self._own(message):
                raise Refusal(400, "Bad Request: message can't be edited")
            if wanted and wanted not in message:
                name = "text" if wanted == "text" else "caption"
                raise Refusal(400, f"Bad Request: there is no {name} in the message to edit")
            # The buttons go unless they are sent again.
            changed = {**content, "reply_markup": markup}
            edited = {key: value for key, value in message.items() if key not in changed}
            edited |= {key: value for key, value in changed.items() if value}
            if all(edited.get(key) == message.get(key) for key in _CONTENT):
                raise Refusal(400, _SAME)
            edited["edit_date"] = message["date"] + 1
            self._messages[chat["id"]][message["message_id"]] = edited
            return edited

    def _deleteMessage(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params)
        with self._changed:
            kept = self._messages.get(chat["id"], {})
            message = kept.get(params.get("message_id", 0))
            if message is None:
                raise Refusal(400, "Bad Request: message to delete not found")
            may = self._own(message) or chat["type"] == "private" or self.is_admin(chat["id"])
            if not may:
                raise Refusal(400, "Bad Request: message can't be deleted")
            del kept[message["message_id"]]
        return True

    def _own(self, message: dict[str, Any]) -> bool:
        sender = message.get("from")
        # In a channel nobody signs, and an administrator may change what is there.
        return self.is_admin(message["chat"]["id"]) if sender is None else sender["id"] == BOT["id"]

    def _sendChatAction(self, params: dict[str, Any]) -> Any:  # noqa: N802
        chat = self._chat(params)
        if params.get("action") not in _ACTIONS:
            raise Refusal(400, "Bad Request: wrong parameter action in request")
        self._open_topic(chat, params.get("message_thread_id"))
        return True


def _text(params: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    text, entities = formatted(
        str(params.get("text") or ""), params.get("parse_mode"), given=params.get("entities")
    )
    if not text:
        raise Refusal(400, "Bad Request: message text is empty")
    if utf16(text) > TEXT:
        raise Refusal(400, "Bad Request: message is too long")
    return text, entities


def _caption(params: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    caption, entities = formatted(
        str(params.get("caption") or ""),
        params.get("parse_mode"),
        given=params.get("caption_entities"),
    )
    if utf16(caption) > CAPTION:
        raise Refusal(400, "Bad Request: message caption is too long")
    return caption, entities


def _keyboard(params: dict[str, Any]) -> dict[str, Any] | None:
    """The inline buttons that a message shows; other keyboards are not part of it."""
    markup = params.get("reply_markup") or {}
    rows = [row for row in markup.get("inline_keyboard", []) if row]
    if sum(map(len, rows)) > BUTTONS:
        raise Refusal(400, "Bad Request: reply markup is too long")
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise Refusal(400, "Bad Request: Text buttons are unallowed to be empty")
        if "url" in button:
            if not button["url"].startswith(("http://", "https://", "tg://")):
                raise Refusal(
                    400,
                    f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: "
                    "Wrong HTTP URL",
                )
        elif "callback_data" in button:
            if not 1 <= len(button["callback_data"].encode()) <= 64:
                raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
        elif len(button) < 2:
            raise Refusal(
                400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed"
            )
    return {"inline_keyboard": rows} if rows else None
