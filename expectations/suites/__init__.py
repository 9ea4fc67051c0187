"""The rules of the gate, one subject a file. Every file here is found by scanning; there is no list to add it to."""
