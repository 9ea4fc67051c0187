"""One command a file, named as it is typed; each offers `command`. A new command is one new file."""
