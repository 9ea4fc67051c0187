"""What providers get wrong in their own formats: one file per provider, each fix with an id, a cause and a date."""
