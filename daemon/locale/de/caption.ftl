# Was von einem Bild gesagt wird. Bildbeschreibungen sind in der Sprache des Modells; wo das eine andere ist als die
# dieser Sätze, sagt es $language: ", auf Englisch" zum Beispiel, und sonst nichts.

caption-in-language = { $code ->
    [own] {""}
    [en] , auf Englisch
    [de] , auf Deutsch
    [es] , auf Spanisch
    [fr] , auf Französisch
    [it] , auf Italienisch
   *[other] , in der Sprache { $code }
}

# Ein Satz, der sicher genug ist, um ohne Vorbehalt gesagt zu werden, in einer anderen Sprache als dieser.
caption-high-foreign = { $name ->
    [en] auf Englisch
    [de] auf Deutsch
    [es] auf Spanisch
    [fr] auf Französisch
    [it] auf Italienisch
   *[other] in der Sprache { $name }
}: { $caption }
caption-middle = vielleicht { $caption }
caption-middle-foreign = vielleicht{ $language }: { $caption }
caption-low = nicht sicher, kann falsch sein{ $language }: { $caption }

caption-untold = Ich kann nicht sagen, was dieses Bild zeigt. Vielleicht hilft eine andere Seite oder Entfernung.
caption-untold-on-screen = Ich kann nicht sagen, was es zeigt.
caption-untold-black = Ich kann nichts erkennen: Das Bild ist ganz schwarz. Ist das Objektiv bedeckt oder das Licht aus?
caption-untold-blank = Ich kann nichts erkennen: Das Bild ist leer. Es ist nichts darauf.
caption-untold-screen =
    Ich kann nichts erkennen: Das sieht nach einem Bildschirm aus, nicht nach einem Foto. Ich beschreibe nur Fotos.
caption-untold-text =
    Ich kann nichts erkennen: Das sieht nach Text aus, nicht nach einem Foto. Ich beschreibe nur Fotos.
caption-untold-unknown = Ich kann nichts erkennen: Das sieht nicht nach einem Foto aus. Ich beschreibe nur Fotos.
caption-untold-dark = Ich kann nichts erkennen: Das Bild ist zu dunkel. Vielleicht hilft mehr Licht.
caption-untold-bright = Ich kann nichts erkennen: Das Bild ist zu hell. Vielleicht hilft es, sich vom Licht wegzudrehen.
caption-untold-blurred =
    Ich kann nichts erkennen: Das Bild ist zu unscharf. Vielleicht hilft es, die Kamera still zu halten.
caption-untold-covered = Ich kann nichts erkennen: Etwas bedeckt das Objektiv. Ist ein Finger darauf?

caption-beside-dark = Das Bild ist dunkel.
caption-beside-bright = Das Bild ist sehr hell.
caption-beside-blurred = Das Bild ist unscharf.
caption-beside-covered = Ein Teil des Bildes ist verdeckt.
caption-beside-blank = Das Bild ist fast leer.
