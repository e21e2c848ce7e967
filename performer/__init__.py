"""The instrument: hears a phrase on a MIDI keyboard and answers it, note by note, in time."""
