"""The workshop: from folders of MIDI files to a model that the instrument can play."""
