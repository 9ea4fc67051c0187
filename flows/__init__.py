"""When the work is done: thin flows that read like a paragraph. File names are verbs, never a package's name."""
