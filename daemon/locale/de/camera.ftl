# Warum es kein Bild einer Kamera gibt.

camera-none = keine Kamera ist angeschlossen; bitte eine anschließen und noch einmal fragen
camera-no-such =
    es gibt keine Kamera { $name }; bitte prüfen, ob sie angeschlossen ist: descry cameras nennt die vorhandenen
camera-several =
    es gibt mehrere Kameras: { $names }; welche gemeint ist, sagen --camera oder die Einstellung camera in descry.toml,
    mit ihrem Namen oder mit dem, was descry cameras nennt
camera-unplugged =
    die Kamera { $name } wurde abgezogen; bitte wieder anschließen und noch einmal fragen, Descry findet sie von selbst
camera-busy = ein anderes Programm benutzt die Kamera { $name }; bitte es schließen und noch einmal fragen
camera-reserved =
    ein Programm hat die Kamera { $name } für sich reserviert; bitte es schließen und noch einmal fragen
camera-reserved-already = ein anderes Programm hat diese Kamera reserviert
camera-not-reserved = diese Kamera ist nicht für dieses Programm reserviert; zuerst Claim aufrufen
camera-not-allowed =
    die Kamera { $name } darf nicht benutzt werden; bitte sich selbst zur Gruppe video hinzufügen, neu anmelden und noch
    einmal fragen
camera-stalled =
    die Kamera { $name } sendet keine Bilder; bitte abziehen, wieder anschließen und noch einmal fragen
camera-damaged =
    die Bilder der Kamera { $name } kommen beschädigt an; bitte ein anderes Kabel oder eine andere Buchse ohne Hub
    dazwischen versuchen und noch einmal fragen
camera-no-format =
    die Kamera { $name } hat keines der Formate, die Descry liest: YUYV, NV12, RGB und Motion JPEG
camera-planes =
    die Kamera { $name } gibt ihre Bilder in mehreren Ebenen, die Descry nicht liest; bitte von GStreamer durch
    v4l2loopback weiterreichen lassen, wie in Descrys README unter CSI-Kameras steht
camera-driver =
    die Kamera { $name } hat versagt ({ $reason }); bitte abziehen, wieder anschließen und noch einmal fragen
