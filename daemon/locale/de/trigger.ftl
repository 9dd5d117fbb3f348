# Tasten und Knöpfe. Die Namen von Tasten und Einstellungen sind in jeder Sprache dieselben.

# Was eine Taste tut, wo der Desktop sie aufzählt.
trigger-action = { $action ->
    [describe_window] Das Fenster beschreiben
    [describe_screen] Den Bildschirm beschreiben
    [describe_camera] Beschreiben, was die Kamera sieht
    [repeat] Die Beschreibung noch einmal sagen
    [more] Mehr darüber sagen
    [again] Es anders sagen
    [stop] Still sein
    [pause] Anhalten oder fortfahren
   *[narration] Das Erzählen beginnen oder beenden
}

# Was im Weg steht.
trigger-held =
    ein anderes Programm hat { $keys } belegt; bitte dort freigeben, oder in descry.toml unter [keys] eine andere Taste
    wählen
trigger-not-on-keyboard =
    die Tastatur hat keine Taste für { $keys }; bitte in descry.toml unter [keys] eine andere wählen
trigger-no-server =
    vom X-Server { $display } sind keine Tasten zu bekommen ({ $reason }); bitte prüfen, ob die Sitzung läuft und
    DISPLAY sie nennt
trigger-no-display =
    DISPLAY ist nicht gesetzt, also sind von keinem X-Server Tasten zu bekommen; bitte keys.from in descry.toml auf auto
    setzen
trigger-no-portal =
    dieser Desktop gibt Programmen keine Tasten; bitte in seinen Einstellungen eine Taste mit dem Befehl belegen: descry
    describe --window
trigger-not-allowed =
    der Desktop hat Descry keine Tasten gegeben; bitte in seinen Einstellungen für die Tastatur erlauben, oder dort eine
    Taste mit dem Befehl belegen: descry describe --window
trigger-not-assigned =
    der Desktop hat keine Taste für { $keys } gegeben; bitte in seinen Einstellungen für die Tastatur eine wählen
trigger-portal-failed =
    das Portal des Desktops für Tasten ist gescheitert: { $reason }; bitte neu anmelden, und wenn es so bleibt, melden
trigger-no-device =
    kein Gerät hat den Knopf { $key }; bitte anschließen, oder in descry.toml als button.key einen anderen wählen
trigger-not-readable =
    der Knopf { $key } von { $device } darf nicht gelesen werden; bitte die udev-Regel 70-descry-button.rules
    installieren, oder sich selbst zur Gruppe input hinzufügen und neu anmelden
trigger-device-failed =
    der Knopf { $key } von { $device } lässt sich nicht benutzen: { $reason }; bitte descryd neu starten oder in
    descry.toml als button.key einen anderen wählen
trigger-device-taken =
    ein anderes Programm behält { $device } für sich, also lässt sich der Knopf { $key } nicht allein benutzen; bitte
    dieses Programm beenden, oder button.grab in descry.toml auf false setzen
trigger-no-watch =
    das System kann nicht sagen, wann ein Knopf angeschlossen wird: { $reason }; bitte nach dem Anschließen descryd neu
    starten
trigger-broken-off = die Wache über die Tasten ist abgebrochen; bitte descryd neu starten und den Fehler melden

# Was an den Einstellungen von Tasten und Knöpfen falsch ist. $hint ist eine der ersten beiden.
trigger-nearest = war { $name } gemeint?
trigger-known = es gibt { $names }
trigger-usual-buttons = ein Knopf ist meist KEY_CAMERA oder KEY_PROG1
trigger-in-setting = { $setting }: { $problem }
trigger-no-action = es gibt keine Handlung { $name }; { $hint }
trigger-no-key-named = { $keys } nennt keine Taste; zum Beispiel geht Super+Alt+D
trigger-not-held = in { $keys } ist { $part } keine Taste, die gehalten wird; { $hint }
trigger-not-a-key = in { $keys } ist { $part } keine Taste, die Descry kennt; { $hint }
trigger-for-writing =
    { $keys } würde beim Schreiben fehlen; bitte Super, Ctrl oder Alt dazunehmen, wie in { $better }
trigger-not-known = { $setting } ist { $value }; { $hint }
trigger-both = keys.{ $one } und keys.{ $other } sind beide { $keys }; bitte eines ändern
trigger-not-text = { $setting } ist { $value }: es muss Text sein
trigger-not-a-switch = { $setting } ist { $value }: es muss true oder false sein
trigger-no-kernel-key = der Kernel hat keine Taste { $name }; { $hint }
