"""What the commands know of the server that they work on: whether it will do, who is at work, what holds it up."""
