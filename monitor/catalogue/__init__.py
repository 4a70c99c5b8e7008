"""The sources that are watched: built-in ones, and the user's over them."""
