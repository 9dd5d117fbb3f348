# Der Verlauf auf der Platte, für die, die ihn eingeschaltet haben.

history-no-place =
    der Verlauf kann nicht gespeichert werden: weder XDG_STATE_HOME noch HOME ist gesetzt; bitte eines davon setzen oder
    keep_history auf false
history-not-kept =
    der Verlauf kann nicht in { $file } gespeichert werden ({ $reason }); bitte dort Platz schaffen oder keep_history
    auf false setzen
history-damaged =
    der Verlauf auf der Platte war beschädigt; er liegt jetzt in { $file }, und was davon lesbar war, bleibt erhalten
