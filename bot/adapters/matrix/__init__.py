"""Matrix as a chat: encrypted rooms and direct chats on a homeserver. Only this package knows nio."""
