"""True or false alarm: what she said of an incident, what that mutes, and the signed links that let her say it."""
