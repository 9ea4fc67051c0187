"""The front door. It may import everything; nothing imports it, and it imports nothing heavy before it must."""
