"""Hostile bytes for every dialect: `make fuzz`. Seeds are small true shapes; mutations are seeded and repeatable."""
