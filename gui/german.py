"""The window in German.

The rule kept here: a test asks for every sentence that the window can say.
"""

GERMAN = {
    # The sign
    "Listening": "Hört zu",
    "Thinking": "Überlegt",
    "Answering": "Antwortet",
    "One moment": "Moment",
    "Play a few notes, then pause.": "Spielen Sie ein paar Töne, dann eine Pause.",
    "The instrument is getting ready.": "Das Instrument wird gerade bereit.",
    "The answer comes in {seconds} s": "Die Antwort kommt in {seconds} s",
    "Heard so far: {count}": "Bisher gehört: {count}",
    "{model} has heard you.": "{model} hat Sie gehört.",
    "Strike any key to take the turn back.": "Jede Taste holt Sie wieder an die Reihe.",
    # Recording and what is needed at once
    "Keep": "Behalten",
    "Discard": "Verwerfen",
    "Answer now": "Jetzt antworten",
    "Another": "Andere",
    "Stop": "Stopp",
    "Panic": "Panik",
    "Recording": "Aufnahme läuft",
    "Nothing recorded yet": "Noch nichts aufgenommen",
    "Running time of the take": "Laufzeit der Aufnahme",
    "All that is played is recorded, always.": "Alles, was gespielt wird, wird aufgenommen, immer.",
    "Keep this take now, and begin a new one.": (
        "Diese Aufnahme jetzt behalten und eine neue beginnen."
    ),
    "Throw this take away, and begin a new one. It can be undone.": (
        "Diese Aufnahme wegwerfen und eine neue beginnen. Das lässt sich rückgängig machen."
    ),
    "Do not wait for the silence (Enter).": "Nicht auf die Stille warten (Eingabetaste).",
    "Another answer": "Andere Antwort",
    "Another answer to the same phrase (Ctrl+R).": (
        "Eine andere Antwort auf dieselbe Phrase (Strg+R)."
    ),
    "Another answer to this phrase": "Andere Antwort auf diese Phrase",
    "End the answer (Esc).": "Die Antwort beenden (Esc).",
    "Silence everything, at once (Ctrl+Esc).": "Alles verstummt, sofort (Strg+Esc).",
    # Controls
    "Controls": "Regler",
    "Preset": "Spielart",
    "A whole way of answering, by its name.": "Eine ganze Art zu antworten, mit ihrem Namen.",
    "Keep this way of answering under a name.": "Diese Art zu antworten mit Namen behalten.",
    "Forget this preset of yours.": "Diese eigene Spielart vergessen.",
    "What shall this way of answering be called?": "Wie soll diese Art zu antworten heißen?",
    "Your own mixture": "Eigene Mischung",
    "As it plays best": "Wie es am besten spielt",
    "Close to you": "Nah bei Ihnen",
    "Steady hands, wandering ear": "Ruhige Hände, schweifendes Ohr",
    "Off the leash": "Von der Leine",
    "Goes on and on": "Immer weiter",
    "Tame to wild": "Zahm bis wild",
    "How far the answer strays from the expected.": (
        "Wie weit sich die Antwort vom Erwarteten entfernt."
    ),
    "tame": "zahm",
    "wild": "wild",
    "Pitch, rhythm, dynamics": "Tonhöhe, Rhythmus, Dynamik",
    "Turn each of them apart from the others.": "Jedes für sich einstellen.",
    "Pitch": "Tonhöhe",
    "Tame keeps to the key, wild leaves it.": "Zahm bleibt in der Tonart, wild verlässt sie.",
    "Rhythm": "Rhythmus",
    "Tame keeps the beat, wild plays around it.": "Zahm hält den Takt, wild umspielt ihn.",
    "Dynamics": "Dynamik",
    "Tame plays evenly, wild from p to f.": "Zahm spielt gleichmäßig, wild von p bis f.",
    "Choice": "Auswahl",
    "How many of the likely notes are considered: all, or only the best.": (
        "Wie viele der wahrscheinlichen Töne in Frage kommen: alle oder nur die besten."
    ),
    "Model": "Modell",
    "Who answers.": "Wer antwortet.",
    "The best there is": "Das beste, das es gibt",
    "Take the best there is": "Das beste nehmen",
    "Learnt from: {corpus}": "Gelernt von: {corpus}",
    "{count} parameters, made on {date}": "{count} Parameter, vom {date}",
    "Licence: {licence}": "Lizenz: {licence}",
    "Loss on music it has never seen: {loss}": "Verlust auf nie gesehener Musik: {loss}",
    "Length": "Länge",
    "How long an answer is.": "Wie lang eine Antwort ist.",
    "As long as I played": "So lang wie ich",
    "{count} notes": "{count} Töne",
    "{count} seconds": "{count} Sekunden",
    "Silence": "Stille",
    "How long you pause before it answers; left: it follows your tempo.": (
        "Wie lange Sie pausieren, bevor es antwortet; links folgt es Ihrem Tempo."
    ),
    "follows you": "folgt Ihnen",
    "Key": "Tonart",
    "The answer stays in this key.": "Die Antwort bleibt in dieser Tonart.",
    "Any": "Jede",
    "Scale": "Tonleiter",
    "The scale of that key.": "Die Tonleiter dieser Tonart.",
    "Major": "Dur",
    "Minor": "Moll",
    "Pentatonic": "Pentatonik",
    "Register": "Lage",
    "Where on the piano the answer stays.": "Wo auf dem Klavier die Antwort bleibt.",
    "Whole piano": "Ganzes Klavier",
    "Voices": "Stimmen",
    "How many keys the answer holds at once, at most.": (
        "Wie viele Tasten die Antwort höchstens zugleich hält."
    ),
    "Keyboard": "Tastatur",
    "What Antiphon listens to.": "Worauf Antiphon hört.",
    "Every keyboard": "Jede Tastatur",
    "No keyboard": "Keine Tastatur",
    "{name} (not there)": "{name} (nicht da)",
    "Sound": "Klang",
    "Where the music is heard.": "Wo die Musik zu hören ist.",
    "Built-in piano": "Eingebautes Klavier",
    "A DAW, by ports of our own": "Eine DAW, über eigene Anschlüsse",
    "No sound": "Kein Klang",
    "Test": "Probe",
    "Takes and sound": "Aufnahmen und Klang",
    "Test sound": "Klangprobe",
    "Four notes: do you hear them?": "Vier Töne: Hören Sie sie?",
    "Instrument": "Instrument",
    "The sound of both players.": "Der Klang beider Spieler.",
    "Grand piano": "Flügel",
    "Bright piano": "Heller Flügel",
    "Electric piano": "E-Piano",
    "Harpsichord": "Cembalo",
    "Celesta": "Celesta",
    "Vibraphone": "Vibraphon",
    "Marimba": "Marimba",
    "Church organ": "Orgel",
    "Guitar": "Gitarre",
    "Harp": "Harfe",
    "Strings": "Streicher",
    "Choir": "Chor",
    "Flute": "Flöte",
    "Volume": "Lautstärke",
    "How loud both players are.": "Wie laut beide Spieler sind.",
    "Seed": "Startzahl",
    "The same seed and the same phrase: the same answer.": (
        "Dieselbe Startzahl und dieselbe Phrase: dieselbe Antwort."
    ),
    "keep": "behalten",
    "Keep the seed": "Die Startzahl behalten",
    "Do not draw another seed for each take.": (
        "Nicht für jede Aufnahme eine andere Startzahl ziehen."
    ),
    # Takes
    "Take": "Aufnahme",
    "Takes": "Aufnahmen",
    "All that you play is kept here.": "Alles, was Sie spielen, wird hier behalten.",
    "Drag a take into a DAW or a folder. While one plays, choose another to compare.": (
        "Ziehen Sie eine Aufnahme in eine DAW oder einen Ordner. "
        "Wählen Sie eine andere, während eine spielt, um zu vergleichen."
    ),
    "Play": "Abspielen",
    "Hear the take that is chosen (Enter in the list).": (
        "Die gewählte Aufnahme hören (Eingabetaste in der Liste)."
    ),
    "Let the model answer the same phrase once more.": (
        "Das Modell noch einmal auf dieselbe Phrase antworten lassen."
    ),
    "More": "Mehr",
    "Rename, star, export, delete.": "Umbenennen, Stern, ausgeben, löschen.",
    "Rename": "Umbenennen",
    "Rename…": "Umbenennen …",
    "A name for this take:": "Ein Name für diese Aufnahme:",
    "There is a take of that name already.": "Eine Aufnahme dieses Namens gibt es schon.",
    "Star": "Stern",
    "Take the star away": "Stern wegnehmen",
    "Export": "Ausgeben",
    "Export .mid…": ".mid ausgeben …",
    "Export .mid, answers only…": ".mid ausgeben, nur die Antworten …",
    "Export .wav…": ".wav ausgeben …",
    "Written: {path}": "Geschrieben: {path}",
    "Delete": "Löschen",
    "The take {name} was deleted.": "Die Aufnahme {name} wurde gelöscht.",
    "The take cannot be deleted: {reason}.": "Die Aufnahme lässt sich nicht löschen: {reason}.",
    "Undo": "Rückgängig",
    "Open a .mid as a phrase…": "Eine .mid als Phrase öffnen …",
    "A phrase to answer": "Eine Phrase zum Antworten",
    "Play the minuet to it": "Das Menuett vorspielen",
    "Keep this take, begin a new one": "Diese Aufnahme behalten, neue beginnen",
    "Folder for takes…": "Ordner für Aufnahmen …",
    "Where takes are kept": "Wo Aufnahmen behalten werden",
    "Choose a folder…": "Ordner wählen …",
    "Show the folder": "Ordner zeigen",
    "Quit": "Beenden",
    # The roll and the keys
    "Piano roll": "Klavierrolle",
    "Click to hear from there, right-click for more; the wheel scrolls, Ctrl zooms.": (
        "Klicken, um von dort zu hören, rechts für mehr; das Rad blättert, mit Strg vergrößert es."
    ),
    "Not playing": "Spielt nicht",
    "Help, Check this machine says what is wrong.": (
        "Hilfe, Diesen Rechner prüfen sagt, was nicht stimmt."
    ),
    "Hear from here": "Von hier hören",
    "Back to now": "Zurück zum Jetzt",
    "Piano keyboard": "Klaviatur",
    "Played by mouse, or by the computer's keys: A S D F are white, W E T Y black.": (
        "Mit der Maus oder den Tasten des Rechners gespielt: A S D F sind weiß, W E T Z schwarz."
    ),
    "{down} {up} octave · {softer} {louder} touch: {touch} · Shift pedal": (
        "{down} {up} Oktave · {softer} {louder} Anschlag: {touch} · Umschalt Pedal"
    ),
    # View and help
    "View": "Ansicht",
    "Nearer": "Näher",
    "Farther": "Ferner",
    "The whole take": "Die ganze Aufnahme",
    "Whole screen": "Ganzer Bildschirm",
    "Light or dark as the system": "Hell oder dunkel wie das System",
    "Light": "Hell",
    "Dark": "Dunkel",
    "Help": "Hilfe",
    "Three sentences": "Drei Sätze",
    "Play a few notes: on your keyboard, on the keys below, or with A S D F.": (
        "Spielen Sie ein paar Töne: auf Ihrer Tastatur, auf den Tasten unten oder mit A S D F."
    ),
    "Pause, and Antiphon answers.": "Machen Sie eine Pause, und Antiphon antwortet.",
    "Strike a key whenever you want the turn back.": (
        "Schlagen Sie eine Taste an, wenn Sie wieder an der Reihe sein wollen."
    ),
    "Let me hear it first": "Erst einmal zuhören",
    "A minuet is played to it, and it answers.": "Ein Menuett wird ihm vorgespielt, es antwortet.",
    "Close": "Schließen",
    "Try again": "Noch einmal",
    "Check": "Prüfung",
    "Check this machine…": "Diesen Rechner prüfen …",
    "It is being measured": "Es wird gemessen",
    "What was found": "Was gefunden wurde",
    "Measure again": "Noch einmal messen",
    "Measuring, for half a minute or so: keys, notes, models, sound.": (
        "Es wird gemessen, etwa eine halbe Minute: Tasten, Töne, Modelle, Klang."
    ),
    "Something is not as it should be; what to do stands beside it.": (
        "Etwas ist nicht, wie es sein soll; was zu tun ist, steht daneben."
    ),
    "It can be played; what could be better stands beside it.": (
        "Man kann spielen; was besser sein könnte, steht daneben."
    ),
    "All is well.": "Alles in Ordnung.",
    "good": "gut",
    "playable": "spielbar",
    "trouble": "schlecht",
    # The status line
    "the keys on the screen": "die Tasten auf dem Bildschirm",
    "{model} · hears {inputs} · sounds on {output}": (
        "{model} · hört {inputs} · klingt auf {output}"
    ),
    "{model} · last note {last} ms late, the worst {worst} ms": (
        "{model} · letzter Ton {last} ms zu spät, der schlimmste {worst} ms"
    ),
    "load {percent} %": "Last {percent} %",
    # How the two play together
    "Answer": "Antwort",
    "Endless": "Endlos",
    "Duet": "Duett",
    "You play, it answers, in turn.": "Sie spielen, es antwortet, der Reihe nach.",
    "It goes on until you strike a key.": "Es spielt weiter, bis Sie eine Taste anschlagen.",
    "It plays along while you play.": "Es spielt mit, während Sie spielen.",
    "Playing along": "Spielt mit",
    "Play on; Esc ends it.": "Spielen Sie weiter; Esc beendet es.",
    "Play: it joins in after a few notes.": "Spielen Sie: Nach ein paar Tönen spielt es mit.",
    "At your side": "An Ihrer Seite",
    "Thought": "Einfall",
    "Left it plays its first thought, right the best of eight; it costs you no time.": (
        "Links spielt es den ersten Einfall, rechts den besten von acht; es kostet keine Zeit."
    ),
    "the first": "der erste",
    "best of {count}": "bester von {count}",
    "Density": "Dichte",
    "Left it leaves room, right it fills it; in the middle as learnt.": (
        "Links lässt es Raum, rechts füllt es ihn; in der Mitte wie gelernt."
    ),
    "My keyboard sounds here too": "Meine Tasten klingen hier auch",
    "Take it off where your keyboard has its own sound.": (
        "Ausschalten, wenn Ihr Instrument selbst klingt."
    ),
    "Reverb": "Hall",
    "How large the room is that both play in.": "Wie groß der Raum ist, in dem beide spielen.",
    # What one thinks of it
    "It may quote: the title is shown": "Es darf zitieren: Der Titel wird gezeigt",
    "Off, what is about to quote a piece it learnt from for long is composed anew.": (
        "Sonst wird neu komponiert, was ein gelerntes Stück lange zitieren würde."
    ),
    "It quotes {count} notes of {title}.": "Es zitiert {count} Töne von {title}.",
    "How was it?": "Wie war es?",
    "{mark} of 5": "{mark} von 5",
    "What you think of this answer: 1 is poor, 5 is good. It is kept by your takes.": (
        "Was Sie von dieser Antwort halten: 1 ist schwach, 5 ist gut. Es liegt bei den Aufnahmen."
    ),
    # The order of takes, and two of them
    "Order of the takes": "Reihenfolge der Aufnahmen",
    "Which takes stand first.": "Welche Aufnahmen zuerst stehen.",
    "Latest": "Neueste",
    "MMM d": "d. MMM",
    "Thinking…": "Überlegt…",
    "Name": "Name",
    "Longest": "Längste",
    "Score": "Wertung",
    "Your mark": "Ihre Note",
    "A/B": "A/B",
    "Compare": "Vergleichen",
    "Compare with the take before": "Mit der Aufnahme davor vergleichen",
    "Back to the take chosen before, at the same moment (Ctrl+B): which is better?": (
        "Zurück zur Aufnahme davor, an derselben Stelle (Strg+B): Welche ist besser?"
    ),
    # Pedals and keys
    "Pedals and keys": "Pedale und Tasten",
    "Pedals and keys…": "Pedale und Tasten…",
    "Choose Learn, then touch the pedal, knob or key that shall do it.": (
        "Lernen wählen, dann das Pedal, den Regler oder die Taste berühren."
    ),
    "Learn": "Lernen",
    "Learn: {what}": "Lernen: {what}",
    "Forget: {what}": "Vergessen: {what}",
    "Never mind": "Doch nicht",
    "Let nothing do this any more.": "Nichts soll das mehr tun.",
    "touch it now": "jetzt berühren",
    "nothing yet": "noch nichts",
    "key {name}": "Taste {name}",
    "pedal or knob (controller {number})": "Pedal oder Regler (Controller {number})",
    "The next of answer, endless, duet": "Antwort, endlos, Duett: das nächste",
    "{count} left out": "{count} ausgelassen",
}
