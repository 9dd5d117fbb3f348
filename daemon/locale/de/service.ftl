# Was der Dienst von sich aus sagt.

service-paused = Descry macht Pause.
service-goes-on = Descry macht weiter.
service-settings-stay = die Einstellungen bleiben, wie sie waren: { $reason }
service-failed = der Dienst descryd hat versagt: { $reason }
service-no-answer = er hat nicht geantwortet
service-odd = seine Antwort ist von anderer Art; ist er von einer anderen Version?
# Was ein anderes Programm sagt, so wie es ist.
service-said = { $words }
service-not-running = Der Dienst descryd läuft nicht. Er startet mit: systemctl --user start descryd
service-please-wait = Einen Moment bitte.
