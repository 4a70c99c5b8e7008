"""Changes to messages: text, templates, charts."""
